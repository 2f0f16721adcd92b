/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLBs of one core: two first-level stores and one second-level store over tlb/array.c.
 *
 * The levels are neither inclusive nor exclusive: a walk fills both, each forgets on its own, and a flush goes through
 * all. Filling one side leaves the other side's entry for the page as it is, stale or not, as on silicon.
 */
#include <glib.h>
#include "sim/core/fault.h"
#include "tlb/tlb_internal.h"

struct tlb {
    struct tlb_store l1[TLB_SIDES], l2;
    struct tlb_stats stats;
};

static const char *array_error(const struct tlb_array_cfg *a)
{
    if (a->entries && (a->ways == 0 || a->entries % a->ways))
        return "a TLB array's entries must be a multiple of its ways";
    return a->entries > 16384 ? "a TLB array may have at most 16384 entries" : NULL;
}

const char *tlb_cfg_error(const struct tlb_cfg *cfg)
{
    const struct tlb_array_cfg *all[] = {&cfg->l1_small[0], &cfg->l1_small[1], &cfg->l1_large[0],
                                         &cfg->l1_large[1], &cfg->l2_small,    &cfg->l2_large};
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        if (array_error(all[i]))
            return array_error(all[i]);
    if (cfg->l1_small[TLB_FETCH].entries == 0 || cfg->l1_small[TLB_DATA].entries == 0)
        return "the first level needs an array for 4 KiB pages on both sides";
    if (cfg->l2_shared && (cfg->l2_large.entries || cfg->l2_small.entries == 0))
        return "a shared second level has l2_small and no l2_large";
    return NULL;
}

struct tlb *tlb_new(const struct tlb_cfg *cfg, const struct tlb_ops *ops, void *opaque)
{
    const char *error = tlb_cfg_error(cfg);
    if (error)
        sim_bug("tlb_new: %s", error);
    struct tlb *t = g_new0(struct tlb, 1);
    for (int side = 0; side < TLB_SIDES; side++) {
        tlb_store_init(&t->l1[side], &cfg->l1_small[side], &cfg->l1_large[side], cfg->l1_large[side].entries == 0);
        t->l1[side].ops = ops;
        t->l1[side].opaque = opaque;
        t->l1[side].side = (enum tlb_side)side;
    }
    tlb_store_init(&t->l2, &cfg->l2_small, &cfg->l2_large, cfg->l2_shared);
    return t;
}

void tlb_free(struct tlb *t)
{
    if (!t)
        return;
    for (int side = 0; side < TLB_SIDES; side++)
        tlb_store_destroy(&t->l1[side]);
    tlb_store_destroy(&t->l2);
    g_free(t);
}

bool tlb_lookup(struct tlb *t, enum tlb_side side, gva_t a, uint16_t pcid, struct tlb_hit *out)
{
    struct tlb_store *l1 = &t->l1[side];
    uint64_t vpn = a.v >> 12;
    uint32_t slot = tlb_store_find(l1, vpn, pcid);
    if (__builtin_expect(slot != TLB_NO_SLOT, 1)) {
        tlb_store_touch(l1, slot);
        *out = (struct tlb_hit){&l1->entry[slot], slot, 1};
        return true;
    }
    if (side == TLB_DATA)
        t->stats.l1d_misses++;
    else
        t->stats.l1i_misses++;
    slot = tlb_store_find(&t->l2, vpn, pcid);
    if (slot == TLB_NO_SLOT) {
        t->stats.misses++;
        return false;
    }
    t->stats.l2_hits++;
    tlb_store_touch(&t->l2, slot);
    slot = tlb_store_fill(l1, &t->l2.entry[slot]);
    *out = (struct tlb_hit){&l1->entry[slot], slot, 2};
    return true;
}

void tlb_miss_again(struct tlb *t, enum tlb_side side)
{
    --*(side == TLB_DATA ? &t->stats.l1d_misses : &t->stats.l1i_misses);
    t->stats.misses--;
}

