/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's address decoders: I/O ports and memory-mapped devices, as tables of rows. A row without a handler is a
 * device that software looks for and that is not there: reads return all ones, writes are ignored, as on a PC. An
 * address in no row does the same if the configuration says is_open_bus, and is counted; else it stops the run by name
 * (sim_unmodelled): in a study the image is ours, and silence would look like guest behaviour.
 * To add a device, add a row.
 */
#include "sim/core/fault.h"
#include "sim/machine/machine_internal.h"

struct port_row {
    uint16_t first, last;
    uint32_t (*read)(struct machine *m, uint16_t port, unsigned bytes, cyc_t now);
    void (*write)(struct machine *m, uint16_t port, unsigned bytes, uint32_t v, cyc_t now);
    bool wide; /* takes 2 and 4 bytes in one access; else a wider access is split into bytes */
    const char *name;
};

static uint32_t com1_read(struct machine *m, uint16_t port, unsigned bytes, cyc_t now)
{
    uint8_t v = uart_read(&m->com1, port & 7);

    (void)bytes;
    irq_set_isa(m, 4, uart_irq(&m->com1), now);
    return v;
}

static void com1_write(struct machine *m, uint16_t port, unsigned bytes, uint32_t v, cyc_t now)
{
    (void)bytes;
    uart_write(&m->com1, port & 7, (uint8_t)v);
    irq_set_isa(m, 4, uart_irq(&m->com1), now);
}

static uint32_t pic_port_read(struct machine *m, uint16_t port, unsigned bytes, cyc_t now)
{
    (void)bytes;
    (void)now;
    return pic_read(&m->pic, port);
}

static void pic_port_write(struct machine *m, uint16_t port, unsigned bytes, uint32_t v, cyc_t now)
{
    (void)bytes;
    pic_write(&m->pic, port, (uint8_t)v);
    irq_pic_changed(m, now);
}

static uint32_t pit_port_read(struct machine *m, uint16_t port, unsigned bytes, cyc_t now)
{
    (void)bytes;
    return pit_read(&m->pit, port, now);
}

static void pit_port_write(struct machine *m, uint16_t port, unsigned bytes, uint32_t v, cyc_t now)
{
    (void)bytes;
    pit_write(&m->pit, port, (uint8_t)v, now);
    irq_pit_changed(m, now);
}

static uint32_t rtc_port_read(struct machine *m, uint16_t port, unsigned bytes, cyc_t now)
{
    (void)bytes;
    return rtc_read(&m->rtc, port, now);
}

static void rtc_port_write(struct machine *m, uint16_t port, unsigned bytes, uint32_t v, cyc_t now)
{
    (void)bytes;
    rtc_write(&m->rtc, port, (uint8_t)v, now);
}

static uint32_t pm_port_read(struct machine *m, uint16_t port, unsigned bytes, cyc_t now)
{
    return acpi_pm_read(&m->pm, port - BOARD_PM_PORT, bytes, now);
}

static void pm_port_write(struct machine *m, uint16_t port, unsigned bytes, uint32_t v, cyc_t now)
{
    (void)bytes;
    (void)now;
    if (acpi_pm_write(&m->pm, port - BOARD_PM_PORT, v))
        machine_ask_stop(m, MACHINE_EXIT);
}

static uint32_t i8042_port_read(struct machine *m, uint16_t port, unsigned bytes, cyc_t now)
{
    uint8_t v = i8042_read(&m->i8042, port);

    (void)bytes;
    if (port == 0x60) { /* the line falls with every byte taken, and rises with the next: the inputs are edges */
        irq_set_isa(m, 1, false, now);
        irq_set_isa(m, 12, false, now);
    }
    irq_set_isa(m, 1, i8042_irq(&m->i8042, false), now);
    irq_set_isa(m, 12, i8042_irq(&m->i8042, true), now);
    return v;
}

static void reset(struct machine *m)
{
    m->exit.dead_core = m->running;
    m->exit.by_reset = true;
    machine_ask_stop(m, MACHINE_SHUTDOWN);
}

