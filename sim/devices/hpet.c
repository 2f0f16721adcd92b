/* SPDX-License-Identifier: Apache-2.0 */
/* See hpet.h. Names of registers and bits as in the specification. */
#include "sim/devices/hpet.h"

#define HPET_HZ 100000000u
__extension__ typedef unsigned __int128 u128;

enum { GCAP = 0x00, GCONF = 0x10, GINTR = 0x20, COUNTER = 0xf0, TIMERS_AT = 0x100, TIMER_BYTES = 0x20 };
enum { TCONF = 0x00, TCOMP = 0x08 };
enum { ENABLE_CNF = 1, LEG_RT_CNF = 2 };
enum { INT_TYPE = 2, INT_ENB = 4, TYPE_PERIODIC = 8, PER_CAP = 16, SIZE_CAP = 32, VAL_SET = 64, MODE_32 = 256 };
enum { LEAST_TICKS = 100 }; /* between interrupts of a periodic timer: 1 us, against storms */
enum { ROUTE_SHIFT = 9, ROUTE_MASK = 31 };
#define TCONF_WRITABLE 0x3f4eull /* route, 32-bit mode, VAL_SET, periodic, enable, level */
#define ROUTES         (0x00f00000ull << 32)
#define CAPABILITIES   ((uint64_t)HPET_PERIOD_FS << 32 | 0x8086a001u | (HPET_TIMERS - 1) << 8)
#define NEVER          UINT64_MAX

static uint64_t tick_at(const struct hpet *h, cyc_t now)
{
    return (uint64_t)((u128)now * HPET_HZ / ((u128)h->clock_khz * 1000));
}

static cyc_t cycle_of(const struct hpet *h, uint64_t tick)
{
    u128 c = ((u128)tick * h->clock_khz * 1000 + HPET_HZ - 1) / HPET_HZ;

    return c > CYC_NEVER ? CYC_NEVER : (cyc_t)c;
}

static uint64_t counter(const struct hpet *h, cyc_t now)
{
    return h->config & ENABLE_CNF ? h->base + (tick_at(h, now) - h->start_tick) : h->base;
}

static bool is_periodic(const struct hpet_timer *t)
{
    return t->config & TYPE_PERIODIC;
}

/* When the counter equals the comparator next, after now. */
static void arm(struct hpet *h, struct hpet_timer *t, cyc_t now)
{
    uint64_t tick = tick_at(h, now), left = t->comparator - counter(h, now);

    if (t->config & MODE_32)
        left = (uint32_t)left ? (uint32_t)left : 1ull << 32;
    t->due = left && left < NEVER - tick ? tick + left : NEVER;
}

static void arm_all(struct hpet *h, cyc_t now)
{
    for (unsigned i = 0; i < HPET_TIMERS; i++)
        arm(h, &h->timer[i], now);
}

void hpet_reset(struct hpet *h, uint32_t clock_khz)
{
    *h = (struct hpet){.set = h->set, .opaque = h->opaque, .clock_khz = clock_khz};
    for (unsigned i = 0; i < HPET_TIMERS; i++)
        h->timer[i] = (struct hpet_timer){
            .config = ROUTES | SIZE_CAP | (i == 0 ? PER_CAP : 0), .comparator = NEVER, .due = NEVER};
}

bool hpet_is_legacy(const struct hpet *h)
{
    return (h->config & (ENABLE_CNF | LEG_RT_CNF)) == (ENABLE_CNF | LEG_RT_CNF);
}

static void drive(struct hpet *h, unsigned i, bool level, cyc_t now)
{
    bool isa = hpet_is_legacy(h) && i < 2;
    unsigned pin = isa ? (i == 0 ? 0 : 8) : (unsigned)(h->timer[i].config >> ROUTE_SHIFT) & ROUTE_MASK;

    h->set(h->opaque, pin, isa, level, now);
}

static void fire(struct hpet *h, unsigned i, cyc_t now)
{
    struct hpet_timer *t = &h->timer[i];

    if (t->config & INT_TYPE)
        h->status |= 1u << i;
    if (!(t->config & INT_ENB))
        return;
    drive(h, i, true, now);
    if (!(t->config & INT_TYPE))
        drive(h, i, false, now);
}

void hpet_advance(struct hpet *h, cyc_t now)
{
    uint64_t tick = tick_at(h, now);

    for (unsigned i = 0; (h->config & ENABLE_CNF) && i < HPET_TIMERS; i++) {
        struct hpet_timer *t = &h->timer[i];

        if (t->due > tick)
            continue;
        fire(h, i, now);
        if (is_periodic(t) && t->period) { /* periods that nobody looked at are not made up for */
            uint64_t missed = (tick - t->due) / t->period + 1 + (LEAST_TICKS - 1) / t->period;

            t->due += missed * t->period;
            t->comparator += missed * t->period;
        } else {
            t->due = t->config & MODE_32 ? t->due + (1ull << 32) : NEVER; /* the counter comes round again */
        }
    }
}

