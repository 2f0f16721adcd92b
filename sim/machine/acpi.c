/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI tables: RSDP where a BIOS has it, the others at the top of low RAM in a range that the memory map calls ACPI.
 * XSDT -> FADT (-> FACS, DSDT), MADT, HPET. The DSDT holds \_S5 (soft-off), the PCI bridge with its windows, the
 * devices with fixed places, and the cores. Source: ACPI specification 6.4, "ACPI Software Programming Model" (table
 * layouts, revision in the header).
 */
#include <string.h>
#include "sim/machine/aml.h"
#include "sim/machine/machine_internal.h"

enum { HEADER_BYTES = 36, CHECKSUM_AT = 9, LENGTH_AT = 4, RSDP_V1_BYTES = 20, RSDP_BYTES = 36, FADT_BYTES = 268 };
enum { MADT_LAPIC, MADT_IOAPIC, MADT_OVERRIDE, MADT_LAPIC_NMI = 4, MADT_X2APIC = 9 };
enum { LARGEST_XAPIC_ID = 254, ENABLED = 1, PCAT_COMPAT = 1 };
enum { TRIGGER_LEVEL_HIGH = 0x000d };
enum { SCI_IRQ = 9 };

static void set(GByteArray *t, unsigned at, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        t->data[at + i] = (uint8_t)(v >> 8 * i);
}

static uint8_t checksum(const uint8_t *p, unsigned n)
{
    uint8_t s = 0;

    for (unsigned i = 0; i < n; i++)
        s = (uint8_t)(s + p[i]);
    return (uint8_t)-s;
}

static GByteArray *table(const char *signature, uint8_t revision)
{
    GByteArray *t = g_byte_array_new();

    g_byte_array_append(t, (const uint8_t *)signature, 4);
    aml_put(t, 0, 4); /* length */
    aml_put(t, revision, 1);
    aml_put(t, 0, 1); /* checksum */
    g_byte_array_append(t, (const uint8_t *)"VMSCAL", 6);
    g_byte_array_append(t, (const uint8_t *)"VMSBOARD", 8);
    aml_put(t, 1, 4);
    g_byte_array_append(t, (const uint8_t *)"VMSC", 4);
    aml_put(t, 1, 4);
    return t;
}

/* Where the next table goes; tables are written as they are finished. */
struct writer {
    struct machine *m;
    uint64_t next;
};

static uint64_t place(struct writer *w, GByteArray *t, bool has_checksum)
{
    uint64_t at = w->next;

    set(t, LENGTH_AT, t->len, 4);
    if (has_checksum)
        t->data[CHECKSUM_AT] = checksum(t->data, t->len);
    phys_copy_in(w->m->phys, (hpa_t){at}, t->data, t->len);
    w->next = (at + t->len + 63) & ~63ull;
    g_byte_array_free(t, TRUE);
    return at;
}

static void madt_core(GByteArray *t, unsigned core)
{
    if (core <= LARGEST_XAPIC_ID) {
        aml_put(t, MADT_LAPIC, 1);
        aml_put(t, 8, 1);
        aml_put(t, core, 1); /* ACPI processor UID */
        aml_put(t, core, 1); /* APIC id = core number */
        aml_put(t, ENABLED, 4);
    } else {
        aml_put(t, MADT_X2APIC, 1);
        aml_put(t, 16, 1);
        aml_put(t, 0, 2);
        aml_put(t, core, 4);
        aml_put(t, ENABLED, 4);
        aml_put(t, core, 4);
    }
}

static void madt_override(GByteArray *t, unsigned irq, unsigned gsi, unsigned flags)
{
    aml_put(t, MADT_OVERRIDE, 1);
    aml_put(t, 10, 1);
    aml_put(t, 0, 1); /* ISA */
    aml_put(t, irq, 1);
    aml_put(t, gsi, 4);
    aml_put(t, flags, 2);
}

static GByteArray *madt(const struct machine *m)
{
    GByteArray *t = table("APIC", 5);

    aml_put(t, BOARD_LAPIC, 4);
    aml_put(t, PCAT_COMPAT, 4);
    for (unsigned i = 0; i < m->cfg.n_cores; i++)
        madt_core(t, i);
    aml_put(t, MADT_IOAPIC, 1);
    aml_put(t, 12, 1);
    aml_put(t, 0, 2); /* id, reserved */
    aml_put(t, BOARD_IOAPIC, 4);
    aml_put(t, 0, 4); /* first GSI */
    madt_override(t, 0, 2, 0);
    madt_override(t, SCI_IRQ, SCI_IRQ, TRIGGER_LEVEL_HIGH);
    aml_put(t, MADT_LAPIC_NMI, 1);
    aml_put(t, 6, 1);
    aml_put(t, 0xff, 1); /* all processors */
    aml_put(t, 0, 2);
    aml_put(t, 1, 1); /* LINT1 */
    return t;
}

