/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MP tables, for kernels that know no ACPI: floating pointer structure where a BIOS has it, configuration table behind
 * it. Cores up to number 254 (the table has eight bits for a local APIC), PCI and ISA bus, one IOAPIC, the ISA
 * interrupts and the local ones. Source: Intel, MultiProcessor Specification 1.4, "MP Configuration Table".
 */
#include <string.h>
#include "sim/machine/machine_internal.h"

enum { PROCESSOR, BUS, IOAPIC, IO_INTERRUPT, LOCAL_INTERRUPT };
enum { INT, NMI, SMI, EXTINT };
enum { PCI_BUS, ISA_BUS };
enum { FLOATING_BYTES = 16, HEADER_BYTES = 44, LAST_CORE = 254, ENABLED = 1, BOOTS = 2, IRQS = 16, CASCADE = 2 };
enum { ALL_LOCAL_APICS = 0xff, ISA_IRQ0_PIN = 2, LAPIC_VERSION = 0x14, IOAPIC_VERSION = 0x20 };

struct writer {
    uint8_t b[8192];
    unsigned at, entries;
};

static void put(struct writer *w, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        w->b[w->at++] = (uint8_t)(v >> 8 * i);
}

static void text(struct writer *w, const char *s, size_t bytes)
{
    memcpy(w->b + w->at, s, bytes);
    w->at += (unsigned)bytes;
}

static void entry(struct writer *w, unsigned type)
{
    put(w, type, 1);
    w->entries++;
}

static void processor(struct writer *w, const struct cpu_cfg *cpu, unsigned core)
{
    entry(w, PROCESSOR);
    put(w, core, 1);
    put(w, LAPIC_VERSION, 1);
    put(w, ENABLED | (core == 0 ? BOOTS : 0), 1);
    put(w, (cpu->family < 15 ? cpu->family : 15) << 8 | (cpu->model & 15) << 4 | cpu->stepping, 4);
    put(w, 0x201, 4); /* FPU, local APIC */
    put(w, 0, 8);
}

static void bus(struct writer *w, unsigned id, const char *name)
{
    entry(w, BUS);
    put(w, id, 1);
    text(w, name, 6);
}

static void interrupt(struct writer *w, unsigned table, unsigned type, unsigned irq, unsigned to, unsigned pin)
{
    entry(w, table);
    put(w, type, 1);
    put(w, 0, 2); /* polarity and trigger mode of the bus */
    put(w, ISA_BUS, 1);
    put(w, irq, 1);
    put(w, to, 1);
    put(w, pin, 1);
}

static uint8_t checksum(const uint8_t *p, unsigned n)
{
    uint8_t s = 0;

    for (unsigned i = 0; i < n; i++)
        s = (uint8_t)(s + p[i]);
    return (uint8_t)-s;
}

static void entries(struct writer *w, const struct machine *m)
{
    for (unsigned i = 0; i < m->cfg.n_cores && i <= LAST_CORE; i++)
        processor(w, &m->cfg.cpu, i);
    bus(w, PCI_BUS, "PCI   ");
    bus(w, ISA_BUS, "ISA   ");
    entry(w, IOAPIC);
    put(w, 0, 1);
    put(w, IOAPIC_VERSION, 1);
    put(w, ENABLED, 1);
    put(w, BOARD_IOAPIC, 4);
    for (unsigned irq = 0; irq < IRQS; irq++)
        if (irq != CASCADE)
            interrupt(w, IO_INTERRUPT, INT, irq, 0, irq == 0 ? ISA_IRQ0_PIN : irq);
    interrupt(w, LOCAL_INTERRUPT, EXTINT, 0, 0, 0);
    interrupt(w, LOCAL_INTERRUPT, NMI, 0, ALL_LOCAL_APICS, 1);
}

static void header(struct writer *w)
{
    text(w, "PCMP", 4);
    put(w, 0, 2); /* length */
    put(w, 4, 1); /* revision 1.4 */
    put(w, 0, 1); /* checksum */
    text(w, "VMSCALE BOARD       ", 20);
    put(w, 0, 4 + 2); /* no OEM table */
    put(w, 0, 2);     /* entries */
    put(w, BOARD_LAPIC, 4);
    put(w, 0, 4); /* no extended table */
}

void mptable_build(struct machine *m)
{
    struct writer w = {.at = 0}, f = {.at = 0};

    header(&w);
    entries(&w, m);
    w.b[4] = (uint8_t)w.at;
    w.b[5] = (uint8_t)(w.at >> 8);
    w.b[34] = (uint8_t)w.entries;
    w.b[35] = (uint8_t)(w.entries >> 8);
    w.b[7] = checksum(w.b, w.at);
    phys_copy_in(m->phys, (hpa_t){BOARD_MP_TABLE + FLOATING_BYTES}, w.b, w.at);
    text(&f, "_MP_", 4);
    put(&f, BOARD_MP_TABLE + FLOATING_BYTES, 4);
    put(&f, 1, 1); /* length, in 16 bytes */
    put(&f, 4, 1);
    put(&f, 0, 6);
    f.b[10] = checksum(f.b, FLOATING_BYTES);
    phys_copy_in(m->phys, (hpa_t){BOARD_MP_TABLE}, f.b, FLOATING_BYTES);
}
