/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercalls on page tables and TLBs: mmu_update, update_va_mapping, mmuext_op. Whole batches run under the domain's
 * mm_lock, flushes on other CPUs included, as they did in 2006: the time it is held grows with the number of vCPUs.
 *
 * Whom a flush reaches: a guest names its vCPUs; the CPUs concerned are where those are pinned, as far as a translation
 * of the domain can be there at all (dirty_cpus).
 */
#include "hv/include/xen.h"
#include "hv/include/count.h"
#include "hv/include/string.h"
#include "hv/mm/flush.h"
#include "hv/mm/pv/pt.h"
#include "hv/mm/uaccess.h"
#include "hv/pv/hypercall.h"
#include "hv/pv/pv.h"

/* The one exception to "no build flags": 1 only in the test image hv_dropflush, which must be seen to be wrong. */
#ifndef HV_TEST_DROP_FLUSH
#define HV_TEST_DROP_FLUSH 0
#endif

#define ROOT_MFN(cr3) ((cr3) >> HV_PAGE_SHIFT)

static void put_root(struct domain *d, uint64_t cr3)
{
    if (cr3)
        hv_pt_put(d, hv_page_of(ROOT_MFN(cr3)));
}

int hv_pv_new_kernel_root(struct vcpu *v, uint64_t mfn)
{
    uint64_t old = v->pv.kernel_cr3;
    int rc = hv_pt_get(v->domain, mfn, HV_PGT_L4);

    if (rc)
        return rc;
    v->pv.kernel_cr3 = mfn << HV_PAGE_SHIFT;
    HV_COUNT(baseptr_switches);
    hv_flush_load_cr3(v->pv.kernel_cr3);
    put_root(v->domain, old);
    return 0;
}

/* Not loaded in kernel mode: there is nothing to flush until the next toggle loads it. */
int hv_pv_new_user_root(struct vcpu *v, uint64_t mfn)
{
    uint64_t old = v->pv.user_cr3;

    if (mfn) {
        int rc = hv_pt_get(v->domain, mfn, HV_PGT_L4);
        if (rc)
            return rc;
    }
    v->pv.user_cr3 = mfn << HV_PAGE_SHIFT;
    put_root(v->domain, old);
    return 0;
}

void hv_pv_drop_roots(struct vcpu *v)
{
    put_root(v->domain, v->pv.kernel_cr3);
    put_root(v->domain, v->pv.user_cr3);
    v->pv.kernel_cr3 = v->pv.user_cr3 = 0;
}

static int one_update(struct domain *d, const struct mmu_update *u)
{
    uint64_t ptr = u->ptr & ~UINT64_C(3);

    switch (u->ptr & 3) {
    case MMU_NORMAL_PT_UPDATE:
        return hv_pt_update(d, ptr, u->val, false);
    case MMU_PT_UPDATE_PRESERVE_AD:
        return hv_pt_update(d, ptr, u->val, true);
    case MMU_MACHPHYS_UPDATE: {
        struct hv_page *p = hv_page_of(ptr >> HV_PAGE_SHIFT);
        if (!p || !hv_page_get(p, d))
            return -XEN_EPERM;
        hv_m2p[ptr >> HV_PAGE_SHIFT] = u->val;
        hv_page_put(p);
        return 0;
    }
    default:
        return -XEN_ENOSYS;
    }
}

static bool is_self(const struct domain *d, uint64_t domid)
{
    return (uint16_t)domid == DOMID_SELF || (uint16_t)domid == d->domain_id;
}

static long report_done(uint64_t done_gva, uint32_t done, long rc)
{
    if (done_gva && hv_copy_to_guest(done_gva, &done, sizeof(done)))
        return -XEN_EFAULT;
    return rc;
}

