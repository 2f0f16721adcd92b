/* SPDX-License-Identifier: Apache-2.0 */
/* vcpu_op: vCPUs as the guest starts, stops and equips them. */
#include "hv/include/xen.h"
#include <xen/vcpu.h>
#include "hv/include/event.h"
#include "hv/include/sched.h"
#include "hv/include/string.h"
#include "hv/include/time.h"
#include "hv/include/x86.h"
#include "hv/mm/pv/pt.h"
#include "hv/mm/uaccess.h"
#include "hv/pv/hypercall.h"
#include "hv/pv/pv.h"

#define PAGE_BYTES 4096u

static void set_registers(struct vcpu *v, const struct vcpu_guest_context *c)
{
    const struct cpu_user_regs *u = &c->user_regs;

    v->regs = (struct cpu_regs){
        .r15 = u->r15,
        .r14 = u->r14,
        .r13 = u->r13,
        .r12 = u->r12,
        .rbp = u->rbp,
        .rbx = u->rbx,
        .r11 = u->r11,
        .r10 = u->r10,
        .r9 = u->r9,
        .r8 = u->r8,
        .rax = u->rax,
        .rcx = u->rcx,
        .rdx = u->rdx,
        .rsi = u->rsi,
        .rdi = u->rdi,
        .rip = u->rip,
        .rsp = u->rsp,
        .cs = u->cs | 3u,
        .ss = u->ss | 3u,
        .rflags = (u->rflags & ~(uint64_t)(X86_RFLAGS_IOPL | X86_RFLAGS_VM)) | X86_RFLAGS_IF | X86_RFLAGS_ONE,
    };
    v->pv.kernel_sp = c->kernel_sp;
    v->pv.fs_base = c->fs_base;
    v->pv.gs_base = c->gs_base_kernel;
    v->pv.gs_base_other = c->gs_base_user;
}

static int set_entries(struct vcpu *v, const struct vcpu_guest_context *c)
{
    for (unsigned i = 0; i < HV_PV_VECTORS; i++) {
        const struct trap_info *t = &c->trap_ctxt[i];
        if (!hv_pv_code_address_ok(t->address))
            return -XEN_EINVAL;
        v->pv.traps[i] = (struct hv_pv_entry){t->address, TI_GET_IF(t) != 0, TI_GET_DPL(t)};
    }
    if (!hv_pv_code_address_ok(c->event_callback_eip) || !hv_pv_code_address_ok(c->failsafe_callback_eip) ||
        !hv_pv_code_address_ok(c->syscall_callback_eip))
        return -XEN_EINVAL;
    v->pv.event_cb = (struct hv_pv_entry){.rip = c->event_callback_eip, .mask_events = true};
    v->pv.failsafe_cb =
        (struct hv_pv_entry){.rip = c->failsafe_callback_eip, .mask_events = c->flags & VGCF_failsafe_disables_events};
    v->pv.syscall_cb =
        (struct hv_pv_entry){.rip = c->syscall_callback_eip, .mask_events = c->flags & VGCF_syscall_disables_events};
    return 0;
}

/* Caller holds mm_lock. A vCPU starts in kernel mode; a context that says otherwise is refused. */
static int initialise(struct vcpu *v, const struct vcpu_guest_context *c)
{
    if (v->pv.is_initialised)
        return -XEN_EEXIST;
    if (!(c->flags & VGCF_in_kernel) || c->ldt_ents || !hv_pv_canonical(c->fs_base) ||
        !hv_pv_canonical(c->gs_base_kernel) || !hv_pv_canonical(c->gs_base_user))
        return -XEN_EINVAL;
    int rc = set_entries(v, c);
    if (!rc)
        rc = hv_pt_get(v->domain, c->ctrlreg[3] >> 12, HV_PGT_L4);
    if (rc)
        return rc;
    if (c->gdt_ents)
        rc = hv_pv_set_gdt_frames(v, c->gdt_frames,
                                  c->gdt_ents > FIRST_RESERVED_GDT_ENTRY ? UINT32_MAX : (unsigned)c->gdt_ents);
    if (rc) {
        hv_pt_put(v->domain, hv_page_of(c->ctrlreg[3] >> 12));
        return rc;
    }
    v->pv.kernel_cr3 = c->ctrlreg[3] & ~(uint64_t)(PAGE_BYTES - 1);
    if (c->ctrlreg[1])
        rc = hv_pv_new_user_root(v, c->ctrlreg[1] >> 12);
    if (rc) {
        hv_pv_drop_gdt(v);
        hv_pv_drop_roots(v);
        return rc;
    }
    set_registers(v, c);
    v->pv.is_initialised = true;
    return 0;
}

