/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One store of TLB entries (tlb_internal.h): find, fill, flush. Knows nothing of levels.
 *
 * Key: bit 62 size (1: 2 MiB), bits 57..13 page number, bit 12 global, bits 11..0 PCID (0 when global). 45 bits of page
 * number lose nothing: the bits above are the sign extension of a canonical address.
 */
#include <string.h>
#include <glib.h>
#include "tlb/tlb_internal.h"

#define VPN_MASK   (((uint64_t)1 << 45) - 1)
#define TAG_BITS   13
#define KEY_GLOBAL ((uint64_t)1 << 12)
#define KEY_LARGE  ((uint64_t)1 << 62)

static uint64_t page_key(uint64_t vpn, bool is_large)
{
    uint64_t v = vpn & VPN_MASK;
    return is_large ? (v & ~(uint64_t)511) << TAG_BITS | KEY_LARGE : v << TAG_BITS;
}

static uint64_t entry_key(const struct tlb_entry *e)
{
    return page_key(e->vpn, e->shift == 21) | (e->perm & TLB_GLOBAL ? KEY_GLOBAL : e->pcid & 0xfffu);
}

static bool is_piece(const struct tlb_entry *e)
{
    return e->page_shift > e->shift;
}

static const struct tlb_array *array_of(const struct tlb_store *s, bool is_large)
{
    return is_large && !s->large_in_small ? &s->large : &s->small;
}

/* First slot of the set where a page of this size belongs. */
static uint32_t set_first(const struct tlb_array *a, uint64_t vpn, bool is_large)
{
    uint64_t index = (vpn & VPN_MASK) >> (is_large ? 9 : 0);
    return a->first + (uint32_t)(a->is_pow2 ? index & (a->sets - 1) : index % a->sets) * a->ways;
}

static uint16_t *bucket(struct tlb_store *s, uint64_t vpn, bool is_large)
{
    uint64_t index = vpn >> (is_large ? 9 : 0);
    return &s->in_bucket[is_large][(index ^ index >> 8) % TLB_BUCKETS];
}

static struct tlb_array make_array(const struct tlb_array_cfg *cfg, uint32_t first)
{
    uint32_t sets = cfg->entries ? cfg->entries / cfg->ways : 1;
    return (struct tlb_array){first, sets, cfg->entries ? cfg->ways : 0, (sets & (sets - 1)) == 0};
}

void tlb_store_init(struct tlb_store *s, const struct tlb_array_cfg *small, const struct tlb_array_cfg *large,
                    bool large_in_small)
{
    *s = (struct tlb_store){.slots = small->entries + large->entries, .large_in_small = large_in_small};
    s->small = make_array(small, 0);
    s->large = make_array(large, small->entries);
    if (s->slots == 0)
        return;
    s->words = (s->slots + 63) / 64;
    s->key = g_new(uint64_t, s->slots);
    memset(s->key, 0xff, s->slots * sizeof *s->key); /* TLB_NO_KEY */
    s->age = g_new0(uint32_t, s->slots);
    s->entry = g_new0(struct tlb_entry, s->slots);
    for (int b = 0; b < TLB_BITS; b++)
        s->valid[b] = g_new0(uint64_t, s->words);
}

void tlb_store_destroy(struct tlb_store *s)
{
    g_free(s->key);
    g_free(s->age);
    g_free(s->entry);
    for (int b = 0; b < TLB_BITS; b++)
        g_free(s->valid[b]);
}

static void renormalise_set(uint32_t *age, uint32_t ways)
{
    uint32_t *rank = g_new0(uint32_t, ways);
    for (uint32_t w = 0; w < ways; w++)
        for (uint32_t v = 0; v < ways; v++)
            rank[w] += age[w] && age[v] && age[v] <= age[w];
    memcpy(age, rank, ways * sizeof *age);
    g_free(rank);
}

/* Ages are compared within a set only and are unique: ranks keep every later choice as it was. */
void tlb_store_renormalise(struct tlb_store *s)
{
    const struct tlb_array *arrays[] = {&s->small, &s->large};
    for (size_t i = 0; i < G_N_ELEMENTS(arrays); i++)
        for (uint32_t set = 0; arrays[i]->ways && set < arrays[i]->sets; set++)
            renormalise_set(s->age + arrays[i]->first + set * arrays[i]->ways, arrays[i]->ways);
    s->tick = s->slots;
}

/* ---- one slot ------------------------------------------------------------------------------------------------------
 */
static void clear_slot(struct tlb_store *s, uint32_t slot)
{
    if (s->ops && s->ops->slot_lost)
        s->ops->slot_lost(s->opaque, s->side, slot);
    s->n_pieces -= is_piece(&s->entry[slot]);
    --*bucket(s, s->entry[slot].vpn, s->entry[slot].shift == 21);
    s->key[slot] = TLB_NO_KEY;
    s->age[slot] = 0;
    for (int b = 0; b < TLB_BITS; b++)
        s->valid[b][slot / 64] &= ~((uint64_t)1 << (slot % 64));
}

static void set_slot(struct tlb_store *s, uint32_t slot, const struct tlb_entry *e)
{
    if (s->key[slot] != TLB_NO_KEY)
        clear_slot(s, slot);
    s->key[slot] = entry_key(e);
    s->entry[slot] = *e;
    s->n_pieces += is_piece(e);
    ++*bucket(s, e->vpn, e->shift == 21);
    int b = e->perm & TLB_GLOBAL ? TLB_BITS_GLOBAL : TLB_BITS_LOCAL;
    s->valid[b][slot / 64] |= (uint64_t)1 << (slot % 64);
    tlb_store_touch(s, slot);
}

