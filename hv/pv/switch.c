/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which guest context is loaded on a CPU: kernel or user page tables of a vCPU, segment bases, descriptor tables, FPU.
 *
 * The toggle between guest kernel and guest user is the hot path of 64-bit PV: two for each system call.
 *   tlb-global=off  every toggle is a full page-table switch: clock tick, CR3, stamp (before September 2006).
 *   tlb-global=on   a bare load of CR3. It drops what is not global, which is exactly the guest kernel's translations:
 *                   the user must not reach them, and the kernel finds the user's still there. No tick and no stamp:
 *                   a toggle may be counted as a flush by nobody, since user translations survive it.
 */
#include "hv/include/count.h"
#include "hv/include/smp.h"
#include "hv/include/trap.h"
#include "hv/include/x86.h"
#include "hv/include/x86_insn.h"
#include "hv/include/extable.h"
#include "hv/include/boot.h"
#include "hv/mm/flush.h"
#include "hv/pv/pv.h"

/* The domain whose page tables this CPU has loaded, and the vCPU whose FPU state is in its registers. */
static HV_PERCPU(struct domain *, pv_loaded_domain);
static HV_PERCPU(struct vcpu *, pv_fpu_owner);
static HV_PERCPU(bool, pv_fpu_touched);

/* Without FXSAVE there is no FPU to share (docs/MODEL.md, "Not modelled"): guests have been told so by CPUID. */
static HV_STATIC_KEY(key_fxsave);

void hv_pv_init_cpu(void)
{
    hv_static_key_set(&key_fxsave, hv_cpuid(1, 0).edx & X86_CPUID_FXSR); /* the boot CPU, alone; then it is set */
}

static uint64_t current_cr3(const struct vcpu *v)
{
    return v->user_mode ? v->pv.user_cr3 : v->pv.kernel_cr3;
}

void hv_pv_toggle(struct vcpu *v)
{
    v->user_mode = !v->user_mode;
    __asm__ volatile("swapgs");
    if (hv_static_branch(&hv_key_tlb_global)) {
        hv_write_cr3(current_cr3(v));
        HV_COUNT(cr3_writes);
    } else {
        hv_flush_load_cr3(current_cr3(v));
    }
    HV_COUNT(toggles);
    hv_mark_context(v);
}

#define READ_SELECTOR(reg, to) __asm__ volatile("mov %%" #reg ", %0" : "=r"(to))
/* A selector whose descriptor has gone meanwhile becomes null: the guest's failsafe callback is not modelled. */
#define LOAD_SELECTOR(reg, sel)                                                                                        \
    __asm__ volatile("1: movl %k0, %%" #reg "\n"                                                                       \
                     "2:\n"                                                                                            \
                     ".subsection 1\n"                                                                                 \
                     "3: xorl %k0, %k0\n"                                                                              \
                     "jmp 1b\n"                                                                                        \
                     ".previous\n" HV_EXTABLE("1b", "3b")                                                              \
                     : "+r"(sel))

void hv_pv_ctx_save(struct vcpu *from)
{
    struct pv_vcpu *p = &from->pv;

    READ_SELECTOR(ds, p->ds);
    READ_SELECTOR(es, p->es);
    READ_SELECTOR(fs, p->fs);
    READ_SELECTOR(gs, p->gs);
    p->fs_base = hv_rdmsr(X86_MSR_FS_BASE);
    p->gs_base = hv_rdmsr(X86_MSR_GS_BASE);
    p->gs_base_other = hv_rdmsr(X86_MSR_KERNEL_GS_BASE);
}

static void load_segments(struct pv_vcpu *p)
{
    unsigned ds = p->ds, es = p->es, fs = p->fs, gs = p->gs;

    LOAD_SELECTOR(ds, ds);
    LOAD_SELECTOR(es, es);
    LOAD_SELECTOR(fs, fs); /* before the bases: loading a selector changes them */
    LOAD_SELECTOR(gs, gs);
    hv_wrmsr(X86_MSR_FS_BASE, p->fs_base);
    hv_wrmsr(X86_MSR_GS_BASE, p->gs_base);
    hv_wrmsr(X86_MSR_KERNEL_GS_BASE, p->gs_base_other);
}

/*
 * The state of the last owner is saved only when another vCPU comes to this CPU: alone, none is ever moved. The first
 * one finds the state after reset, which nobody has touched; after that, registers without an owner hold what a dead
 * domain left and are replaced.
 */
static void switch_fpu(struct vcpu *to)
{
    struct vcpu *owner = hv_this(pv_fpu_owner);
    bool fresh = !hv_this(pv_fpu_touched);

    if (owner == to)
        return;
    hv_this(pv_fpu_owner) = to;
    hv_this(pv_fpu_touched) = true;
    if (!fresh && hv_static_branch(&key_fxsave)) {
        __asm__ volatile("clts");
        if (owner)
            __asm__ volatile("fxsaveq %0" : "=m"(owner->pv.fpu));
        __asm__ volatile("fxrstorq %0" ::"m"(to->pv.fpu));
    }
    if (!fresh || to->pv.ts)
        hv_pv_set_ts(to, to->pv.ts);
}

void hv_pv_ctx_switch_to(struct vcpu *to)
{
    struct domain *d = to->domain, *before = hv_this(pv_loaded_domain);

    /* A CPU is in the mask from before its first walk of d's tables to after the flush that follows its last. */
    if (before != d)
        hv_cpumask_set_atomic(&d->pv.dirty_cpus, hv_cpu());
    hv_this(pv_loaded_domain) = d;
    hv_flush_load_cr3(current_cr3(to));
    if (before && before != d)
        hv_cpumask_clear_atomic(&before->pv.dirty_cpus, hv_cpu());
    hv_pv_load_gdt(to);
    load_segments(&to->pv);
    switch_fpu(to);
}

void hv_pv_ctx_switch_to_idle(void)
{
    struct domain *before = hv_this(pv_loaded_domain);

    hv_this(pv_loaded_domain) = NULL;
    hv_flush_load_cr3(hv_idle_l4_phys);
    if (before)
        hv_cpumask_clear_atomic(&before->pv.dirty_cpus, hv_cpu());
    hv_pv_load_gdt(NULL);
}

void hv_pv_forget(struct vcpu *v)
{
    for (unsigned cpu = 0; cpu < hv_n_cpus; cpu++) {
        struct vcpu *expected = v;
        __atomic_compare_exchange_n(&hv_per_cpu(pv_fpu_owner, cpu), &expected, NULL, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_RELAXED);
    }
}

/* SWAPGS around the load puts the descriptor's base where the user mode's is. A bad selector becomes null, no error. */
long hv_pv_load_user_gs(unsigned selector)
{
    uint64_t flags = hv_irq_save();

    __asm__ volatile("swapgs");
    LOAD_SELECTOR(gs, selector);
    __asm__ volatile("swapgs");
    hv_irq_restore(flags);
    return 0;
}

/* The bit is the guest's own: its kernel asked to be told (#NM) when its processes touch the FPU. */
void hv_pv_set_ts(struct vcpu *v, bool ts)
{
    uint64_t cr0 = hv_read_cr0() & ~(uint64_t)X86_CR0_TS;

    v->pv.ts = ts;
    hv_write_cr0(ts ? cr0 | X86_CR0_TS : cr0);
}
