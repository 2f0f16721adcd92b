/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local APIC of a core: xAPIC registers in its page, x2APIC registers as MSRs 800H..83FH. Includable only from
 * cpu/.
 *
 * It belongs to its core: the page is decoded by the core itself, in time order only for what others may notice (ICR,
 * the timer, EOI of a level-triggered vector). Messages between APICs and the timer's event go through struct cpu_ops.
 * Not modelled: performance, thermal and error interrupts, arbitration, remote read, ESR causes but illegal vectors.
 * Manual: SDM vol. 3A, "Advanced Programmable Interrupt Controller (APIC)".
 */
#pragma once
#include "cpu/cpu_internal.h"

struct lapic {
    uint32_t id;
    uint32_t tpr, ldr, dfr, svr, esr, esr_pending, icr_high;
    uint64_t icr;
    uint32_t isr[8], irr[8], tmr[8];
    uint32_t lvt_timer, lvt_thermal, lvt_perf, lvt_lint0, lvt_lint1, lvt_error;
    uint32_t timer_initial, timer_divide;
    cyc_t timer_start; /* when the present count began; count = initial - (now - start) / tick */
    bool timer_running;
    uint64_t tsc_deadline; /* 0: not armed */
};

struct lapic *lapic_new(unsigned core);
void lapic_reset(struct cpu *c); /* power-up and INIT */

/* Is @a in the register page of this core's APIC? */
bool lapic_owns(const struct cpu *c, hpa_t a);
/* Can nobody else notice this access? */
bool lapic_is_private(const struct cpu *c, hpa_t a, bool write);
uint32_t lapic_mmio_read(struct cpu *c, unsigned off);
void lapic_mmio_write(struct cpu *c, unsigned off, uint32_t v);
/* x2APIC MSRs and IA32_TSC_DEADLINE: CPU_OK, #GP, or CPU_WAIT. */
struct cpu_event lapic_msr_read(struct cpu *c, uint32_t msr, uint64_t *v);
struct cpu_event lapic_msr_write(struct cpu *c, uint32_t msr, uint64_t v);
struct cpu_event lapic_deadline_write(struct cpu *c, uint64_t v);
struct cpu_event lapic_base_write(struct cpu *c, uint64_t v); /* IA32_APIC_BASE */
bool lapic_x2(const struct cpu *c);

/* lapic_pending() - the vector to deliver by TPR, ISR and IRR, -1 if none. */
int lapic_pending(const struct cpu *c);
void lapic_ack(struct cpu *c, uint8_t vector); /* it is being delivered */
/* lapic_extint() - the PIC's INTR is asserted and LINT0 (or a disabled APIC) lets it through. */
bool lapic_extint(const struct cpu *c);
uint64_t lapic_cr8(const struct cpu *c);
void lapic_set_cr8(struct cpu *c, uint64_t v);
uint64_t lapic_hash(const struct cpu *c, uint64_t h);
