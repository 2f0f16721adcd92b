/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the flat 32-bit start state to 64-bit code by the instructions that a kernel uses, with paging on; and a second
 * core from SIPI through real mode to 64 bits.
 * It could lie: the page tables are the rig's, so an error that the rig and the walker share is not seen here.
 */
#include "cpu/tests/rig.h"

RIG_CODE_32(boot32, "lgdt 0x10f00\n"
                    "movl $0x20, %eax\n movl %eax, %cr4\n"
                    "movl $0x200000, %eax\n movl %eax, %cr3\n"
                    "movl $0xc0000080, %ecx\n rdmsr\n orl $0x100, %eax\n wrmsr\n"
                    "movl %cr0, %eax\n orl $0x80000000, %eax\n movl %eax, %cr0\n"
                    "ljmp $0x08, $0x11000\n");
RIG_CODE_64(boot64, "movl $0x10, %eax\n movl %eax, %ss\n movl $0x90000, %esp\n"
                    "call 1f\n"
                    "movb $'!', %al\n outb %al, $0xe9\n"
                    "movl $42, %eax\n outl %eax, $0xf4\n"
                    "1: movb $'h', %al\n outb %al, $0xe9\n movb $'i', %al\n outb %al, $0xe9\n ret\n");

static void put_gdtr(struct rig *r, uint64_t at)
{
    uint16_t limit = 0x47;
    uint32_t base = RIG_GDT;
    rig_put(r, at, &limit, 2);
    rig_put(r, at + 2, &base, 4);
}

static void flat_to_64(void **state)
{
    struct rig *r = rig_new(1);
    (void)state;
    RIG_PUT(r, RIG_CODE, boot32);
    RIG_PUT(r, 0x11000, boot64);
    put_gdtr(r, 0x10f00);
    cpu_start_flat32(r->c, &(struct cpu_flat_start){.eip = RIG_CODE, .ebx = 0x1234});
    assert_int_equal(rig_run(r), 0);
    assert_string_equal(r->out, "hi!");
    assert_int_equal(r->exit_code, 42);
    assert_int_equal(r->c->code_size, 8);
    assert_int_equal(r->c->r[3], 0x1234);
    assert_int_equal(r->c->efer & CPU_EFER_LMA, CPU_EFER_LMA);
    rig_check_ledger(r);
    rig_free(r);
}

RIG_CODE_16(trampoline, "cli\n xorw %ax, %ax\n movw %ax, %ds\n lgdtl 0x8f00\n"
                        "movl $0x20, %eax\n movl %eax, %cr4\n"
                        "movl $0x200000, %eax\n movl %eax, %cr3\n"
                        "movl $0xc0000080, %ecx\n rdmsr\n orl $0x100, %eax\n wrmsr\n"
                        "movl %cr0, %eax\n orl $0x80000001, %eax\n movl %eax, %cr0\n"
                        "ljmpl $0x08, $0x11000\n");
RIG_CODE_64(wake_up, "movl $0xfee00000, %ebx\n"
                     "movl $0x010001ff, 0xf0(%rbx)\n"
                     "movl $0x01000000, 0x310(%rbx)\n movl $0x4500, 0x300(%rbx)\n movl $0x4608, 0x300(%rbx)\n"
                     "1: pause\n jmp 1b\n");

static void second_core(void **state)
{
    struct rig *r = rig_new(2);
    (void)state;
    RIG_PUT(r, RIG_CODE, wake_up);
    RIG_PUT(r, 0x8000, trampoline);
    RIG_PUT(r, 0x11000, boot64);
    put_gdtr(r, 0x8f00);
    rig_map(r, 0xfee00000, 0xfee00000, RIG_P | RIG_W);
    rig_long(r, r->c);
    assert_true(cpu_is_halted(r->core[1]));
    assert_int_equal(rig_run_all(r, 40), 0);
    assert_string_equal(r->out, "hi!");
    assert_int_equal(r->core[1]->code_size, 8);
    assert_int_equal(r->ipis, 2);
    rig_check_ledger(r);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(flat_to_64), cmocka_unit_test(second_core)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
