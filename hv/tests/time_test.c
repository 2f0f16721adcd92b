/* SPDX-License-Identifier: Apache-2.0 */
/* Time scales and the timer queue. Could lie: clocks and interrupts are not here, only the arithmetic and the list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "hv/core/time_scale.h"
#include "hv/core/timer.h"

static void test_scales(void **state)
{
    const uint64_t hz[] = {1000000,    62500000,   100000000,  999999999,  1000000000,
                           1000000001, 2300000000, 3800000000, 12000000000};

    (void)state;
    for (size_t i = 0; i < sizeof(hz) / sizeof(hz[0]); i++) {
        struct time_scale to = time_scale_to_ns(hz[i]), from = time_scale_from_ns(hz[i]);
        uint64_t hour_ns = time_scale(to, hz[i] * 3600), second_ticks = time_scale(from, 1000000000);

        assert_true(to.mul >> 31 == 1 && from.mul >> 31 == 1);
        assert_true(hour_ns > 3600000000000 - 10000 && hour_ns < 3600000000000 + 10000);
        assert_true(second_ticks + 16 > hz[i] && second_ticks < hz[i] + 16);
    }
}

static void test_queue_order(void **state)
{
    struct hv_timer t[6] = {{.expires_ns = 30}, {.expires_ns = 10}, {.expires_ns = 20},
                            {.expires_ns = 10}, {.expires_ns = 40}, {.expires_ns = 5}};
    struct hv_timer *queue = NULL;

    (void)state;
    assert_true(timer_insert(&queue, &t[0]));
    assert_true(timer_insert(&queue, &t[1]));
    assert_false(timer_insert(&queue, &t[2]));
    assert_false(timer_insert(&queue, &t[3])); /* equal times: after the one that is there */
    assert_false(timer_insert(&queue, &t[4]));
    assert_true(timer_insert(&queue, &t[5]));
    timer_remove(&queue, &t[2]);
    assert_false(t[2].queued);
    assert_null(timer_take_due(&queue, 4));
    assert_ptr_equal(timer_take_due(&queue, 30), &t[5]);
    assert_ptr_equal(timer_take_due(&queue, 30), &t[1]);
    assert_ptr_equal(timer_take_due(&queue, 30), &t[3]);
    assert_ptr_equal(timer_take_due(&queue, 30), &t[0]);
    assert_null(timer_take_due(&queue, 30));
    timer_remove(&queue, &t[4]);
    assert_null(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scales),
        cmocka_unit_test(test_queue_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
