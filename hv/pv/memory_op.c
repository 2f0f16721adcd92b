/* SPDX-License-Identifier: Apache-2.0 */
/* memory_op: how much memory a domain has, and single frames given back and asked for again. */
#include "hv/include/xen.h"
#include <xen/memory.h>
#include "hv/mm/mm.h"
#include "hv/mm/uaccess.h"
#include "hv/pv/hypercall.h"
#include "hv/pv/pv.h"

#define E820_RAM 1u

/* Gives frame @mfn back: it must be the guest's and not be in use other than by what our own check holds. */
static bool decrease_one(struct domain *d, uint64_t mfn)
{
    struct hv_page *p = hv_page_of(mfn);

    if (!p || !hv_page_get(p, d))
        return false;
    bool ok = hv_page_take_back(p);
    hv_page_put(p);
    return ok;
}

static bool increase_one(struct domain *d, uint64_t pfn, uint64_t *mfn)
{
    uint64_t got;
    struct hv_page *p = hv_mm_give(d, 1, &got);

    if (!p)
        return false;
    *mfn = hv_page_mfn(p);
    hv_m2p[*mfn] = pfn;
    return true;
}

/* One extent of the list at @gva. increase: out frame number. populate: in pfn, out frame number. decrease: in frame.
 */
static bool one_extent(struct domain *d, unsigned cmd, uint64_t gva)
{
    uint64_t value = HV_M2P_INVALID, mfn;

    if (cmd != XENMEM_increase_reservation && hv_copy_from_guest(&value, gva, sizeof(value)))
        return false;
    if (cmd == XENMEM_decrease_reservation)
        return decrease_one(d, value);
    if (!increase_one(d, value, &mfn))
        return false;
    return hv_copy_to_guest(gva, &mfn, sizeof(mfn)) == 0;
}

/* Returns the number of extents done; more than one frame an extent is refused (no contiguous memory for guests). */
static long reservation(struct domain *d, unsigned cmd, uint64_t arg)
{
    struct xen_memory_reservation r;
    uint64_t done, list;

    if (hv_copy_from_guest(&r, arg, sizeof(r)))
        return -XEN_EFAULT;
    if (r.domid != DOMID_SELF && r.domid != d->domain_id)
        return -XEN_EPERM;
    if (r.extent_order != 0)
        return 0;
    list = (uint64_t)r.extent_start.p;
    if (cmd == XENMEM_increase_reservation && !list)
        return -XEN_EINVAL;
    hv_spin_lock(&d->pv.mm_lock);
    for (done = 0; done < r.nr_extents; done++)
        if (!one_extent(d, cmd, list + done * sizeof(uint64_t)))
            break;
    hv_spin_unlock(&d->pv.mm_lock);
    return (long)done;
}

/* A PV guest's memory map: all its pfns are RAM. */
static long memory_map(const struct domain *d, uint64_t arg)
{
    struct {
        uint64_t addr, size;
        uint32_t type;
    } __attribute__((packed)) row = {0, (uint64_t)d->pv.max_pages << HV_PAGE_SHIFT, E820_RAM};
    struct xen_memory_map map;

    if (hv_copy_from_guest(&map, arg, sizeof(map)))
        return -XEN_EFAULT;
    if (map.nr_entries < 1)
        return -XEN_EINVAL;
    map.nr_entries = 1;
    if (hv_copy_to_guest((uint64_t)map.buffer.p, &row, sizeof(row)) || hv_copy_to_guest(arg, &map, sizeof(map)))
        return -XEN_EFAULT;
    return 0;
}

long hv_pv_memory_op(uint64_t cmd, uint64_t arg, uint64_t a2, uint64_t a3, uint64_t a4)
{
    const struct xen_machphys_mapping m2p = {HV_M2P_BASE, HV_M2P_BASE + hv_max_mfn * sizeof(uint64_t), hv_max_mfn - 1};
    struct domain *d = hv_current()->domain;
    domid_t domid;

    (void)a2, (void)a3, (void)a4;
    switch (cmd) {
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return reservation(d, (unsigned)cmd, arg);
    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
        if (hv_copy_from_guest(&domid, arg, sizeof(domid)))
            return -XEN_EFAULT;
        if (domid != DOMID_SELF && domid != d->domain_id)
            return -XEN_EPERM;
        return cmd == XENMEM_current_reservation ? d->pv.tot_pages : d->pv.max_pages;
    case XENMEM_maximum_ram_page:
        return (long)hv_max_mfn - 1;
    case XENMEM_memory_map:
        return memory_map(d, arg);
    case XENMEM_machphys_mapping:
        return hv_copy_to_guest(arg, &m2p, sizeof(m2p));
    default:
        return -XEN_ENOSYS;
    }
}
