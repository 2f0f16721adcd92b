/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One core: registers, decode cache, TLBs, pipeline time, local APIC. The public face, for sim/machine.
 *
 * A core is run for a turn: cpu_run() executes instructions from the core's own time up to a limit. Private work (cache
 * hits in a sufficient state) may go up to run_limit; anything that other cores or devices could notice is done only
 * while now < share_limit, else the turn ends with CPU_STOP_TURN and the instruction has changed nothing
 * (docs/adr/0001). Everything a core needs from outside goes through struct cpu_ops, given at construction.
 */
#pragma once
#include "sim/core/ledger.h"
#include "sim/core/types.h"
#include "sim/mem/mem.h"
#include "sim/mem/phys.h"
#include "tlb/tlb.h"

enum cpu_mode { CPU_TIMING, CPU_FUNCTIONAL };

/* Timing classes, their names in a profile and defaults: cpu/timing.def. */
enum cpu_tclass {
#define TCLASS(sym, name, latency, text) TC_##sym,
#include "cpu/timing.def"
#undef TCLASS
    TC_COUNT
};

/* Instruction-set extensions; their names in a profile: cpu/isa.def. */
enum cpu_isa {
#define ISA(sym, name, reg, bit, text) CPU_ISA_##sym,
#include "cpu/isa.def"
    CPU_ISA_COUNT
};

/* Everything a profile says about a core. Built by sim/machine from cpu/profiles/NAME.ini; no strings inside but the
 * brand. */
struct cpu_cfg {
    char vendor[13], brand[49];
    uint32_t family, model, stepping; /* CPUID leaf 1 */
    uint32_t clock_khz;               /* nominal; also the TSC's rate */
    unsigned phys_bits, virt_bits;
    bool has_1g_pages, has_pcid, has_x2apic, has_tsc_deadline, has_smep, has_smap;
    uint32_t isa;            /* bit 1 << enum cpu_isa */
    uint32_t apic_clock_div; /* core cycles per APIC timer tick before the divide register */
    unsigned width;          /* instructions issued a cycle */
    uint32_t mispredict_cyc; /* refetch after a mispredicted branch */
    uint32_t lat[TC_COUNT];  /* result latency by timing class, cycles */
    uint32_t store_buffer;   /* entries */
    uint32_t walk_cyc;       /* page walk: fixed part beside its table reads */
    uint32_t ipi_cyc;        /* ICR write to acceptance at the target: at least mem lookahead */
    uint32_t wake_cyc;       /* leaving HLT */
    struct tlb_cfg tlb;
};

struct cpu;

/* What a core asks of the board. Port and MMIO accesses come only while the core is first in time order. */
struct cpu_ops {
    uint32_t (*io_read)(void *opaque, unsigned core, uint16_t port, unsigned bytes, cyc_t now, uint32_t *lat);
    void (*io_write)(void *opaque, unsigned core, uint16_t port, unsigned bytes, uint32_t value, cyc_t now,
                     uint32_t *lat);
    uint64_t (*mmio_read)(void *opaque, unsigned core, hpa_t a, unsigned bytes, cyc_t now, uint32_t *lat);
    void (*mmio_write)(void *opaque, unsigned core, hpa_t a, unsigned bytes, uint64_t value, cyc_t now, uint32_t *lat);
    void (*icr_write)(void *opaque, unsigned core, uint64_t icr, bool x2apic, cyc_t now); /* an IPI leaves */
    void (*eoi)(void *opaque, unsigned core, uint8_t vector, cyc_t now); /* EOI of a level-triggered vector */
    void (*timer)(void *opaque, unsigned core, cyc_t when);              /* LAPIC timer set; CYC_NEVER: off */
    uint8_t (*intack)(void *opaque, unsigned core);                      /* ExtINT: vector from the PIC */
    void (*marker)(void *opaque, unsigned core, uint32_t code, uint64_t arg, cyc_t now); /* hv/abi/marker.h */
};

struct cpu *cpu_new(const struct cpu_cfg *cfg, unsigned core, unsigned n_cores, struct phys *phys, struct mem_sys *mem,
                    struct ledger *ledger, const struct cpu_ops *ops, void *opaque);
