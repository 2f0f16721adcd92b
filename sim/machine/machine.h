/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board: cores, memory, devices, firmware tables, loaders, the run loop. Owner of the event queue and of time
 * order.
 *
 * Flow: options (study/) -> struct machine_cfg (plain data, machine_config.c reads options and the profile) ->
 * machine_new -> machine_load_pvh -> machine_run(until) -> observe (ledger, stats, domains) -> machine_free.
 * Memory map: RAM from 0, hole 0xC0000000..4 GiB (IOAPIC FEC00000, LAPIC FEE00000), RAM again from 4 GiB; ACPI tables
 * below 1 MiB and at the top of low RAM. APIC id = core number.
 */
#pragma once
#include <glib.h>
#include "cpu/cpu.h"
#include "sim/core/eventq.h"
#include "sim/core/stats.h"

struct machine_cfg {
    unsigned n_cores;      /* 1..64 */
    uint64_t memory_bytes; /* multiple of 1 MiB, at least 16 MiB */
    enum cpu_mode mode;
    uint64_t seed;
    /* Ports and addresses where nothing is: false: the run stops and names them (a study's image is ours, silence would
     * hide our mistake); true: reads give all ones and writes are ignored, as on a PC (the guest's own business). */
    bool is_open_bus;
    void (*unknown_access)(const char *what); /* with is_open_bus: told of each such access; may be NULL */
    struct cpu_cfg cpu;
    struct mem_cfg mem;
};

/* machine_profile_load() - cpu/profiles/NAME.ini -> cfg->cpu and cfg->mem. One clear error with file, line, allowed. */
bool machine_profile_load(struct machine_cfg *cfg, const char *path, GError **error);

struct machine;
struct machine *machine_new(const struct machine_cfg *cfg);
void machine_free(struct machine *m);

struct machine_module {
    const void *data;
    size_t bytes;
    const char *cmdline;
};
/* machine_load_pvh() - PVH ELF (note XEN_ELFNOTE_PHYS32_ENTRY), modules, command line; start_info as in Xen's
 * arch-x86/hvm/start_info.h. Core 0 is left ready to run. */
bool machine_load_pvh(struct machine *m, const char *path, const char *cmdline, const struct machine_module *modules,
                      size_t n_modules, GError **error);

/*
 * machine_load() - a kernel of any kind that the table in loader.c knows: the content decides (Multiboot 1 and 2, Linux
 * bzImage, PVH, boot sector; any of them in gzip). Core 0 is left ready to run. On an error the machine is as it was.
 */
struct machine_boot {
    const char *path, *cmdline; /* cmdline may be NULL */
    const struct machine_module *modules;
    size_t n_modules;
};
bool machine_load(struct machine *m, const struct machine_boot *boot, GError **error);

/* A domain as its markers showed it. Index = domid; 0 is unused, HV_MARK_DOM_IDLE is not here. */
struct machine_domain {
    bool seen, roi_begun, roi_ended, ended;
    uint64_t ops; /* sum of HV_MARK_OPS */
    cyc_t roi_begin, roi_end;
    uint32_t end_reason;
};

struct machine_until {
    cyc_t cycle;                      /* stop at this time; CYC_NEVER: no limit */
    uint64_t instructions;            /* stop after so many in all; 0: no limit */
    unsigned domains_in_roi;          /* stop once so many domains have begun their ROI; 0: do not */
    volatile const bool *interrupted; /* Ctrl-C: stop when it becomes true; may be NULL */
};
enum machine_stop {
    MACHINE_CYCLE,
    MACHINE_INSTRUCTIONS,
    MACHINE_ROI,
    MACHINE_EXIT,     /* the guest wrote the debug-exit port: machine_exit_code() */
    MACHINE_DEAD,     /* every core halted and nothing pending */
    MACHINE_SHUTDOWN, /* a core had a triple fault: machine_dead_core() */
    MACHINE_INTERRUPTED,
};
enum machine_stop machine_run(struct machine *m, const struct machine_until *until);
unsigned machine_exit_code(const struct machine *m); /* the byte written to port 0xf4; 0 after ACPI soft-off */
unsigned machine_dead_core(const struct machine *m); /* MACHINE_SHUTDOWN: which core */
/* machine_exit_status() - after MACHINE_EXIT: how QEMU would exit: 2 v + 1 for the debug-exit port, 0 after soft-off.
 */
int machine_exit_status(const struct machine *m);
bool machine_was_reset(const struct machine *m); /* MACHINE_SHUTDOWN: the guest asked for it, no triple fault */
uint64_t machine_unknown_accesses(const struct machine *m);
void machine_set_serial(struct machine *m, void (*put)(void *opaque, char c), void *opaque);
/*
 * machine_set_serial_input() - what COM1 receives, from now on. @get: the next byte, -1: no more, for good. It is asked
 * at the pace of 115200 baud of simulated time, once the guest has switched on the receive interrupt.
 */
void machine_set_serial_input(struct machine *m, int (*get)(void *opaque), void *opaque);

cyc_t machine_now(const struct machine *m); /* time of the core that is furthest behind */
/* machine_settle() - brings every core's idle time up to machine_now, so that the ledger sums to cores x cycles. */
void machine_settle(struct machine *m);
uint64_t machine_instructions(const struct machine *m);
struct ledger *machine_ledger(struct machine *m);
struct stats *machine_stats(struct machine *m); /* all folders' statistics, per core and summed */
/* machine_set_mode() - between two calls of machine_run(): how all cores go on. Loses no state; caches stay as they
 * are. */
void machine_set_mode(struct machine *m, enum cpu_mode mode);
/* machine_set_domain_name() - what ledger contexts call domain @domid; before it runs. Default "dN". */
void machine_set_domain_name(struct machine *m, unsigned domid, const char *name);
/* machine_domain() - what the markers showed of @domid so far; all zero if nothing. */
const struct machine_domain *machine_domain(const struct machine *m, unsigned domid);
uint64_t machine_state_hash(const struct machine *m);
bool machine_ledger_check(struct machine *m, GError **error); /* sums to cores x cycles */
/* machine_hv_counter() - sum over CPUs of hypervisor counter @index (hv/abi/counters.h), read from guest memory. */
uint64_t machine_hv_counter(const struct machine *m, unsigned index);
/* machine_symbol() - name of the loaded image's object or function that covers @a (or, for a line, starts in it); NULL.
 */
const char *machine_symbol(const struct machine *m, hpa_t a);
/* machine_report_cores() - one line a core: rip, symbol, mode, halted; to @out. For Ctrl-C, dead machines, errors. */
void machine_report_cores(struct machine *m, GString *out);
