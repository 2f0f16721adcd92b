/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a 64-bit PV domain and its vCPUs are to the hypervisor: the parts of struct domain and struct vcpu that
 * hv/mm/pv, hv/pv and hv/domain own. Nobody else writes them.
 *
 * Locking: mm_lock is the domain's one big lock of 2006. It serialises every change of the domain's page tables, of
 * its frames' types and of its frame list. vCPU fields are written by the vCPU's own CPU only.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "hv/include/cpumask.h"
#include "hv/include/layout.h"
#include "hv/include/spinlock.h"

#define HV_PV_VECTORS    256
#define HV_PV_LINE_BYTES 256
#define HV_FPU_BYTES     512

struct hv_page;

/* A guest entry point (trap, event, syscall): rip 0 = not registered. */
struct hv_pv_entry {
    uint64_t rip;
    bool mask_events; /* the guest asked for upcall_mask := 1 on entry */
    uint8_t dpl;      /* traps: the lowest privilege (highest ring) that may raise it with INT n */
};

struct pv_vcpu {
    uint64_t kernel_cr3; /* machine address of the kernel's L4; holds a reference and a type count */
    uint64_t user_cr3;   /* the same for user mode; 0: none yet */
    uint64_t kernel_sp;  /* stack for entries from user mode */
    struct hv_pv_entry event_cb, failsafe_cb, syscall_cb;
    struct hv_pv_entry *traps; /* HV_PV_VECTORS of them */
    uint64_t guest_gdt_base;   /* window of this vCPU's own GDT; 0: none needed yet */
    unsigned n_gdt_frames;
    uint64_t gdt_mfn[HV_GDT_GUEST_PAGES];
    struct hv_page *info_page; /* the reference that a moved vcpu_info holds */
    bool is_initialised;       /* the builder or VCPUOP_initialise gave it registers */
    bool ts;                   /* the guest's CR0.TS */
    /* While the context is not loaded: */
    uint16_t ds, es, fs, gs;
    uint64_t fs_base, gs_base, gs_base_other; /* other: of the mode it is not in (KERNEL_GS_BASE) */
    uint8_t fpu[HV_FPU_BYTES] __attribute__((aligned(16)));
};

struct pv_domain {
    struct hv_spinlock mm_lock;
    uint32_t tot_pages, max_pages;
    uint32_t page_list;           /* first frame (hv_page.next), HV_MFN_NONE ends it */
    struct hv_cpumask dirty_cpus; /* CPUs whose TLB may hold translations of this domain */
    uint64_t vm_assist;
    bool is_being_freed;
    struct hv_spinlock line_lock; /* console: the line being gathered */
    unsigned line_used;
    char line[HV_PV_LINE_BYTES];
};
