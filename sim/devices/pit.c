/* SPDX-License-Identifier: Apache-2.0 */
/* See pit.h. */
#include "sim/devices/pit.h"

#define PIT_HZ 1193182u
__extension__ typedef unsigned __int128 u128;

enum { ACCESS_LATCH, ACCESS_LOW, ACCESS_HIGH, ACCESS_BOTH };
enum { PORT61_GATE2 = 1, PORT61_SPEAKER = 2, PORT61_REFRESH = 16, PORT61_OUT2 = 32 };
enum { READBACK = 3, READBACK_NO_COUNT = 0x20, READBACK_NO_STATUS = 0x10 };

static uint64_t tick_at(const struct pit *p, cyc_t now)
{
    return (uint64_t)((u128)now * PIT_HZ / ((u128)p->clock_khz * 1000));
}

/* The first cycle at which the tick number is @tick. */
static cyc_t cycle_of(const struct pit *p, uint64_t tick)
{
    return (cyc_t)(((u128)tick * p->clock_khz * 1000 + PIT_HZ - 1) / PIT_HZ);
}

void pit_reset(struct pit *p, uint32_t clock_khz)
{
    *p = (struct pit){.clock_khz = clock_khz};
    for (unsigned i = 0; i < 3; i++)
        p->ch[i] = (struct pit_channel){.mode = 3, .access = ACCESS_BOTH, .gate = i != 2, .count = 65536};
}

/* Modes 1 and 5 are started by a rising gate, and the gate does not stop them. */
static bool is_triggered_mode(const struct pit_channel *c)
{
    return c->mode == 1 || c->mode == 5;
}

static uint64_t counted(const struct pit_channel *c, uint64_t tick)
{
    if (is_triggered_mode(c))
        return tick - c->start;
    return c->gate ? tick - c->start : c->frozen;
}

static bool out_at(const struct pit_channel *c, uint64_t tick)
{
    uint64_t n = counted(c, tick);

    if (!c->loaded || (is_triggered_mode(c) && !c->triggered))
        return c->mode != 0;
    switch (c->mode) {
    case 0:
    case 1:
        return n >= c->count;
    case 2:
        return n % c->count != c->count - 1;
    case 3:
        return n % c->count < (c->count + 1) / 2;
    default:
        return n != c->count;
    }
}

bool pit_out(const struct pit *p, unsigned channel, cyc_t now)
{
    return out_at(&p->ch[channel], tick_at(p, now));
}

/* Ticks after @n counted ones until the output changes; 0: never. */
static uint64_t ticks_to_change(const struct pit_channel *c, uint64_t n)
{
    uint64_t phase = n % c->count, half = (c->count + 1) / 2;

    if (is_triggered_mode(c))
        return 0; /* the gate of channel 0 never rises */
    switch (c->mode) {
    case 0:
        return n < c->count ? c->count - n : 0;
    case 2:
        return phase < c->count - 1 ? c->count - 1 - phase : 1;
    case 3:
        return phase < half ? half - phase : c->count - phase;
    default:
        return n < c->count ? c->count - n : n == c->count;
    }
}

cyc_t pit_next_change(const struct pit *p, cyc_t now)
{
    const struct pit_channel *c = &p->ch[0];
    uint64_t tick = tick_at(p, now);

    if (!c->loaded || (c->count == 1 && c->mode != 0))
        return CYC_NEVER;
    uint64_t d = ticks_to_change(c, counted(c, tick));
    return d ? cycle_of(p, tick + d) : CYC_NEVER;
}

static uint16_t binary_count_at(const struct pit_channel *c, uint64_t tick)
{
    uint64_t n = c->loaded ? counted(c, tick) : 0, phase = n % c->count, half = (c->count + 1) / 2;

    switch (c->mode) {
    case 2:
        return (uint16_t)(c->count - phase);
    case 3: /* counts down by two, twice a period */
        return (uint16_t)((c->count & ~1u) - 2 * (phase < half ? phase : phase - half));
    default:
        return (uint16_t)(c->count - n);
    }
}

/* In BCD a count goes from 9999 down to 0, and after 0 comes 9999. */
static uint16_t count_at(const struct pit_channel *c, uint64_t tick)
{
    uint32_t v = binary_count_at(c, tick), digits = 0;

    if (!c->bcd)
        return (uint16_t)v;
    v = (v >= 1u << 15 ? v + 10000 - 65536 : v) % 10000;
    for (unsigned k = 0; k < 4; k++, v /= 10)
        digits |= v % 10 << 4 * k;
    return (uint16_t)digits;
}

