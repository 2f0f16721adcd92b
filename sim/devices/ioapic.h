/* SPDX-License-Identifier: Apache-2.0 */
/*
 * I/O APIC with 24 pins: redirection table, edge and level, remote IRR, EOI by broadcast or through the EOI register.
 * The device decides when an interrupt leaves; where it goes is the board's work (deliver callback with the
 * redirection entry). A pin is "asserted" logically: the polarity bit is kept but inverts nothing.
 * Source: Intel 82093AA data sheet; version 0x20 has the EOI register at 0x40.
 */
#pragma once
#include "sim/core/types.h"

enum { IOAPIC_PINS = 24 };

struct ioapic {
    void (*deliver)(void *opaque, uint64_t entry, cyc_t now);
    void *opaque;
    uint32_t select, id, level; /* level: one bit a pin */
    uint64_t entry[IOAPIC_PINS];
};

void ioapic_reset(struct ioapic *io, void (*deliver)(void *opaque, uint64_t entry, cyc_t now), void *opaque);
uint32_t ioapic_read(struct ioapic *io, uint32_t offset);
void ioapic_write(struct ioapic *io, uint32_t offset, uint32_t v, cyc_t now);
void ioapic_set_pin(struct ioapic *io, unsigned pin, bool level, cyc_t now);
void ioapic_eoi(struct ioapic *io, uint8_t vector, cyc_t now); /* a core's EOI of a level-triggered vector */
