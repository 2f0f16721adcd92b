/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A core always gets on: what it fetched it also executes, although others take the line away in the meantime; an event
 * that is raised is delivered.
 * It could lie: with other latencies the cores might not meet. So each case runs with every core as the victim and
 * several lookaheads, and one that needs no luck takes the line away by hand.
 */
#include "cpu/tests/rig.h"

/* The victim arrives late, clears the lock beside its own code, and ends the run; the others fight for the lock. */
RIG_CODE_64(arrive, "movl $3000, %ecx\n 1: decl %ecx\n jnz 1b\n jmp *%rax\n");
RIG_CODE_64(in_line, "movl $0, (%rbx)\n outb %al, $0xf4\n 1: jmp 1b\n");
RIG_CODE_64(spin, "1: movl $1, %eax\n xchgl %eax, (%rbx)\n xchgl %eax, (%rdx)\n testl %eax, %eax\n jnz 1b\n"
                  "2: pause\n jmp 2b\n");

struct place {
    uint64_t code, lock, other; /* @other: a word of the second line, where there is one */
};
static const struct place places[] = {
    {0x11000, 0x11020, 0x11028}, /* one line */
    {0x1103d, 0x11020, 0x11060}, /* the first instruction lies over two lines */
    {0x11ffd, 0x11fe0, 0x12020}, /* ...and two pages */
};

static int run_place(const struct place *at, unsigned n, unsigned victim, cyc_t lookahead)
{
    struct rig *r = rig_new(n);
    RIG_PUT(r, RIG_CODE, arrive);
    RIG_PUT(r, at->code, in_line);
    RIG_PUT(r, 0x13000, spin);
    for (unsigned k = 0; k < n; k++) {
        struct cpu *c = r->core[k];
        rig_long(r, c);
        c->r[0] = at->code, c->r[2] = at->other, c->r[3] = at->lock;
        c->r[4] = RIG_STACK + 0x2000 * k;
        if (k != victim)
            c->r[CPU_RIP] = 0x13000;
    }
    rig_write(r, at->other, 1);
    rig_write(r, at->lock, 1);
    int rc = rig_run_all(r, lookahead);
    rig_check_ledger(r);
    rig_free(r);
    return rc;
}

static void executes_what_it_fetched(void **state)
{
    (void)state;
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++)
        for (unsigned n = 2; n <= RIG_CORES; n++)
            for (unsigned victim = 0; victim < n; victim++)
                assert_int_equal(run_place(&places[p], n, victim, victim & 1 ? 40 : 10), 0);
}

/* The line goes each time before the fetched instruction could run: it runs all the same, the next one is fetched. */
RIG_CODE_64(two_nops, "nop\n nop\n nop\n");
static void line_taken_after_each_fetch(void **state)
{
    struct rig *r = rig_new(1);
    (void)state;
    RIG_PUT(r, RIG_CODE, two_nops);
    rig_long(r, r->c);
    unsigned turns = 0;
    while (cpu_instructions(r->c) < 2) {
        cpu_run(r->c, cpu_now(r->c) + 1, CYC_NEVER);
        cpu_mem_fetch_lost(r->c, r->c->fetch_l1_slot);
        assert_true(++turns < 20);
    }
    cpu_run(r->c, cpu_now(r->c) + 1, 0);
    assert_int_equal(r->c->fetch_line, RIG_CODE); /* entered anew after the second */
    rig_free(r);
}

/* The fault of a fetch is found once: its walk does not cost its turn again and again. */
RIG_CODE_64(jump_away, "jmp *%rax\n");
static void a_raised_fault_stays_raised(void **state)
{
    struct rig *r = rig_new(1);
    (void)state;
    RIG_PUT(r, RIG_CODE, jump_away);
    rig_long(r, r->c);
    r->c->r[0] = 0x40000000;
    unsigned turns = 0;
    while (r->c->raised.kind == CPU_NONE) { /* its turn is over when the walk is done, for that takes time */
        cpu_run(r->c, cpu_now(r->c) + 1, cpu_now(r->c) + 1);
        assert_true(++turns < 100);
    }
    uint64_t walks = cpu_stats(r->c)->walks;
    cyc_t now = cpu_now(r->c);
    for (unsigned k = 0; k < 5; k++)
        assert_int_equal(cpu_run(r->c, CYC_NEVER, 0), CPU_STOP_TURN);
    assert_int_equal(cpu_stats(r->c)->walks, walks);
    assert_int_equal(cpu_now(r->c), now);
    assert_int_equal(rig_run(r), 0);
    assert_int_equal((r->c->r[CPU_RIP] - RIG_HANDLER) / 16, 14);
    assert_int_equal(r->c->cr2, 0x40000000);
    assert_int_equal(cpu_stats(r->c)->page_faults, 1);
    rig_check_ledger(r);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(executes_what_it_fetched),
                                       cmocka_unit_test(line_taken_after_each_fetch),
                                       cmocka_unit_test(a_raised_fault_stays_raised)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