cyc_t hpet_next(const struct hpet *h, cyc_t now)
{
    uint64_t first = NEVER;

    if (!(h->config & ENABLE_CNF))
        return CYC_NEVER;
    for (unsigned i = 0; i < HPET_TIMERS; i++)
        if (h->timer[i].due < first && (h->timer[i].config & (INT_ENB | INT_TYPE)))
            first = h->timer[i].due;
    if (first == NEVER)
        return CYC_NEVER;
    cyc_t at = cycle_of(h, first);
    return at > now ? at : now + 1;
}

/* ---- registers ---- */
static uint64_t read_register(const struct hpet *h, uint32_t at, cyc_t now)
{
    unsigned i = (at - TIMERS_AT) / TIMER_BYTES;

    switch (at) {
    case GCAP:
        return CAPABILITIES;
    case GCONF:
        return h->config;
    case GINTR:
        return h->status;
    case COUNTER:
        return counter(h, now);
    default:
        break;
    }
    if (at < TIMERS_AT || i >= HPET_TIMERS)
        return 0;
    const struct hpet_timer *t = &h->timer[i];
    uint32_t reg = (at - TIMERS_AT) % TIMER_BYTES;
    uint64_t comparator = t->config & MODE_32 ? (uint32_t)t->comparator : t->comparator;
    return reg == TCONF ? t->config : reg == TCOMP ? comparator : 0;
}

uint64_t hpet_read(const struct hpet *h, uint32_t offset, unsigned bytes, cyc_t now)
{
    uint64_t v = read_register(h, offset & ~7u, now) >> (offset % 8 * 8);

    return bytes >= 8 ? v : v & ((1ull << bytes * 8) - 1);
}

static void write_config(struct hpet *h, uint64_t v, cyc_t now)
{
    bool was = h->config & ENABLE_CNF, is = v & ENABLE_CNF;

    if (was && !is)
        h->base = counter(h, now);
    if (!was && is)
        h->start_tick = tick_at(h, now);
    h->config = v & (ENABLE_CNF | LEG_RT_CNF);
    arm_all(h, now);
}

static void write_status(struct hpet *h, uint64_t v, cyc_t now)
{
    for (unsigned i = 0; i < HPET_TIMERS; i++)
        if (v & h->status & 1u << i) {
            h->status &= ~(1ull << i);
            drive(h, i, false, now);
        }
}

static void write_comparator(struct hpet *h, struct hpet_timer *t, uint64_t v, cyc_t now)
{
    v = t->config & MODE_32 ? (uint32_t)v : v;
    if (is_periodic(t))
        t->period = v;
    if (!is_periodic(t) || (t->config & VAL_SET))
        t->comparator = v;
    t->config &= ~(uint64_t)VAL_SET;
    arm(h, t, now);
}

static void write_timer(struct hpet *h, uint32_t at, uint64_t v, cyc_t now)
{
    unsigned i = (at - TIMERS_AT) / TIMER_BYTES;
    uint32_t reg = (at - TIMERS_AT) % TIMER_BYTES;

    if (at < TIMERS_AT || i >= HPET_TIMERS)
        return;
    struct hpet_timer *t = &h->timer[i];
    if (reg == TCOMP) {
        write_comparator(h, t, v, now);
    } else if (reg == TCONF) {
        uint64_t writable = TCONF_WRITABLE & ~(t->config & PER_CAP ? 0ull : (uint64_t)TYPE_PERIODIC);

        t->config = (t->config & ~writable) | (v & writable);
        arm(h, t, now);
    }
}

void hpet_write(struct hpet *h, uint32_t offset, unsigned bytes, uint64_t v, cyc_t now)
{
    uint32_t at = offset & ~7u, shift = offset % 8 * 8;
    uint64_t mask = bytes >= 8 ? UINT64_MAX : (1ull << bytes * 8) - 1;

    if (at != GINTR) /* there, what is not written is zero: it clears nothing */
        v = (read_register(h, at, now) & ~(mask << shift)) | (v & mask) << shift;
    if (at == GCONF) {
        write_config(h, v, now);
    } else if (at == GINTR) {
        write_status(h, (v & mask) << shift, now);
    } else if (at == COUNTER) {
        h->base = v;
        h->start_tick = tick_at(h, now);
        arm_all(h, now);
    } else {
        write_timer(h, at, v, now);
    }
}
