/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the 64-bit PV personality share: the public Xen headers, the hypercalls, and the machine as start
 * of day described it.
 *
 * Words: a frame (pfn) is counted as the guest sees memory, a machine frame (mfn) as the machine does; p2m leads from
 * the one to the other, the read-only table at MACH2PHYS_VIRT_START back.
 */
#pragma once

#include "kernel/layout.h"
#include "kernel/platform.h"

#include <xen/xen.h>
#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

extern struct start_info *pv64_start;
extern struct shared_info pv64_shared_info; /* a page of the image, remapped to the machine's at boot */
extern uint64_t *pv64_boot_root;            /* the root Xen built: kernel half only, for when no process is loaded */

static inline struct vcpu_info *pv64_vcpu(void)
{
    return &pv64_shared_info.vcpu_info[0];
}

static inline unsigned long pv64_mfn(unsigned long frame)
{
    return ((const unsigned long *)pv64_start->mfn_list)[frame];
}

static inline unsigned long pv64_pfn(unsigned long mfn)
{
    return machine_to_phys_mapping[mfn];
}

static inline uint64_t pv64_machine_address(const void *p)
{
    uintptr_t offset = (uintptr_t)p - KERNEL_BASE;

    return (uint64_t)pv64_mfn(offset >> PAGE_SHIFT) << PAGE_SHIFT | (offset & PAGE_MASK);
}

/* Kernel entry: accessed and dirty set beforehand, so that no walk has to write the table. */
#define PV64_PTE_KERNEL    0x63ul /* P W A D */
#define PV64_PTE_KERNEL_RO 0x61ul

/* ---- entry.S ---- */
extern const char pv64_trap_entry_0[], pv64_trap_entry_1[], pv64_trap_entry_3[], pv64_trap_entry_4[],
    pv64_trap_entry_5[], pv64_trap_entry_6[], pv64_trap_entry_7[], pv64_trap_entry_10[], pv64_trap_entry_11[],
    pv64_trap_entry_12[], pv64_trap_entry_13[], pv64_trap_entry_14[], pv64_trap_entry_16[], pv64_trap_entry_17[],
    pv64_trap_entry_19[], pv64_event_entry[], pv64_failsafe_entry[], pv64_syscall_entry[], pv64_first_return[];
void pv64_switch_stack(uint64_t *save_sp, uint64_t load_sp);
_Noreturn void pv64_iret_from_bad_stack(void);
_Noreturn void pv64_iret_to_nowhere(void);

/* ---- C, called from entry.S ---- */
_Noreturn void pv64_main(struct start_info *start);
void pv64_exception(struct trap_frame *f);
void pv64_event(struct trap_frame *f);

/* ---- Parts ---- */
void pv64_trap_init(void);
void pv64_time_init(void);
unsigned long pv64_memory_init(unsigned long *end_frame); /* first free frame and the end of mapped memory */
/* Runs the words of the command line that are the kernel's own (ktest.c); the rest of the line. */
const char *pv64_kernel_words(const char *cmdline);
