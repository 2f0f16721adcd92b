/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The APIC timer: one-shot, periodic, TSC deadline. It counts with the core's cycles divided by cfg->apic_clock_div and
 * the divide register; the board is told when it will fire and calls back (cpu_timer_fired). The count itself is worked
 * out when somebody reads it.
 */
#include "cpu/lapic_internal.h"
#include "cpu/system.h"

enum { ONE_SHOT, PERIODIC, DEADLINE };

static unsigned mode_of(uint32_t lvt)
{
    return lvt >> 17 & 3;
}

static cyc_t tick_cyc(const struct cpu *c)
{
    uint32_t d = c->lapic->timer_divide;
    unsigned code = (d & 3) | (d >> 1 & 4);
    unsigned divide = code == 7 ? 1 : 2u << code;
    return (cyc_t)divide * c->cfg->apic_clock_div;
}

static cyc_t period(const struct cpu *c)
{
    return c->lapic->timer_initial * tick_cyc(c);
}

static void tell(struct cpu *c, cyc_t when)
{
    c->ops->timer(c->opaque, c->core, when);
}

uint32_t lapic_timer_count(const struct cpu *c)
{
    const struct lapic *l = c->lapic;
    if (!l->timer_running || c->now <= l->timer_start)
        return l->timer_running ? l->timer_initial : 0;
    uint64_t ticks = (c->now - l->timer_start) / tick_cyc(c);
    if (ticks >= l->timer_initial)
        return 0; /* due, and about to be told */
    return l->timer_initial - (uint32_t)ticks;
}

static void stop(struct cpu *c)
{
    c->lapic->timer_running = false;
    c->lapic->tsc_deadline = 0;
    tell(c, CYC_NEVER);
}

void lapic_timer_mode(struct cpu *c, uint32_t lvt)
{
    bool was = mode_of(c->lapic->lvt_timer) == DEADLINE;
    if (was != (mode_of(lvt) == DEADLINE))
        stop(c);
}

void lapic_timer_start(struct cpu *c, uint32_t initial)
{
    struct lapic *l = c->lapic;
    if (mode_of(l->lvt_timer) == DEADLINE)
        return;
    l->timer_initial = initial;
    l->timer_running = initial != 0;
    l->timer_start = c->now;
    tell(c, initial ? c->now + period(c) : CYC_NEVER);
}

/* A running count goes on from where it is with the new tick. */
void lapic_timer_divide(struct cpu *c, uint32_t v)
{
    struct lapic *l = c->lapic;
    uint32_t left = lapic_timer_count(c);
    l->timer_divide = v & 0xb;
    if (l->timer_running) {
        l->timer_start = c->now - (l->timer_initial - left) * tick_cyc(c);
        tell(c, c->now + left * tick_cyc(c));
    }
}

struct cpu_event lapic_deadline_write(struct cpu *c, uint64_t v)
{
    struct lapic *l = c->lapic;
    if (!c->cfg->has_tsc_deadline)
        return SYS_GP0;
    CPU_TRY(cpu_need_turn(c));
    if (mode_of(l->lvt_timer) != DEADLINE)
        return CPU_OK;
    l->tsc_deadline = v;
    if (!v) {
        tell(c, CYC_NEVER);
    } else if (v <= c->now + c->tsc_offset) {
        tell(c, CYC_NEVER);
        cpu_timer_fired(c, c->now);
    } else {
        tell(c, v - c->tsc_offset);
    }
    return CPU_OK;
}

void cpu_timer_fired(struct cpu *c, cyc_t when)
{
    struct lapic *l = c->lapic;
    unsigned mode = mode_of(l->lvt_timer);
    if (mode == DEADLINE) {
        l->tsc_deadline = 0;
    } else if (mode == PERIODIC && l->timer_initial) {
        l->timer_start = when;
        tell(c, when + period(c));
    } else {
        l->timer_running = false;
    }
    if (!(l->lvt_timer & LVT_MASKED))
        cpu_lapic_accept(c, (uint8_t)l->lvt_timer, false, when);
}
