/* SPDX-License-Identifier: Apache-2.0 */
/* See acpi_pm.h. */
#include "sim/devices/acpi_pm.h"

#define PM_TIMER_HZ 3579545u
__extension__ typedef unsigned __int128 u128;
enum { CONTROL_SCI_EN = 1, CONTROL_SLP_EN = 1 << 13 };

void acpi_pm_reset(struct acpi_pm *a, uint32_t clock_khz)
{
    *a = (struct acpi_pm){.clock_khz = clock_khz, .control = CONTROL_SCI_EN};
}

uint32_t acpi_pm_read(struct acpi_pm *a, unsigned offset, unsigned bytes, cyc_t now)
{
    uint64_t block[] = {(uint64_t)a->control << 32 | (uint64_t)a->enable << 16,
                        (uint32_t)((u128)now * PM_TIMER_HZ / ((u128)a->clock_khz * 1000))};
    uint64_t v = block[offset / 8] >> (offset % 8 * 8);

    return (uint32_t)(bytes == 4 ? v : v & ((1ull << (bytes * 8)) - 1));
}

bool acpi_pm_write(struct acpi_pm *a, unsigned offset, uint32_t v)
{
    if (offset == ACPI_PM_EVENT + 2)
        a->enable = (uint16_t)v;
    if (offset != ACPI_PM_CONTROL)
        return false;
    a->control = (uint16_t)((v & ~(uint32_t)CONTROL_SLP_EN) | CONTROL_SCI_EN);
    return v & CONTROL_SLP_EN;
}
