/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the board. Includable only from sim/machine and its tests.
 *
 * time[] is the run loop's view: a core's own time while it is runnable, CYC_NEVER while it is halted. It is refreshed
 * after the core's turn and after every event that reaches the core (machine_refresh), never in between.
 * Everything that is posted goes through machine_post(), which ends the running core's turn: its limits were computed
 * before the event existed.
 */
#pragma once
#include "sim/devices/acpi_pm.h"
#include "sim/devices/fw_cfg.h"
#include "sim/devices/hpet.h"
#include "sim/devices/i8042.h"
#include "sim/devices/ioapic.h"
#include "sim/devices/pci.h"
#include "sim/devices/pic.h"
#include "sim/devices/pit.h"
#include "sim/devices/rtc.h"
#include "sim/devices/uart.h"
#include "sim/machine/firmware.h"
#include "sim/machine/machine.h"

/* Memory map. */
#define BOARD_HOLE_START   0xc0000000ull
#define BOARD_IOAPIC       0xfec00000ull
#define BOARD_HPET         0xfed00000ull
#define BOARD_LAPIC        0xfee00000ull
#define BOARD_LOW_RESERVED 0xa0000ull /* to 1 MiB: video memory and firmware */
#define BOARD_START_INFO   0xe0000ull /* what a kernel is given: LOADER_ARENA_BYTES */
#define BOARD_PAGE_TABLES  0xe8000ull /* for kernels that are entered in long mode: six pages */
#define BOARD_RSDP         0xf0000ull /* where a BIOS would have it too */
#define BOARD_MP_TABLE     0xf1000ull /* MP floating pointer and table */
#define BOARD_FIRMWARE     0xf8000ull /* one page of code: firmware.h */
#define BOARD_ACPI_BYTES   0x10000ull /* top of low RAM */
#define BOARD_PM_PORT      0x600u     /* ACPI fixed hardware */
#define BOARD_ISA_NS       844u       /* IN from port 0x80: 3209 cycles at 3.8 GHz (Adams and Agesen, ASPLOS 2006) */

#define BOARD_SERIAL_CHAR_NS 86806u /* a character of 10 bits at 115200 baud */

#define MACHINE_DOMAINS 1024u /* domain ids that markers may name */
#define MACHINE_VCPUS   64u

struct symbols;
struct domain_record;

struct machine_exit {
    bool stop;                /* something asks the run loop to end */
    enum machine_stop reason; /* if so */
    unsigned code;            /* byte written to the debug-exit port */
    unsigned dead_core;
    bool by_port;  /* the debug-exit port ended it */
    bool by_reset; /* MACHINE_SHUTDOWN because the guest asked for a reset */
};

struct machine {
    struct machine_cfg cfg;
    struct phys *phys;
    struct mem_sys *mem;
    struct ledger *ledger;
    struct eventq *events;
    struct stats *stats;
    GArray *totals; /* struct total: observe.c */
    cyc_t lookahead_cyc;

    struct cpu *core[SIM_MAX_CORES];
    cyc_t time[SIM_MAX_CORES];
    uint64_t instructions_seen[SIM_MAX_CORES], instructions;
    cyc_t now; /* never goes back; no runnable core is behind it */
    bool in_turn;
    unsigned running; /* the core whose turn it is, if in_turn */
    eventq_id lapic_timer[SIM_MAX_CORES], pit_timer, hpet_timer;

    struct uart com1;
    struct pic pic;
    struct pit pit;
    struct ioapic ioapic;
    struct rtc rtc;
    struct acpi_pm pm;
    struct hpet hpet;
    struct i8042 i8042;
    struct pci pci;
    struct fw_cfg fw_cfg;
    struct fw_values *fw_values; /* what its items are */
    struct machine_exit exit;
    void (*serial_put)(void *opaque, char c);
    void *serial_opaque;
    int (*serial_get)(void *opaque);
    void *serial_get_opaque;

