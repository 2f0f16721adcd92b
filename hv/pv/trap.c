/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the guest: exceptions, SYSCALL, and the upcall for events. Each either is done here (hypercall, emulation) or is
 * bounced: the guest kernel gets the frame it would have got from the processor, with RCX and R11 below it, because it
 * is entered with SYSRET, which overwrites both (Xen's ABI, arch-x86/xen-x86_64.h).
 */
#include "hv/domain/domain.h"
#include "hv/include/count.h"
#include "hv/include/printk.h"
#include "hv/include/x86.h"
#include "hv/include/x86_insn.h"
#include "hv/mm/uaccess.h"
#include "hv/pv/hypercall.h"
#include "hv/pv/pv.h"

#define FRAME_WORDS 8 /* with error code */
/* Flags that do not follow the guest into its handler. */
#define ENTRY_CLEARS                                                                                                   \
    ((uint64_t)(X86_RFLAGS_TF | X86_RFLAGS_RF | X86_RFLAGS_NT | X86_RFLAGS_VM | X86_RFLAGS_AC | X86_RFLAGS_IOPL))

/* What the guest is shown as RFLAGS: its IF is the event mask; the real one is always set. */
static uint64_t guest_rflags(const struct vcpu *v, uint64_t rflags)
{
    rflags &= ~(uint64_t)(X86_RFLAGS_IF | X86_RFLAGS_IOPL);
    return v->info->evtchn_upcall_mask ? rflags : rflags | X86_RFLAGS_IF;
}

static unsigned make_frame(const struct vcpu *v, const struct cpu_regs *regs, bool from_user, const uint64_t *error,
                           uint64_t frame[FRAME_WORDS])
{
    unsigned n = 0;

    frame[n++] = regs->rcx;
    frame[n++] = regs->r11;
    if (error)
        frame[n++] = *error;
    frame[n++] = regs->rip;
    frame[n++] = (from_user ? regs->cs : regs->cs & ~3ul) | (uint64_t)v->info->evtchn_upcall_mask << 32;
    frame[n++] = guest_rflags(v, regs->rflags);
    frame[n++] = regs->rsp;
    frame[n++] = regs->ss;
    return n;
}

void hv_pv_bounce(struct vcpu *v, struct cpu_regs *regs, const struct hv_pv_entry *entry, const uint64_t *error)
{
    bool from_user = v->user_mode;
    uint64_t frame[FRAME_WORDS];

    if (!entry->rip) {
        hv_domain_crash(v->domain, "no handler for vector %#x at rip %#lx (error %#lx)",
                        regs->entry_vector & ~HV_FRAME_SYSRET, regs->rip, error ? *error : 0);
        return;
    }
    unsigned n = make_frame(v, regs, from_user, error, frame);
    if (from_user)
        hv_pv_toggle(v);
    uint64_t sp = ((from_user ? v->pv.kernel_sp : regs->rsp) & ~15ul) - n * sizeof(uint64_t);
    bool bad = !hv_guest_range_ok(sp, n * sizeof(uint64_t));
    for (unsigned i = n; i-- > 0 && !bad;) /* downwards, as a push would */
        bad = hv_put_guest_u64(sp + i * sizeof(uint64_t), frame[i]) != 0;
    if (bad) {
        hv_domain_crash(v->domain, "bad kernel stack %#lx on vector %#x at rip %#lx", sp,
                        regs->entry_vector & ~HV_FRAME_SYSRET, regs->rip);
        return;
    }
    if (entry->mask_events)
        v->info->evtchn_upcall_mask = 1;
    regs->rip = entry->rip;
    regs->rsp = sp;
    regs->cs = HV_SEL_CS64_RING3;
    regs->ss = HV_SEL_SS_RING3;
    regs->rflags = (regs->rflags & ~ENTRY_CLEARS) | X86_RFLAGS_IF;
    regs->entry_vector |= HV_FRAME_SYSRET;
}

static void bounce_page_fault(struct vcpu *v, struct cpu_regs *regs, uint64_t cr2)
{
    uint64_t error = regs->error_code;

    /* Both guest modes are ring 3 for the processor; the guest wants to know which of its own it was. */
    if (!v->user_mode)
        error &= ~(uint64_t)X86_PF_USER;
    v->info->arch.cr2 = cr2;
    HV_COUNT(faults_bounced);
    hv_pv_bounce(v, regs, &v->pv.traps[X86_VEC_PF], &error);
}

/* INT n: the processor refuses it at our gate with the gate's number in the error code; the guest's table decides. */
static bool bounce_int_n(struct vcpu *v, struct cpu_regs *regs)
{
    const unsigned int_n_bytes = 2;
    unsigned ring = v->user_mode ? 3 : 0;
    const struct hv_pv_entry *entry = &v->pv.traps[(regs->error_code >> 3) & 0xff];

    if ((regs->error_code & 7) != 2 || !entry->rip || entry->dpl < ring)
        return false;
    regs->rip += int_n_bytes;
    HV_COUNT(traps_bounced);
    hv_pv_bounce(v, regs, entry, NULL);
    return true;
}

void hv_pv_guest_trap(struct cpu_regs *regs)
{
    struct vcpu *v = hv_current();
    unsigned vector = regs->entry_vector;
    uint64_t error = regs->error_code;

    if (vector == X86_VEC_PF) {
        bounce_page_fault(v, regs, hv_read_cr2());
        return;
    }
    if (vector >= X86_EXCEPTIONS) {
        hv_domain_crash(v->domain, "unexpected vector %#x", vector);
        return;
    }
    if (vector == X86_VEC_GP && bounce_int_n(v, regs))
        return;
    if (vector == X86_VEC_GP && !v->user_mode && regs->error_code == 0 && hv_pv_emulate(v, regs))
        return;
    if (vector == X86_VEC_UD && hv_pv_emulate_forced(regs))
        return;
    HV_COUNT(traps_bounced);
    hv_pv_bounce(v, regs, &v->pv.traps[vector], ((uint32_t)X86_VECTORS_WITH_ERROR >> vector) & 1 ? &error : NULL);
}

void hv_pv_syscall(struct cpu_regs *regs)
{
    struct vcpu *v = hv_current();

    if (v->user_mode) {
        HV_COUNT(syscalls_bounced);
        hv_pv_bounce(v, regs, &v->pv.syscall_cb, NULL);
        return;
    }
    const uint64_t arg[5] = {regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8};
    regs->entry_vector |= HV_FRAME_SYSRET;
    regs->rax = (uint64_t)hv_pv_call(regs->rax, arg);
}

void hv_pv_deliver_events(struct cpu_regs *regs)
{
    struct vcpu *v = hv_current();

    HV_COUNT(events_bounced);
    hv_pv_bounce(v, regs, &v->pv.event_cb, NULL);
}

void hv_pv_bad_iret(void)
{
    const struct cpu_regs *regs = hv_guest_regs();

    hv_domain_crash(hv_current()->domain, "cannot return to cs:rip %#lx:%#lx ss:rsp %#lx:%#lx", regs->cs, regs->rip,
                    regs->ss, regs->rsp);
}

/* The frame at the guest's stack when it makes the iret hypercall, low to high (arch-x86/xen-x86_64.h: iret_context).
 */
enum { IRET_RAX, IRET_R11, IRET_RCX, IRET_FLAGS, IRET_RIP, IRET_CS, IRET_RFLAGS, IRET_RSP, IRET_SS, IRET_WORDS };

static bool read_iret_frame(uint64_t sp, uint64_t f[IRET_WORDS])
{
    bool ok = hv_guest_range_ok(sp, IRET_WORDS * sizeof(uint64_t));

    for (unsigned i = 0; i < IRET_WORDS && ok; i++)
        ok = hv_get_guest_u64(&f[i], sp + i * sizeof(uint64_t)) == 0;
    return ok;
}

/* Returns what the guest wants in RAX: it takes the place of a result. */
long hv_pv_iret(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
    struct vcpu *v = hv_current();
    struct cpu_regs *regs = hv_guest_regs();
    uint64_t f[IRET_WORDS];

    (void)a0, (void)a1, (void)a2, (void)a3, (void)a4;
    HV_COUNT(iret_hypercalls);
    if (!read_iret_frame(regs->rsp, f)) {
        hv_domain_crash(v->domain, "iret: no frame at %#lx", regs->rsp);
        return 0;
    }
    if ((f[IRET_CS] & 3) == 3) {
        if (!v->pv.user_cr3) {
            hv_domain_crash(v->domain, "iret to user mode without user page tables");
            return 0;
        }
        hv_pv_toggle(v);
    }
    regs->rip = f[IRET_RIP];
    regs->cs = (f[IRET_CS] & 0xffff) | 3;
    regs->rflags = (f[IRET_RFLAGS] & ~(uint64_t)(X86_RFLAGS_IOPL | X86_RFLAGS_VM)) | X86_RFLAGS_IF | X86_RFLAGS_ONE;
    regs->rsp = f[IRET_RSP];
    regs->ss = (f[IRET_SS] & 0xffff) | 3;
    if (f[IRET_FLAGS] & VGCF_in_syscall) {
        regs->entry_vector |= HV_FRAME_SYSRET;
    } else {
        regs->rcx = f[IRET_RCX];
        regs->r11 = f[IRET_R11];
        regs->entry_vector &= ~HV_FRAME_SYSRET;
    }
    v->info->evtchn_upcall_mask = !(f[IRET_RFLAGS] & X86_RFLAGS_IF);
    return (long)f[IRET_RAX];
}
