/* SPDX-License-Identifier: Apache-2.0 */
/* HPET as an operating system programs it: rate, one shot, periodic, level, legacy replacement. 1 cycle is 1 ns here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim/devices/hpet.h"

static unsigned rises, last_pin;
static bool last_isa, last_level;

static void set(void *opaque, unsigned pin, bool isa, bool level, cyc_t now)
{
    (void)opaque;
    (void)now;
    rises += level;
    last_pin = pin;
    last_isa = isa;
    last_level = level;
}

static struct hpet started(void)
{
    struct hpet h = {.set = set};

    hpet_reset(&h, 1000000);
    rises = 0;
    hpet_write(&h, 0x10, 4, 1, 0);
    return h;
}

static void counter(void **state)
{
    struct hpet h = started();

    (void)state;
    assert_int_equal(hpet_read(&h, 0x004, 4, 0), 10000000); /* fs a tick */
    assert_int_equal(hpet_read(&h, 0x000, 4, 0) >> 8 & 31, 2);
    assert_int_equal(hpet_read(&h, 0x0f0, 8, 1000), 100);
    hpet_write(&h, 0x10, 4, 0, 1000);
    assert_int_equal(hpet_read(&h, 0x0f0, 8, 5000), 100);
    hpet_write(&h, 0x0f0, 8, 0x100000005ull, 5000);
    hpet_write(&h, 0x10, 4, 1, 6000);
    assert_int_equal(hpet_read(&h, 0x0f0, 8, 6100), 0x10000000f);
    assert_int_equal(hpet_read(&h, 0x0f4, 4, 6100), 1);
}

static void one_shot_edge(void **state)
{
    struct hpet h = started();

    (void)state;
    hpet_write(&h, 0x120, 4, 20 << 9 | 1 << 2, 0);
    hpet_write(&h, 0x128, 8, 50, 0);
    assert_int_equal(hpet_next(&h, 0), 500);
    hpet_advance(&h, 499);
    assert_int_equal(rises, 0);
    hpet_advance(&h, 500);
    assert_int_equal(rises, 1);
    assert_int_equal(last_pin, 20);
    assert_false(last_isa);
    assert_false(last_level);
    assert_true(hpet_next(&h, 500) == CYC_NEVER);
    hpet_write(&h, 0x120, 4, 20 << 9 | 1 << 2 | 1 << 8, 600); /* 32 bits: comes round again */
    hpet_write(&h, 0x128, 4, 10, 600);
    assert_int_equal(hpet_next(&h, 600), ((1ull << 32) + 10) * 10);
}

static void periodic_legacy(void **state)
{
    struct hpet h = started();

    (void)state;
    hpet_write(&h, 0x10, 4, 3, 0);
    assert_true(hpet_is_legacy(&h));
    hpet_write(&h, 0x100, 4, 1 << 2 | 1 << 3 | 1 << 6, 0);
    hpet_write(&h, 0x108, 8, 100, 0); /* first the comparator, */
    hpet_write(&h, 0x108, 8, 300, 0); /* then the period */
    assert_int_equal(hpet_next(&h, 0), 1000);
    hpet_advance(&h, 1000);
    assert_int_equal(hpet_next(&h, 1000), 4000);
    hpet_advance(&h, 4000);
    assert_int_equal(rises, 2);
    assert_true(last_isa);
    assert_int_equal(last_pin, 0);
    assert_int_equal(hpet_read(&h, 0x108, 8, 4000), 700);
    hpet_advance(&h, 21000); /* nobody looked for long: one interrupt, and the rhythm stays */
    assert_int_equal(rises, 3);
    assert_int_equal(hpet_next(&h, 21000), 22000);
}

static void level_until_cleared(void **state)
{
    struct hpet h = started();

    (void)state;
    hpet_write(&h, 0x140, 4, 21 << 9 | 1 << 2 | 1 << 1, 0);
    hpet_write(&h, 0x148, 8, 5, 0);
    hpet_advance(&h, 50);
    assert_true(last_level);
    assert_int_equal(hpet_read(&h, 0x20, 4, 60), 4);
    hpet_write(&h, 0x20, 4, 3, 60);
    assert_true(last_level);
    hpet_write(&h, 0x20, 4, 4, 60);
    assert_false(last_level);
    assert_int_equal(hpet_read(&h, 0x20, 4, 60), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(counter), cmocka_unit_test(one_shot_edge),
                                       cmocka_unit_test(periodic_legacy), cmocka_unit_test(level_until_cleared)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