static void i8042_port_write(struct machine *m, uint16_t port, unsigned bytes, uint32_t v, cyc_t now)
{
    (void)bytes;
    if (i8042_write(&m->i8042, port, (uint8_t)v))
        reset(m);
    irq_set_isa(m, 1, i8042_irq(&m->i8042, false), now);
    irq_set_isa(m, 12, i8042_irq(&m->i8042, true), now);
}

static uint32_t pci_port_read(struct machine *m, uint16_t port, unsigned bytes, cyc_t now)
{
    (void)now;
    return pci_read(&m->pci, port, bytes);
}

static void pci_port_write(struct machine *m, uint16_t port, unsigned bytes, uint32_t v, cyc_t now)
{
    (void)now;
    pci_write(&m->pci, port, bytes, v);
}

static void fw_cfg_select_write(struct machine *m, uint16_t port, unsigned bytes, uint32_t v, cyc_t now)
{
    (void)port;
    (void)now;
    if (bytes == 2)
        fw_cfg_select(&m->fw_cfg, (uint16_t)v);
}

static uint32_t fw_cfg_data_read(struct machine *m, uint16_t port, unsigned bytes, cyc_t now)
{
    (void)port;
    (void)bytes;
    (void)now;
    return fw_cfg_read(&m->fw_cfg);
}

static uint32_t debug_console_read(struct machine *m, uint16_t port, unsigned bytes, cyc_t now)
{
    (void)m;
    (void)bytes;
    (void)now;
    return port; /* Bochs' convention: reading 0xe9 gives 0xe9 where the console is there */
}

static void debug_console_write(struct machine *m, uint16_t port, unsigned bytes, uint32_t v, cyc_t now)
{
    (void)port;
    (void)bytes;
    (void)now;
    if (m->serial_put)
        m->serial_put(m->serial_opaque, (char)v);
}

static void debug_exit_write(struct machine *m, uint16_t port, unsigned bytes, uint32_t v, cyc_t now)
{
    (void)port;
    (void)bytes;
    (void)now;
    m->exit.code = v & 0xff;
    m->exit.by_port = true;
    machine_ask_stop(m, MACHINE_EXIT);
}

static uint32_t fast_a20_read(struct machine *m, uint16_t port, unsigned bytes, cyc_t now)
{
    (void)m;
    (void)port;
    (void)bytes;
    (void)now;
    return 2; /* A20 is always on */
}

static void reset_control_write(struct machine *m, uint16_t port, unsigned bytes, uint32_t v, cyc_t now)
{
    (void)port;
    (void)bytes;
    (void)now;
    if (v >> 2 & 1) /* reset control register: RST_CPU */
        reset(m);
}

