/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things are in the virtual address space of the hypervisor, and the selectors of its GDT. Shared by C, assembly
 * and the linker script; holds numbers only.
 *
 * The hole that belongs to the hypervisor is the one Xen's 64-bit PV ABI promises: PML4 slots 256..271. Guests own
 * 0..255 and 272..511. Slot 256: machine-to-phys table; 260: hv/mm's tables; 261: image and fixed maps; 262..: all RAM.
 */
#pragma once

#ifdef __ASSEMBLER__
#define HV_UL(x) x
#else
#include <stdint.h>
#define HV_UL(x) x##UL
#endif

#define HV_MAX_CPUS 64

#define HV_VIRT_START     HV_UL(0xffff800000000000)
#define HV_VIRT_END       HV_UL(0xffff880000000000) /* first byte after the hole */
#define HV_L4_FIRST_SLOT  256
#define HV_L4_LAST_SLOT   271
#define HV_M2P_BASE       HV_UL(0xffff800000000000)
#define HV_MM_BASE        HV_UL(0xffff820000000000) /* slot 260: frame table and the like */
#define HV_IMAGE_BASE     HV_UL(0xffff82d080000000) /* + physical address = address of the image */
#define HV_IMAGE_PHYS     0x200000                  /* where the image is loaded */
#define HV_FIX_BASE       HV_UL(0xffff82d0c0000000) /* 4 KiB maps: fixed pages, then the idle GDT windows */
#define HV_FIX_LAPIC      HV_FIX_BASE
#define HV_FIX_GDT(cpu)   (HV_FIX_BASE + HV_UL(0x200000) + HV_UL(0x10000) * (cpu))
#define HV_DIRECTMAP_BASE HV_UL(0xffff830000000000)
#define HV_DIRECTMAP_END  HV_UL(0xffff880000000000)

/*
 * The GDT as Xen's ABI fixes it: 14 pages of the guest's descriptors, then one page of the hypervisor's. CS and SS of
 * ring 3 are part of the ABI; SYSCALL and SYSRET (STAR) fix their order.
 */
#define HV_GDT_GUEST_PAGES  14
#define HV_GDT_RESERVED_OFF (HV_GDT_GUEST_PAGES << 12)
#define HV_GDT_LIMIT        (HV_GDT_RESERVED_OFF + 0xfff)
#define HV_SEL_CS           0xe008
#define HV_SEL_SS           0xe010
#define HV_SEL_CS32_RING3   0xe023
#define HV_SEL_SS_RING3     0xe02b
#define HV_SEL_CS64_RING3   0xe033
#define HV_SEL_TSS          0xe040
#define HV_SEL_LDT          0xe050 /* 16 bytes for whoever loads an LDT */

/* Per-CPU stack: 32 KiB, aligned; page 0 #DF, 1 NMI, 2 #MC, 3 #DB; the rest is the stack proper. */
#define HV_STACK_ORDER 3
#define HV_STACK_BYTES 0x8000

#ifndef __ASSEMBLER__
static inline void *hv_phys_to_virt(uint64_t pa)
{
    return (void *)(HV_DIRECTMAP_BASE + pa);
}
/* hv_virt_to_phys() - of a direct-map address; for the image's own objects use hv_image_to_phys(). */
static inline uint64_t hv_virt_to_phys(const void *va)
{
    return (uint64_t)(uintptr_t)va - HV_DIRECTMAP_BASE;
}
static inline uint64_t hv_image_to_phys(const void *va)
{
    return (uint64_t)(uintptr_t)va - HV_IMAGE_BASE;
}
#endif
