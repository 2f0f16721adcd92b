/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of frames and the validation of page tables; see pt.h for the rules.
 *
 * Validation of an L4 recurses at most three times and looks at each table once, however often it is named: a table
 * that is already of the right type only gets one more count. A table that names itself or a table above it fails,
 * since the type it would need differs from the one it is just getting.
 *
 * A type count is taken and dropped under the owner's mm_lock, by a locked compare-and-exchange all the same: as in
 * 2006, when the lock was there and the atomics too, and so that finer locks can come later.
 */
#include "hv/mm/pv/pt.h"
#include <xen/errno.h>
#include "hv/include/boot.h"
#include "hv/include/count.h"
#include "hv/include/domain.h"
#include "hv/include/options.h"
#include "hv/include/sections.h"
#include "hv/include/x86.h"
#include "hv/mm/flush.h"

/*
 * Bits a guest may set in an entry; all others but the frame number are refused. Cache attributes are not for guests
 * without devices: two mappings of one frame must not differ in them.
 */
#define PTE_SOFTWARE (UINT64_C(7) << 9)
#define TABLE_ALLOWED                                                                                                  \
    (X86_PTE_NX | PTE_SOFTWARE | X86_PTE_DIRTY | X86_PTE_ACCESSED | X86_PTE_USER | X86_PTE_WRITE | X86_PTE_PRESENT)
#define L1_ALLOWED (TABLE_ALLOWED | HV_PTE_GUEST_KERNEL | X86_PTE_GLOBAL)
#define PTE_AD     ((uint64_t)(X86_PTE_ACCESSED | X86_PTE_DIRTY))

#define DESC_ACCESSED     (UINT64_C(1) << 40)
#define DESC_CODE_OR_DATA (UINT64_C(1) << 44)
#define DESC_RING3        (UINT64_C(3) << 45)
#define DESC_PRESENT      (UINT64_C(1) << 47)

#define LEVEL(type) ((unsigned)((type) >> 61))
#define TYPE(level) ((uint64_t)(level) << 61)

/* What is or-ed into a present L1 entry of the guest's kernel and of its user; the second depends on tlb-global. */
static const uint64_t l1_add_kernel = X86_PTE_USER | HV_PTE_GUEST_KERNEL;
static HV_READ_MOSTLY uint64_t l1_add_user = X86_PTE_USER;

void hv_pt_init(void)
{
    if (hv_opt.tlb_global)
        l1_add_user |= X86_PTE_GLOBAL;
}

static uint64_t adjust_l1(uint64_t e)
{
    bool is_user = (e & (X86_PTE_USER | HV_PTE_GUEST_KERNEL)) == X86_PTE_USER;

    /* A guest's own idea of "global" does not count: a kernel entry must never be. */
    return (e & ~(uint64_t)X86_PTE_GLOBAL) | (is_user ? l1_add_user : l1_add_kernel);
}

static uint64_t pte_mfn(uint64_t e)
{
    return (e & X86_PTE_ADDR_MASK) >> HV_PAGE_SHIFT;
}

static bool is_hv_slot(unsigned level, unsigned slot)
{
    return level == 4 && slot >= HV_L4_FIRST_SLOT && slot <= HV_L4_LAST_SLOT;
}

static int get_entry_l1(struct domain *d, uint64_t e)
{
    struct hv_page *p = hv_page_of(pte_mfn(e));

    if (e & ~(X86_PTE_ADDR_MASK | L1_ALLOWED))
        return -XEN_EINVAL;
    if (!p || !hv_page_get(p, d))
        return -XEN_EPERM;
    if (!(e & X86_PTE_WRITE))
        return 0;
    int rc = hv_pt_get_type(d, p, HV_PGT_WRITABLE);
    if (rc)
        hv_page_put(p);
    return rc;
}

/* Takes what entry @e of a level-@level table needs; nothing for an entry that is not present. */
static int get_entry(struct domain *d, unsigned level, uint64_t e)
{
    if (!(e & X86_PTE_PRESENT))
        return 0;
    if (level == 1)
        return get_entry_l1(d, e);
    if (e & ~(X86_PTE_ADDR_MASK | TABLE_ALLOWED))
        return -XEN_EINVAL;
    return hv_pt_get(d, pte_mfn(e), TYPE(level - 1));
}

static void put_entry(struct domain *d, unsigned level, uint64_t e)
{
    if (!(e & X86_PTE_PRESENT))
        return;
    struct hv_page *p = hv_page_of(pte_mfn(e));
    if (level > 1 || (e & X86_PTE_WRITE))
        hv_pt_put_type(d, p);
    hv_page_put(p);
}

static uint64_t adjust(unsigned level, uint64_t e)
{
    if (!(e & X86_PTE_PRESENT))
        return e;
    return level == 1 ? adjust_l1(e) : e | X86_PTE_USER;
}

