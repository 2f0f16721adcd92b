/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Construction of the board: memory, cores, devices, and who is told what. No behaviour here.
 */
#include "sim/core/fault.h"
#include "sim/machine/machine_internal.h"

G_DEFINE_QUARK(vmscale - machine, machine_error)

static void line_lost(void *opaque, unsigned core, unsigned slot, bool keep_read)
{
    struct machine *m = opaque;

    cpu_mem_line_lost(m->core[core], slot, keep_read);
}

static void fetch_lost(void *opaque, unsigned core, unsigned slot)
{
    struct machine *m = opaque;

    cpu_mem_fetch_lost(m->core[core], slot);
}

static const struct mem_client_ops mem_ops = {line_lost, fetch_lost};
static const struct cpu_ops cpu_ops = {
    .io_read = board_io_read,
    .io_write = board_io_write,
    .mmio_read = board_mmio_read,
    .mmio_write = board_mmio_write,
    .icr_write = irq_icr_write,
    .eoi = irq_eoi,
    .timer = irq_timer,
    .intack = irq_intack,
    .marker = markers_seen,
};

static void com1_put(void *opaque, char c)
{
    struct machine *m = opaque;

    if (m->serial_put)
        m->serial_put(m->serial_opaque, c);
}

static void reset_devices(struct machine *m)
{
    uint32_t khz = m->cfg.cpu.clock_khz;
    uint64_t high = m->phys->high_end ? m->phys->high_end - (1ull << 32) : 0;

    m->com1.put = com1_put;
    m->com1.opaque = m;
    uart_reset(&m->com1);
    pic_reset(&m->pic);
    pit_reset(&m->pit, khz);
    ioapic_reset(&m->ioapic, irq_ioapic_deliver, m);
    rtc_reset(&m->rtc, khz, m->phys->low_end, high);
    acpi_pm_reset(&m->pm, khz);
    m->hpet.set = irq_hpet_set;
    m->hpet.opaque = m;
    hpet_reset(&m->hpet, khz);
    i8042_reset(&m->i8042);
    pci_reset(&m->pci);
    fw_values_build(m);
}

static void new_cores(struct machine *m)
{
    unsigned n = m->cfg.n_cores;

    for (unsigned i = 0; i < n; i++)
        m->core[i] = cpu_new(&m->cfg.cpu, i, n, m->phys, m->mem, m->ledger, &cpu_ops, m);
    for (unsigned i = 0; i < n; i++) {
        cpu_peers(m->core[i], m->core, n);
        cpu_set_mode(m->core[i], m->cfg.mode);
        machine_refresh(m, i);
    }
}

void machine_set_mode(struct machine *m, enum cpu_mode mode)
{
    for (unsigned i = 0; i < m->cfg.n_cores; i++) {
        cpu_set_mode(m->core[i], mode);
        machine_refresh(m, i);
    }
}

struct machine *machine_new(const struct machine_cfg *cfg)
{
    struct machine *m = g_new0(struct machine, 1);

    m->cfg = *cfg;
    m->cfg.mem.n_cores = cfg->n_cores;
    m->phys = phys_new(cfg->memory_bytes, BOARD_HOLE_START);
    m->mem = mem_new(&m->cfg.mem);
    mem_set_client(m->mem, &mem_ops, m);
    m->lookahead_cyc = mem_lookahead_cyc(m->mem);
    if (m->cfg.cpu.ipi_cyc < m->lookahead_cyc)
        sim_bug("ipi_cyc %u is below the lookahead of %" G_GUINT64_FORMAT " cycles", m->cfg.cpu.ipi_cyc,
                m->lookahead_cyc);
    m->ledger = ledger_new(cfg->n_cores);
    m->events = eventq_new();
    reset_devices(m);
    new_cores(m);
    markers_init(m);
    observe_init(m);
    acpi_build(m);
    mptable_build(m);
    sim_set_context(observe_context, m);
    return m;
}

void machine_free(struct machine *m)
{
    if (!m)
        return;
    sim_set_context(NULL, NULL);
    for (unsigned i = 0; i < m->cfg.n_cores; i++)
        cpu_free(m->core[i]);
    markers_free(m);
    symbols_free(m->symbols);
    g_free(m->cmdline);
    g_free(m->fw_values);
    stats_free(m->stats);
    g_array_free(m->totals, TRUE);
    eventq_free(m->events);
    ledger_free(m->ledger);
    mem_free(m->mem);
    phys_free(m->phys);
    g_free(m);
}

void machine_set_serial(struct machine *m, void (*put)(void *opaque, char c), void *opaque)
{
    m->serial_put = put;
    m->serial_opaque = opaque;
}

void machine_set_serial_input(struct machine *m, int (*get)(void *opaque), void *opaque)
{
    m->serial_get = get;
    m->serial_get_opaque = opaque;
    irq_serial_input(m, m->now);
}