/* ---- DSDT ---- */
static void dsdt_bridge(const struct machine *m, GByteArray *t)
{
    guint device = aml_open_device(t, "PCI0");
    struct aml_crs crs = aml_crs_open(t);

    aml_name_eisaid(t, "_HID", "PNP0A03");
    aml_name_integer(t, "_UID", 0);
    aml_crs_window_bus(&crs, 0, 0);
    aml_crs_io(&crs, 0xcf8, 8);
    aml_crs_window_io(&crs, 0, 0xcf7);
    aml_crs_window_io(&crs, 0xd00, 0xffff);
    aml_crs_window_memory(&crs, BOARD_LOW_RESERVED, 0xbffff);
    aml_crs_window_memory(&crs, MAX((uint32_t)m->phys->low_end, (uint32_t)BOARD_HOLE_START), BOARD_IOAPIC - 1);
    aml_crs_close(&crs);
    aml_close(t, device);
}

/* Devices with fixed places. To add one, add a row. */
static const struct isa_device {
    const char *name, *id;
    struct {
        uint16_t at;
        uint8_t n;
    } io[3];
    uint8_t irq[2]; /* 0xff: none */
} isa_devices[] = {
    {"PIC_", "PNP0000", {{0x20, 2}, {0xa0, 2}, {0x4d0, 2}}, {2, 0xff}},
    {"PIT_", "PNP0100", {{0x40, 4}, {0x61, 1}}, {0, 0xff}},
    {"RTC_", "PNP0B00", {{0x70, 2}}, {8, 0xff}},
    {"KBD_", "PNP0303", {{0x60, 1}, {0x64, 1}}, {1, 0xff}},
    {"MOU_", "PNP0F13", {{0, 0}}, {12, 0xff}},
    {"COM1", "PNP0501", {{0x3f8, 8}}, {4, 0xff}},
};

static void dsdt_isa(GByteArray *t, const struct isa_device *d)
{
    guint device = aml_open_device(t, d->name);
    struct aml_crs crs = aml_crs_open(t);

    aml_name_eisaid(t, "_HID", d->id);
    aml_name_integer(t, "_STA", 15);
    for (size_t i = 0; i < G_N_ELEMENTS(d->io) && d->io[i].n; i++)
        aml_crs_io(&crs, d->io[i].at, d->io[i].n);
    for (size_t i = 0; i < G_N_ELEMENTS(d->irq); i++)
        if (d->irq[i] != 0xff)
            aml_crs_irq(&crs, d->irq[i]);
    aml_crs_close(&crs);
    aml_close(t, device);
}

static void dsdt_hpet(GByteArray *t)
{
    guint device = aml_open_device(t, "HPET");
    struct aml_crs crs = aml_crs_open(t);

    aml_name_eisaid(t, "_HID", "PNP0103");
    aml_name_integer(t, "_UID", 0);
    aml_crs_memory(&crs, BOARD_HPET, HPET_BYTES);
    aml_crs_close(&crs);
    aml_close(t, device);
}

static void dsdt_core(GByteArray *t, unsigned core)
{
    char name[5];

    g_snprintf(name, sizeof(name), "C%03X", core & 0xfff);
    guint device = aml_open_device(t, name);
    aml_name_string(t, "_HID", "ACPI0007");
    aml_name_integer(t, "_UID", core);
    aml_close(t, device);
}

static GByteArray *dsdt(const struct machine *m)
{
    GByteArray *t = table("DSDT", 2);
    guint soft_off = aml_open_package(t, "\\_S5_", 4);

    for (unsigned i = 0; i < 4; i++)
        aml_integer(t, 0); /* SLP_TYPa, SLP_TYPb, reserved */
    aml_close(t, soft_off);
    guint scope = aml_open_scope(t, "\\_SB_");
    dsdt_bridge(m, t);
    for (size_t i = 0; i < G_N_ELEMENTS(isa_devices); i++)
        dsdt_isa(t, &isa_devices[i]);
    dsdt_hpet(t);
    for (unsigned i = 0; i < m->cfg.n_cores; i++)
        dsdt_core(t, i);
    aml_close(t, scope);
    return t;
}

