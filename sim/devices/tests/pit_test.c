/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 8254 waveforms: every predicted change of channel 0 is checked against the output asked cycle by cycle around it.
 * Could lie if pit_out and pit_next_change shared one mistake: so the periods are also compared with plain arithmetic.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim/devices/pit.h"

enum { CLOCK_KHZ = 2000000 };

static struct pit programmed(uint8_t control, uint16_t count, cyc_t now)
{
    struct pit p;

    pit_reset(&p, CLOCK_KHZ);
    pit_write(&p, 0x43, control, now);
    pit_write(&p, 0x40, (uint8_t)count, now);
    pit_write(&p, 0x40, (uint8_t)(count >> 8), now);
    return p;
}

static cyc_t cycles(uint64_t ticks)
{
    return ticks * CLOCK_KHZ * 1000 / 1193182;
}

static void changes_where_it_says(const struct pit *p, cyc_t t, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        cyc_t next = pit_next_change(p, t);

        assert_true(next > t);
        for (cyc_t k = t; k < next; k += 1 + (next - t) / 50)
            assert_int_equal(pit_out(p, 0, k), pit_out(p, 0, t));
        assert_int_equal(pit_out(p, 0, next - 1), pit_out(p, 0, t));
        assert_int_not_equal(pit_out(p, 0, next), pit_out(p, 0, t));
        t = next;
    }
}

static void mode0_fires_once(void **state)
{
    struct pit p = programmed(0x30, 1000, 5000);
    cyc_t next = pit_next_change(&p, 5000);

    (void)state;
    assert_false(pit_out(&p, 0, 5000));
    assert_in_range(next, 5000 + cycles(999), 5000 + cycles(1001));
    assert_true(pit_out(&p, 0, next));
    assert_true(pit_next_change(&p, next) == CYC_NEVER);
    changes_where_it_says(&p, 5000, 1);
}

static void rates(void **state)
{
    (void)state;
    for (unsigned mode = 2; mode <= 3; mode++)
        for (uint16_t count = 2; count < 12000; count = (uint16_t)(count * 3 + 1)) {
            struct pit p = programmed((uint8_t)(0x30 | mode << 1), count, 777);
            cyc_t first = pit_next_change(&p, pit_next_change(&p, 777)), t = first;

            changes_where_it_says(&p, 777, 6);
            for (unsigned i = 0; i < 200; i++)
                t = pit_next_change(&p, t);
            assert_in_range(t - first, cycles(100ull * count) - 2, cycles(100ull * count) + 2);
        }
}

static void mode4_is_one_pulse(void **state)
{
    struct pit p = programmed(0x38, 500, 0);

    (void)state;
    changes_where_it_says(&p, 0, 2);
    assert_true(pit_next_change(&p, CLOCK_KHZ) == CYC_NEVER);
}

static void counts_and_latch(void **state)
{
    struct pit p = programmed(0x34, 50000, 0);
    cyc_t later = cycles(1001) + 1700;

    (void)state;
    pit_write(&p, 0x43, 0x00, later);
    unsigned low = pit_read(&p, 0x40, later + 99999), high = pit_read(&p, 0x40, later + 99999);
    assert_in_range(low | high << 8, 50000 - 1002, 50000 - 999);
    pit_write(&p, 0x43, 0xe2, later); /* read back the status of channel 0 */
    assert_int_equal(pit_read(&p, 0x40, later), 0x80 | 0x30 | 2 << 1);
}

static void channel2_calibration(void **state)
{
    struct pit p;
    cyc_t t = 1000;

    (void)state;
    pit_reset(&p, CLOCK_KHZ);
    pit_write(&p, 0x43, 0xb0, t);
    pit_write(&p, 0x42, 0x9b, t); /* 11931 ticks: 10 ms */
    pit_write(&p, 0x42, 0x2e, t);
    assert_int_equal(pit_read(&p, 0x61, t + CLOCK_KHZ * 50) & 0x20, 0); /* gate off: does not count */
    t += CLOCK_KHZ * 50ull;
    pit_write(&p, 0x61, 1, t);
    assert_int_equal(pit_read(&p, 0x61, t + CLOCK_KHZ * 9) & 0x20, 0);
    assert_int_equal(pit_read(&p, 0x61, t + CLOCK_KHZ * 101ull / 10) & 0x20, 0x20);
}

/* 1193182 kHz: a tick is 1000 cycles. */
static void triggered_and_bcd(void **state)
{
    struct pit p;

    (void)state;
    pit_reset(&p, 1193182);
    pit_write(&p, 0x43, 0xb2, 0); /* channel 2, mode 1 */
    pit_write(&p, 0x42, 10, 0);
    pit_write(&p, 0x42, 0, 0);
    assert_true(pit_out(&p, 2, 5000));
    pit_write(&p, 0x61, 1, 20000); /* the gate rises */
    assert_false(pit_out(&p, 2, 29000));
    assert_true(pit_out(&p, 2, 30000));
    pit_write(&p, 0x43, 0xb1, 40000); /* mode 0, BCD */
    pit_write(&p, 0x42, 0x00, 40000);
    pit_write(&p, 0x42, 0x12, 40000);
    pit_write(&p, 0x43, 0x80, 50000);
    assert_int_equal(pit_read(&p, 0x42, 50000), 0x90);
    assert_int_equal(pit_read(&p, 0x42, 50000), 0x11);
    pit_write(&p, 0x43, 0x80, 40000 + 1201000); /* one past zero */
    assert_int_equal(pit_read(&p, 0x42, 40000 + 1201000), 0x99);
    assert_int_equal(pit_read(&p, 0x42, 40000 + 1201000), 0x99);
    pit_write(&p, 0x43, 0x32, 0); /* channel 0 in mode 1 never does anything */
    pit_write(&p, 0x40, 1, 0);
    pit_write(&p, 0x40, 0, 0);
    assert_true(pit_next_change(&p, 0) == CYC_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mode0_fires_once),   cmocka_unit_test(rates),
        cmocka_unit_test(mode4_is_one_pulse), cmocka_unit_test(counts_and_latch),
        cmocka_unit_test(triggered_and_bcd),  cmocka_unit_test(channel2_calibration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
