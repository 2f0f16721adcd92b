/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time order: an instruction that has to wait has changed nothing; the result does not depend on how turns are cut; the
 * shortcuts change nothing, to the cycle; every cycle is in the ledger.
 * It could lie: programs that never miss would pass with any rule, so each test checks that waits or misses happened.
 */
#include "cpu/tests/rig.h"

#define DATA  0x40000000ull
#define PAGES 64u

static void map_data(struct rig *r)
{
    for (uint64_t k = 0; k < PAGES; k++)
        rig_map(r, DATA + k * 4096, 0x800000 + k * 4096, RIG_P | RIG_W | (k & 1 ? RIG_G : 0));
}

/* Each of these needs something shared at its first run. */
RIG_CODE_64(wait_load, "movq (%rbx), %rax\n");
RIG_CODE_64(wait_rmw, "addq %rax, (%rbx)\n");
RIG_CODE_64(wait_push, "pushq %rax\n");
RIG_CODE_64(wait_call, "call *8(%rbx)\n");
RIG_CODE_64(wait_lock, "lock xaddq %rax, (%rbx)\n");
RIG_CODE_64(wait_out, "outb %al, $0x80\n");
RIG_CODE_64(wait_fault, "ud2\n");
RIG_CODE_64(wait_movs, "movsq\n");
RIG_CODE_64(wait_sreg, "movl %ecx, %ds\n");
RIG_CODE_64(wait_iret, "iretq\n");
RIG_CODE_64(wait_icr, "movl $0x40000, (%rdx)\n");

static const struct waiter {
    const char *name;
    const uint8_t *code, *end;
} waiters[] = {
#define WAITER(n)                                                                                                      \
    {                                                                                                                  \
#n, n, n##_end                                                                                                 \
    }
    WAITER(wait_load),  WAITER(wait_rmw),  WAITER(wait_push), WAITER(wait_call), WAITER(wait_lock), WAITER(wait_out),
    WAITER(wait_fault), WAITER(wait_movs), WAITER(wait_sreg), WAITER(wait_iret), WAITER(wait_icr)};

static uint64_t memory_hash(struct rig *r)
{
    uint64_t h = 0;
    for (uint64_t a = 0; a < 0x900000; a += 8) /* GDT, stacks, page tables, data */
        h = cpu_mix(h, *(const uint64_t *)(const void *)(r->phys->base + a));
    return h;
}

/* Never first in time order: the core may do what is private, over and over, and must not get anywhere. A/D bits of
 * page tables are not the instruction's state and are set beforehand. */
static void waits_and_changes_nothing(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof waiters / sizeof waiters[0]; k++) {
        const struct waiter *w = &waiters[k];
        struct rig *r = rig_new(1);
        rig_put(r, RIG_CODE, w->code, (uint64_t)(w->end - w->code));
        map_data(r);
        rig_map(r, 0xfee00000, 0xfee00000, RIG_P | RIG_W | RIG_A | RIG_D);
        rig_long(r, r->c);
        r->c->r[0] = 5, r->c->r[1] = RIG_DS, r->c->r[2] = 0xfee00300;
        r->c->r[3] = r->c->r[6] = DATA, r->c->r[7] = DATA + 0x2000;
        uint64_t before = cpu_state_hash(r->c, 1), memory = memory_hash(r);
        for (unsigned again = 0; again < 3; again++) {
            assert_int_equal(cpu_run(r->c, CYC_NEVER, 0), CPU_STOP_TURN);
            assert_int_equal(cpu_state_hash(r->c, 1), before);
        }
        assert_int_equal(memory_hash(r), memory);
        assert_int_equal(cpu_instructions(r->c), 0);
        /* Fetched and translated, then cut off again at every later wait: step by step to the end. */
        cyc_t share = cpu_now(r->c) + 1;
        while (cpu_instructions(r->c) == 0 && cpu_stats(r->c)->exceptions == 0) {
            uint64_t was = cpu_state_hash(r->c, 1);
            enum cpu_stop s = cpu_run(r->c, share + 1, share);
            if (s == CPU_STOP_TURN && cpu_instructions(r->c) == 0 && cpu_stats(r->c)->exceptions == 0)
                assert_int_equal(cpu_state_hash(r->c, 1), was);
            share = cpu_now(r->c) + 1;
            assert_true(share < 100000);
        }
        rig_check_ledger(r);
        rig_free(r);
    }
}

