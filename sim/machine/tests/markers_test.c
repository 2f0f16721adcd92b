/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Markers: ledger contexts, regions of interest, operations; and that what a guest puts into them can do no harm.
 * Could lie about the cpu's use of the two contexts: the fake only remembers them.
 */
#include "fake_cpu.h"
#include "hv/abi/marker.h"
#include "test_board.h"

static struct machine *m;

static int fresh(void **state)
{
    struct machine_cfg cfg = test_cfg(2);

    (void)state;
    fake_reset(1, 0);
    m = machine_new(&cfg);
    return 0;
}

static int done(void **state)
{
    (void)state;
    machine_free(m);
    return 0;
}

static uint64_t whom(uint64_t domid, unsigned vcpu, unsigned mode)
{
    return domid << 32 | vcpu << 16 | mode;
}

static void contexts_are(unsigned core, const char *cpl0, const char *cpl3)
{
    unsigned a, b;

    fake_context(core, &a, &b);
    assert_int_equal(a, ledger_context(m->ledger, cpl0));
    assert_int_equal(b, ledger_context(m->ledger, cpl3));
}

static void contexts(void **state)
{
    (void)state;
    contexts_are(0, "boot", "boot");
    machine_set_domain_name(m, 1, "u1");
    markers_seen(m, 0, HV_MARK_CONTEXT, whom(1, 2, HV_MARK_MODE_USER), 10);
    contexts_are(0, "u1/v2/hv", "u1/v2/user");
    markers_seen(m, 0, HV_MARK_CONTEXT, whom(1, 2, HV_MARK_MODE_KERNEL), 20);
    contexts_are(0, "u1/v2/hv", "u1/v2/kernel");
    markers_seen(m, 1, HV_MARK_CONTEXT, whom(3, 0, HV_MARK_MODE_KERNEL), 20);
    contexts_are(1, "d3/v0/hv", "d3/v0/kernel");
    markers_seen(m, 1, HV_MARK_CONTEXT, whom(HV_MARK_DOM_IDLE, 0, 0), 30);
    contexts_are(1, "idle", "idle");
    assert_true(machine_domain(m, 1)->seen);
    assert_false(machine_domain(m, 2)->seen);
}

static void region_and_operations(void **state)
{
    (void)state;
    m->roi_target = 2;
    markers_seen(m, 0, HV_MARK_CONTEXT, whom(1, 0, 0), 10);
    markers_seen(m, 1, HV_MARK_CONTEXT, whom(2, 0, 0), 10);
    markers_seen(m, 0, HV_MARK_ROI_BEGIN, 0, 100);
    markers_seen(m, 0, HV_MARK_ROI_BEGIN, 0, 150); /* counted once */
    assert_false(m->exit.stop);
    markers_seen(m, 1, HV_MARK_ROI_BEGIN, 0, 200);
    assert_true(m->exit.stop);
    assert_int_equal(m->exit.reason, MACHINE_ROI);
    markers_seen(m, 0, HV_MARK_OPS, 5, 300);
    markers_seen(m, 0, HV_MARK_OPS, 6, 400);
    markers_seen(m, 0, HV_MARK_ROI_END, 0, 500);
    markers_seen(m, 0, HV_MARK_DOM_END, whom(1, 0, 3), 600);
    const struct machine_domain *d = machine_domain(m, 1);
    assert_int_equal(d->ops, 11);
    assert_int_equal(d->roi_begin, 100);
    assert_int_equal(d->roi_end, 500);
    assert_true(d->ended);
    assert_int_equal(d->end_reason, 3);
}

static void guests_can_do_no_harm(void **state)
{
    (void)state;
    markers_seen(m, 0, HV_MARK_CONTEXT, UINT64_MAX, 1);
    markers_seen(m, 0, HV_MARK_CONTEXT, whom(MACHINE_DOMAINS, 0, 0), 1);
    markers_seen(m, 0, HV_MARK_CONTEXT, whom(1, MACHINE_VCPUS, 0), 1);
    markers_seen(m, 0, HV_MARK_CONTEXT, whom(1, 0, 9), 1);
    markers_seen(m, 0, HV_MARK_DOM_END, UINT64_MAX, 1);
    markers_seen(m, 0, 0xff, UINT64_MAX, 1);
    markers_seen(m, 0, HV_MARK_ROI_END, 0, 1);
    contexts_are(0, "boot", "boot");
    fake_cpl = 3;
    markers_seen(m, 0, HV_MARK_CONTEXT, whom(1, 0, 0), 1);
    markers_seen(m, 0, HV_MARK_DOM_END, whom(1, 0, 0), 1);
    contexts_are(0, "boot", "boot");
    assert_false(machine_domain(m, 1)->ended);
    assert_false(machine_domain(m, UINT_MAX)->seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(contexts, fresh, done),
        cmocka_unit_test_setup_teardown(region_and_operations, fresh, done),
        cmocka_unit_test_setup_teardown(guests_can_do_no_harm, fresh, done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
