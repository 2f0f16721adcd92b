/* SPDX-License-Identifier: Apache-2.0 */
/* Clock and CMOS. Could lie about dates: three are compared, across a leap day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim/devices/rtc.h"

enum { CLOCK_KHZ = 1000 };

static uint8_t at(struct rtc *r, uint8_t index, uint64_t second)
{
    rtc_write(r, 0x70, index, 0);
    return rtc_read(r, 0x71, second * CLOCK_KHZ * 1000);
}

static void dates(void **state)
{
    struct rtc r;
    uint64_t leap = (365 + 365 + 59) * 86400ull; /* 2008-02-29 */

    (void)state;
    rtc_reset(&r, CLOCK_KHZ, 64 << 20, 0);
    assert_int_equal(at(&r, 9, 0), 0x06);
    assert_int_equal(at(&r, 8, 0), 1);
    assert_int_equal(at(&r, 7, 0), 1);
    assert_int_equal(at(&r, 6, 0), 1);
    assert_int_equal(at(&r, 7, leap), 0x29);
    assert_int_equal(at(&r, 8, leap), 2);
    assert_int_equal(at(&r, 7, leap + 86400), 1);
    assert_int_equal(at(&r, 0x32, leap), 0x20);
    assert_int_equal(at(&r, 4, 13 * 3600 + 59), 0x13);
    assert_int_equal(at(&r, 0, 13 * 3600 + 59), 0x59);
    rtc_write(&r, 0x70, 11, 0);
    rtc_write(&r, 0x71, 4, 0); /* binary, 12 hours */
    assert_int_equal(at(&r, 4, 13 * 3600), 0x81);
    assert_int_equal(at(&r, 4, 0), 12);
}

static void memory_size(void **state)
{
    struct rtc r;

    (void)state;
    rtc_reset(&r, CLOCK_KHZ, 256 << 20, 1ull << 32);
    assert_int_equal(at(&r, 0x34, 0) | at(&r, 0x35, 0) << 8, 240 * 16);
    assert_int_equal(at(&r, 0x17, 0) | at(&r, 0x18, 0) << 8, 0xffff);
    assert_int_equal(at(&r, 0x5b, 0) | at(&r, 0x5c, 0) << 8 | at(&r, 0x5d, 0) << 16, 0x10000);
    assert_int_equal(at(&r, 13, 0), 0x80);
}

static void set(struct rtc *r, uint8_t index, uint8_t v, uint64_t second)
{
    rtc_write(r, 0x70, index, 0);
    rtc_write(r, 0x71, v, second * CLOCK_KHZ * 1000);
}

static void can_be_set(void **state)
{
    struct rtc r;

    (void)state;
    rtc_reset(&r, CLOCK_KHZ, 64 << 20, 0);
    set(&r, 11, 0x82, 100); /* SET */
    set(&r, 9, 0x24, 100);
    set(&r, 8, 0x02, 100);
    set(&r, 7, 0x29, 100);
    set(&r, 4, 0x23, 100);
    set(&r, 2, 0x59, 100);
    set(&r, 0, 0x58, 100);
    assert_int_equal(at(&r, 0, 105), 0x58); /* stands still */
    set(&r, 11, 0x02, 105);
    assert_int_equal(at(&r, 0, 106), 0x59);
    assert_int_equal(at(&r, 0, 107), 0x00);
    assert_int_equal(at(&r, 7, 107), 0x01);
    assert_int_equal(at(&r, 8, 107), 0x03);
    assert_int_equal(at(&r, 9, 107), 0x24);
    assert_int_equal(at(&r, 6, 107), 6); /* 2024-03-01 was a Friday */
    set(&r, 8, 0xff, 107);               /* no month: the nearest */
    assert_int_equal(at(&r, 8, 107), 0x12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(dates), cmocka_unit_test(memory_size),
                                       cmocka_unit_test(can_be_set)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
