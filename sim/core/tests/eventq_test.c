/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event queue against a list that is searched for its least element. Could lie if the reference and the heap
 * shared the comparison: they do not, the reference compares (when, order of posting).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim/core/eventq.h"
#include "sim/core/rng.h"

static uint64_t ran[4096];
static cyc_t ran_when[4096];
static unsigned n_ran;

static void note(void *opaque, uint64_t arg, cyc_t when)
{
    (void)opaque;
    ran[n_ran] = arg;
    ran_when[n_ran++] = when;
}

static void in_order_of_time_then_posting(void **state)
{
    struct eventq *q = eventq_new();

    (void)state;
    n_ran = 0;
    assert_true(eventq_next(q) == CYC_NEVER);
    eventq_post(q, 20, note, NULL, 0);
    eventq_post(q, 10, note, NULL, 1);
    eventq_post(q, 20, note, NULL, 2);
    eventq_post(q, 10, note, NULL, 3);
    assert_int_equal(eventq_next(q), 10);
    while (eventq_next(q) != CYC_NEVER)
        eventq_run_one(q);
    const uint64_t want[] = {1, 3, 0, 2};
    assert_int_equal(n_ran, 4);
    assert_memory_equal(ran, want, sizeof(want));
    eventq_free(q);
}

static void stale_handles_do_nothing(void **state)
{
    struct eventq *q = eventq_new();

    (void)state;
    n_ran = 0;
    eventq_id a = eventq_post(q, 1, note, NULL, 1);
    eventq_run_one(q);
    eventq_id b = eventq_post(q, 2, note, NULL, 2); /* takes the same slot */
    assert_int_not_equal(a, b);
    eventq_cancel(q, a);
    eventq_cancel(q, 0);
    assert_int_equal(eventq_next(q), 2);
    eventq_cancel(q, b);
    eventq_cancel(q, b);
    assert_true(eventq_next(q) == CYC_NEVER);
    assert_int_equal(n_ran, 1);
    eventq_free(q);
}

static void agrees_with_a_searched_list(void **state)
{
    enum { N = 2000 };
    static cyc_t when[N];
    static eventq_id id[N];
    static int live[N];
    struct rng r;
    struct eventq *q = eventq_new();

    (void)state;
    rng_seed(&r, 7);
    n_ran = 0;
    for (unsigned i = 0; i < N; i++) {
        when[i] = rng_below(&r, 300);
        id[i] = eventq_post(q, when[i], note, NULL, i);
        live[i] = 1;
        if (rng_below(&r, 3) == 0) {
            unsigned k = (unsigned)rng_below(&r, i + 1);

            eventq_cancel(q, id[k]);
            live[k] = 0;
        }
    }
    for (unsigned done = 0;; done++) {
        int best = -1;

        for (int i = 0; i < N; i++)
            if (live[i] && (best < 0 || when[i] < when[best]))
                best = i;
        if (best < 0) {
            assert_true(eventq_next(q) == CYC_NEVER);
            break;
        }
        eventq_run_one(q);
        assert_int_equal(ran[done], best);
        assert_int_equal(ran_when[done], when[best]);
        live[best] = 0;
    }
    eventq_free(q);
}

static void shuffled_ties_keep_time_order(void **state)
{
    struct eventq *q = eventq_new();
    int moved = 0;

    (void)state;
    n_ran = 0;
    eventq_shuffle_ties(q, 3);
    for (unsigned i = 0; i < 64; i++)
        eventq_post(q, i / 16, note, NULL, i);
    while (eventq_next(q) != CYC_NEVER)
        eventq_run_one(q);
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(ran_when[i], i / 16);
        moved += ran[i] != i;
    }
    assert_true(moved > 0);
    eventq_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order_of_time_then_posting),
        cmocka_unit_test(stale_handles_do_nothing),
        cmocka_unit_test(agrees_with_a_searched_list),
        cmocka_unit_test(shuffled_ties_keep_time_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
