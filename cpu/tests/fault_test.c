/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults as a handler sees them: vector, error code, CR2, saved rip and stack, and that nothing else changed. One small
 * program each; the handlers of the rig stop the run with the frame on the stack.
 * It could lie: expected error codes are written here from the manual (SDM vol. 3A, "Interrupt and Exception
 * Handling"), not taken from a processor.
 */
#include "cpu/tests/rig.h"

#define UNMAPPED 0x40000000ull
#define USER     0x40001000ull /* user code and data page, physical 0x20000 */
#define READONLY 0x40002000ull

struct frame {
    uint64_t error, rip, cs, flags, sp, ss;
};

/* The frame on top of the handler's stack. */
static struct frame frame_of(struct rig *r, bool has_error)
{
    uint64_t at = r->c->r[4];
    struct frame f = {0};
    if (has_error) {
        f.error = rig_read(r, at);
        at += 8;
    }
    f.rip = rig_read(r, at);
    f.cs = rig_read(r, at + 8);
    f.flags = rig_read(r, at + 16);
    f.sp = rig_read(r, at + 24);
    f.ss = rig_read(r, at + 32);
    return f;
}

static unsigned vector_now(struct rig *r)
{
    return (unsigned)(r->c->r[CPU_RIP] - RIG_HANDLER) / 16;
}

static struct rig *start(const uint8_t *code, const uint8_t *end)
{
    struct rig *r = rig_new(1);
    rig_put(r, RIG_CODE, code, (uint64_t)(end - code));
    rig_map(r, USER, 0x20000, RIG_P | RIG_W | RIG_U);
    rig_map(r, READONLY, 0x21000, RIG_P | RIG_NX);
    rig_long(r, r->c);
    return r;
}
#define START(name) start(name, name##_end)

static void expect(struct rig *r, unsigned vector, bool has_error, uint64_t error, uint64_t rip, uint64_t sp)
{
    assert_int_equal(rig_run(r), 0);
    assert_int_equal(vector_now(r), vector);
    struct frame f = frame_of(r, has_error);
    assert_int_equal(f.error, error);
    assert_int_equal(f.rip, rip);
    assert_int_equal(f.sp, sp);
    assert_int_equal(r->c->r[4] & 15, has_error ? 0 : 8);
    rig_check_ledger(r);
    rig_free(r);
}

RIG_CODE_64(read_unmapped, "movabsq $0x40000000, %rbx\n addq 8(%rbx), %rax\n");
RIG_CODE_64(write_readonly, "movabsq $0x40002000, %rbx\n movq %rax, 16(%rbx)\n");
RIG_CODE_64(push_unmapped, "movabsq $0x40000010, %rsp\n movq %rsp, %rbp\n addq $-16, %rsp\n pushq %rax\n");
RIG_CODE_64(jump_nx, "movabsq $0x40002000, %rbx\n jmp *%rbx\n");
RIG_CODE_64(noncanonical, "movabsq $0x800000000000, %rbx\n movq (%rbx), %rax\n");
RIG_CODE_64(noncanonical_stack, "movabsq $0x800000000000, %rsp\n popq %rax\n");
RIG_CODE_64(bad_selector, "movl $0x1234, %eax\n movl %eax, %ds\n");
RIG_CODE_64(bad_cr4, "movl $0x80000000, %eax\n movq %rax, %cr4\n");
RIG_CODE_64(bad_msr, "movl $0xdead, %ecx\n rdmsr\n");
RIG_CODE_64(divide, "xorl %ecx, %ecx\n divl %ecx\n");
RIG_CODE_64(undefined, "ud2\n");
RIG_CODE_64(breakpoint, "int3\n");
RIG_CODE_64(page_crossing_store, "movabsq $0x40001ffc, %rbx\n movq %rax, (%rbx)\n");

static void pf_read(void **state)
{
    struct rig *r = START(read_unmapped);
    (void)state;
    assert_int_equal(rig_run(r), 0);
    assert_int_equal(r->c->cr2, UNMAPPED + 8);
    rig_free(r);
    expect(START(read_unmapped), 14, true, 0, RIG_CODE + 10, RIG_STACK);
}
static void pf_write(void **state)
{
    (void)state;
    expect(START(write_readonly), 14, true, 3, RIG_CODE + 10, RIG_STACK);
}
static void pf_fetch(void **state)
{
    (void)state;
    expect(START(jump_nx), 14, true, 0x11, READONLY, RIG_STACK);
}
static void gp_noncanonical(void **state)
{
    (void)state;
    expect(START(noncanonical), 13, true, 0, RIG_CODE + 10, RIG_STACK);
}
static void ss_noncanonical(void **state)
{
    struct rig *r = START(noncanonical_stack);
    (void)state;
    rig_gate(r, 12, RIG_HANDLER + 12 * 16, 0, 1);
    expect(r, 12, true, 0, RIG_CODE + 10, 0x800000000000);
}
static void gp_selector(void **state)
{
    (void)state;
    expect(START(bad_selector), 13, true, 0x1234, RIG_CODE + 5, RIG_STACK);
}
static void gp_registers(void **state)
{
    (void)state;
    expect(START(bad_cr4), 13, true, 0, RIG_CODE + 5, RIG_STACK);
    expect(START(bad_msr), 13, true, 0, RIG_CODE + 5, RIG_STACK);
}
static void no_error_code(void **state)
{
    (void)state;
    expect(START(divide), 0, false, 0, RIG_CODE + 2, RIG_STACK);
    expect(START(undefined), 6, false, 0, RIG_CODE, RIG_STACK);
    expect(START(breakpoint), 3, false, 0, RIG_CODE + 1, RIG_STACK);
}

/* Long mode aligns the frame to 16 bytes and saves the stack pointer as it was. */
RIG_CODE_64(odd_stack, "addq $-5, %rsp\n ud2\n");
static void frame_is_aligned(void **state)
{
    (void)state;
    expect(START(odd_stack), 6, false, 0, RIG_CODE + 4, RIG_STACK - 5);
}

/* A store over two pages of which the second is read-only: no byte of the first may change. */
static void crossing_is_atomic(void **state)
{
    struct rig *r = START(page_crossing_store);
    (void)state;
    r->c->r[0] = ~0ull;
    assert_int_equal(rig_run(r), 0);
    assert_int_equal(vector_now(r), 14);
    assert_int_equal(r->c->cr2, READONLY);
    assert_int_equal(rig_read(r, 0x20ff8), 0);
    rig_free(r);
}

/* #PF on a stack that is not there: #DF, and without an IST shutdown. */
static void double_fault(void **state)
{
    struct rig *r = START(push_unmapped);
    (void)state;
    rig_gate(r, 8, RIG_HANDLER + 8 * 16, 0, 1);
    expect(r, 8, true, 0, RIG_CODE + 17, UNMAPPED);
    r = START(push_unmapped);
    assert_int_equal(rig_run(r), 2);
    assert_true(r->c->shutdown);
    rig_free(r);
}

/* ---- ring 3
 * ------------------------------------------------------------------------------------------------------------ */
RIG_CODE_64(to_user, "pushq $0x23\n movabsq $0x40001800, %rax\n pushq %rax\n pushq $0x202\n pushq $0x2b\n"
                     "movabsq $0x40001000, %rax\n pushq %rax\n iretq\n");
RIG_CODE_64(user_cli, "cli\n");
RIG_CODE_64(user_reads_kernel, "movq 0x10000, %rax\n");
RIG_CODE_64(user_int, "int $0x80\n");
RIG_CODE_64(user_int_denied, "int $0x81\n");
RIG_CODE_64(user_out, "outb %al, $0x80\n");
RIG_CODE_64(user_syscall, "movl $7, %edi\n syscall\n incq %rdi\n syscall\n");
RIG_CODE_64(kernel_entry,
            "swapgs\n cmpl $8, %edi\n je 1f\n swapgs\n sysretq\n 1: movl %edi, %eax\n outl %eax, $0xf4\n");

static struct rig *start_user(const uint8_t *code, const uint8_t *end)
{
    struct rig *r = START(to_user);
    rig_put(r, 0x20000, code, (uint64_t)(end - code));
    return r;
}
#define START_USER(name) start_user(name, name##_end)

static void expect_user(struct rig *r, unsigned vector, bool has_error, uint64_t error, uint64_t off)
{
    assert_int_equal(rig_run(r), 0);
    assert_int_equal(vector_now(r), vector);
    struct frame f = frame_of(r, has_error);
    assert_int_equal(f.error, error);
    assert_int_equal(f.rip, USER + off);
    assert_int_equal(f.cs, RIG_UCS);
    assert_int_equal(f.ss, RIG_UDS);
    assert_int_equal(f.sp, USER + 0x800);
    assert_int_equal(f.flags & 0x202, 0x202);
    assert_int_equal(r->c->cpl, 0);
    assert_int_equal(r->c->r[4], RIG_RSP0 - (has_error ? 48 : 40));
    rig_check_ledger(r);
    rig_free(r);
}

static void user_faults(void **state)
{
    (void)state;
    expect_user(START_USER(user_cli), 13, true, 0, 0);
    expect_user(START_USER(user_reads_kernel), 14, true, 5, 0);
    expect_user(START_USER(user_int_denied), 13, true, 0x81 * 8 + 2, 0);
    expect_user(START_USER(user_out), 13, true, 0, 0);
    struct rig *r = START_USER(user_int);
    rig_gate(r, 0x80, RIG_HANDLER + 0x80 * 16, 3, 0);
    expect_user(r, 0x80, false, 0, 2);
}

static void syscall_sysret(void **state)
{
    struct rig *r = START_USER(user_syscall);
    (void)state;
    RIG_PUT(r, 0x12000, kernel_entry);
    r->c->lstar = 0x12000;
    r->c->fmask = CPU_RFLAGS_IF | CPU_RFLAGS_TF;
    r->c->seg[CPU_SEG_GS].base = 0x1111;
    r->c->kernel_gs_base = 0x2222;
    assert_int_equal(rig_run(r), 0);
    assert_int_equal(r->exit_code, 8);
    assert_int_equal(r->c->r[1], USER + 12); /* RCX: behind the second SYSCALL */
    assert_int_equal(r->c->r[11] & CPU_RFLAGS_IF, CPU_RFLAGS_IF);
    assert_int_equal(r->c->rflags & CPU_RFLAGS_IF, 0);
    assert_int_equal(r->c->seg[CPU_SEG_GS].base, 0x2222);
    assert_int_equal(r->c->seg[CPU_SEG_CS].sel, RIG_CS);
    assert_int_equal(r->c->cpl, 0);
    assert_int_equal(cpu_stats(r->c)->syscalls, 2);
    rig_check_ledger(r);
    rig_free(r);
}

/* TF traps after each iteration of a repeated instruction, with RIP at it, and after the next instruction. */
RIG_CODE_64(traced, "movl $5, %ecx\n movl $0x20000, %edi\n movl $0x20100, %esi\n xorl %eax, %eax\n xorl %r9d, %r9d\n"
                    "pushfq\n orq $0x100, (%rsp)\n popfq\n rep movsb\n nop\n outb %al, $0xf4\n");
RIG_CODE_64(trap_counts, "incl %eax\n shll $4, %r9d\n orl %ecx, %r9d\n iretq\n");
static void single_steps_of_rep(void **state)
{
    struct rig *r = rig_new(1);
    (void)state;
    RIG_PUT(r, RIG_CODE, traced);
    RIG_PUT(r, 0x13000, trap_counts);
    rig_gate(r, 1, 0x13000, 0, 0);
    rig_long(r, r->c);
    assert_int_equal(rig_run(r), 0);
    assert_int_equal(r->c->r[0], 6);
    assert_int_equal(r->c->r[9], 0x432100); /* RCX after each iteration, after the last, after NOP */
    assert_int_equal(r->c->r[7], 0x20005);
    rig_free(r);
}

/* 32-bit code whose segment ends within a line: a straight run stops at the limit, and an instruction that begins
 * before it and ends behind it is not executed. */
RIG_CODE_32(at_limit, "incl %eax\n incl %eax\n incl %eax\n incl %eax\n incl %eax\n incl %eax\n");
RIG_CODE_32(over_limit, "incl %eax\n incl %eax\n movl $7, %eax\n outb %al, $0xf4\n");
static void run_to_limit(const uint8_t *code, const uint8_t *end, uint32_t limit, uint64_t done, uint64_t at)
{
    struct rig *r = rig_new(1);
    rig_put(r, RIG_CODE, code, (uint64_t)(end - code));
    rig_long(r, r->c);
    r->c->seg[CPU_SEG_CS] = (struct cpu_seg){0, limit, RIG_CS32, 0x49b};
    cpu_mode_changed(r->c);
    assert_int_equal(rig_run(r), 0);
    assert_int_equal((r->c->r[CPU_RIP] - RIG_HANDLER) / 16, 13);
    assert_int_equal(r->c->r[0] & 0xff, done);
    assert_int_equal(rig_read(r, r->c->r[4] + 8), at);
    rig_free(r);
}
static void code_limit(void **state)
{
    (void)state;
    run_to_limit(at_limit, at_limit_end, RIG_CODE + 2, 3, RIG_CODE + 3);
    run_to_limit(over_limit, over_limit_end, RIG_CODE + 5, 2, RIG_CODE + 2);
}

/* A page fault of a chunk of iterations is the first one's: it is found by one walk. */
RIG_CODE_64(fill_one, "movabsq $0x40000000, %rdi\n movl $64, %ecx\n nop\n stosb\n");
RIG_CODE_64(fill_many, "movabsq $0x40000000, %rdi\n movl $64, %ecx\n rep stosb\n");
RIG_CODE_64(copy_many, "movabsq $0x40000000, %rsi\n movl $0x20000, %edi\n movl $8, %ecx\n rep movsq\n");
static uint64_t walks_to_fault(const uint8_t *code, const uint8_t *end)
{
    struct rig *r = rig_new(1);
    rig_put(r, RIG_CODE, code, (uint64_t)(end - code));
    rig_long(r, r->c);
    assert_int_equal(rig_run(r), 0);
    assert_int_equal((r->c->r[CPU_RIP] - RIG_HANDLER) / 16, 14);
    assert_int_equal(r->c->cr2, 0x40000000);
    uint64_t walks = cpu_stats(r->c)->walks;
    rig_free(r);
    return walks;
}
static void one_walk_finds_the_fault(void **state)
{
    (void)state;
    uint64_t one = walks_to_fault(fill_one, fill_one_end);
    assert_int_equal(walks_to_fault(fill_many, fill_many_end), one);
    assert_int_equal(walks_to_fault(copy_many, copy_many_end), one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pf_read),
                                       cmocka_unit_test(pf_write),
                                       cmocka_unit_test(pf_fetch),
                                       cmocka_unit_test(gp_noncanonical),
                                       cmocka_unit_test(gp_selector),
                                       cmocka_unit_test(gp_registers),
                                       cmocka_unit_test(no_error_code),
                                       cmocka_unit_test(double_fault),
                                       cmocka_unit_test(crossing_is_atomic),
                                       cmocka_unit_test(user_faults),
                                       cmocka_unit_test(syscall_sysret),
                                       cmocka_unit_test(ss_noncanonical),
                                       cmocka_unit_test(frame_is_aligned),
                                       cmocka_unit_test(single_steps_of_rep),
                                       cmocka_unit_test(code_limit),
                                       cmocka_unit_test(one_walk_finds_the_fault)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
