/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI fixed hardware: PM1a event block (4 bytes), PM1a control block (2 bytes), PM timer (4 bytes, 3.579545 MHz, 32
 * bits). No event is ever raised; the only action is soft-off: SLP_EN written to the control block with any sleep type.
 * Source: ACPI specification, "ACPI Hardware Specification".
 */
#pragma once
#include "sim/core/types.h"

enum { ACPI_PM_EVENT = 0, ACPI_PM_CONTROL = 4, ACPI_PM_TIMER = 8, ACPI_PM_BYTES = 12 };

struct acpi_pm {
    uint32_t clock_khz;
    uint16_t enable, control;
};

void acpi_pm_reset(struct acpi_pm *a, uint32_t clock_khz);
uint32_t acpi_pm_read(struct acpi_pm *a, unsigned offset, unsigned bytes, cyc_t now);
/* acpi_pm_write() - Return: the machine is to be switched off. */
bool acpi_pm_write(struct acpi_pm *a, unsigned offset, uint32_t v);
