/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLBs against a naive model, a million random operations for each shape, down to one entry.
 *
 * The model: each set a list, most recent first, of whole entries compared field by field. A client beside it believes
 * only results and slot_lost, as the cpu's shortcut does. Could lie where model and library read the contract alike
 * wrongly; tlb_semantics_test.c says the contract once more in examples.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "sim/core/rng.h"
#include "tlb/tlb_internal.h"

enum { MAX_SETS = 8, MAX_WAYS = 16, MAX_SLOTS = 64 };
struct list {
    struct tlb_entry e[MAX_WAYS];
    uint32_t n;
};
struct store { /* [0] small, [1] large */
    struct list set[2][MAX_SETS];
    uint32_t sets[2], ways[2];
    bool shared;
};
struct model {
    struct store l1[TLB_SIDES], l2;
    uint64_t misses, l2_hits, flushed;
};

static struct store store_of(const struct tlb_array_cfg *small, const struct tlb_array_cfg *large, bool shared)
{
    struct store s = {.shared = shared};
    const struct tlb_array_cfg *cfg[2] = {small, large};
    for (int i = 0; i < 2; i++) {
        s.ways[i] = cfg[i]->entries ? cfg[i]->ways : 0;
        s.sets[i] = cfg[i]->entries ? cfg[i]->entries / cfg[i]->ways : 1;
    }
    return s;
}

static struct list *set_of(struct store *s, uint64_t vpn, uint8_t shift)
{
    int array = shift == 21 && !s->shared;
    if (s->ways[array] == 0)
        return NULL;
    return &s->set[array][(vpn >> (shift - 12)) % s->sets[array]];
}

static bool in_context(const struct tlb_entry *e, uint16_t pcid)
{
    return e->perm & TLB_GLOBAL || e->pcid == pcid;
}

static bool covers(const struct tlb_entry *e, uint64_t vpn, uint16_t pcid, uint8_t shift)
{
    return e->shift == shift && in_context(e, pcid) && e->vpn >> (shift - 12) == vpn >> (shift - 12);
}

static void take_out(struct list *l, uint32_t i)
{
    memmove(&l->e[i], &l->e[i + 1], (l->n - i - 1) * sizeof l->e[0]);
    l->n--;
}

static void put_first(struct list *l, struct tlb_entry e)
{
    memmove(&l->e[1], &l->e[0], l->n * sizeof l->e[0]);
    l->e[0] = e;
    l->n++;
}

static const struct tlb_entry *model_find(struct store *s, uint64_t vpn, uint16_t pcid)
{
    for (uint8_t shift = 12; shift <= 21; shift += 9) {
        struct list *l = set_of(s, vpn, shift);
        for (uint32_t i = 0; l && i < l->n; i++)
            if (covers(&l->e[i], vpn, pcid, shift)) {
                struct tlb_entry e = l->e[i];
                take_out(l, i);
                put_first(l, e);
                return &l->e[0];
            }
    }
    return NULL;
}

static const struct tlb_entry *model_fill(struct store *s, const struct tlb_entry *e)
{
    struct list *l = set_of(s, e->vpn, e->shift);
    if (!l)
        return NULL;
    for (uint32_t i = l->n; i-- > 0;) {
        const struct tlb_entry *o = &l->e[i];
        if (o->shift == e->shift && o->vpn == e->vpn && (e->perm & TLB_GLOBAL || in_context(o, e->pcid)))
            take_out(l, i);
    }
    if (l->n == s->ways[e->shift == 21 && !s->shared])
        l->n--;
    put_first(l, *e);
    return &l->e[0];
}