/* clang-format off */
static const struct port_row ports[] = {
    {0x0000, 0x001f, NULL, NULL, false, "DMA controller 1"},
    {0x0020, 0x0021, pic_port_read, pic_port_write, false, "PIC master"},
    {0x002e, 0x002f, NULL, NULL, false, "super I/O"},
    {0x0040, 0x0043, pit_port_read, pit_port_write, false, "PIT"},
    {0x004e, 0x004f, NULL, NULL, false, "super I/O, TPM"},
    {0x0060, 0x0060, i8042_port_read, i8042_port_write, false, "keyboard controller"},
    {0x0061, 0x0061, pit_port_read, pit_port_write, false, "system control port B"},
    {0x0064, 0x0064, i8042_port_read, i8042_port_write, false, "keyboard controller"},
    {0x0070, 0x0071, rtc_port_read, rtc_port_write, false, "RTC"},
    {0x0080, 0x008f, NULL, NULL, false, "POST code, DMA pages"},
    {0x0092, 0x0092, fast_a20_read, NULL, false, "system control port A"},
    {0x00a0, 0x00a1, pic_port_read, pic_port_write, false, "PIC slave"},
    {0x00c0, 0x00df, NULL, NULL, false, "DMA controller 2"},
    {0x00e9, 0x00e9, debug_console_read, debug_console_write, false, "debug console"},
    {0x00ed, 0x00ed, NULL, NULL, false, "delay port"},
    {0x00f0, 0x00f1, NULL, NULL, false, "FPU error"},
    {0x00f4, 0x00f4, NULL, debug_exit_write, true, "debug exit"},
    {0x0170, 0x0177, NULL, NULL, false, "IDE secondary"},
    {0x01f0, 0x01f7, NULL, NULL, false, "IDE primary"},
    {0x0278, 0x027f, NULL, NULL, false, "LPT2"},
    {0x02e8, 0x02ef, NULL, NULL, false, "COM4"},
    {0x02f8, 0x02ff, NULL, NULL, false, "COM2"},
    {0x0376, 0x0376, NULL, NULL, false, "IDE secondary control"},
    {0x0378, 0x037f, NULL, NULL, false, "LPT1"},
    {0x03b0, 0x03df, NULL, NULL, false, "VGA"},
    {0x03e8, 0x03ef, NULL, NULL, false, "COM3"},
    {0x03f0, 0x03f7, NULL, NULL, false, "floppy, IDE primary control"},
    {0x03f8, 0x03ff, com1_read, com1_write, false, "COM1"},
    {0x04d0, 0x04d1, pic_port_read, pic_port_write, false, "ELCR"},
    {0x0510, 0x0510, NULL, fw_cfg_select_write, true, "firmware configuration, selector"},
    {0x0511, 0x0511, fw_cfg_data_read, NULL, false, "firmware configuration, data"},
    {BOARD_PM_PORT, BOARD_PM_PORT + ACPI_PM_BYTES - 1, pm_port_read, pm_port_write, true, "ACPI fixed hardware"},
    {0x0cf8, 0x0cf8, pci_port_read, pci_port_write, true, "PCI configuration address"},
    {0x0cf9, 0x0cf9, NULL, reset_control_write, false, "reset control"},
    {0x0cfa, 0x0cfb, NULL, NULL, true, "PCI configuration address"},
    {0x0cfc, 0x0cff, pci_port_read, pci_port_write, true, "PCI configuration data"},
    {0x5658, 0x5659, NULL, NULL, true, "VMware backdoor"},
};
/* clang-format on */

/* Nothing is at that port or address. */
static void unknown(struct machine *m, const char *what, const char *where, uint64_t at)
{
    if (!m->cfg.is_open_bus)
        sim_unmodelled("%s %s %#" G_GINT64_MODIFIER "x: nothing is there on this board", what, where, at);
    m->unknown_accesses++;
    if (!m->cfg.unknown_access)
        return;
    char *text = g_strdup_printf("%s %s %#" G_GINT64_MODIFIER "x", what, where, at);
    m->cfg.unknown_access(text);
    g_free(text);
}

static const struct port_row *port_row(struct machine *m, uint16_t port, const char *what)
{
    static const struct port_row nothing = {0, 0, NULL, NULL, false, "nothing"};

    for (size_t i = 0; i < G_N_ELEMENTS(ports); i++)
        if (port >= ports[i].first && port <= ports[i].last)
            return &ports[i];
    unknown(m, what, "I/O port", port);
    return &nothing;
}

static uint32_t isa_cyc(const struct machine *m)
{
    return (uint32_t)((uint64_t)BOARD_ISA_NS * m->cfg.cpu.clock_khz / 1000000);
}

uint32_t board_io_read(void *opaque, unsigned core, uint16_t port, unsigned bytes, cyc_t now, uint32_t *lat)
{
    struct machine *m = opaque;
    const struct port_row *row = port_row(m, port, "read of");
    uint32_t v = 0;

    (void)core;
    *lat = isa_cyc(m);
    if (!row->read)
        return bytes == 4 ? UINT32_MAX : (1u << bytes * 8) - 1;
    if (row->wide)
        return row->read(m, port, bytes, now);
    for (unsigned i = 0; i < bytes; i++) {
        if (i)
            row = port_row(m, (uint16_t)(port + i), "read of");
        v |= (row->read ? row->read(m, (uint16_t)(port + i), 1, now) & 0xff : 0xff) << 8 * i;
    }
    return v;
}

