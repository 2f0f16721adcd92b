/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walker: root to leaf, one entry at a time, rights combined on the way down.
 *
 * Accessed bits of tables are set as the walk passes (an entry that was used, even if a deeper one faults); accessed
 * and dirty of the leaf only once the access is known to be allowed. set_bits is a locked "or" that does nothing when
 * the entry is no longer what was read; the entry is then read and judged anew. A set_bits that must wait for the
 * core's turn ends the walk; accessed bits it set before stay, and setting them again changes nothing. Manual: SDM vol.
 * 3A, "Accessed and Dirty Flags", "Page-Fault Exceptions".
 */
#include "mmu/mmu_internal.h"
#include "sim/core/fault.h"

struct walk {
    const struct mmu_regs *r;
    const struct mmu_mem_ops *ops;
    void *opaque;
    struct mmu_result *out;
    uint64_t address, table; /* linear address; first byte of the table at the present level */
    uint64_t high_reserved;
    enum mmu_access access;
    bool user, ac;
    uint8_t perm; /* TLB_W, TLB_U, TLB_X combined so far */
};

static enum mmu_status fault(struct walk *w, uint32_t error)
{
    w->out->error = error;
    return MMU_FAULT;
}

static enum mmu_status read_entry(struct walk *w, const struct mmu_level *l, hpa_t *where, uint64_t *entry)
{
    uint64_t index = w->address >> l->shift & ((1u << l->index_bits) - 1);
    if (l->flags & MMU_LEVEL_REGS) {
        *entry = w->r->pdpte[index];
        return MMU_OK;
    }
    *where = (hpa_t){w->table + index * l->entry_bytes};
    w->out->refs++;
    return w->ops->read(w->opaque, *where, l->entry_bytes, entry, &w->out->latency_cyc);
}

/* Sets the missing ones of @bits. *again: the entry changed meanwhile, nothing was set. */
static enum mmu_status mark(struct walk *w, const struct mmu_level *l, hpa_t where, uint64_t entry, uint64_t bits,
                            bool *again)
{
    if ((entry & bits) == bits || l->flags & MMU_LEVEL_REGS)
        return MMU_OK;
    bool done = false;
    enum mmu_status s = w->ops->set_bits(w->opaque, where, l->entry_bytes, entry, bits, &done, &w->out->latency_cyc);
    *again = s == MMU_OK && !done;
    return s;
}

/* Rights of @entry on top of those above it. */
static uint8_t combine(const struct walk *w, const struct mmu_level *l, uint64_t entry)
{
    uint8_t p = w->perm;
    if (l->flags & MMU_LEVEL_REGS)
        return p;
    if (!(entry & MMU_PTE_RW))
        p &= (uint8_t)~TLB_W;
    if (!(entry & MMU_PTE_US))
        p &= (uint8_t)~TLB_U;
    if (l->entry_bytes == 8 && entry & MMU_PTE_NX)
        p &= (uint8_t)~TLB_X;
    return p;
}

/* The translation of a leaf; what is larger than 2 MiB becomes the 2 MiB piece that holds the address (tlb/tlb.h). */
static struct tlb_entry make_entry(const struct walk *w, const struct mmu_level *l, uint64_t entry, uint16_t pcid)
{
    uint8_t shift = l->shift > 21 ? 21 : l->shift;
    uint64_t page = mmu_target(l, entry, true);
    uint64_t piece = w->address & (((uint64_t)1 << l->shift) - 1) & ~(((uint64_t)1 << shift) - 1);
    struct tlb_entry e = {
        .vpn = w->address >> shift << (shift - 12),
        .pfn = (page | piece) >> 12,
        .pcid = pcid,
        .shift = shift,
        .page_shift = l->shift,
        .perm = w->perm,
        .memtype = (entry & MMU_PTE_PCD) != 0,
    };
    if (entry & MMU_PTE_D)
        e.perm |= TLB_DIRTY;
    if (entry & MMU_PTE_G && w->r->pge)
        e.perm |= TLB_GLOBAL;
    return e;
}

/*
 * One level. @is_leaf: the walk ends here with MMU_OK. *again: read this level once more.
 */
static enum mmu_status step(struct walk *w, const struct mmu_level *l, uint16_t pcid, bool *is_leaf, bool *again)
{
    hpa_t where = {0};
    uint64_t entry;
    *again = false;
    enum mmu_status s = read_entry(w, l, &where, &entry);
    if (s != MMU_OK)
        return s;
    if (!(entry & MMU_PTE_P))
        return fault(w, mmu_table_error(w->r, w->access, w->user, false));
    if (mmu_has_reserved(w->r, l, w->high_reserved, entry))
        return fault(w, mmu_table_error(w->r, w->access, w->user, true));
    *is_leaf = mmu_is_leaf(w->r, l, entry);
    uint8_t above = w->perm;
    w->perm = combine(w, l, entry);
    uint64_t bits = MMU_PTE_A;
    if (*is_leaf) {
        if (!mmu_allowed(w->r, w->perm, w->access, w->user, w->ac, &w->out->error))
            return MMU_FAULT;
        bits |= w->access == MMU_WRITE ? MMU_PTE_D : 0;
    }
    s = mark(w, l, where, entry, bits, again);
    if (s != MMU_OK || *again) {
        w->perm = above;
        return s;
    }
    if (*is_leaf)
        w->out->entry = make_entry(w, l, entry | bits, pcid);
    else
        w->table = mmu_target(l, entry, false);
    return MMU_OK;
}

enum mmu_status mmu_walk(const struct mmu_regs *r, gva_t a, enum mmu_access access, bool user, bool ac, uint16_t pcid,
                         const struct mmu_mem_ops *ops, void *opaque, struct mmu_result *out)
{
    const struct mmu_level *l = mmu_root(r->format);
    *out = (struct mmu_result){0};
    struct walk w = {
        .r = r,
        .ops = ops,
        .opaque = opaque,
        .out = out,
        .address = a.v,
        .table = r->cr3 & (l->entry_bytes == 4 ? 0xfffff000u : 0x000ffffffffff000u),
        .high_reserved = mmu_reserved_high(r),
        .access = access,
        .user = user,
        .ac = ac,
        .perm = TLB_W | TLB_U | TLB_X,
    };
    for (bool is_leaf = false, again = false; !is_leaf || again; l += !again) {
        enum mmu_status s = step(&w, l, pcid, &is_leaf, &again);
        if (s != MMU_OK)
            return s;
    }
    return MMU_OK;
}
