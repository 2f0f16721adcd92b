/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware configuration: bytes in order, zeroes after the end, selecting starts anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim/devices/fw_cfg.h"

static void items(void **state)
{
    struct fw_cfg f = {.n = 0};

    (void)state;
    fw_cfg_add(&f, 0, "QEMU", 4);
    fw_cfg_add(&f, 5, "\3", 2);
    fw_cfg_select(&f, 0);
    assert_int_equal(fw_cfg_read(&f), 'Q');
    assert_int_equal(fw_cfg_read(&f), 'E');
    fw_cfg_select(&f, 5);
    assert_int_equal(fw_cfg_read(&f), 3);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(fw_cfg_read(&f), 0);
    fw_cfg_select(&f, 0);
    assert_int_equal(fw_cfg_read(&f), 'Q');
    fw_cfg_select(&f, 99);
    assert_int_equal(fw_cfg_read(&f), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(items)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