    struct firmware_start start; /* how core 0 was started */
    char *cmdline;               /* of the kernel; NULL before it is loaded */
    uint64_t unknown_accesses;   /* to ports and addresses where nothing is */

    struct symbols *symbols;
    struct domain_record *domain[MACHINE_DOMAINS];
    unsigned core_domid[SIM_MAX_CORES], domains_in_roi, roi_target;
};

/* ---- runloop.c ---- */
eventq_id machine_post(struct machine *m, cyc_t when, eventq_fn *fn, uint64_t arg);
void machine_refresh(struct machine *m, unsigned core);
/* machine_ask_stop() - end the turn after this instruction, and machine_run() with @reason. The first one wins. */
void machine_ask_stop(struct machine *m, enum machine_stop reason);

/* ---- ports.c: cpu_ops for ports and memory-mapped devices ---- */
uint32_t board_io_read(void *opaque, unsigned core, uint16_t port, unsigned bytes, cyc_t now, uint32_t *lat);
void board_io_write(void *opaque, unsigned core, uint16_t port, unsigned bytes, uint32_t value, cyc_t now,
                    uint32_t *lat);
uint64_t board_mmio_read(void *opaque, unsigned core, hpa_t a, unsigned bytes, cyc_t now, uint32_t *lat);
void board_mmio_write(void *opaque, unsigned core, hpa_t a, unsigned bytes, uint64_t value, cyc_t now, uint32_t *lat);

/* ---- irq.c: interrupts between cores and devices ---- */
void irq_icr_write(void *opaque, unsigned core, uint64_t icr, bool x2apic, cyc_t now);
void irq_eoi(void *opaque, unsigned core, uint8_t vector, cyc_t now);
void irq_timer(void *opaque, unsigned core, cyc_t when);
uint8_t irq_intack(void *opaque, unsigned core);
void irq_ioapic_deliver(void *opaque, uint64_t entry, cyc_t now);
void irq_set_isa(struct machine *m, unsigned irq, bool level, cyc_t now); /* to the PIC pair and the IOAPIC */
void irq_pic_changed(struct machine *m, cyc_t now);
void irq_pit_changed(struct machine *m, cyc_t now);
void irq_serial_input(struct machine *m, cyc_t now); /* the next byte is on its way */
void irq_hpet_changed(struct machine *m, cyc_t now);
void irq_hpet_set(void *opaque, unsigned pin, bool isa, bool level, cyc_t now); /* for struct hpet */

/* ---- markers.c ---- */
void markers_init(struct machine *m);
void markers_free(struct machine *m);
void markers_seen(void *opaque, unsigned core, uint32_t code, uint64_t arg, cyc_t now);

/* ---- acpi.c ---- */
void acpi_build(struct machine *m); /* writes the tables; RSDP at BOARD_RSDP */

/* ---- mptable.c ---- */
void mptable_build(struct machine *m); /* MP floating pointer structure and table at BOARD_MP_TABLE */

/* ---- fw_values.c ---- */
void fw_values_build(struct machine *m); /* the items of fw_cfg; again when a kernel has been loaded */

/* ---- symbols.c ---- */
struct symbol {
    uint64_t va, pa, bytes;
    const char *name;
};
/* symbols_new() - from the symbol table of an ELF64 image that the loader has checked. @image: copied from. */
struct symbols *symbols_new(const void *image, size_t bytes);
void symbols_free(struct symbols *s);
const struct symbol *symbols_named(const struct symbols *s, const char *name);
const struct symbol *symbols_at_pa(const struct symbols *s, uint64_t pa); /* covers it; NULL */
const struct symbol *symbols_at_va(const struct symbols *s, uint64_t va);
const struct symbol *symbols_in_line(const struct symbols *s, uint64_t pa); /* first that starts in the 64-byte line */

/* ---- observe.c ---- */
void observe_init(struct machine *m); /* registers the statistics */
void observe_context(void *opaque);   /* for sim_set_context */

/* ---- errors ---- */
#define MACHINE_ERROR machine_error_quark()
GQuark machine_error_quark(void);