/* Removes all that @goes says; returns how many. */
static unsigned sweep(struct store *s, bool (*goes)(const struct tlb_entry *e, uint64_t vpn, uint16_t pcid),
                      uint64_t vpn, uint16_t pcid)
{
    unsigned gone = 0;
    for (int array = 0; array < 2; array++)
        for (uint32_t set = 0; set < s->sets[array]; set++)
            for (uint32_t i = s->set[array][set].n; i-- > 0;)
                if (goes(&s->set[array][set].e[i], vpn, pcid)) {
                    take_out(&s->set[array][set], i);
                    gone++;
                }
    return gone;
}

static bool goes_local(const struct tlb_entry *e, uint64_t vpn, uint16_t pcid)
{
    (void)vpn;
    return !(e->perm & TLB_GLOBAL) && e->pcid == pcid;
}
static bool goes_local_any(const struct tlb_entry *e, uint64_t vpn, uint16_t pcid)
{
    (void)vpn, (void)pcid;
    return !(e->perm & TLB_GLOBAL);
}
static bool goes_all(const struct tlb_entry *e, uint64_t vpn, uint16_t pcid)
{
    (void)e, (void)vpn, (void)pcid;
    return true;
}
static bool goes_page(const struct tlb_entry *e, uint64_t vpn, uint16_t pcid)
{
    return in_context(e, pcid) && e->vpn >> (e->page_shift - 12) == vpn >> (e->page_shift - 12);
}

/* ---- the client
 * ------------------------------------------------------------------------------------------------------ */
static struct tlb_entry belief[TLB_SIDES][MAX_SLOTS];
static bool believed[TLB_SIDES][MAX_SLOTS];

static void slot_lost(void *opaque, enum tlb_side side, unsigned slot)
{
    (void)opaque;
    believed[side][slot] = false;
}
static const struct tlb_ops ops = {slot_lost};

static bool same(const struct tlb_entry *a, const struct tlb_entry *b)
{
    return a->vpn == b->vpn && a->pfn == b->pfn && a->pcid == b->pcid && a->shift == b->shift &&
           a->page_shift == b->page_shift && a->perm == b->perm && a->memtype == b->memtype;
}

static void believe(enum tlb_side side, unsigned slot, const struct tlb_entry *e)
{
    if (believed[side][slot])
        assert_true(same(&belief[side][slot], e)); /* it changed, and nobody told us */
    belief[side][slot] = *e;
    believed[side][slot] = true;
}

static void beliefs_stand(struct tlb *t)
{
    for (int side = 0; side < TLB_SIDES; side++)
        for (unsigned i = 0; i < tlb_l1_view(t, (enum tlb_side)side).slots; i++) {
            const struct tlb_entry *e = tlb_entry_at(t, (enum tlb_side)side, i);
            assert_int_equal(believed[side][i], e != NULL);
            assert_true(!e || same(e, &belief[side][i]));
        }
}

/* ---- random operations
 * ------------------------------------------------------------------------------------------------- */
static struct tlb_entry random_entry(struct rng *r, uint64_t vpn, uint16_t pcid)
{
    static const uint8_t page_shift[8] = {12, 12, 12, 12, 12, 21, 30, 22};
    uint64_t v = rng_next(r);
    struct tlb_entry e = {.page_shift = page_shift[v & 7], .pcid = pcid, .perm = (uint8_t)(v >> 8 & 15)};
    e.shift = e.page_shift > 12 ? 21 : 12;
    e.vpn = e.shift == 21 ? vpn & ~(uint64_t)511 : vpn;
    e.pfn = v >> 24 & 0xfffff000;
    e.perm |= (v >> 16 & 3) == 0 ? TLB_GLOBAL : 0;
    return e;
}

/* Few enough pages to hit, in low and sign-extended high memory, four large pages each. */
static uint64_t random_vpn(struct rng *r)
{
    uint64_t v = rng_next(r), vpn = (v & 3) << 9 | (v >> 8 & 7);
    return v & 0x10000 ? vpn | 0xfffff80000000ull | (v >> 20 & 1) << 18 : vpn;
}

