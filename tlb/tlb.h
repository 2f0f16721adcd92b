/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLBs of one core: architectural truth, not a cache of the page tables.
 *
 * A translation that stands here is used, whatever the page tables say by now: that is how silicon behaves and how a
 * missing flush becomes visible. First level: separate for fetches and data, each with an array for 4 KiB pages and one
 * for large pages; second level: shared, by profile. Entries carry the page size, G, PCID and the permissions of the
 * walk that made them. A lookup asks level 1, then level 2 (a hit there is copied into level 1).
 *
 * Replacement: true LRU by age stamps; a first-level hit is fully described by "age[slot] = ++tick", so the cpu may
 * take such a hit itself (docs/adr/0003). What it took must be dropped when the slot is: ops.slot_lost.
 *
 * Not here: page-table formats and permission rules (mmu/), cycles (the cpu adds cfg latencies by the level returned).
 * Manual: SDM vol. 3A, "Caching Translation Information"; APM vol. 2, "Translation-Lookaside Buffer".
 */
#pragma once
#include "sim/core/stats.h"
#include "sim/core/types.h"

enum tlb_side { TLB_FETCH, TLB_DATA, TLB_SIDES };

/* Permission bits as the walk combined them over all levels. */
enum {
    TLB_W = 1,     /* writable */
    TLB_U = 2,     /* user accessible */
    TLB_X = 4,     /* may be executed */
    TLB_DIRTY = 8, /* D was set in the leaf: a write needs no table update */
    TLB_GLOBAL = 16,
};

/*
 * What an entry maps is 4 KiB or 2 MiB. A 4 MiB or 1 GiB page of the tables is entered as the 2 MiB piece that was
 * accessed, with page_shift saying of what it is a piece, so that INVLPG finds all pieces.
 */
struct tlb_entry {
    uint64_t vpn;       /* linear address >> 12, low 9 bits clear when shift is 21 */
    uint64_t pfn;       /* physical frame of that vpn */
    uint16_t pcid;      /* 12 bits; not compared when TLB_GLOBAL */
    uint8_t shift;      /* 12 or 21 */
    uint8_t page_shift; /* of the page in the tables: 12, 21, 22 or 30; 0 means as shift */
    uint8_t perm;       /* TLB_* */
    uint8_t memtype;    /* 0 = write-back; 1 = uncached, write-combining and the like */
};

/* tlb_translate() - the physical address of @a, which must lie in @e's page. */
static inline hpa_t tlb_translate(const struct tlb_entry *e, gva_t a)
{
    uint64_t offset = ((uint64_t)1 << e->shift) - 1;
    return (hpa_t){e->pfn << 12 | (a.v & offset)};
}

struct tlb_array_cfg {
    uint32_t entries, ways; /* entries 0: absent; ways == entries: fully associative */
};
struct tlb_cfg {
    struct tlb_array_cfg l1_small[TLB_SIDES];
    struct tlb_array_cfg l1_large[TLB_SIDES]; /* 2 MiB entries; absent: they share l1_small's places */
    struct tlb_array_cfg l2_small, l2_large;  /* absent: that size has no second level... */
    bool l2_shared;                           /* ...but 2 MiB entries live in l2_small (l2_large absent) */
    uint32_t l2_latency_cyc;
};

struct tlb_ops {
    /* First-level slot @slot of @side is about to change or go: whatever was derived from it must be dropped. */
    void (*slot_lost)(void *opaque, enum tlb_side side, unsigned slot);
};

/* tlb_cfg_error() - NULL, or what is wrong with @cfg in one sentence (a profile is user input). */
const char *tlb_cfg_error(const struct tlb_cfg *cfg);

struct tlb;
/* tlb_new() - @cfg is copied and must be one that tlb_cfg_error() accepts; @ops may be NULL. */
struct tlb *tlb_new(const struct tlb_cfg *cfg, const struct tlb_ops *ops, void *opaque);
void tlb_free(struct tlb *t);

struct tlb_hit {
    const struct tlb_entry *entry; /* valid until the next call that changes this TLB */
    unsigned slot;                 /* first-level slot where it now is */
    unsigned level;                /* 1 or 2: where it was found */
};
/* tlb_lookup() - @out is written on a hit only. A second-level hit is moved into level 1. Return: hit? */
bool tlb_lookup(struct tlb *t, enum tlb_side side, gva_t a, uint16_t pcid, struct tlb_hit *out);
/* tlb_miss_again() - the lookup that just missed will be made again: it is counted then. */
void tlb_miss_again(struct tlb *t, enum tlb_side side);
/* tlb_fill() - a walk's result into level 1 (of @side) and level 2; replaces an entry for the same page. Return: slot.
 */
unsigned tlb_fill(struct tlb *t, enum tlb_side side, const struct tlb_entry *e);
/* tlb_drop() - forget the page of @a in all levels, as a permission fault does (SDM: "a fault invalidates"). */
void tlb_drop(struct tlb *t, gva_t a, uint16_t pcid);

/* What must go, by instruction. */
void tlb_flush_cr3(struct tlb *t, uint16_t pcid, bool all_pcids); /* MOV CR3: non-global entries (of the PCID) */
void tlb_flush_all(struct tlb *t);                                /* CR4.PGE or CR0.PG changes: globals too */
void tlb_flush_page(struct tlb *t, gva_t a, uint16_t pcid);       /* INVLPG: this page, global or not, this PCID */

/*
 * The first level's age stamps. A hit that the cpu takes itself is age[slot] = ++*tick and nothing else: exactly what
 * tlb_lookup() does on a first-level hit. All calls here renormalise before the tick wraps; a cpu that takes hits
 * itself calls tlb_ages_check() at least once in 2^30 hits (once a turn will do).
 */
struct tlb_l1_view {
    uint32_t *age; /* one a first-level slot of the side, small entries first, then large */
    uint32_t *tick;
    unsigned slots;
};
struct tlb_l1_view tlb_l1_view(struct tlb *t, enum tlb_side side);
void tlb_ages_check(struct tlb *t);

/* tlb_entry_at() - the entry in a first-level slot, NULL when empty. For tlbsan, reports and tests. */
const struct tlb_entry *tlb_entry_at(const struct tlb *t, enum tlb_side side, unsigned slot);
/* tlb_state_hash() - of every entry, age and counter. */
uint64_t tlb_state_hash(const struct tlb *t, uint64_t seed);

struct tlb_stats {
#define STAT(sym, unit, text) uint64_t sym;
#include "tlb/stats.def"
#undef STAT
};
const struct tlb_stats *tlb_stats(const struct tlb *t);
