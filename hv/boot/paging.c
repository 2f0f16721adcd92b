/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's own page tables: image, direct map of RAM, fixed maps. Made once at boot; hv/mm adds its own slots.
 * All leaves are global: the hypervisor is the same in every address space, and its entries survive the guests' CR3
 * loads (manual: "Caching Translation Information").
 */
#include "hv/boot/boot.h"
#include "hv/include/printk.h"
#include "hv/include/sections.h"
#include "hv/include/string.h"
#include "hv/include/x86.h"
#include "hv/include/x86_insn.h"

#define TABLE_FLAGS     (X86_PTE_PRESENT | X86_PTE_WRITE | X86_PTE_ACCESSED)
#define LEAF_DATA       (TABLE_FLAGS | X86_PTE_DIRTY | X86_PTE_GLOBAL | X86_PTE_NX)
#define LEAF_TEXT       (X86_PTE_PRESENT | X86_PTE_ACCESSED | X86_PTE_GLOBAL)
#define PHYS_LIMIT      (HV_DIRECTMAP_END - HV_DIRECTMAP_BASE)
#define BOOT_POOL_PAGES 64

HV_READ_MOSTLY uint64_t hv_idle_l4_phys = 0;
static uint8_t boot_pool[BOOT_POOL_PAGES][X86_PAGE_BYTES] __attribute__((aligned(4096)));
static unsigned boot_pool_used;

void *hv_boot_alloc(unsigned n_pages)
{
    void *p;

    if (boot_pool_used + n_pages > BOOT_POOL_PAGES)
        hv_panic("no room for early page tables: more than %d GiB of memory?", BOOT_POOL_PAGES - 8);
    p = boot_pool[boot_pool_used];
    boot_pool_used += n_pages;
    return p; /* in .bss, so zero */
}

static unsigned slot(uint64_t va, unsigned level)
{
    return (unsigned)(va >> (3 + 9 * level)) & 511;
}

/* Early tables are all in the image. */
static uint64_t *table_below(uint64_t *entry)
{
    if (!(*entry & X86_PTE_PRESENT))
        *entry = hv_image_to_phys(hv_boot_alloc(1)) | TABLE_FLAGS;
    return (uint64_t *)(HV_IMAGE_BASE + (*entry & X86_PTE_ADDR_MASK));
}

static void map_large(uint64_t va, uint64_t phys, uint64_t flags)
{
    uint64_t *l3 = table_below(&hv_idle_l4[slot(va, 4)]);
    uint64_t *l2 = table_below(&l3[slot(va, 3)]);

    l2[slot(va, 2)] = phys | flags | X86_PTE_LARGE;
}

void hv_boot_fix_map(uint64_t va, uint64_t phys, uint64_t flags)
{
    uint64_t *l3 = table_below(&hv_idle_l4[slot(va, 4)]);
    uint64_t *l2 = table_below(&l3[slot(va, 3)]);
    uint64_t *l1 = table_below(&l2[slot(va, 2)]);

    l1[slot(va, 1)] = phys | flags;
    hv_invlpg((const void *)va);
}

void hv_boot_map(uint64_t phys, uint64_t bytes)
{
    uint64_t end = phys + bytes;

    if (end < phys || end > PHYS_LIMIT)
        hv_panic("memory at %#lx, %#lx bytes is beyond the direct map", phys, bytes);
    for (phys &= ~(uint64_t)(X86_LARGE_BYTES - 1); phys < end; phys += X86_LARGE_BYTES)
        map_large(HV_DIRECTMAP_BASE + phys, phys, LEAF_DATA);
}

void hv_paging_init(void)
{
    hv_idle_l4_phys = hv_image_to_phys(hv_idle_l4);
    hv_boot.image_phys = hv_image_to_phys(hv_image_start);
    hv_boot.image_end_phys = hv_image_to_phys(hv_image_end);
}

/* The first GiB's table of head.S is shared with the identity map, so the image gets one of its own: filled, then used.
 */
void hv_paging_finish(void)
{
    uint64_t text = (uint64_t)hv_image_start, data = (uint64_t)hv_data_start, end = (uint64_t)hv_image_end;
    uint64_t *l2 = hv_boot_alloc(1);

    for (uint64_t va = text; va < end; va += X86_LARGE_BYTES)
        l2[slot(va, 2)] = (va - HV_IMAGE_BASE) | (va < data ? LEAF_TEXT : LEAF_DATA) | X86_PTE_LARGE;
    hv_image_l3[slot(text, 3)] = hv_image_to_phys(l2) | TABLE_FLAGS;
    hv_idle_l4[0] = 0;
    /* Nothing of the image was global until now, so CR3 is enough here. The other CPUs lose their old entries, which
     * allow more than the new ones but lead to the same places, when they load their first guest. */
    hv_write_cr3(hv_idle_l4_phys);
}