/* A port and an IPI are shared even when code, data and translation are all at hand. */
static void devices_wait_for_their_turn(void **state)
{
    static const struct waiter devices[] = {WAITER(wait_out), WAITER(wait_icr)};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct rig *r = rig_new(1);
        rig_put(r, RIG_CODE, devices[k].code, (uint64_t)(devices[k].end - devices[k].code));
        rig_map(r, 0xfee00000, 0xfee00000, RIG_P | RIG_W);
        rig_long(r, r->c);
        r->c->r[2] = 0xfee00300;
        while (cpu_instructions(r->c) == 0) /* in its turn it runs, and warms everything up */
            cpu_run(r->c, cpu_now(r->c) + 1, CYC_NEVER);
        unsigned ipis = r->ipis;
        uint64_t accesses = cpu_stats(r->c)->io_accesses;
        r->c->r[CPU_RIP] = RIG_CODE;
        r->c->fetch_line = ~0ull;
        r->c->line_until =
            cpu_now(r->c) + 1000; /* left over from a wait that was swallowed: this one is for the turn */
        cyc_t now = cpu_now(r->c);
        assert_int_equal(cpu_run(r->c, CYC_NEVER, 0), CPU_STOP_TURN);
        assert_true(cpu_now(r->c) < now + 100);
        assert_int_equal(cpu_instructions(r->c), 1);
        assert_int_equal(cpu_stats(r->c)->io_accesses, accesses);
        assert_int_equal(r->ipis, ipis);
        rig_free(r);
    }
}

/* Strides over lines and pages, read-modify-writes, calls, a locked add, mispredicted branches, INVLPG and CR3 loads.
 */
RIG_CODE_64(mix, "movl $300, %ecx\n movabsq $0x40000000, %rbx\n xorl %esi, %esi\n"
                 "1: imull $1103515245, %esi, %esi\n addl $12345, %esi\n movl %esi, %edi\n shrl $10, %edi\n"
                 "andl $0x3fff8, %edi\n"
                 "movq (%rbx,%rdi), %rax\n addq %rax, %rdx\n addq $3, (%rbx,%rdi)\n"
                 "movl %edi, %eax\n xorl $0x1fff8, %eax\n movq %rdx, (%rbx,%rax)\n movq -4(%rbx,%rdi), %r9\n"
                 "testl $0x800, %esi\n jz 2f\n lock incq 64(%rbx)\n call 4f\n"
                 "2: testl $0x1f, %ecx\n jnz 3f\n invlpg (%rbx,%rdi)\n movq %cr3, %rax\n movq %rax, %cr3\n"
                 "3: pushq %rdx\n popq %r8\n decl %ecx\n jnz 1b\n movl %edx, %eax\n outl %eax, $0xf4\n"
                 "4: pushq %rax\n incq 8(%rbx)\n popq %rax\n ret\n");

struct outcome {
    cyc_t now;
    uint64_t state, memory, instructions;
    uint32_t exit_code;
};

static struct outcome run_mix(bool shortcut, cyc_t slice, enum cpu_mode mode)
{
    struct rig *r = rig_new(1);
    RIG_PUT(r, RIG_CODE, mix);
    map_data(r);
    rig_map(r, DATA - 4096, 0x7ff000, RIG_P | RIG_W);
    rig_long(r, r->c);
    cpu_set_mode(r->c, mode);
    if (!shortcut)
        cpu_test_no_shortcut(r->c);
    while (!r->ended)
        cpu_run(r->c, cpu_now(r->c) + slice, CYC_NEVER);
    rig_check_ledger(r);
    struct outcome o = {cpu_now(r->c), cpu_state_hash(r->c, 1), memory_hash(r), cpu_instructions(r->c), r->exit_code};
    rig_free(r);
    return o;
}

static void expect_same(struct outcome a, struct outcome b)
{
    assert_int_equal(a.now, b.now);
    assert_int_equal(a.instructions, b.instructions);
    assert_int_equal(a.state, b.state);
    assert_int_equal(a.memory, b.memory);
}

static void shortcut_changes_nothing(void **state)
{
    (void)state;
    struct outcome with = run_mix(true, 1000000, CPU_TIMING);
    assert_true(with.now > 2 * with.instructions); /* it missed a lot */
    expect_same(with, run_mix(false, 1000000, CPU_TIMING));
    expect_same(run_mix(true, 1000000, CPU_FUNCTIONAL), run_mix(false, 1000000, CPU_FUNCTIONAL));
}