void cpu_free(struct cpu *c);
/* cpu_peers() - tell a core the others (array of @n), so that a store to a frame with decoded code reaches every core.
 */
void cpu_peers(struct cpu *c, struct cpu **cores, unsigned n);

/* The machine forwards these two from mem's client callbacks. */
void cpu_mem_line_lost(struct cpu *c, unsigned slot, bool keep_read);
void cpu_mem_fetch_lost(struct cpu *c, unsigned slot);

/* Start states. After cpu_new a core waits for INIT-SIPI, but core 0, which stands at the reset vector. */
struct cpu_flat_start { /* PVH: 32-bit flat protected mode, paging off */
    uint32_t eip, ebx;
};
void cpu_start_flat32(struct cpu *c, const struct cpu_flat_start *s);

enum cpu_stop {
    CPU_STOP_LIMIT,    /* run_limit reached */
    CPU_STOP_TURN,     /* the next instruction needs this core to be first in time order */
    CPU_STOP_HALT,     /* HLT, or waiting for SIPI: nothing to run until an interrupt, or for ever */
    CPU_STOP_SHUTDOWN, /* triple fault */
    CPU_STOP_ASKED,    /* an ops callback called cpu_stop_turn() */
};
/**
 * cpu_run() - run @c from its own time.
 * @run_limit: no instruction starts at or after this cycle.  @share_limit: shared actions only while now < this.
 * Return: why it stopped. Cycles are charged to the current ledger row as they pass.
 */
enum cpu_stop cpu_run(struct cpu *c, cyc_t run_limit, cyc_t share_limit);
void cpu_stop_turn(struct cpu *c); /* from within an ops callback: end the turn after this instruction */

cyc_t cpu_now(const struct cpu *c);
bool cpu_is_halted(const struct cpu *c);
/* cpu_idle_until() - a halted core's time passes to @when (no-op if later already); charged to IDLE. */
void cpu_idle_until(struct cpu *c, cyc_t when);

/* Interrupts that reach the core at @when (>= its horizon); a halted core wakes at @when + wake_cyc if it accepts it.
 */
void cpu_lapic_accept(struct cpu *c, uint8_t vector, bool level, cyc_t when); /* fixed */
void cpu_nmi(struct cpu *c, cyc_t when);
void cpu_init(struct cpu *c, cyc_t when);
void cpu_sipi(struct cpu *c, uint8_t vector, cyc_t when);
void cpu_extint(struct cpu *c, bool asserted, cyc_t when); /* PIC INTR line through LINT0, for core 0 */
void cpu_timer_fired(struct cpu *c, cyc_t when);           /* the board's event for ops.timer */
/* Does an interrupt with this destination go to this core? @dest: 8 bit xAPIC or 32 bit x2APIC. A physical broadcast is
 * known by the sender's mode, so the board finds it itself. */
bool cpu_lapic_match(const struct cpu *c, uint32_t dest, bool logical);
uint32_t cpu_lapic_id(const struct cpu *c);

void cpu_set_mode(struct cpu *c, enum cpu_mode mode);
/* cpu_set_context() - ledger contexts that cycles are charged to from now on: at CPL 0, and at CPL 1 to 3. */
void cpu_set_context(struct cpu *c, unsigned ctx_cpl0, unsigned ctx_cpl3);

/* For reports and tests. */
struct cpu_state {
    uint64_t r[16], rip, rflags, cr0, cr2, cr3, cr4, efer;
    uint16_t cs, ss;
    unsigned cpl;
};
void cpu_get_state(const struct cpu *c, struct cpu_state *out);
uint64_t cpu_instructions(const struct cpu *c);
/* cpu_state_hash() - of all architectural state, for golden traces and determinism tests. */
uint64_t cpu_state_hash(const struct cpu *c, uint64_t seed);
/* cpu_peek() - read guest memory by linear address with the core's present tables, no side effect, no time. */
bool cpu_peek(struct cpu *c, gva_t a, void *to, size_t n);

struct cpu_stats {
#define STAT(sym, unit, text) uint64_t sym;
#include "cpu/stats.def"
#undef STAT
};
const struct cpu_stats *cpu_stats(const struct cpu *c);
const struct tlb_stats *cpu_tlb_stats(const struct cpu *c);
