/* SPDX-License-Identifier: Apache-2.0 */
/*
 * High precision event timers: a 64-bit counter of 100 MHz and three timers, the first of them periodic, edge or level,
 * routed to the IOAPIC or in place of PIT and RTC ("legacy replacement"). No front-side-bus delivery.
 * Time is an argument: the counter is described by the tick at which it was enabled, a timer by the tick at which it is
 * due next. The device posts no events: hpet_next() says when hpet_advance() has something to do.
 * Model choice: a periodic timer interrupts at most once in a microsecond.
 * Source: Intel, IA-PC HPET Specification 1.0a.
 */
#pragma once
#include "sim/core/types.h"

enum { HPET_TIMERS = 3, HPET_BYTES = 0x400 };
#define HPET_PERIOD_FS 10000000u

struct hpet_timer {
    uint64_t config, comparator, period;
    uint64_t due; /* tick, not counter value; UINT64_MAX: never */
};
struct hpet {
    /* A timer's output: @isa: legacy replacement, @pin is an ISA IRQ; else a pin of the IOAPIC. */
    void (*set)(void *opaque, unsigned pin, bool isa, bool level, cyc_t now);
    void *opaque;
    uint32_t clock_khz;
    uint64_t config, status;
    uint64_t base, start_tick; /* counter = base + ticks since start_tick while enabled, else base */
    struct hpet_timer timer[HPET_TIMERS];
};

void hpet_reset(struct hpet *h, uint32_t clock_khz); /* keeps the callback */
uint64_t hpet_read(const struct hpet *h, uint32_t offset, unsigned bytes, cyc_t now);
void hpet_write(struct hpet *h, uint32_t offset, unsigned bytes, uint64_t v, cyc_t now);
bool hpet_is_legacy(const struct hpet *h); /* PIT and RTC are cut off their lines */
cyc_t hpet_next(const struct hpet *h, cyc_t now);
void hpet_advance(struct hpet *h, cyc_t now);
