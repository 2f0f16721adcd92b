/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Just enough of ACPI to find the CPUs: RSDP, then XSDT or RSDT, then the MADT. CPUs are numbered in the order of the
 * MADT; the specification puts the boot CPU first ("MADT Processor Local APIC Structure Order"). Checksums are
 * verified: a machine that gets them wrong is better refused than half believed.
 */
#include "hv/boot/boot.h"
#include "hv/include/lapic.h"
#include "hv/include/printk.h"
#include "hv/include/smp.h"
#include "hv/include/string.h"

#define LAPIC_DEFAULT_PHYS 0xfee00000u
#define TABLE_MAX_BYTES    0x100000u

struct rsdp {
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
    uint8_t extended_checksum;
    uint8_t reserved[3];
} __attribute__((packed));
struct table {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem[28 - 2];
} __attribute__((packed));
_Static_assert(sizeof(struct table) == 36, "System Description Table Header");
struct madt {
    struct table head;
    uint32_t lapic, flags;
    uint8_t rows[];
} __attribute__((packed));
enum madt_row { MADT_LAPIC = 0, MADT_LAPIC_ADDRESS = 5 };
#define MADT_LAPIC_ENABLED 1

static bool sum_is_zero(const void *data, uint32_t bytes)
{
    const uint8_t *p = data;
    unsigned sum = 0;

    while (bytes-- > 0)
        sum += *p++;
    return (sum & 0xff) == 0;
}

/* Tables lie in memory that the map calls reserved: mapped when met. */
static const struct table *map_table(uint64_t phys)
{
    const struct table *t;

    if (phys == 0)
        return NULL;
    hv_boot_map(phys, sizeof(*t));
    t = hv_phys_to_virt(phys);
    if (t->length < sizeof(*t) || t->length > TABLE_MAX_BYTES)
        return NULL;
    hv_boot_map(phys, t->length);
    return sum_is_zero(t, t->length) ? t : NULL;
}

static const struct rsdp *scan_rsdp(uint64_t from, uint64_t to)
{
    hv_boot_map(from, to - from);
    for (uint64_t phys = from; phys < to; phys += 16) {
        const struct rsdp *r = hv_phys_to_virt(phys);
        if (memcmp(r->signature, "RSD PTR ", 8) == 0 && sum_is_zero(r, 20))
            return r;
    }
    return NULL;
}

static const struct rsdp *find_rsdp(void)
{
    const struct rsdp *r;

    if (hv_boot.rsdp_phys == 0)
        return scan_rsdp(0xe0000, 0x100000);
    hv_boot_map(hv_boot.rsdp_phys, sizeof(*r));
    r = hv_phys_to_virt(hv_boot.rsdp_phys);
    return memcmp(r->signature, "RSD PTR ", 8) == 0 && sum_is_zero(r, 20) ? r : NULL;
}

static const struct table *find_table(const struct rsdp *r, const char *signature)
{
    bool extended = r->revision >= 2 && r->xsdt != 0;
    const struct table *root = map_table(extended ? r->xsdt : r->rsdt);
    size_t width = extended ? 8 : 4;

    if (root == NULL)
        return NULL;
    for (size_t at = sizeof(*root); at + width <= root->length; at += width) {
        const struct table *t;
        uint64_t phys = 0;

        memcpy(&phys, (const uint8_t *)root + at, width);
        t = map_table(phys);
        if (t != NULL && memcmp(t->signature, signature, 4) == 0)
            return t;
    }
    return NULL;
}

/* A row: type, length, then for a local APIC: ACPI id, APIC id, flags; for an address override: 2 reserved, address. */
static void read_row(const uint8_t *row, uint64_t *lapic_phys)
{
    uint32_t flags;

    if (row[0] == MADT_LAPIC && row[1] >= 8) {
        memcpy(&flags, row + 4, sizeof(flags));
        if (flags & MADT_LAPIC_ENABLED)
            hv_smp_add_cpu(row[3]);
    } else if (row[0] == MADT_LAPIC_ADDRESS && row[1] >= 12) {
        memcpy(lapic_phys, row + 4, sizeof(*lapic_phys));
    }
}

void hv_acpi_init(void)
{
    const struct rsdp *r = find_rsdp();
    const struct madt *madt = r != NULL ? (const struct madt *)find_table(r, "APIC") : NULL;
    uint64_t lapic_phys = LAPIC_DEFAULT_PHYS;

    if (madt == NULL) {
        hv_printk("no ACPI MADT: one CPU\n");
        hv_lapic_map(lapic_phys);
        return;
    }
    lapic_phys = madt->lapic;
    for (const uint8_t *row = madt->rows, *end = (const uint8_t *)madt + madt->head.length;
         row + 2 <= end && row[1] >= 2 && row + row[1] <= end; row += row[1])
        read_row(row, &lapic_phys);
    hv_lapic_map(lapic_phys);
}