static void flush(struct tlb *t, struct model *m, struct rng *r, uint64_t vpn, uint16_t pcid)
{
    uint64_t kind = rng_below(r, 32);
    struct store *stores[3] = {&m->l1[0], &m->l1[1], &m->l2};
    bool (*goes)(const struct tlb_entry *e, uint64_t v, uint16_t p) = NULL;
    if (kind == 0) {
        tlb_flush_all(t);
        goes = goes_all;
    } else if (kind < 4) {
        tlb_flush_cr3(t, pcid, true);
        goes = goes_local_any;
    } else if (kind < 8) {
        tlb_flush_cr3(t, pcid, false);
        goes = goes_local;
    } else if (kind < 28) {
        tlb_flush_page(t, (gva_t){vpn << 12 | 5}, pcid);
        goes = goes_page;
    } else {
        tlb_drop(t, (gva_t){vpn << 12 | 5}, pcid);
        goes = goes_page;
    }
    for (int i = 0; i < 3; i++) {
        unsigned gone = sweep(stores[i], goes, vpn, pcid);
        m->flushed += kind < 28 ? gone : 0;
    }
}

static void look_up(struct tlb *t, struct model *m, struct rng *r, enum tlb_side side, uint64_t vpn, uint16_t pcid)
{
    struct tlb_hit hit;
    const struct tlb_entry *e = model_find(&m->l1[side], vpn, pcid);
    unsigned level = e ? 1 : 0;
    if (!e && (e = model_find(&m->l2, vpn, pcid))) {
        m->l2_hits++;
        e = model_fill(&m->l1[side], e);
        level = 2;
    }
    bool is_hit = tlb_lookup(t, side, (gva_t){vpn << 12 | 0xabc}, pcid, &hit);
    assert_int_equal(is_hit, e != NULL);
    if (e) {
        assert_true(same(hit.entry, e));
        assert_int_equal(hit.level, level);
        assert_int_equal(tlb_translate(hit.entry, (gva_t){vpn << 12 | 0xabc}).v & 0xfff, 0xabc);
        believe(side, hit.slot, e);
        return;
    }
    m->misses++;
    struct tlb_entry fresh = random_entry(r, vpn, pcid);
    unsigned slot = tlb_fill(t, side, &fresh);
    model_fill(&m->l2, &fresh);
    model_fill(&m->l1[side], &fresh);
    believe(side, slot, &fresh);
}

static void equals_model(const struct tlb_cfg *cfg, uint64_t seed)
{
    struct tlb *t = tlb_new(cfg, &ops, NULL);
    struct model *m = test_calloc(1, sizeof *m);
    struct rng r;
    rng_seed(&r, seed);
    memset(believed, 0, sizeof believed);
    for (int side = 0; side < TLB_SIDES; side++)
        m->l1[side] = store_of(&cfg->l1_small[side], &cfg->l1_large[side], cfg->l1_large[side].entries == 0);
    m->l2 = store_of(&cfg->l2_small, &cfg->l2_large, cfg->l2_shared);
    for (unsigned i = 0; i < 1000000; i++) {
        uint64_t vpn = random_vpn(&r);
        uint16_t pcid = (uint16_t)rng_below(&r, 3);
        if (i % 5000 == 11)
            *tlb_l1_view(t, TLB_DATA).tick = TLB_AGE_LIMIT - 3; /* later than any age: then it is renormalised */
        if (rng_below(&r, 64) == 0) {
            flush(t, m, &r, vpn, pcid);
            beliefs_stand(t);
        } else {
            look_up(t, m, &r, rng_below(&r, 4) ? TLB_DATA : TLB_FETCH, vpn, pcid);
        }
    }
    const struct tlb_stats *s = tlb_stats(t);
    assert_int_equal(s->misses, m->misses);
    assert_int_equal(s->fills, m->misses);
    assert_int_equal(s->l2_hits, m->l2_hits);
    assert_int_equal(s->l1d_misses + s->l1i_misses, m->misses + m->l2_hits);
    assert_int_equal(s->entries_flushed, m->flushed);
    test_free(m);
    tlb_free(t);
}

