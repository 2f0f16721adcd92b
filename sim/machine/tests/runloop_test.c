/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run loop's promises, with cores that check them (fake_cpu.c): shared actions of all cores come in the order of
 * (time, core); no interrupt reaches a core that has run past its moment; limits and stops.
 * Could lie if the fake never ran ahead or never waited: so the test also demands that interrupts and many actions
 * happened. That the real core keeps to its limits is the cpu's to test.
 */
#include "fake_cpu.h"
#include "test_board.h"

enum { STEPS = 2000 };
static const struct machine_until to_the_end = {.cycle = CYC_NEVER};

static void causal(unsigned n_cores, uint64_t seed)
{
    struct machine_cfg cfg = test_cfg(n_cores);

    cfg.cpu.ipi_cyc = cfg.mem.probe_cyc; /* no slack: an interrupt comes as early as it ever may */
    fake_reset(seed, STEPS);
    struct machine *m = machine_new(&cfg);
    enum machine_stop why = machine_run(m, &to_the_end);
    assert_int_equal(why, MACHINE_DEAD);
    assert_int_equal(fake_late, 0);
    assert_true(fake_logged > n_cores * 20 && fake_logged < 1 << 16);
    assert_true(fake_interrupts > n_cores);
    for (unsigned i = 1; i < fake_logged; i++) {
        const struct fake_shared *a = &fake_log[i - 1], *b = &fake_log[i];

        if (a->when > b->when || (a->when == b->when && a->core > b->core))
            fail_msg("seed %u: action of core %u at %u after core %u at %u", (unsigned)seed, b->core, (unsigned)b->when,
                     a->core, (unsigned)a->when);
    }
    machine_settle(m);
    assert_true(machine_ledger_check(m, NULL));
    machine_free(m);
}

static void shared_actions_in_time_order(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        causal(2, seed * 100);
        causal(5, seed * 100 + 1);
    }
    causal(64, 7);
}

static void stops_at_a_cycle_and_goes_on(void **state)
{
    struct machine_cfg cfg = test_cfg(3);
    uint64_t whole, pieces;

    (void)state;
    fake_reset(5, STEPS);
    struct machine *m = machine_new(&cfg);
    machine_run(m, &to_the_end);
    whole = machine_instructions(m);
    machine_free(m);

    fake_reset(5, STEPS);
    m = machine_new(&cfg);
    for (cyc_t end = 100; end < 5000; end += 100) {
        fake_end = end;
        assert_int_equal(machine_run(m, &(struct machine_until){.cycle = end}), MACHINE_CYCLE);
        assert_int_equal(fake_started_late, 0);
        assert_int_equal(machine_now(m), end);
        machine_settle(m);
        assert_true(machine_ledger_check(m, NULL));
    }
    fake_end = CYC_NEVER;
    machine_run(m, &to_the_end);
    pieces = machine_instructions(m);
    assert_int_equal(pieces, whole);
    machine_free(m);
}

static void other_stops(void **state)
{
    struct machine_cfg cfg = test_cfg(1);
    bool interrupted = true;

    (void)state;
    fake_reset(5, 0); /* halted from the start */
    struct machine *m = machine_new(&cfg);
    assert_int_equal(machine_run(m, &to_the_end), MACHINE_DEAD);
    uint32_t lat;
    board_io_write(m, 0, 0xf4, 1, 7, 0, &lat);
    assert_int_equal(machine_run(m, &to_the_end), MACHINE_EXIT);
    assert_int_equal(machine_exit_code(m), 7);
    assert_int_equal(machine_run(m, &(struct machine_until){.cycle = CYC_NEVER, .interrupted = &interrupted}),
                     MACHINE_INTERRUPTED);
    machine_free(m);

    fake_reset(9, STEPS);
    m = machine_new(&cfg);
    assert_int_equal(machine_run(m, &(struct machine_until){.cycle = CYC_NEVER, .instructions = 3}),
                     MACHINE_INSTRUCTIONS);
    assert_true(machine_instructions(m) >= 3);
    machine_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_actions_in_time_order),
        cmocka_unit_test(stops_at_a_cycle_and_goes_on),
        cmocka_unit_test(other_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