static void latch_count(struct pit_channel *c, uint64_t tick)
{
    if (c->count_latched)
        return;
    c->latch = count_at(c, tick);
    c->count_latched = true;
}

static void read_back(struct pit *p, uint8_t v, uint64_t tick)
{
    for (unsigned i = 0; i < 3; i++) {
        struct pit_channel *c = &p->ch[i];

        if (!(v & 2u << i))
            continue;
        if (!(v & READBACK_NO_COUNT))
            latch_count(c, tick);
        if (!(v & READBACK_NO_STATUS) && !c->status_latched) {
            c->status = (uint8_t)((out_at(c, tick) ? 0x80 : 0) | (c->loaded ? 0 : 0x40) | c->access << 4 |
                                  c->mode << 1 | (c->bcd ? 1 : 0));
            c->status_latched = true;
        }
    }
}

static void write_control(struct pit *p, uint8_t v, uint64_t tick)
{
    unsigned mode = v >> 1 & 7;

    if (v >> 6 == READBACK) {
        read_back(p, v, tick);
        return;
    }
    struct pit_channel *c = &p->ch[v >> 6];
    if ((v >> 4 & 3) == ACCESS_LATCH) {
        latch_count(c, tick);
        return;
    }
    mode = mode > 5 ? mode - 4 : mode; /* 6 and 7 are 2 and 3 */
    *c = (struct pit_channel){
        .mode = (uint8_t)mode, .access = v >> 4 & 3, .gate = c->gate, .bcd = v & 1, .count = v & 1 ? 10000 : 65536};
}

static void write_count(struct pit_channel *c, uint8_t v, uint64_t tick)
{
    uint32_t count;

    if (c->access == ACCESS_BOTH && !c->write_high_next) {
        c->low_byte = v;
        c->write_high_next = true;
        return;
    }
    c->write_high_next = false;
    if (c->access == ACCESS_LOW)
        count = v;
    else
        count = (uint32_t)v << 8 | (c->access == ACCESS_BOTH ? c->low_byte : 0);
    if (c->bcd)
        count = (count >> 12) * 1000 + (count >> 8 & 15) * 100 + (count >> 4 & 15) * 10 + (count & 15);
    c->count = count ? count : c->bcd ? 10000 : 65536;
    c->loaded = true;
    c->start = tick;
    c->frozen = 0;
}

static void set_gate2(struct pit_channel *c, bool gate, uint64_t tick)
{
    if (gate == c->gate)
        return;
    if (is_triggered_mode(c)) {
        c->triggered |= gate;
        c->start = gate ? tick : c->start;
    } else if (!gate)
        c->frozen = counted(c, tick);
    else
        c->start = c->mode == 0 || c->mode == 4 ? tick - c->frozen : tick; /* modes 2 and 3 start afresh */
    c->gate = gate;
}

void pit_write(struct pit *p, uint16_t port, uint8_t v, cyc_t now)
{
    uint64_t tick = tick_at(p, now);

    if (port == 0x61) {
        p->port61 = v & (PORT61_GATE2 | PORT61_SPEAKER);
        set_gate2(&p->ch[2], v & PORT61_GATE2, tick);
    } else if (port == 0x43) {
        write_control(p, v, tick);
    } else {
        write_count(&p->ch[port & 3], v, tick);
    }
}

static uint8_t read_channel(struct pit_channel *c, uint64_t tick)
{
    if (c->status_latched) {
        c->status_latched = false;
        return c->status;
    }
    uint16_t v = c->count_latched ? c->latch : count_at(c, tick);
    bool high = c->access == ACCESS_HIGH || (c->access == ACCESS_BOTH && c->read_high_next);

    c->read_high_next = c->access == ACCESS_BOTH && !c->read_high_next;
    if (!c->read_high_next)
        c->count_latched = false;
    return (uint8_t)(high ? v >> 8 : v);
}

uint8_t pit_read(struct pit *p, uint16_t port, cyc_t now)
{
    uint64_t tick = tick_at(p, now);

    if (port == 0x61) /* bit 4 toggles with every memory refresh, about 15 us = 18 ticks */
        return (uint8_t)(p->port61 | (tick / 18 & 1 ? PORT61_REFRESH : 0) |
                         (out_at(&p->ch[2], tick) ? PORT61_OUT2 : 0));
    return port == 0x43 ? 0xff : read_channel(&p->ch[port & 3], tick);
}
