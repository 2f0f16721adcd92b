/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of booting that only hv/boot/main.c calls, in the order in which it calls them. */
#pragma once
#include <stdint.h>
#include "hv/include/boot.h"
#include "hv/include/layout.h"

extern uint8_t hv_image_start[], hv_data_start[], hv_image_end[];
extern uint64_t hv_image_l3[512];

void hv_main(uint64_t start_info_phys) __attribute__((noreturn)); /* called by head.S */

void hv_paging_init(void);                        /* empty direct map and fixed maps */
void hv_boot_read_info(uint64_t start_info_phys); /* fills hv_boot, maps all RAM */
void hv_acpi_init(void);                          /* finds the CPUs and the local APIC */
void hv_paging_finish(void);                      /* no identity map, text read-only, data not executable, all global */

/* hv_boot_fix_map() - a 4 KiB map at a HV_FIX_ address. @flags are X86_PTE_ bits. */
void hv_boot_fix_map(uint64_t va, uint64_t phys, uint64_t flags);
