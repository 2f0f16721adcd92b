/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts: from the ICR of one core and from the IOAPIC to local APICs, PIC to core 0, PIT to IRQ 0.
 *
 * Whatever reaches another core does so as an event at "now + ipi_cyc", and ipi_cyc >= the lookahead: no core has run
 * past that moment. Lowest priority goes to the lowest-numbered matching core (MODEL: arbitration is not modelled).
 * Manual: SDM vol. 3A, "Advanced Programmable Interrupt Controller (APIC)".
 */
#include "sim/core/fault.h"
#include "sim/machine/machine_internal.h"

enum delivery { FIXED, LOWEST, SMI, RESERVED, NMI, INIT, STARTUP, EXTINT };
enum shorthand { SHORT_NONE, SHORT_SELF, SHORT_ALL, SHORT_OTHERS };
enum { ALL_CORES_XAPIC = 0xff, ISA_IRQ0_PIN = 2 };

struct message {
    enum delivery mode;
    uint8_t vector;
    bool level, logical;
    uint32_t dest;
    bool broadcast;
};

/* ---- arrival: the argument of an event is core | vector << 16 | level << 24 | mode << 32 ---- */
static void arrive(void *opaque, uint64_t arg, cyc_t when)
{
    struct machine *m = opaque;
    unsigned core = arg & 0xffff;
    uint8_t vector = (uint8_t)(arg >> 16);
    struct cpu *c = m->core[core];

    switch ((enum delivery)(arg >> 32)) {
    case FIXED:
    case LOWEST:
        cpu_lapic_accept(c, vector, arg >> 24 & 1, when);
        break;
    case NMI:
        cpu_nmi(c, when);
        break;
    case INIT:
        cpu_init(c, when);
        break;
    case STARTUP:
        cpu_sipi(c, vector, when);
        break;
    case EXTINT: /* what the line says now, not what it said when the event was posted */
        cpu_extint(c, pic_output(&m->pic), when);
        break;
    default:
        sim_bug("interrupt of delivery mode %u arrived", (unsigned)(arg >> 32));
    }
    machine_refresh(m, core);
}

static void send_to(struct machine *m, unsigned core, const struct message *msg, cyc_t now)
{
    machine_post(m, now + m->cfg.cpu.ipi_cyc, arrive,
                 core | (uint64_t)msg->vector << 16 | (uint64_t)msg->level << 24 | (uint64_t)msg->mode << 32);
}

static void route(struct machine *m, const struct message *msg, cyc_t now)
{
    for (unsigned i = 0; i < m->cfg.n_cores; i++) {
        if (!msg->broadcast && !cpu_lapic_match(m->core[i], msg->dest, msg->logical))
            continue;
        send_to(m, i, msg, now);
        if (msg->mode == LOWEST)
            return;
    }
}

/*
 * What no core would do anything about is not sent: SMI (there is no handler to run), the reserved mode, and ExtINT as
 * a message (the PIC is wired to LINT0 of core 0).
 */
static bool is_delivered(enum delivery mode)
{
    return mode != SMI && mode != RESERVED && mode != EXTINT;
}

void irq_icr_write(void *opaque, unsigned core, uint64_t icr, bool x2apic, cyc_t now)
{
    struct machine *m = opaque;
    enum shorthand shorthand = icr >> 18 & 3;
    struct message msg = {
        .mode = icr >> 8 & 7,
        .vector = (uint8_t)icr,
        .logical = icr >> 11 & 1,
        .dest = x2apic ? (uint32_t)(icr >> 32) : (uint32_t)(icr >> 56),
    };

    if (!is_delivered(msg.mode))
        return;
    if (msg.mode == INIT && !(icr >> 14 & 1))
        return; /* INIT level de-assert: no effect since the Pentium 4 */
    msg.broadcast = !msg.logical && msg.dest == (x2apic ? UINT32_MAX : ALL_CORES_XAPIC);
    if (shorthand == SHORT_NONE) {
        route(m, &msg, now);
        return;
    }
    for (unsigned i = 0; i < m->cfg.n_cores; i++)
        if (shorthand == SHORT_SELF ? i == core : shorthand == SHORT_ALL || i != core)
            send_to(m, i, &msg, now);
}