static void put_entries(struct domain *d, unsigned level, const uint64_t *table, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (!is_hv_slot(level, i))
            put_entry(d, level, table[i]);
}

static int validate(struct domain *d, struct hv_page *p, unsigned level)
{
    uint64_t *table = hv_page_to_virt(p);

    for (unsigned i = 0; i < HV_PT_ENTRIES; i++) {
        if (is_hv_slot(level, i)) {
            table[i] = hv_idle_l4[i];
            continue;
        }
        if (!(table[i] & X86_PTE_PRESENT))
            continue;
        int rc = get_entry(d, level, table[i]);
        if (rc) {
            put_entries(d, level, table, i);
            return rc;
        }
        table[i] = adjust(level, table[i]);
    }
    HV_COUNT(frames_validated);
    return 0;
}

/*
 * A frame of segment descriptors: code and data only (no gates, no system segments), and not for rings the guest does
 * not run in. As Xen does, the privilege level is raised to ring 3 rather than refused: guest kernels bring ring-0
 * ones.
 */
static int validate_descriptors(uint64_t *entry)
{
    for (unsigned i = 0; i < HV_PT_ENTRIES; i++)
        if ((entry[i] & DESC_PRESENT) && !(entry[i] & DESC_CODE_OR_DATA))
            return -XEN_EINVAL;
    for (unsigned i = 0; i < HV_PT_ENTRIES; i++)
        if (entry[i] & DESC_PRESENT)
            entry[i] |= DESC_RING3 | DESC_ACCESSED; /* accessed: the processor must not want to write the frame */
    return 0;
}

/*
 * A frame changes its type: translations of the old use (say, writable) must be gone everywhere before the new use
 * (say, page table) begins. They were last valid when the count went to 0, which is the frame's stamp.
 */
static void flush_old_type(struct domain *d, const struct hv_page *p)
{
    struct hv_cpumask stale = hv_flush_filter(d->pv.dirty_cpus, p->tlb_stamp);

    if (stale.bits)
        hv_flush_mask(stale, HV_FLUSH_ALL);
}