long hv_pv_mmu_update(uint64_t updates, uint64_t count, uint64_t done_gva, uint64_t domid, uint64_t a4)
{
    struct domain *d = hv_current()->domain;
    struct mmu_update u;
    uint32_t i;
    int rc = 0;

    (void)a4;
    if (!is_self(d, domid))
        return -XEN_ESRCH;
    hv_spin_lock(&d->pv.mm_lock);
    for (i = 0; i < (uint32_t)count && !rc; i += !rc) {
        rc = hv_copy_from_guest(&u, updates + i * sizeof(u), sizeof(u));
        if (!rc)
            rc = one_update(d, &u);
    }
    hv_spin_unlock(&d->pv.mm_lock);
    return report_done(done_gva, i, rc);
}

/* The CPUs of the vCPUs in the guest's bitmap at @gva. */
static int cpus_of_vcpus(const struct domain *d, uint64_t gva, struct hv_cpumask *cpus)
{
    uint8_t bitmap[HV_MAX_CPUS / 8] = {0};

    cpus->bits = 0;
    if (hv_copy_from_guest(bitmap, gva, (d->max_vcpus + 7) / 8))
        return -XEN_EFAULT;
    for (unsigned i = 0; i < d->max_vcpus; i++)
        if ((bitmap[i / 8] >> (i % 8)) & 1)
            hv_cpumask_set(cpus, d->vcpu[i]->processor);
    cpus->bits &= d->pv.dirty_cpus.bits;
    return 0;
}

/* The flush that a guest asked for with an address; the one that the test image hv_dropflush leaves out. */
static void flush_guest_page(struct hv_cpumask cpus, bool local, uint64_t va)
{
    if (HV_TEST_DROP_FLUSH || !hv_guest_range_ok(va, 1))
        return;
    if (local)
        hv_flush_one_local(va);
    else
        hv_flush_mask(cpus, va);
}

static long flush_after_update(const struct domain *d, uint64_t va, uint64_t flags)
{
    struct hv_cpumask cpus = d->pv.dirty_cpus;
    uint64_t whom = flags & ~(uint64_t)UVMF_FLUSHTYPE_MASK;
    bool local = whom == UVMF_LOCAL;

    if (!local && whom != UVMF_ALL && cpus_of_vcpus(d, whom, &cpus))
        return -XEN_EFAULT;
    switch (flags & UVMF_FLUSHTYPE_MASK) {
    case UVMF_TLB_FLUSH:
        if (local)
            hv_flush_local();
        else
            hv_flush_mask(cpus, HV_FLUSH_ALL);
        return 0;
    case UVMF_INVLPG:
        flush_guest_page(cpus, local, va);
        return 0;
    default:
        return 0;
    }
}

long hv_pv_update_va_mapping(uint64_t va, uint64_t value, uint64_t flags, uint64_t a3, uint64_t a4)
{
    struct vcpu *v = hv_current();
    struct domain *d = v->domain;

    (void)a3, (void)a4;
    hv_spin_lock(&d->pv.mm_lock);
    long rc = hv_pt_update_va(d, v->pv.kernel_cr3, va, value);
    long flush_rc = flush_after_update(d, va, flags);
    hv_spin_unlock(&d->pv.mm_lock);
    return rc ? rc : flush_rc;
}

/* MMUEXT_CLEAR_PAGE, COPY_PAGE: the frame must be one the guest could write itself. */
static int write_frame(struct domain *d, uint64_t mfn, const uint64_t *source_mfn)
{
    struct hv_page *from = NULL;

    if (source_mfn) {
        from = hv_page_of(*source_mfn);
        if (!from || !hv_page_get(from, d))
            return -XEN_EPERM;
    }
    int rc = hv_pt_get(d, mfn, HV_PGT_WRITABLE);
    if (!rc) {
        if (from)
            memcpy(hv_mfn_to_virt(mfn), hv_page_to_virt(from), 1ul << HV_PAGE_SHIFT);
        else
            hv_clear_page(hv_mfn_to_virt(mfn));
        hv_pt_put(d, hv_page_of(mfn));
    }
    if (from)
        hv_page_put(from);
    return rc;
}