void irq_ioapic_deliver(void *opaque, uint64_t entry, cyc_t now)
{
    struct message msg = {
        .mode = entry >> 8 & 7,
        .vector = (uint8_t)entry,
        .level = entry >> 15 & 1,
        .logical = entry >> 11 & 1,
        .dest = (uint32_t)(entry >> 56),
    };

    if (!is_delivered(msg.mode))
        return;
    msg.broadcast = !msg.logical && msg.dest == ALL_CORES_XAPIC;
    route(opaque, &msg, now);
}

void irq_eoi(void *opaque, unsigned core, uint8_t vector, cyc_t now)
{
    struct machine *m = opaque;

    (void)core;
    ioapic_eoi(&m->ioapic, vector, now);
}

/* ---- local timers ---- */
static void timer_event(void *opaque, uint64_t core, cyc_t when)
{
    struct machine *m = opaque;

    m->lapic_timer[core] = 0;
    cpu_timer_fired(m->core[core], when);
    machine_refresh(m, (unsigned)core);
}

void irq_timer(void *opaque, unsigned core, cyc_t when)
{
    struct machine *m = opaque;

    eventq_cancel(m->events, m->lapic_timer[core]);
    m->lapic_timer[core] = when == CYC_NEVER ? 0 : machine_post(m, when, timer_event, core);
}

/* ---- PIC, PIT ---- */
void irq_pic_changed(struct machine *m, cyc_t now)
{
    const struct message msg = {.mode = EXTINT};

    send_to(m, 0, &msg, now);
}

uint8_t irq_intack(void *opaque, unsigned core)
{
    struct machine *m = opaque;
    uint8_t vector = pic_ack(&m->pic);

    /* Seen by the acknowledging core itself, so at once: a late fall of INTR would be acknowledged a second time. */
    cpu_extint(m->core[core], pic_output(&m->pic), cpu_now(m->core[core]));
    return vector;
}

void irq_set_isa(struct machine *m, unsigned irq, bool level, cyc_t now)
{
    bool before = pic_output(&m->pic);

    pic_set_irq(&m->pic, irq, level);
    if (pic_output(&m->pic) != before)
        irq_pic_changed(m, now);
    ioapic_set_pin(&m->ioapic, irq == 0 ? ISA_IRQ0_PIN : irq, level, now);
}

static void pit_event(void *opaque, uint64_t arg, cyc_t when)
{
    (void)arg;
    irq_pit_changed(opaque, when);
}

void irq_pit_changed(struct machine *m, cyc_t now)
{
    cyc_t next = pit_next_change(&m->pit, now);

    if (!hpet_is_legacy(&m->hpet))
        irq_set_isa(m, 0, pit_out(&m->pit, 0, now), now);
    eventq_cancel(m->events, m->pit_timer);
    m->pit_timer = next == CYC_NEVER ? 0 : machine_post(m, next, pit_event, 0);
}

static void hpet_event(void *opaque, uint64_t arg, cyc_t when)
{
    (void)arg;
    irq_hpet_changed(opaque, when);
}

void irq_hpet_changed(struct machine *m, cyc_t now)
{
    hpet_advance(&m->hpet, now);
    cyc_t next = hpet_next(&m->hpet, now);

    eventq_cancel(m->events, m->hpet_timer);
    m->hpet_timer = next == CYC_NEVER ? 0 : machine_post(m, next, hpet_event, 0);
}

void irq_hpet_set(void *opaque, unsigned pin, bool isa, bool level, cyc_t now)
{
    struct machine *m = opaque;

    if (isa)
        irq_set_isa(m, pin, level, now);
    else if (pin < IOAPIC_PINS)
        ioapic_set_pin(&m->ioapic, pin, level, now);
}

/* ---- serial input ---- */
static void serial_event(void *opaque, uint64_t arg, cyc_t when)
{
    struct machine *m = opaque;

    (void)arg;
    if (uart_can_receive(&m->com1)) {
        int c = m->serial_get(m->serial_get_opaque);

        if (c < 0)
            return;
        uart_receive(&m->com1, (uint8_t)c);
        irq_set_isa(m, 4, uart_irq(&m->com1), when);
    }
    irq_serial_input(m, when);
}

void irq_serial_input(struct machine *m, cyc_t now)
{
    machine_post(m, now + (uint64_t)BOARD_SERIAL_CHAR_NS * m->cfg.cpu.clock_khz / 1000000, serial_event, 0);
}
