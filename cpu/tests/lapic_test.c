/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local APIC as software sees it: timer modes, priorities, EOI, the interrupt shadow, NMI blocking, IPIs, x2APIC.
 * It could lie: the rig's IPI routing is its own, so destinations are checked only as far as cpu_lapic_match() goes.
 */
#include "cpu/lapic.h"
#include "cpu/tests/rig.h"

static struct rig *start(const uint8_t *code, const uint8_t *end)
{
    struct rig *r = rig_new(1);
    rig_put(r, RIG_CODE, code, (uint64_t)(end - code));
    rig_map(r, 0xfee00000, 0xfee00000, RIG_P | RIG_W);
    rig_long(r, r->c);
    r->c->r[3] = 0xfee00000;
    return r;
}
#define START(name) start(name, name##_end)
#define ENABLE      "movl $0x1ff, 0xf0(%rbx)\n"

RIG_CODE_64(one_shot, ENABLE "movl $0x40, 0x320(%rbx)\n movl $0xb, 0x3e0(%rbx)\n movl $100, 0x380(%rbx)\n sti\n"
                             "1: hlt\n jmp 1b\n");
static void timer_one_shot(void **state)
{
    struct rig *r = START(one_shot);
    (void)state;
    assert_int_equal(rig_run(r), 0);
    assert_int_equal((r->c->r[CPU_RIP] - RIG_HANDLER) / 16, 0x40);
    assert_true(cpu_now(r->c) > 1000 && cpu_now(r->c) < 5000); /* 100 ticks of 10 cycles, and the way there */
    assert_true(r->c->row->cyc[LEDGER_IDLE] > 300);
    assert_int_equal(r->c->lapic->isr[2], 1);
    assert_int_equal(cpu_stats(r->c)->interrupts, 1);
    rig_check_ledger(r);
    rig_free(r);
}

/* Three periods; each handler counts and ends the interrupt. */
RIG_CODE_64(periodic, ENABLE "movl $0x20040, 0x320(%rbx)\n movl $0xb, 0x3e0(%rbx)\n movl $500, 0x380(%rbx)\n sti\n"
                             "1: hlt\n cmpl $3, %ecx\n jne 1b\n outb %al, $0xf4\n");
RIG_CODE_64(counting, "incl %ecx\n movl $0, 0xb0(%rbx)\n iretq\n");
static void timer_periodic(void **state)
{
    struct rig *r = START(periodic);
    (void)state;
    RIG_PUT(r, 0x12000, counting);
    rig_gate(r, 0x40, 0x12000, 0, 0);
    assert_int_equal(rig_run(r), 0);
    assert_int_equal(r->c->r[1], 3);
    assert_true(cpu_now(r->c) > 15000 && cpu_now(r->c) < 18000);
    assert_int_equal(r->c->lapic->isr[2], 0);
    rig_check_ledger(r);
    rig_free(r);
}

RIG_CODE_64(deadline, ENABLE "movl $0x40040, 0x320(%rbx)\n rdtsc\n addl $3000, %eax\n movl $0x6e0, %ecx\n wrmsr\n sti\n"
                             "1: pause\n jmp 1b\n");
static void timer_deadline(void **state)
{
    struct rig *r = START(deadline);
    (void)state;
    assert_int_equal(rig_run(r), 0);
    assert_int_equal((r->c->r[CPU_RIP] - RIG_HANDLER) / 16, 0x40);
    assert_true(cpu_now(r->c) > 3000 && cpu_now(r->c) < 6000);
    assert_int_equal(r->c->lapic->tsc_deadline, 0);
    rig_check_ledger(r);
    rig_free(r);
}

/* A self-IPI of a lower class waits behind TPR; CR8 = 0 lets it in. */
RIG_CODE_64(priorities, ENABLE "movl $5, %eax\n movq %rax, %cr8\n sti\n nop\n"
                               "movl $0x40045, 0x300(%rbx)\n nop\n incl %esi\n"
                               "xorl %eax, %eax\n movq %rax, %cr8\n incl %esi\n");
static void task_priority(void **state)
{
    struct rig *r = START(priorities);
    (void)state;
    assert_int_equal(rig_run(r), 0);
    assert_int_equal((r->c->r[CPU_RIP] - RIG_HANDLER) / 16, 0x45);
    assert_int_equal(r->c->r[6], 1);
    assert_int_equal(r->ipis, 1);
    rig_free(r);
}

/* STI holds off a pending interrupt for one instruction. */
RIG_CODE_64(shadow, ENABLE "movl $0x40045, 0x300(%rbx)\n nop\n sti\n incl %esi\n incl %esi\n incl %esi\n");
static void interrupt_shadow(void **state)
{
    struct rig *r = START(shadow);
    (void)state;
    assert_int_equal(rig_run(r), 0);
    assert_int_equal((r->c->r[CPU_RIP] - RIG_HANDLER) / 16, 0x45);
    assert_int_equal(r->c->r[6], 1);
    rig_free(r);
}

/* A second NMI waits until IRET. */
RIG_CODE_64(nmi_main, "movl $0x10000, %eax\n 1: incl %esi\n jmp 1b\n");
RIG_CODE_64(nmi_handler,
            "incl %edi\n cmpl $2, %edi\n je 1f\n movl %esi, %ebp\n nop\n nop\n iretq\n 1: outb %al, $0xf4\n");
