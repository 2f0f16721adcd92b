/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 64-bit PV guests: entering and leaving their two modes. Guest kernel and guest user both run in ring 3, each on page
 * tables of its own; v->user_mode says which. Every entry of the guest kernel (system call, fault, event) is a frame
 * written to its stack, "bounced"; it comes back by the iret hypercall, or, kernel to kernel, by a plain IRETQ.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "hv/include/domain.h"
#include "hv/include/layout.h"
#include "hv/include/x86_insn.h"

/* hv_pv_toggle() - the current vCPU changes mode: page tables and GS base. Its user_cr3 must be there. */
void hv_pv_toggle(struct vcpu *v);

/*
 * hv_pv_bounce() - makes the current vCPU enter its kernel at @entry with the frame of the ABI; @error: error code to
 * push, or NULL. An entry that is not registered or a stack that cannot be written ends the domain.
 */
void hv_pv_bounce(struct vcpu *v, struct cpu_regs *regs, const struct hv_pv_entry *entry, const uint64_t *error);

/* hv_pv_emulate() - a #GP in guest-kernel mode: does the privileged instruction. False: it is none that we do. */
bool hv_pv_emulate(struct vcpu *v, struct cpu_regs *regs);
/* hv_pv_emulate_forced() - #UD: UD2 "xen" CPUID. */
bool hv_pv_emulate_forced(struct cpu_regs *regs);

/* hv_pv_cpuid() - what a guest that asks by the forced form sees: the machine, less what it cannot have, plus Xen's
 * leaves. */
struct hv_cpuid hv_pv_cpuid(uint32_t leaf, uint32_t subleaf);
/* hv_pv_set_ts() - the current guest's CR0.TS. */
void hv_pv_set_ts(struct vcpu *v, bool ts);

/* hv_pv_new_kernel_root() - the current vCPU's kernel page tables become @mfn. Caller holds mm_lock. */
int hv_pv_new_kernel_root(struct vcpu *v, uint64_t mfn);
int hv_pv_new_user_root(struct vcpu *v, uint64_t mfn);

/* hv_pv_load_gdt() - GDTR for @v on this CPU. hv_pv_set_gdt_frames() - caller holds mm_lock. */
void hv_pv_load_gdt(const struct vcpu *v);
int hv_pv_set_gdt_frames(struct vcpu *v, const uint64_t *mfn, unsigned n_entries);
void hv_pv_drop_gdt(struct vcpu *v);

/* hv_pv_load_user_gs() - the selector GS will have in the current vCPU's user mode, and its base with it. */
long hv_pv_load_user_gs(unsigned selector);

/* hv_pv_fill_hypercall_page() - 128 stubs of 32 bytes (facts: xen.h, "hypercall page"). */
void hv_pv_fill_hypercall_page(uint8_t *page);

/* hv_pv_drop_roots() - of a vCPU that will not run again. Caller holds mm_lock. */
void hv_pv_drop_roots(struct vcpu *v);
/* hv_pv_forget() - no CPU keeps a pointer to @v. */
void hv_pv_forget(struct vcpu *v);
/* hv_pv_console_flush() - prints what is left of an unfinished line. */
void hv_pv_console_flush(struct domain *d);

static inline bool hv_pv_canonical(uint64_t va)
{
    return (uint64_t)((int64_t)(va << 16) >> 16) == va;
}
/* A guest's code may be anywhere but in the hole. */
static inline bool hv_pv_code_address_ok(uint64_t va)
{
    return hv_pv_canonical(va) && (va < HV_VIRT_START || va >= HV_VIRT_END);
}