void board_io_write(void *opaque, unsigned core, uint16_t port, unsigned bytes, uint32_t value, cyc_t now,
                    uint32_t *lat)
{
    struct machine *m = opaque;
    const struct port_row *row = port_row(m, port, "write to");

    (void)core;
    *lat = isa_cyc(m);
    if (row->wide) {
        if (row->write)
            row->write(m, port, bytes, value, now);
        return;
    }
    for (unsigned i = 0; i < bytes; i++) {
        if (i)
            row = port_row(m, (uint16_t)(port + i), "write to");
        if (row->write)
            row->write(m, (uint16_t)(port + i), 1, value >> 8 * i & 0xff, now);
    }
}

/* ---- memory-mapped devices ---- */
struct mmio_row {
    uint64_t first, last;
    uint64_t (*read)(struct machine *m, uint32_t offset, unsigned bytes, cyc_t now);
    void (*write)(struct machine *m, uint32_t offset, unsigned bytes, uint64_t v, cyc_t now);
    const char *name;
};

static uint64_t ioapic_mmio_read(struct machine *m, uint32_t offset, unsigned bytes, cyc_t now)
{
    (void)bytes;
    (void)now;
    return ioapic_read(&m->ioapic, offset);
}

static void ioapic_mmio_write(struct machine *m, uint32_t offset, unsigned bytes, uint64_t v, cyc_t now)
{
    (void)bytes;
    ioapic_write(&m->ioapic, offset, (uint32_t)v, now);
}

static uint64_t hpet_mmio_read(struct machine *m, uint32_t offset, unsigned bytes, cyc_t now)
{
    return hpet_read(&m->hpet, offset, bytes, now);
}

static void hpet_mmio_write(struct machine *m, uint32_t offset, unsigned bytes, uint64_t v, cyc_t now)
{
    hpet_write(&m->hpet, offset, bytes, v, now);
    irq_hpet_changed(m, now);
    irq_pit_changed(m, now); /* legacy replacement gives IRQ 0 to one or the other */
}

/* clang-format off */
static const struct mmio_row mmios[] = {
    {BOARD_IOAPIC, BOARD_IOAPIC + 0xfff, ioapic_mmio_read, ioapic_mmio_write, "IOAPIC"},
    {BOARD_HPET,   BOARD_HPET + HPET_BYTES - 1, hpet_mmio_read, hpet_mmio_write, "HPET"},
    {0xfed40000,   0xfed44fff,   NULL, NULL, "TPM"},
    {0xfff00000,   0xffffffff,   NULL, NULL, "firmware ROM"},
};
/* clang-format on */

static const struct mmio_row *mmio_row(struct machine *m, hpa_t a, const char *what)
{
    static const struct mmio_row nothing = {0, 0, NULL, NULL, "nothing"};

    for (size_t i = 0; i < G_N_ELEMENTS(mmios); i++)
        if (a.v >= mmios[i].first && a.v <= mmios[i].last)
            return &mmios[i];
    unknown(m, what, "physical address", a.v);
    return &nothing;
}

uint64_t board_mmio_read(void *opaque, unsigned core, hpa_t a, unsigned bytes, cyc_t now, uint32_t *lat)
{
    struct machine *m = opaque;
    const struct mmio_row *row = mmio_row(m, a, "read of");

    (void)core;
    *lat = isa_cyc(m);
    uint64_t v = row->read ? row->read(m, (uint32_t)(a.v - row->first), bytes, now) : UINT64_MAX;
    return bytes == 8 ? v : v & ((1ull << bytes * 8) - 1);
}

void board_mmio_write(void *opaque, unsigned core, hpa_t a, unsigned bytes, uint64_t value, cyc_t now, uint32_t *lat)
{
    struct machine *m = opaque;
    const struct mmio_row *row = mmio_row(m, a, "write to");

    (void)core;
    *lat = isa_cyc(m);
    if (row->write)
        row->write(m, (uint32_t)(a.v - row->first), bytes, value, now);
}