static int flush_op(struct domain *d, const struct mmuext_op *op)
{
    struct hv_cpumask cpus = d->pv.dirty_cpus;
    bool by_mask = op->cmd == MMUEXT_TLB_FLUSH_MULTI || op->cmd == MMUEXT_INVLPG_MULTI;

    if (by_mask && cpus_of_vcpus(d, (uint64_t)op->arg2.vcpumask.p, &cpus))
        return -XEN_EFAULT;
    switch (op->cmd) {
    case MMUEXT_TLB_FLUSH_LOCAL:
        hv_flush_local();
        break;
    case MMUEXT_TLB_FLUSH_MULTI:
    case MMUEXT_TLB_FLUSH_ALL:
        hv_flush_mask(cpus, HV_FLUSH_ALL);
        break;
    default:
        flush_guest_page(cpus, op->cmd == MMUEXT_INVLPG_LOCAL, op->arg1.linear_addr);
        break;
    }
    return 0;
}

static int one_mmuext(struct vcpu *v, const struct mmuext_op *op)
{
    struct domain *d = v->domain;
    uint64_t source = op->arg2.src_mfn;

    switch (op->cmd) {
    case MMUEXT_PIN_L1_TABLE:
        return hv_pt_pin(d, op->arg1.mfn, HV_PGT_L1);
    case MMUEXT_PIN_L2_TABLE:
        return hv_pt_pin(d, op->arg1.mfn, HV_PGT_L2);
    case MMUEXT_PIN_L3_TABLE:
        return hv_pt_pin(d, op->arg1.mfn, HV_PGT_L3);
    case MMUEXT_PIN_L4_TABLE:
        return hv_pt_pin(d, op->arg1.mfn, HV_PGT_L4);
    case MMUEXT_UNPIN_TABLE:
        return hv_pt_unpin(d, op->arg1.mfn);
    case MMUEXT_NEW_BASEPTR:
        return hv_pv_new_kernel_root(v, op->arg1.mfn);
    case MMUEXT_NEW_USER_BASEPTR:
        return hv_pv_new_user_root(v, op->arg1.mfn);
    case MMUEXT_TLB_FLUSH_LOCAL:
    case MMUEXT_TLB_FLUSH_MULTI:
    case MMUEXT_TLB_FLUSH_ALL:
    case MMUEXT_INVLPG_LOCAL:
    case MMUEXT_INVLPG_MULTI:
    case MMUEXT_INVLPG_ALL:
        return flush_op(d, op);
    case MMUEXT_SET_LDT: /* only "none" so far: no 64-bit program here brings an LDT */
        return op->arg2.nr_ents == 0 ? 0 : -XEN_EINVAL;
    case MMUEXT_CLEAR_PAGE:
        return write_frame(d, op->arg1.mfn, NULL);
    case MMUEXT_COPY_PAGE:
        return write_frame(d, op->arg1.mfn, &source);
    default:
        return -XEN_ENOSYS;
    }
}

long hv_pv_mmuext_op(uint64_t ops, uint64_t count, uint64_t done_gva, uint64_t domid, uint64_t a4)
{
    struct vcpu *v = hv_current();
    struct domain *d = v->domain;
    struct mmuext_op op;
    uint32_t i;
    int rc = 0;

    (void)a4;
    if (!is_self(d, domid))
        return -XEN_ESRCH;
    hv_spin_lock(&d->pv.mm_lock);
    for (i = 0; i < (uint32_t)count && !rc; i += !rc) {
        rc = hv_copy_from_guest(&op, ops + i * sizeof(op), sizeof(op));
        if (!rc)
            rc = one_mmuext(v, &op);
    }
    hv_spin_unlock(&d->pv.mm_lock);
    return report_done(done_gva, i, rc);
}
