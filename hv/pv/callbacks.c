/* SPDX-License-Identifier: Apache-2.0 */
/* Where a guest kernel wants to be entered: trap table, callbacks, kernel stack, segment bases, assists. */
#include "hv/include/xen.h"
#include <xen/callback.h>
#include "hv/include/string.h"
#include "hv/include/x86.h"
#include "hv/include/x86_insn.h"
#include "hv/mm/uaccess.h"
#include "hv/pv/hypercall.h"
#include "hv/pv/pv.h"

long hv_pv_set_trap_table(uint64_t traps, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
    struct vcpu *v = hv_current();
    struct trap_info t;

    (void)a1, (void)a2, (void)a3, (void)a4;
    if (!traps) {
        memset(v->pv.traps, 0, HV_PV_VECTORS * sizeof(*v->pv.traps));
        return 0;
    }
    /* Ends with a row without an address; a table has no more rows than there are vectors. */
    for (unsigned i = 0; i <= HV_PV_VECTORS; i++, traps += sizeof(t)) {
        if (hv_copy_from_guest(&t, traps, sizeof(t)))
            return -XEN_EFAULT;
        if (!t.address)
            return 0;
        if (!hv_pv_code_address_ok(t.address))
            return -XEN_EINVAL;
        v->pv.traps[t.vector] = (struct hv_pv_entry){t.address, TI_GET_IF(&t) != 0, TI_GET_DPL(&t)};
    }
    return -XEN_EINVAL;
}

/* The event callback always masks further events: there is nothing else that keeps it from being entered again. */
static long set_callback(struct vcpu *v, unsigned type, uint64_t address, bool mask_events)
{
    struct hv_pv_entry entry = {.rip = address, .mask_events = mask_events};

    if (!hv_pv_code_address_ok(address))
        return -XEN_EINVAL;
    switch (type) {
    case CALLBACKTYPE_event:
        entry.mask_events = true;
        v->pv.event_cb = entry;
        return 0;
    case CALLBACKTYPE_failsafe:
        v->pv.failsafe_cb = entry;
        return 0;
    case CALLBACKTYPE_syscall:
        v->pv.syscall_cb = entry;
        return 0;
    case CALLBACKTYPE_nmi: /* never raised */
    case CALLBACKTYPE_sysenter:
    case CALLBACKTYPE_syscall32:
        return 0;
    default:
        return -XEN_ENOSYS;
    }
}

long hv_pv_set_callbacks(uint64_t event, uint64_t failsafe, uint64_t syscall, uint64_t a3, uint64_t a4)
{
    struct vcpu *v = hv_current();
    long rc = set_callback(v, CALLBACKTYPE_event, event, true);

    (void)a3, (void)a4;
    if (!rc)
        rc = set_callback(v, CALLBACKTYPE_failsafe, failsafe, true);
    if (!rc)
        rc = set_callback(v, CALLBACKTYPE_syscall, syscall, false);
    return rc;
}

long hv_pv_callback_op(uint64_t cmd, uint64_t arg, uint64_t a2, uint64_t a3, uint64_t a4)
{
    struct callback_register reg;
    struct callback_unregister unreg;

    (void)a2, (void)a3, (void)a4;
    switch (cmd) {
    case CALLBACKOP_register:
        if (hv_copy_from_guest(&reg, arg, sizeof(reg)))
            return -XEN_EFAULT;
        return set_callback(hv_current(), reg.type, reg.address, reg.flags & CALLBACKF_mask_events);
    case CALLBACKOP_unregister:
        if (hv_copy_from_guest(&unreg, arg, sizeof(unreg)))
            return -XEN_EFAULT;
        return unreg.type == CALLBACKTYPE_nmi ? 0 : -XEN_EINVAL;
    default:
        return -XEN_ENOSYS;
    }
}

long hv_pv_stack_switch(uint64_t ss, uint64_t sp, uint64_t a2, uint64_t a3, uint64_t a4)
{
    (void)ss, (void)a2, (void)a3, (void)a4; /* 64-bit mode: SS has no say */
    hv_current()->pv.kernel_sp = sp;
    return 0;
}

long hv_pv_set_segment_base(uint64_t which, uint64_t base, uint64_t a2, uint64_t a3, uint64_t a4)
{
    unsigned selector = (uint16_t)base;

    (void)a2, (void)a3, (void)a4;
    if (which != SEGBASE_GS_USER_SEL && !hv_pv_canonical(base))
        return -XEN_EINVAL;
    switch (which) {
    case SEGBASE_FS:
        hv_wrmsr(X86_MSR_FS_BASE, base);
        return 0;
    case SEGBASE_GS_USER: /* the mode the guest is not in now */
        hv_wrmsr(X86_MSR_KERNEL_GS_BASE, base);
        return 0;
    case SEGBASE_GS_KERNEL:
        hv_wrmsr(X86_MSR_GS_BASE, base);
        return 0;
    case SEGBASE_GS_USER_SEL:
        return hv_pv_load_user_gs(selector);
    default:
        return -XEN_EINVAL;
    }
}

long hv_pv_vm_assist(uint64_t cmd, uint64_t type, uint64_t a2, uint64_t a3, uint64_t a4)
{
    /* Known, and harmless to have: nothing here depends on them. Writable page tables are not offered. */
    const uint64_t allowed = 1u << VMASST_TYPE_4gb_segments | 1u << VMASST_TYPE_4gb_segments_notify |
                             1u << VMASST_TYPE_pae_extended_cr3 | 1u << VMASST_TYPE_runstate_update_flag;
    struct domain *d = hv_current()->domain;

    (void)a2, (void)a3, (void)a4;
    if (type > 63 || !((allowed >> type) & 1))
        return -XEN_EINVAL;
    switch (cmd) {
    case VMASST_CMD_enable:
        __atomic_fetch_or(&d->pv.vm_assist, 1ul << type, __ATOMIC_RELAXED);
        return 0;
    case VMASST_CMD_disable:
        __atomic_fetch_and(&d->pv.vm_assist, ~(1ul << type), __ATOMIC_RELAXED);
        return 0;
    default:
        return -XEN_ENOSYS;
    }
}