#define BOTH(entries, ways)                                                                                            \
    {                                                                                                                  \
        {(entries), (ways)},                                                                                           \
        {                                                                                                              \
            (entries), (ways)                                                                                          \
        }                                                                                                              \
    }

static void full_first_level_small_second(void **state)
{
    (void)state;
    equals_model(&(struct tlb_cfg){.l1_small = BOTH(8, 8), .l1_large = BOTH(4, 4), .l2_small = {32, 4}}, 1);
}
static void sets_everywhere(void **state)
{
    (void)state;
    equals_model(
        &(struct tlb_cfg){.l1_small = BOTH(8, 4), .l1_large = BOTH(4, 2), .l2_small = {16, 4}, .l2_large = {8, 4}}, 2);
}
static void sizes_share_their_places(void **state)
{
    (void)state;
    equals_model(&(struct tlb_cfg){.l1_small = BOTH(12, 12), .l2_small = {24, 12}, .l2_shared = true}, 3);
    equals_model(&(struct tlb_cfg){.l1_small = BOTH(12, 12)}, 4);
}
static void one_entry(void **state)
{
    (void)state;
    equals_model(&(struct tlb_cfg){.l1_small = BOTH(1, 1)}, 5);
    equals_model(&(struct tlb_cfg){.l1_small = BOTH(1, 1), .l1_large = BOTH(1, 1), .l2_small = {1, 1}}, 6);
}

/* A cpu that takes first-level hits itself and one that asks each time end in the same state. */
static void own_hits_are_the_same(void **state)
{
    (void)state;
    struct tlb_cfg cfg = {.l1_small = BOTH(8, 8), .l1_large = BOTH(4, 4), .l2_small = {32, 4}};
    struct tlb *asks = tlb_new(&cfg, NULL, NULL), *takes = tlb_new(&cfg, &ops, NULL);
    struct tlb_l1_view view = tlb_l1_view(takes, TLB_DATA);
    struct rng r;
    unsigned taken = 0;
    rng_seed(&r, 9);
    memset(believed, 0, sizeof believed);
    for (unsigned i = 0; i < 200000; i++) {
        uint64_t vpn = rng_below(&r, 12);
        struct tlb_entry e = {.vpn = vpn, .pfn = vpn + 100, .shift = 12, .page_shift = 12};
        struct tlb_hit hit;
        if (!tlb_lookup(asks, TLB_DATA, (gva_t){vpn << 12}, 0, &hit))
            tlb_fill(asks, TLB_DATA, &e);
        unsigned slot = 0;
        while (slot < view.slots && !(believed[TLB_DATA][slot] && belief[TLB_DATA][slot].vpn == vpn))
            slot++;
        if (slot < view.slots) {
            view.age[slot] = ++*view.tick;
            taken++;
        } else if (tlb_lookup(takes, TLB_DATA, (gva_t){vpn << 12}, 0, &hit)) {
            believe(TLB_DATA, hit.slot, hit.entry);
        } else {
            believe(TLB_DATA, tlb_fill(takes, TLB_DATA, &e), &e);
        }
        if (rng_below(&r, 500) == 0) {
            tlb_flush_page(asks, (gva_t){vpn << 12}, 0);
            tlb_flush_page(takes, (gva_t){vpn << 12}, 0);
        }
        if (i % 4096 == 0)
            tlb_ages_check(takes);
    }
    assert_true(taken > 50000);
    assert_int_equal(tlb_state_hash(asks, 0), tlb_state_hash(takes, 0));
    tlb_free(asks);
    tlb_free(takes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_first_level_small_second), cmocka_unit_test(sets_everywhere),
        cmocka_unit_test(sizes_share_their_places),      cmocka_unit_test(one_entry),
        cmocka_unit_test(own_hits_are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