static long initialise_from_guest(struct vcpu *v, uint64_t arg)
{
    struct vcpu_guest_context *c = hv_alloc_pages(1);
    long rc;

    _Static_assert(sizeof(*c) <= 2 * PAGE_BYTES, "order 1");
    if (!c)
        return -XEN_ENOMEM;
    rc = hv_copy_from_guest(c, arg, sizeof(*c));
    if (!rc) {
        hv_spin_lock(&v->domain->pv.mm_lock);
        rc = initialise(v, c);
        hv_spin_unlock(&v->domain->pv.mm_lock);
    }
    hv_free_page(c);
    hv_free_page((char *)c + PAGE_BYTES);
    return rc;
}

/* Moves the vCPU's info to memory of the guest; nothing that came meanwhile may be lost, so all looks pending. */
static long register_info(struct vcpu *v, uint64_t arg)
{
    struct vcpu_register_vcpu_info r;
    struct domain *d = v->domain;

    if (hv_copy_from_guest(&r, arg, sizeof(r)))
        return -XEN_EFAULT;
    if (v->pv.info_page || r.offset > PAGE_BYTES - sizeof(struct vcpu_info) || r.offset % sizeof(uint64_t))
        return -XEN_EINVAL;
    hv_spin_lock(&d->pv.mm_lock);
    int rc = hv_pt_get(d, r.mfn, HV_PGT_WRITABLE);
    hv_spin_unlock(&d->pv.mm_lock);
    if (rc)
        return rc;
    struct vcpu_info *info = (struct vcpu_info *)((uintptr_t)hv_mfn_to_virt(r.mfn) + r.offset);
    uint64_t flags = hv_spin_lock_irqsave(&d->event.lock);
    *info = *v->info;
    info->evtchn_pending_sel = UINT64_MAX;
    info->evtchn_upcall_pending = 1;
    v->info = info;
    hv_spin_unlock_irqrestore(&d->event.lock, flags);
    v->pv.info_page = hv_page_of(r.mfn);
    return 0;
}

static long set_singleshot(struct vcpu *v, uint64_t arg)
{
    struct vcpu_set_singleshot_timer t;

    if (hv_copy_from_guest(&t, arg, sizeof(t)))
        return -XEN_EFAULT;
    if ((t.flags & VCPU_SSHOTTMR_future) && t.timeout_abs_ns < hv_time_ns())
        return -XEN_ETIME;
    hv_timer_set_vcpu(v, t.timeout_abs_ns);
    return 0;
}

long hv_pv_vcpu_op(uint64_t cmd, uint64_t id, uint64_t arg, uint64_t a3, uint64_t a4)
{
    struct domain *d = hv_current()->domain;

    (void)a3, (void)a4;
    if (id >= d->max_vcpus)
        return -XEN_ENOENT;
    struct vcpu *v = d->vcpu[id];
    /* Timers belong to the CPU that sets them. */
    bool timer_op = cmd == VCPUOP_set_singleshot_timer || cmd == VCPUOP_stop_singleshot_timer;
    if (timer_op && v != hv_current())
        return -XEN_EINVAL;
    switch (cmd) {
    case VCPUOP_initialise:
        return initialise_from_guest(v, arg);
    case VCPUOP_up:
        if (!v->pv.is_initialised)
            return -XEN_EINVAL;
        hv_sched_up(v);
        if (__atomic_load_n(&d->is_dying, __ATOMIC_SEQ_CST)) /* its end may have passed this vCPU just before */
            hv_sched_down(v);
        return 0;
    case VCPUOP_down:
        hv_sched_down(v);
        return 0;
    case VCPUOP_is_up:
        return !hv_sched_is_down(v);
    case VCPUOP_stop_periodic_timer: /* there is never one */
        return 0;
    case VCPUOP_set_singleshot_timer:
        return set_singleshot(v, arg);
    case VCPUOP_stop_singleshot_timer:
        hv_timer_set_vcpu(v, 0);
        return 0;
    case VCPUOP_register_vcpu_info:
        return register_info(v, arg);
    default:
        return -XEN_ENOSYS;
    }
}
