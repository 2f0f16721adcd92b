/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the TLB. Includable only from tlb/ and its tests.
 *
 * A store is a run of slots with keys, ages and entries: one for each side's first level (small array first, large
 * array behind it) and one for the second level. An array is a part of a store, organised in sets of ways. Finding an
 * entry needs its key alone: size, page number, and PCID or "global" are packed into 64 bits, so that two compares
 * decide a slot and a fully associative array is one run over compact keys.
 *
 * Invariant: for one page and size there is either one global entry or at most one entry a PCID, so that a lookup can
 * match at most one slot (tlb_store_fill() clears what would break it; a TLB may always forget). A 4 KiB and a 2 MiB
 * entry may both cover an address, after a table change without a flush; then the 4 KiB one is used.
 */
#pragma once
#include "tlb/tlb.h"

#define TLB_NO_KEY  UINT64_MAX
#define TLB_NO_SLOT UINT32_MAX
#define TLB_HINTS   64u
#define TLB_BUCKETS 256u
/* tlb_ages_check() leaves the cpu 2^30 hits between two calls. */
#define TLB_AGE_LIMIT 0xC0000000u

struct tlb_array {
    uint32_t first, sets, ways; /* slots first .. first + sets * ways - 1; ways 0: absent */
    bool is_pow2;               /* sets */
};

enum { TLB_BITS_LOCAL, TLB_BITS_GLOBAL, TLB_BITS };

struct tlb_store {
    uint64_t *key;
    uint32_t *age; /* 0: empty */
    struct tlb_entry *entry;
    uint64_t *valid[TLB_BITS]; /* bitmaps of valid slots: entries that are not global, and global ones */
    uint32_t slots, words, tick;
    uint32_t n_pieces; /* valid entries that are pieces of a larger page */
    struct tlb_array small, large;
    bool large_in_small;
    uint16_t hint[2][TLB_HINTS]; /* by size: where a key was last found; checked against the key, so never wrong */
    uint16_t in_bucket[2][TLB_BUCKETS]; /* by size: how many valid entries have a page number of this hash. 0: surely
                                           none, and a fully associative array need not be searched */
    const struct tlb_ops *ops;          /* first level only: told before a valid slot changes */
    void *opaque;
    enum tlb_side side;
};

void tlb_store_init(struct tlb_store *s, const struct tlb_array_cfg *small, const struct tlb_array_cfg *large,
                    bool large_in_small);
void tlb_store_destroy(struct tlb_store *s);
void tlb_store_renormalise(struct tlb_store *s);
/* The slot that translates page @vpn under @pcid, or TLB_NO_SLOT. */
uint32_t tlb_store_find(struct tlb_store *s, uint64_t vpn, uint16_t pcid);
/* Enter @e: over an entry for the same page, else into an empty slot, else over the least recently used. Return: the
 * slot; TLB_NO_SLOT when the store has no place for its size. */
uint32_t tlb_store_fill(struct tlb_store *s, const struct tlb_entry *e);
/* These return how many entries went. */
unsigned tlb_store_flush_local(struct tlb_store *s, uint16_t pcid, bool all_pcids);
unsigned tlb_store_flush_all(struct tlb_store *s);
unsigned tlb_store_flush_page(struct tlb_store *s, uint64_t vpn, uint16_t pcid);

static inline void tlb_store_touch(struct tlb_store *s, uint32_t slot)
{
    if (__builtin_expect(s->tick >= TLB_AGE_LIMIT, 0))
        tlb_store_renormalise(s);
    s->age[slot] = ++s->tick;
}
