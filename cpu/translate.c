/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation. The TLB is the truth: what stands there is used, stale or not. The page tables are looked at only on a
 * miss, when a permission is missing (the walk decides, and the entry goes: a relaxed permission needs no flush), and
 * for the first write through a clean entry (the walk sets D). A walk that faults drops what the TLBs hold for the
 * page, on both sides; one that finds a page of another size drops the old one, else two entries would cover the
 * address. Manual: SDM vol. 3A, "Caching Translation Information" and "Invalidation of TLBs and Paging-Structure
 * Caches".
 *
 * Cycles go to the caller, and each only once: a walk that has to wait will be made again, and costs nothing yet. Table
 * accesses go through the caches of the core, in functional mode to memory alone.
 */
#include "cpu/translate.h"
#include "cpu/pipeline.h"
#include "sim/core/fault.h"

/* ---- the walker's memory --------------------------------------------------------------------------------------------
 */
static bool touch(struct cpu *c, hpa_t a, enum mem_op op, uint32_t *lat)
{
    if (c->mode == CPU_FUNCTIONAL)
        return true;
    struct mem_result r;
    if (!mem_access(c->mem, c->core, a, op, c->now, c->now < c->share_limit, &r)) {
        (void)cpu_line_wait(c, a, &r); /* the walk says MMU_WAIT */
        return false;
    }
    pipeline_line(c, a, true, *lat, &r);
    *lat += r.latency_cyc;
    return true;
}

static enum mmu_status walk_read(void *opaque, hpa_t a, unsigned bytes, uint64_t *value, uint32_t *lat)
{
    struct cpu *c = opaque;
    const uint8_t *host = phys_host(c->phys, a);
    if (!host) {
        *value = bytes == 8 ? ~0ull : 0xffffffff;
        return MMU_OK;
    }
    if (!touch(c, a, MEM_READ, lat))
        return MMU_WAIT;
    *value = cpu_host_read(host, bytes);
    return MMU_OK;
}

static enum mmu_status walk_set_bits(void *opaque, hpa_t a, unsigned bytes, uint64_t expect, uint64_t bits, bool *done,
                                     uint32_t *lat)
{
    struct cpu *c = opaque;
    uint8_t *host = phys_host(c->phys, a);
    *done = true;
    if (!host)
        return MMU_OK;
    uint32_t cyc = *lat;
    if (!touch(c, a, MEM_WRITE, &cyc))
        return MMU_WAIT;
    c->acc.mark_cyc += cyc - *lat; /* at once: should the walk have to wait, it will find the bits set */
    c->acc.any = 1;
    uint64_t now = cpu_host_read(host, bytes);
    *done = now == expect;
    if (*done) {
        cpu_host_write(host, bytes, now | bits);
        if (c->phys->frame_flags[a.v >> 12] & PHYS_HAS_CODE)
            cpu_code_written(c, a, bytes);
    }
    return MMU_OK;
}

static const struct mmu_mem_ops walk_ops = {walk_read, walk_set_bits};

static struct translation by_entry(const struct tlb_entry *e, uint64_t la, unsigned slot)
{
    uint64_t pfn = e->pfn + ((la >> 12) - e->vpn);
    return (struct translation){{pfn << 12 | (la & 0xfff)}, (uint16_t)slot, e->shift, e->perm};
}

/* @old: the entry that did not do, or NULL. */
static struct cpu_event walk(struct cpu *c, enum tlb_side side, uint64_t la, enum mmu_access access, bool user, bool ac,
                             const struct tlb_entry *old, struct translation *out, struct translate_cost *cost)
{
    struct mmu_result r = {0};
    enum mmu_status s = mmu_walk(&c->mmu, (gva_t){la}, access, user, ac, translate_pcid(c), &walk_ops, c, &r);
    if (s == MMU_WAIT) {
        if (!old)
            tlb_miss_again(c->tlb, side);
        return CPU_EV_WAIT;
    }
    if (!old)
        cost->tlb_cyc += c->cfg->tlb.l2_latency_cyc;
    cost->walk_cyc += r.latency_cyc;
    c->stats.walks++;
    c->stats.walk_refs += r.refs;
    cost->walk_cyc += c->cfg->walk_cyc;
    uint32_t error;
    bool clean = old && mmu_allowed(&c->mmu, old->perm, access, user, ac, &error);
    if (s == MMU_FAULT || (old && (!clean || old->shift != r.entry.shift)))
        tlb_drop(c->tlb, (gva_t){la}, translate_pcid(c));
    if (s == MMU_FAULT) {
        c->fault_cr2 = la;
        return CPU_EV_FAULT_ERR(14, r.error);
    }
    *out = by_entry(&r.entry, la, tlb_fill(c->tlb, side, &r.entry));
    return CPU_OK;
}

struct cpu_event translate(struct cpu *c, enum tlb_side side, uint64_t la, enum mmu_access access, bool user, bool ac,
                           struct translation *out, struct translate_cost *cost)
{
    if (c->mmu.format == MMU_FORMAT_NONE) {
        *out = (struct translation){{la}, TRANSLATE_NO_SLOT, 12, TLB_W | TLB_U | TLB_X | TLB_DIRTY};
        return CPU_OK;
    }
    struct tlb_hit hit;
    bool found = tlb_lookup(c->tlb, side, (gva_t){la}, translate_pcid(c), &hit);
    if (found && hit.level == 2)
        cost->tlb_cyc += c->cfg->tlb.l2_latency_cyc;
    uint32_t error;
    const struct tlb_entry *e = found ? hit.entry : NULL;
    if (e && mmu_allowed(&c->mmu, e->perm, access, user, ac, &error) &&
        (access != MMU_WRITE || (e->perm & TLB_DIRTY))) {
        *out = by_entry(e, la, hit.slot);
        return CPU_OK;
    }
    return walk(c, side, la, access, user, ac, e, out, cost);
}

/* ---- looking without touching
 * ---------------------------------------------------------------------------------------- */
static enum mmu_status peek_read(void *opaque, hpa_t a, unsigned bytes, uint64_t *value, uint32_t *lat)
{
    const struct cpu *c = opaque;
    const uint8_t *host = phys_host(c->phys, a);
    (void)lat;
    *value = host ? cpu_host_read(host, bytes) : ~0ull;
    return MMU_OK;
}
static enum mmu_status peek_set_bits(void *opaque, hpa_t a, unsigned bytes, uint64_t expect, uint64_t bits, bool *done,
                                     uint32_t *lat)
{
    (void)opaque, (void)a, (void)bytes, (void)expect, (void)bits, (void)lat;
    *done = true;
    return MMU_OK;
}

bool cpu_peek(struct cpu *c, gva_t a, void *to, size_t n)
{
    static const struct mmu_mem_ops ops = {peek_read, peek_set_bits};
    for (size_t done = 0; done < n;) {
        uint64_t la = a.v + done;
        size_t piece = SIM_PAGE_BYTES - (la & (SIM_PAGE_BYTES - 1));
        hpa_t at = {la};
        if (piece > n - done)
            piece = n - done;
        if (c->mmu.format != MMU_FORMAT_NONE) {
            struct mmu_result r;
            if (mmu_walk(&c->mmu, (gva_t){la}, MMU_READ, false, true, translate_pcid(c), &ops, c, &r) != MMU_OK)
                return false;
            at = by_entry(&r.entry, la, 0).a;
        }
        if (!phys_copy_out(c->phys, (uint8_t *)to + done, at, piece))
            return false;
        done += piece;
    }
    return true;
}