static void slices_change_nothing(void **state)
{
    (void)state;
    struct outcome whole = run_mix(true, 1000000, CPU_TIMING);
    expect_same(whole, run_mix(true, 7, CPU_TIMING));
    expect_same(whole, run_mix(false, 1, CPU_TIMING));
}

static void functional_is_one_cycle_an_instruction(void **state)
{
    (void)state;
    struct outcome f = run_mix(true, 1000, CPU_FUNCTIONAL), t = run_mix(true, 1000, CPU_TIMING);
    assert_int_equal(f.now, f.instructions);
    assert_int_equal(f.exit_code, t.exit_code);
    assert_int_equal(f.instructions, t.instructions);
}

/* Four cores add to one counter, locked; in time order, with and without shortcuts. */
RIG_CODE_64(adders, "movl $200, %ecx\n movabsq $0x40000000, %rbx\n"
                    "1: lock incq (%rbx)\n incq 64(%rbx,%r15)\n movq 64(%rbx), %rax\n decl %ecx\n jnz 1b\n"
                    "lock incq 8(%rbx)\n 2: pause\n cmpq $4, 8(%rbx)\n jne 2b\n outb %al, $0xf4\n");

static struct outcome run_adders(bool shortcut, cyc_t lookahead)
{
    struct rig *r = rig_new(RIG_CORES);
    RIG_PUT(r, RIG_CODE, adders);
    map_data(r);
    for (unsigned k = 0; k < RIG_CORES; k++) {
        rig_long(r, r->core[k]);
        r->core[k]->r[15] = k * 8; /* false sharing: four counters in one line */
        if (!shortcut)
            cpu_test_no_shortcut(r->core[k]);
    }
    assert_int_equal(rig_run_all(r, lookahead), 0);
    assert_int_equal(rig_read(r, 0x800000), 800);
    for (unsigned k = 0; k < RIG_CORES; k++)
        assert_int_equal(rig_read(r, 0x800040 + 8 * k), 200);
    rig_check_ledger(r);
    struct outcome o = {.memory = memory_hash(r)};
    for (unsigned k = 0; k < RIG_CORES; k++) {
        o.now = cpu_mix(o.now, cpu_now(r->core[k]));
        o.state = cpu_state_hash(r->core[k], o.state);
        o.instructions += cpu_instructions(r->core[k]);
        assert_true(r->core[k]->rows[0]->cyc[LEDGER_COHERENCE] > 1000);
        assert_true(cpu_stats(r->core[k])->waits > 0);
    }
    rig_free(r);
    return o;
}

static void cores_in_time_order(void **state)
{
    (void)state;
    struct outcome a = run_adders(true, 40);
    expect_same(a, run_adders(true, 40));
    expect_same(a, run_adders(false, 40));
}

/* MOVS loads from a line that is dirty in the other core and stores to one that nobody has: the wait is the former's.
 */
RIG_CODE_64(dirties, "movq $0x30000, %rbx\n incq (%rbx)\n 1: pause\n jmp 1b\n");
RIG_CODE_64(copies, "movl $2000, %ecx\n 1: decl %ecx\n jnz 1b\n movq $0x30000, %rsi\n movq $0x38000, %rdi\n"
                    "movsq\n nop\n outb %al, $0xf4\n");
static void count_lines(void *opaque, const char *context, hpa_t line, uint64_t cyc)
{
    uint64_t *of = opaque;
    (void)context;
    of[line.v == 0x30000 ? 0 : line.v == 0x38000 ? 1 : 2] += cyc;
}
static void coherence_is_charged_to_its_line(void **state)
{
    struct rig *r = rig_new(2);
    uint64_t of[3] = {0};
    (void)state;
    RIG_PUT(r, RIG_CODE, copies);
    RIG_PUT(r, 0x12000, dirties);
    rig_long(r, r->core[0]);
    rig_long(r, r->core[1]);
    r->core[1]->r[CPU_RIP] = 0x12000;
    assert_int_equal(rig_run_all(r, 40), 0);
    ledger_foreach_line(r->ledger, count_lines, of);
    assert_true(of[0] > 0);
    assert_int_equal(of[1], 0);
    rig_check_ledger(r);
    rig_free(r);
}

/* Where turns are cut changes no cycle, and nothing is paid or counted twice: a program whose every access waits for
 * its turn, beside a core that computes, at several lookaheads. Touching pages; loads that page-fault; two pages an
 * instruction; REP STOS into pages that its handler maps. */