unsigned tlb_fill(struct tlb *t, enum tlb_side side, const struct tlb_entry *e)
{
    if (e->shift != 12 && e->shift != 21)
        sim_bug("tlb_fill: shift %u", e->shift);
    t->stats.fills++;
    tlb_store_fill(&t->l2, e);
    return tlb_store_fill(&t->l1[side], e);
}

/* ---- what must go
 * ---------------------------------------------------------------------------------------------------- */
void tlb_drop(struct tlb *t, gva_t a, uint16_t pcid)
{
    for (int side = 0; side < TLB_SIDES; side++)
        tlb_store_flush_page(&t->l1[side], a.v >> 12, pcid);
    tlb_store_flush_page(&t->l2, a.v >> 12, pcid);
}

void tlb_flush_cr3(struct tlb *t, uint16_t pcid, bool all_pcids)
{
    t->stats.flushes_cr3++;
    for (int side = 0; side < TLB_SIDES; side++)
        t->stats.entries_flushed += tlb_store_flush_local(&t->l1[side], pcid, all_pcids);
    t->stats.entries_flushed += tlb_store_flush_local(&t->l2, pcid, all_pcids);
}

void tlb_flush_all(struct tlb *t)
{
    t->stats.flushes_all++;
    for (int side = 0; side < TLB_SIDES; side++)
        t->stats.entries_flushed += tlb_store_flush_all(&t->l1[side]);
    t->stats.entries_flushed += tlb_store_flush_all(&t->l2);
}

void tlb_flush_page(struct tlb *t, gva_t a, uint16_t pcid)
{
    t->stats.flushes_page++;
    for (int side = 0; side < TLB_SIDES; side++)
        t->stats.entries_flushed += tlb_store_flush_page(&t->l1[side], a.v >> 12, pcid);
    t->stats.entries_flushed += tlb_store_flush_page(&t->l2, a.v >> 12, pcid);
}

/* ---- views
 * ------------------------------------------------------------------------------------------------------------ */
struct tlb_l1_view tlb_l1_view(struct tlb *t, enum tlb_side side)
{
    return (struct tlb_l1_view){t->l1[side].age, &t->l1[side].tick, t->l1[side].slots};
}

void tlb_ages_check(struct tlb *t)
{
    for (int side = 0; side < TLB_SIDES; side++)
        if (t->l1[side].tick >= TLB_AGE_LIMIT)
            tlb_store_renormalise(&t->l1[side]);
}

const struct tlb_entry *tlb_entry_at(const struct tlb *t, enum tlb_side side, unsigned slot)
{
    const struct tlb_store *s = &t->l1[side];
    return s->key[slot] == TLB_NO_KEY ? NULL : &s->entry[slot];
}

const struct tlb_stats *tlb_stats(const struct tlb *t)
{
    return &t->stats;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

/* The hints are left out: they are the host's, and never change what a lookup finds. */
static uint64_t hash_store(uint64_t h, const struct tlb_store *s)
{
    h = mix(h, s->tick);
    for (uint32_t i = 0; i < s->slots; i++) {
        if (s->key[i] == TLB_NO_KEY)
            continue;
        const struct tlb_entry *e = &s->entry[i];
        h = mix(mix(mix(h, (uint64_t)i << 32 | s->age[i]), s->key[i]), e->pfn);
        h = mix(h, (uint64_t)e->page_shift << 16 | (uint64_t)e->perm << 8 | e->memtype);
    }
    return h;
}

uint64_t tlb_state_hash(const struct tlb *t, uint64_t seed)
{
    uint64_t h = hash_store(hash_store(hash_store(seed, &t->l1[0]), &t->l1[1]), &t->l2);
    const uint64_t *stats = (const uint64_t *)&t->stats;
    for (size_t i = 0; i < sizeof t->stats / sizeof *stats; i++)
        h = mix(h, stats[i]);
    return h;
}
