/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run queue: turns, wakeups, and its invariants under a long random sequence against a naive model. Could lie: the
 * locking around it and the context switch are not here; booting guests exercises those.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "hv/include/sched.h"

#define N 5

static void test_turns(void **state)
{
    struct hv_runq rq = {.head = NULL};
    struct hv_sched_vcpu v[3] = {{.state = HV_SCHED_BLOCKED}, {.state = HV_SCHED_BLOCKED}, {.state = HV_SCHED_BLOCKED}};

    (void)state;
    assert_null(hv_runq_next(&rq, false));
    assert_true(hv_runq_wake(&rq, &v[0])); /* the CPU idles */
    assert_ptr_equal(hv_runq_next(&rq, false), &v[0]);
    assert_true(hv_runq_wake(&rq, &v[1]));  /* the first to wait: turns begin */
    assert_false(hv_runq_wake(&rq, &v[2])); /* the second to wait changes nothing now */
    assert_false(hv_runq_wake(&rq, &v[2]));
    assert_ptr_equal(hv_runq_next(&rq, false), &v[0]); /* its turn goes on */
    assert_ptr_equal(hv_runq_next(&rq, true), &v[1]);
    assert_ptr_equal(hv_runq_next(&rq, true), &v[2]);
    assert_ptr_equal(hv_runq_next(&rq, true), &v[0]);
}

static void test_wake_before_schedule(void **state)
{
    struct hv_runq rq = {.head = NULL};
    struct hv_sched_vcpu v = {.state = HV_SCHED_BLOCKED};

    (void)state;
    hv_runq_wake(&rq, &v);
    hv_runq_next(&rq, false);
    assert_true(hv_runq_stop(&rq, &v, HV_SCHED_BLOCKED));
    assert_false(hv_runq_wake(&rq, &v)); /* it never left the CPU */
    assert_false(v.queued);
    assert_ptr_equal(hv_runq_next(&rq, false), &v);
}

static void test_down_is_not_woken(void **state)
{
    struct hv_runq rq = {.head = NULL};
    struct hv_sched_vcpu v = {.state = HV_SCHED_BLOCKED};

    (void)state;
    hv_runq_wake(&rq, &v);
    assert_false(hv_runq_stop(&rq, &v, HV_SCHED_DOWN)); /* was only queued */
    assert_false(hv_runq_wake(&rq, &v));
    assert_null(hv_runq_next(&rq, false));
}

/* The model: an array of the waiting in order. */
struct model {
    int waiting[N], n, running;
    enum hv_sched_state state[N];
};

static void model_remove(struct model *m, int i)
{
    int at = 0;

    for (int k = 0; k < m->n; k++) {
        if (m->waiting[k] != i)
            m->waiting[at++] = m->waiting[k];
    }
    m->n = at;
}

static int model_next(struct model *m, bool rotate)
{
    if (m->running >= 0 && m->state[m->running] == HV_SCHED_RUNNABLE) {
        if (!rotate || m->n == 0)
            return m->running;
        m->waiting[m->n++] = m->running;
    }
    m->running = m->n > 0 ? m->waiting[0] : -1;
    model_remove(m, m->running);
    return m->running;
}

static void check(const struct hv_runq *rq, const struct hv_sched_vcpu *v, const struct model *m)
{
    const struct hv_sched_vcpu *at = rq->head;

    for (int k = 0; k < m->n; k++, at = at->next) {
        assert_ptr_equal(at, &v[m->waiting[k]]);
        assert_true(at->queued && at->state == HV_SCHED_RUNNABLE);
        if (at->next == NULL)
            assert_ptr_equal(at, rq->tail);
    }
    assert_null(at);
    if (m->n == 0)
        assert_null(rq->tail);
    assert_ptr_equal(rq->running, m->running >= 0 ? &v[m->running] : NULL);
    for (int i = 0; i < N; i++)
        assert_int_equal(v[i].state, m->state[i]);
}

static void test_random(void **state)
{
    struct hv_runq rq = {.head = NULL};
    struct hv_sched_vcpu v[N] = {{.next = NULL}};
    struct model m = {.running = -1};
    uint32_t seed = 1;

    (void)state;
    for (int i = 0; i < N; i++)
        v[i].state = m.state[i] = HV_SCHED_BLOCKED;
    for (unsigned step = 0; step < 100000; step++) {
        seed = seed * 1664525u + 1013904223u;
        int i = (int)(seed >> 16) % N, what = (int)(seed >> 24) % 4;

        if (what == 0) {
            hv_runq_wake(&rq, &v[i]);
            if (m.state[i] == HV_SCHED_BLOCKED) {
                m.state[i] = HV_SCHED_RUNNABLE;
                if (m.running != i)
                    m.waiting[m.n++] = i;
            }
        } else if (what == 1) {
            assert_int_equal(hv_runq_stop(&rq, &v[i], HV_SCHED_BLOCKED), m.running == i);
            m.state[i] = HV_SCHED_BLOCKED;
            model_remove(&m, i);
        } else {
            hv_runq_next(&rq, what == 2);
            model_next(&m, what == 2);
        }
        check(&rq, v, &m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_wake_before_schedule),
        cmocka_unit_test(test_down_is_not_woken),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
