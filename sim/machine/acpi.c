/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI tables: RSDP where a BIOS has it, the others at the top of low RAM in a range that the memory map calls ACPI.
 * XSDT -> FADT (-> FACS, DSDT), MADT. The DSDT holds only \_S5, so that soft-off is possible; devices are not
 * described. Source: ACPI specification 6.4, "ACPI Software Programming Model" (table layouts, revision in the header).
 */
#include <string.h>
#include "sim/machine/machine_internal.h"

enum { HEADER_BYTES = 36, CHECKSUM_AT = 9, LENGTH_AT = 4, RSDP_V1_BYTES = 20, RSDP_BYTES = 36, FADT_BYTES = 268 };
enum { MADT_LAPIC, MADT_IOAPIC, MADT_OVERRIDE, MADT_LAPIC_NMI = 4, MADT_X2APIC = 9 };
enum { LARGEST_XAPIC_ID = 254, ENABLED = 1, PCAT_COMPAT = 1 };
enum { TRIGGER_LEVEL_HIGH = 0x000d };
enum { SCI_IRQ = 9 };

static void put(GByteArray *t, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        uint8_t b = (uint8_t)(v >> 8 * i);

        g_byte_array_append(t, &b, 1);
    }
}

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
    put(t, 0, 4); /* length */
    put(t, revision, 1);
    put(t, 0, 1); /* checksum */
    g_byte_array_append(t, (const uint8_t *)"VMSCAL", 6);
    g_byte_array_append(t, (const uint8_t *)"VMSBOARD", 8);
    put(t, 1, 4);
    g_byte_array_append(t, (const uint8_t *)"VMSC", 4);
    put(t, 1, 4);
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
        put(t, MADT_LAPIC, 1);
        put(t, 8, 1);
        put(t, core, 1); /* ACPI processor UID */
        put(t, core, 1); /* APIC id = core number */
        put(t, ENABLED, 4);
    } else {
        put(t, MADT_X2APIC, 1);
        put(t, 16, 1);
        put(t, 0, 2);
        put(t, core, 4);
        put(t, ENABLED, 4);
        put(t, core, 4);
    }
}

static void madt_override(GByteArray *t, unsigned irq, unsigned gsi, unsigned flags)
{
    put(t, MADT_OVERRIDE, 1);
    put(t, 10, 1);
    put(t, 0, 1); /* ISA */
    put(t, irq, 1);
    put(t, gsi, 4);
    put(t, flags, 2);
}

static GByteArray *madt(const struct machine *m)
{
    GByteArray *t = table("APIC", 5);

    put(t, BOARD_LAPIC, 4);
    put(t, PCAT_COMPAT, 4);
    for (unsigned i = 0; i < m->cfg.n_cores; i++)
        madt_core(t, i);
    put(t, MADT_IOAPIC, 1);
    put(t, 12, 1);
    put(t, 0, 2); /* id, reserved */
    put(t, BOARD_IOAPIC, 4);
    put(t, 0, 4); /* first GSI */
    madt_override(t, 0, 2, 0);
    madt_override(t, SCI_IRQ, SCI_IRQ, TRIGGER_LEVEL_HIGH);
    put(t, MADT_LAPIC_NMI, 1);
    put(t, 6, 1);
    put(t, 0xff, 1); /* all processors */
    put(t, 0, 2);
    put(t, 1, 1); /* LINT1 */
    return t;
}

static GByteArray *dsdt(void)
{
    /* Name (\_S5, Package (4) {0, 0, 0, 0}) */
    static const uint8_t aml[] = {0x08, '\\', '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0, 0, 0, 0};
    GByteArray *t = table("DSDT", 2);

    g_byte_array_append(t, aml, sizeof(aml));
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
    set(t, 88, 4, 1);                                           /* PM1_EVT_LEN */
    set(t, 89, 2, 1);                                           /* PM1_CNT_LEN */
    set(t, 91, 4, 1);                                           /* PM_TMR_LEN */
    set(t, 96, 0xffff, 2);                                      /* no C2 */
    set(t, 98, 0xffff, 2);                                      /* no C3 */
    set(t, 108, 0x32, 1);                                       /* CENTURY */
    set(t, 109, 1 << 0 | 1 << 2, 2);                            /* legacy devices, no VGA */
    set(t, 112, 1 << 0 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 8, 4); /* WBINVD, C1, no buttons, 32-bit PM timer */
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
    uint64_t dsdt_at = place(&w, dsdt(), true);
    uint64_t fadt_at = place(&w, fadt(facs_at, dsdt_at), true);
    uint64_t madt_at = place(&w, madt(m), true);
    GByteArray *xsdt = table("XSDT", 1);

    put(xsdt, fadt_at, 8);
    put(xsdt, madt_at, 8);
    rsdp(m, place(&w, xsdt, true));
}
