/* SPDX-License-Identifier: Apache-2.0 */
/* ACPI fixed hardware: timer rate, enable bits, soft-off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim/devices/acpi_pm.h"

static void timer_and_soft_off(void **state)
{
    struct acpi_pm a;

    (void)state;
    acpi_pm_reset(&a, 2000000);
    assert_int_equal(acpi_pm_read(&a, ACPI_PM_TIMER, 4, 2000000000ull), 3579545);
    assert_false(acpi_pm_write(&a, ACPI_PM_EVENT + 2, 0x0120));
    assert_int_equal(acpi_pm_read(&a, ACPI_PM_EVENT + 2, 2, 0), 0x0120);
    assert_int_equal(acpi_pm_read(&a, ACPI_PM_EVENT, 2, 0), 0);
    assert_false(acpi_pm_write(&a, ACPI_PM_CONTROL, 0x0c00));
    assert_int_equal(acpi_pm_read(&a, ACPI_PM_CONTROL, 2, 0), 0x0c01);
    assert_true(acpi_pm_write(&a, ACPI_PM_CONTROL, 0x2000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(timer_and_soft_off)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
