/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the boot loader told us, copied out of its memory before anything else, and the hypervisor's own page tables.
 * Machine addresses are plain uint64_t named _phys.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define HV_BOOT_MAX_RANGES 64
struct hv_boot_range {
    uint64_t start_phys, end_phys; /* end is the first byte after; any alignment */
};
struct hv_boot_info {
    unsigned n_ram;
    struct hv_boot_range ram[HV_BOOT_MAX_RANGES]; /* usable memory, ascending, as the firmware reported it */
    uint64_t image_phys;                          /* first byte of the image */
    uint64_t image_end_phys;                      /* first free byte after image and early tables, page aligned */
    uint64_t module_phys, module_bytes;           /* the cpio archive; 0 bytes: none */
    uint64_t rsdp_phys;
    char cmdline[1024];
};
extern struct hv_boot_info hv_boot;

extern uint64_t hv_idle_l4[512]; /* the hypervisor's own top-level table; slots 256..271 are copied into guests' */
extern uint64_t hv_idle_l4_phys;

/* hv_boot_alloc() - zeroed pages from behind the image; only before hv_mm_init(). Returns an image or direct-map
 * address. */
void *hv_boot_alloc(unsigned n_pages);
/* hv_boot_map() - makes sure [phys, phys + bytes) is in the direct map, 2 MiB pages. Only before hv_mm_init(). */
void hv_boot_map(uint64_t phys, uint64_t bytes);