/* ---- find and fill
 * --------------------------------------------------------------------------------------------------- */
static uint32_t find_size(struct tlb_store *s, uint64_t vpn, uint16_t pcid, bool is_large)
{
    const struct tlb_array *a = array_of(s, is_large);
    if (a->ways == 0 || *bucket(s, vpn, is_large) == 0)
        return TLB_NO_SLOT;
    uint64_t page = page_key(vpn, is_large), own = page | (pcid & 0xfffu), global = page | KEY_GLOBAL;
    uint16_t *hint = &s->hint[is_large][(vpn >> (is_large ? 9 : 0)) % TLB_HINTS];
    if (s->key[*hint] == own || s->key[*hint] == global)
        return *hint;
    uint32_t first = set_first(a, vpn, is_large);
    for (uint32_t i = first; i < first + a->ways; i++)
        if (s->key[i] == own || s->key[i] == global) {
            *hint = (uint16_t)i;
            return i;
        }
    return TLB_NO_SLOT;
}

uint32_t tlb_store_find(struct tlb_store *s, uint64_t vpn, uint16_t pcid)
{
    uint32_t slot = find_size(s, vpn, pcid, false);
    return slot != TLB_NO_SLOT ? slot : find_size(s, vpn, pcid, true);
}

/* Clears what @e replaces: its page under its PCID or global; under any PCID if @e is global. Return: a slot of them.
 */
static uint32_t clear_page(struct tlb_store *s, const struct tlb_entry *e, uint32_t first, uint32_t end)
{
    uint64_t key = entry_key(e);
    uint32_t slot = TLB_NO_SLOT;
    for (uint32_t i = first; i < end; i++) {
        if (s->key[i] >> TAG_BITS != key >> TAG_BITS)
            continue;
        if (!(e->perm & TLB_GLOBAL) && s->key[i] != key && !(s->key[i] & KEY_GLOBAL))
            continue;
        if (slot == TLB_NO_SLOT)
            slot = i;
        clear_slot(s, i);
    }
    return slot;
}

uint32_t tlb_store_fill(struct tlb_store *s, const struct tlb_entry *e)
{
    bool is_large = e->shift == 21;
    const struct tlb_array *a = array_of(s, is_large);
    if (a->ways == 0)
        return TLB_NO_SLOT;
    uint32_t first = set_first(a, e->vpn, is_large);
    uint32_t slot = *bucket(s, e->vpn, is_large) ? clear_page(s, e, first, first + a->ways) : TLB_NO_SLOT;
    if (slot == TLB_NO_SLOT) {
        uint64_t oldest = UINT64_MAX; /* age and slot in one number: a minimum without branches */
        for (uint32_t i = first; i < first + a->ways; i++) {
            uint64_t v = (uint64_t)s->age[i] << 32 | i;
            oldest = v < oldest ? v : oldest;
        }
        slot = (uint32_t)oldest;
    }
    set_slot(s, slot, e);
    return slot;
}

/* ---- flush ----------------------------------------------------------------------------------------------------------
 */
static unsigned flush_bits(struct tlb_store *s, int which, bool all_pcids, uint16_t pcid)
{
    unsigned gone = 0;
    for (uint32_t w = 0; w < s->words; w++)
        for (uint64_t bits = s->valid[which][w]; bits; bits &= bits - 1) {
            uint32_t slot = w * 64 + (uint32_t)__builtin_ctzll(bits);
            if (!all_pcids && s->entry[slot].pcid != pcid)
                continue;
            clear_slot(s, slot);
            gone++;
        }
    return gone;
}

unsigned tlb_store_flush_local(struct tlb_store *s, uint16_t pcid, bool all_pcids)
{
    return flush_bits(s, TLB_BITS_LOCAL, all_pcids, pcid);
}

unsigned tlb_store_flush_all(struct tlb_store *s)
{
    return flush_bits(s, TLB_BITS_LOCAL, true, 0) + flush_bits(s, TLB_BITS_GLOBAL, true, 0);
}

/* The other pieces of the larger pages that cover @vpn: they may stand in any set. */
static unsigned flush_pieces(struct tlb_store *s, uint64_t vpn, uint16_t pcid)
{
    unsigned gone = 0;
    for (uint32_t i = 0; i < s->slots && s->n_pieces; i++) {
        const struct tlb_entry *e = &s->entry[i];
        if (s->key[i] == TLB_NO_KEY || !is_piece(e) || ((vpn ^ e->vpn) & VPN_MASK) >> (e->page_shift - 12))
            continue;
        if (!(e->perm & TLB_GLOBAL) && e->pcid != pcid)
            continue;
        clear_slot(s, i);
        gone++;
    }
    return gone;
}

unsigned tlb_store_flush_page(struct tlb_store *s, uint64_t vpn, uint16_t pcid)
{
    unsigned gone = 0;
    for (int is_large = 0; is_large < 2; is_large++) {
        uint32_t slot = find_size(s, vpn, pcid, is_large);
        if (slot == TLB_NO_SLOT)
            continue;
        clear_slot(s, slot);
        gone++;
    }
    return gone + (s->n_pieces ? flush_pieces(s, vpn, pcid) : 0);
}