#define DELAY "movl $12, %edx\n 2: decl %edx\n jnz 2b\n"
#define LOOP(text)                                                                                                     \
    "movabsq $0x40000000, %r8\n movl $200, %ecx\n 1: " DELAY text "decl %ecx\n jnz 1b\n outb %al, $0xf4\n"
RIG_CODE_64(touches, LOOP("movq (%r8), %rax\n addq $0x1000, %r8\n"));
RIG_CODE_64(writes, LOOP("movq %rax, 0xffc(%r8)\n addq $0x1000, %r8\n"));
RIG_CODE_64(faults, LOOP("movq 0x8000000(%r8), %rax\n addq $0x1000, %r8\n"));
RIG_CODE_64(skip_7, "addq $7, 8(%rsp)\n addq $8, %rsp\n iretq\n");
RIG_CODE_64(copies_pages, LOOP("movq %r8, %rsi\n leaq 0x1000(%r8), %rdi\n movsq\n addq $0x1000, %r8\n"));
RIG_CODE_64(rep_stos, "movabsq $0x48000000, %rdi\n movl $6144, %ecx\n rep stosb\n outb %al, $0xf4\n");
RIG_CODE_64(map_page, "movq %r9, (%r10)\n addq $8, %r10\n addq $8, %rsp\n iretq\n");
RIG_CODE_64(computes, "1: incq %rax\n addq $3, %rbx\n jmp 1b\n");

struct cut {
    cyc_t now;
    uint64_t walks, misses, cyc[LEDGER_CAUSES];
};
static const struct cut_case {
    const uint8_t *code, *end, *handler, *handler_end;
    uint64_t page_faults;
} cut_cases[] = {{touches, touches_end, skip_7, skip_7_end, 0},
                 {writes, writes_end, skip_7, skip_7_end, 0},
                 {faults, faults_end, skip_7, skip_7_end, 200},
                 {copies_pages, copies_pages_end, skip_7, skip_7_end, 0},
                 {rep_stos, rep_stos_end, map_page, map_page_end, 2}};

static struct cut run_cut(const struct cut_case *k, cyc_t lookahead)
{
    struct rig *r = rig_new(2);
    rig_put(r, RIG_CODE, k->code, (uint64_t)(k->end - k->code));
    rig_put(r, 0x13000, k->handler, (uint64_t)(k->handler_end - k->handler));
    RIG_PUT(r, 0x12000, computes);
    rig_gate(r, 14, 0x13000, 0, 0);
    for (uint64_t page = 0; page < 202; page++)
        rig_map(r, DATA + page * 4096, 0x800000 + page * 4096, RIG_P | RIG_W);
    uint64_t pte = rig_pte(r, DATA + 0x8000000);
    rig_map(r, pte & ~0xfffull, pte & ~0xfffull, RIG_P | RIG_W);
    rig_long(r, r->core[0]);
    rig_long(r, r->core[1]);
    r->core[1]->r[CPU_RIP] = 0x12000;
    r->c->r[9] = 0x900000 | RIG_P | RIG_W, r->c->r[10] = pte;
    assert_int_equal(rig_run_all(r, lookahead), 0);
    assert_int_equal(cpu_stats(r->c)->page_faults, k->page_faults);
    rig_check_ledger(r);
    struct cut out = {cpu_now(r->c), cpu_stats(r->c)->walks, cpu_tlb_stats(r->c)->misses, {0}};
    memcpy(out.cyc, r->c->row->cyc, sizeof out.cyc);
    rig_free(r);
    return out;
}

static void cuts_change_no_cycle(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof cut_cases / sizeof cut_cases[0]; k++) {
        struct cut one = run_cut(&cut_cases[k], 1);
        assert_true(one.walks > 2);
        for (cyc_t lookahead = 2; lookahead <= 40; lookahead += lookahead < 10 ? 4 : 15) {
            struct cut other = run_cut(&cut_cases[k], lookahead);
            assert_int_equal(one.now, other.now);
            assert_int_equal(one.walks, other.walks);
            assert_int_equal(one.misses, other.misses);
            assert_memory_equal(one.cyc, other.cyc, sizeof one.cyc);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(waits_and_changes_nothing),
                                       cmocka_unit_test(devices_wait_for_their_turn),
                                       cmocka_unit_test(shortcut_changes_nothing),
                                       cmocka_unit_test(slices_change_nothing),
                                       cmocka_unit_test(functional_is_one_cycle_an_instruction),
                                       cmocka_unit_test(cores_in_time_order),
                                       cmocka_unit_test(cuts_change_no_cycle),
                                       cmocka_unit_test(coherence_is_charged_to_its_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
