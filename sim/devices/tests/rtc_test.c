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
    rtc_write(r, 0x70, index);
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
    rtc_write(&r, 0x70, 11);
    rtc_write(&r, 0x71, 4); /* binary, 12 hours */
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
    assert_int_equal(at(&r, 0x5b, 0) | at(&r, 0x5c, 0) << 8 | at(&r, 0x5d, 0) << 16, 0x1ffff);
    assert_int_equal(at(&r, 13, 0), 0x80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(dates), cmocka_unit_test(memory_size)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