static void nmi_blocking(void **state)
{
    struct rig *r = START(nmi_main);
    (void)state;
    RIG_PUT(r, 0x12000, nmi_handler);
    rig_gate(r, 2, 0x12000, 0, 0);
    cpu_run(r->c, 2000, CYC_NEVER);
    cpu_nmi(r->c, cpu_now(r->c));
    while (r->c->r[7] == 0)
        cpu_run(r->c, cpu_now(r->c) + 1, CYC_NEVER);
    assert_true(r->c->nmi_blocked);
    cpu_nmi(r->c, cpu_now(r->c));
    cpu_run(r->c, cpu_now(r->c) + 1, CYC_NEVER);
    assert_int_equal(r->c->r[7], 1);
    assert_int_equal(rig_run(r), 0);
    assert_int_equal(r->c->r[7], 2);
    rig_check_ledger(r);
    rig_free(r);
}

RIG_CODE_64(x2apic, "movl $0x1b, %ecx\n rdmsr\n orl $0x400, %eax\n wrmsr\n"
                    "movl $0x80f, %ecx\n movl $0x1ff, %eax\n xorl %edx, %edx\n wrmsr\n"
                    "movl $0x802, %ecx\n rdmsr\n movl %eax, %esi\n movl $0x80d, %ecx\n rdmsr\n movl %eax, %edi\n"
                    "sti\n nop\n movl $0x83f, %ecx\n movl $0x51, %eax\n xorl %edx, %edx\n wrmsr\n 1: pause\n jmp 1b\n");
static void x2apic_mode(void **state)
{
    struct rig *r = START(x2apic);
    (void)state;
    assert_int_equal(rig_run(r), 0);
    assert_int_equal((r->c->r[CPU_RIP] - RIG_HANDLER) / 16, 0x51);
    assert_int_equal(r->c->r[6], 0);
    assert_int_equal(r->c->r[7], 1);
    assert_true(cpu_lapic_match(r->c, 0, false));
    assert_true(cpu_lapic_match(r->c, 1, true));
    assert_false(cpu_lapic_match(r->c, 0x10001, true));
    rig_free(r);
}

/* FFH is a broadcast only to who sends it as an xAPIC; in x2APIC mode it is the name of one processor. In a cluster
 * model FH names all clusters. */
static void destinations(void **state)
{
    struct rig *r = rig_new(2);
    struct cpu *c = r->core[1];
    (void)state;
    assert_true(cpu_lapic_match(c, 1, false));
    assert_false(cpu_lapic_match(c, 0xff, false));
    c->lapic->ldr = 0x32u << 24;
    assert_true(cpu_lapic_match(c, 0x02, true));
    assert_true(cpu_lapic_match(c, 0xff, true));
    c->lapic->dfr = 0x0fffffff;
    assert_true(cpu_lapic_match(c, 0x32, true));
    assert_true(cpu_lapic_match(c, 0xff, true));
    assert_false(cpu_lapic_match(c, 0x42, true));
    assert_false(cpu_lapic_match(c, 0xf1, true));
    c->apic_base |= 0x400;
    c->lapic->ldr = 0x00000002;
    assert_false(cpu_lapic_match(c, 0xff, false));
    assert_true(cpu_lapic_match(c, 0x00000002, true));
    assert_true(cpu_lapic_match(c, UINT32_MAX, true));
    assert_false(cpu_lapic_match(c, 0x000100ff, true));
    rig_free(r);
}

/* A reserved bit in SELF IPI: #GP(0), and no interrupt. */
RIG_CODE_64(self_ipi, "movl $0x1b, %ecx\n rdmsr\n orl $0x400, %eax\n wrmsr\n movl $0x80f, %ecx\n movl $0x1ff, %eax\n"
                      "xorl %edx, %edx\n wrmsr\n movl $0x83f, %ecx\n movl $0x145, %eax\n wrmsr\n");
static void self_ipi_with_reserved_bits(void **state)
{
    struct rig *r = START(self_ipi);
    (void)state;
    assert_int_equal(rig_run(r), 0);
    assert_int_equal((r->c->r[CPU_RIP] - RIG_HANDLER) / 16, 13);
    assert_int_equal(lapic_pending(r->c), -1);
    rig_free(r);
}

/* The PIC's line rises and falls again before the woken core looks: it has not left HLT. */
RIG_CODE_64(halting, ENABLE "movl $0x700, 0x350(%rbx)\n sti\n hlt\n incl %esi\n 1: pause\n jmp 1b\n");
static void line_that_falls_again(void **state)
{
    struct rig *r = START(halting);
    (void)state;
    assert_int_equal(rig_run(r), 1);
    uint64_t after = r->c->r[CPU_RIP], hash = cpu_state_hash(r->c, 1);
    for (unsigned k = 0; k < 2; k++) {
        cpu_extint(r->c, true, cpu_now(r->c) + 100);
        assert_false(cpu_is_halted(r->c));
        cpu_extint(r->c, false, cpu_now(r->c) + 100);
        assert_int_equal(cpu_state_hash(r->c, 1), hash);
        assert_int_equal(cpu_run(r->c, CYC_NEVER, CYC_NEVER), CPU_STOP_HALT);
        assert_true(cpu_is_halted(r->c));
        assert_int_equal(r->c->r[CPU_RIP], after);
    }
    cpu_extint(r->c, true, cpu_now(r->c) + 100);
    assert_int_equal(rig_run(r), 0);
    assert_int_equal((r->c->r[CPU_RIP] - RIG_HANDLER) / 16, 0x28);
    assert_int_equal(r->c->r[6], 0);
    rig_check_ledger(r);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timer_one_shot),        cmocka_unit_test(timer_periodic),
        cmocka_unit_test(timer_deadline),        cmocka_unit_test(task_priority),
        cmocka_unit_test(interrupt_shadow),      cmocka_unit_test(nmi_blocking),
        cmocka_unit_test(x2apic_mode),           cmocka_unit_test(destinations),
        cmocka_unit_test(line_that_falls_again), cmocka_unit_test(self_ipi_with_reserved_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