static GByteArray *hpet(void)
{
    GByteArray *t = table("HPET", 1);

    aml_put(t, 0x8086a001 | (HPET_TIMERS - 1) << 8, 4); /* as in the capabilities register */
    aml_put(t, 0 /* memory */ | 64 << 8, 4);
    aml_put(t, BOARD_HPET, 8);
    aml_put(t, 0, 1);   /* number */
    aml_put(t, 128, 2); /* least period that software should set, ticks */
    aml_put(t, 0, 1);
    return t;
}

static GByteArray *facs(void)
{
    GByteArray *t = g_byte_array_new();

    g_byte_array_set_size(t, 64);
    memset(t->data, 0, 64);
    memcpy(t->data, "FACS", 4);
    t->data[32] = 2; /* version */
    return t;
}

static void generic_address(GByteArray *t, unsigned at, unsigned bytes, uint64_t port)
{
    set(t, at, 1 /* I/O space */ | bytes * 8 << 8, 4);
    set(t, at + 3, bytes == 4 ? 3 : 2, 1); /* access size: dword, word */
    set(t, at + 4, port, 8);
}

static GByteArray *fadt(uint64_t facs_at, uint64_t dsdt_at)
{
    GByteArray *t = table("FACP", 5);

    g_byte_array_set_size(t, FADT_BYTES);
    memset(t->data + HEADER_BYTES, 0, FADT_BYTES - HEADER_BYTES);
    set(t, 36, facs_at, 4);
    set(t, 40, dsdt_at, 4);
    set(t, 46, SCI_IRQ, 2);
    set(t, 56, BOARD_PM_PORT + ACPI_PM_EVENT, 4);
    set(t, 64, BOARD_PM_PORT + ACPI_PM_CONTROL, 4);
    set(t, 76, BOARD_PM_PORT + ACPI_PM_TIMER, 4);
    set(t, 88, 4, 1);                         /* PM1_EVT_LEN */
    set(t, 89, 2, 1);                         /* PM1_CNT_LEN */
    set(t, 91, 4, 1);                         /* PM_TMR_LEN */
    set(t, 96, 0xffff, 2);                    /* no C2 */
    set(t, 98, 0xffff, 2);                    /* no C3 */
    set(t, 108, 0x32, 1);                     /* CENTURY */
    set(t, 109, 1 << 0 | 1 << 1 | 1 << 2, 2); /* legacy devices, 8042, no VGA */
    set(t, 112, 1 << 0 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 10,
        4);                     /* WBINVD, C1, no buttons, 32-bit PM timer, reset register */
    set(t, 116, 1 | 8 << 8, 2); /* RESET_REG: a byte in I/O space */
    set(t, 119, 1, 1);
    set(t, 120, 0xcf9, 8);
    set(t, 128, 6, 1); /* RESET_VALUE */
    set(t, 132, facs_at, 8);
    set(t, 140, dsdt_at, 8);
    generic_address(t, 148, 4, BOARD_PM_PORT + ACPI_PM_EVENT);
    generic_address(t, 172, 2, BOARD_PM_PORT + ACPI_PM_CONTROL);
    generic_address(t, 208, 4, BOARD_PM_PORT + ACPI_PM_TIMER);
    return t;
}

static void rsdp(struct machine *m, uint64_t xsdt)
{
    uint8_t r[RSDP_BYTES] = "RSD PTR ";

    memcpy(r + 9, "VMSCAL", 6);
    r[15] = 2; /* ACPI 2.0 and later: XSDT, no RSDT */
    r[20] = RSDP_BYTES;
    for (unsigned i = 0; i < 8; i++)
        r[24 + i] = (uint8_t)(xsdt >> 8 * i);
    r[8] = checksum(r, RSDP_V1_BYTES);
    r[32] = checksum(r, RSDP_BYTES);
    phys_copy_in(m->phys, (hpa_t){BOARD_RSDP}, r, sizeof(r));
}

void acpi_build(struct machine *m)
{
    struct writer w = {m, m->phys->low_end - BOARD_ACPI_BYTES};
    uint64_t facs_at = place(&w, facs(), false);
    uint64_t dsdt_at = place(&w, dsdt(m), true);
    uint64_t fadt_at = place(&w, fadt(facs_at, dsdt_at), true);
    uint64_t madt_at = place(&w, madt(m), true);
    uint64_t hpet_at = place(&w, hpet(), true);
    GByteArray *xsdt = table("XSDT", 1);

    aml_put(xsdt, fadt_at, 8);
    aml_put(xsdt, madt_at, 8);
    aml_put(xsdt, hpet_at, 8);
    rsdp(m, place(&w, xsdt, true));
}