int hv_pt_get_type(struct domain *d, struct hv_page *p, uint64_t type)
{
    uint64_t x = __atomic_load_n(&p->type_info, __ATOMIC_RELAXED), next;

    do {
        next = x + 1;
        if ((x & HV_PGT_TYPE_MASK) != type) {
            if (x & HV_PGT_COUNT_MASK)
                return -XEN_EBUSY;
            if (x & HV_PGT_TYPE_MASK)
                flush_old_type(d, p);
            next = type | 1;
        } else if ((x & HV_PGT_COUNT_MASK) == HV_PGT_COUNT_MASK) {
            return -XEN_EBUSY;
        } else if ((x & HV_PGT_COUNT_MASK) && !(x & HV_PGT_VALIDATED)) {
            return -XEN_EBUSY; /* it is just being validated, below us: a table that names itself */
        }
        if (type == HV_PGT_WRITABLE)
            next |= HV_PGT_VALIDATED;
    } while (!__atomic_compare_exchange_n(&p->type_info, &x, next, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    if (next & HV_PGT_VALIDATED)
        return 0;

    int rc = type == HV_PGT_SEGDESC ? validate_descriptors(hv_page_to_virt(p)) : validate(d, p, LEVEL(type));
    if (rc) {
        p->type_info = type; /* count 0, not validated */
        p->tlb_stamp = hv_flush_now(d->pv.dirty_cpus);
        return rc;
    }
    __atomic_fetch_or(&p->type_info, HV_PGT_VALIDATED, __ATOMIC_SEQ_CST);
    return 0;
}

void hv_pt_put_type(struct domain *d, struct hv_page *p)
{
    uint64_t x = __atomic_load_n(&p->type_info, __ATOMIC_RELAXED);
    unsigned level = LEVEL(x);

    if ((x & HV_PGT_COUNT_MASK) == 1) {
        if (level >= 1 && level <= 4)
            put_entries(d, level, hv_page_to_virt(p), HV_PT_ENTRIES);
        __atomic_fetch_and(&p->type_info, ~HV_PGT_VALIDATED, __ATOMIC_RELAXED);
    }
    x = __atomic_sub_fetch(&p->type_info, 1, __ATOMIC_SEQ_CST);
    if (!(x & HV_PGT_COUNT_MASK))
        p->tlb_stamp = hv_flush_now(d->pv.dirty_cpus);
}

int hv_pt_get(struct domain *d, uint64_t mfn, uint64_t type)
{
    struct hv_page *p = hv_page_of(mfn);

    if (!p || !hv_page_get(p, d))
        return -XEN_EPERM;
    int rc = hv_pt_get_type(d, p, type);
    if (rc)
        hv_page_put(p);
    return rc;
}

void hv_pt_put(struct domain *d, struct hv_page *p)
{
    hv_pt_put_type(d, p);
    hv_page_put(p);
}

int hv_pt_pin(struct domain *d, uint64_t mfn, uint64_t type)
{
    int rc = hv_pt_get(d, mfn, type);

    if (rc)
        return rc;
    struct hv_page *p = hv_page_of(mfn);
    if (__atomic_fetch_or(&p->type_info, HV_PGT_PINNED, __ATOMIC_SEQ_CST) & HV_PGT_PINNED) {
        hv_pt_put(d, p);
        return -XEN_EINVAL;
    }
    HV_COUNT(pt_pins);
    return 0;
}

static int unpin(struct domain *d, struct hv_page *p)
{
    if (!(__atomic_fetch_and(&p->type_info, ~HV_PGT_PINNED, __ATOMIC_SEQ_CST) & HV_PGT_PINNED))
        return -XEN_EINVAL;
    hv_pt_put(d, p);
    HV_COUNT(pt_unpins);
    return 0;
}

int hv_pt_unpin(struct domain *d, uint64_t mfn)
{
    struct hv_page *p = hv_page_of(mfn);

    if (!p || !hv_page_get(p, d))
        return -XEN_EPERM;
    int rc = unpin(d, p);
    hv_page_put(p);
    return rc;
}

/*
 * A frame that the guest gave back while it was still in use leaves the list with its last reference, so the walk holds
 * one on the frame it stands at.
 */
void hv_pt_unpin_all(struct domain *d)
{
    uint32_t mfn = d->pv.page_list;

    while (mfn != HV_MFN_NONE) {
        struct hv_page *p = &hv_frame_table[mfn];
        __atomic_fetch_add(&p->count_info, 1, __ATOMIC_SEQ_CST);
        if (p->type_info & HV_PGT_PINNED)
            unpin(d, p);
        mfn = p->next;
        hv_page_put(p);
    }
}

static void store_entry(uint64_t *slot, uint64_t value, bool preserve_ad)
{
    uint64_t old = *slot;

    HV_COUNT(pt_updates);
    if (!preserve_ad) {
        __atomic_store_n(slot, value, __ATOMIC_RELEASE);
        return;
    }
    /* Another CPU's page walk may set bits between our load and our store. */
    while (!__atomic_compare_exchange_n(slot, &old, value | (old & PTE_AD), false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        ;
}

/* A validated table's entry. The new reference is taken before the old one goes: they may be for the same frame. */
static int mod_entry(struct domain *d, unsigned level, uint64_t *slot, uint64_t value, bool preserve_ad)
{
    uint64_t old = *slot;
    unsigned index = (unsigned)((uintptr_t)slot / sizeof(*slot)) % HV_PT_ENTRIES;

    if (is_hv_slot(level, index))
        return -XEN_EPERM;
    int rc = get_entry(d, level, value);
    if (rc)
        return rc;
    store_entry(slot, adjust(level, value), preserve_ad);
    put_entry(d, level, old);
    return 0;
}

int hv_pt_update(struct domain *d, uint64_t ptr, uint64_t value, bool preserve_ad)
{
    struct hv_page *p = hv_page_of(ptr >> HV_PAGE_SHIFT);
    int rc;

    if (ptr & 7)
        return -XEN_EINVAL;
    if (!p || !hv_page_get(p, d))
        return -XEN_EPERM;
    uint64_t x = p->type_info, *slot = hv_phys_to_virt(ptr);
    unsigned level = LEVEL(x);
    if ((x & HV_PGT_COUNT_MASK) && level >= 1 && level <= 4) {
        rc = mod_entry(d, level, slot, value, preserve_ad);
    } else {
        rc = hv_pt_get_type(d, p, HV_PGT_WRITABLE);
        if (!rc) {
            store_entry(slot, value, preserve_ad);
            hv_pt_put_type(d, p);
        }
    }
    hv_page_put(p);
    return rc;
}

int hv_pt_update_va(struct domain *d, uint64_t root_cr3, uint64_t va, uint64_t value)
{
    uint64_t *table = hv_phys_to_virt(root_cr3);

    if (is_hv_slot(4, (unsigned)(va >> 39) % HV_PT_ENTRIES))
        return -XEN_EINVAL;
    for (unsigned shift = 39; shift > HV_PAGE_SHIFT; shift -= 9) {
        uint64_t e = table[(va >> shift) % HV_PT_ENTRIES];
        if (!(e & X86_PTE_PRESENT))
            return -XEN_EINVAL;
        table = hv_phys_to_virt(e & X86_PTE_ADDR_MASK);
    }
    return mod_entry(d, 1, &table[(va >> HV_PAGE_SHIFT) % HV_PT_ENTRIES], value, false);
}
