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

struct tlb_entry {
    uint64_t vpn;    /* linear address >> 12, low bits of a large page cleared */
    uint64_t pfn;    /* physical frame of that vpn */
    uint16_t pcid;   /* not compared when TLB_GLOBAL */
    uint8_t shift;   /* 12, 21 or 30 */
    uint8_t perm;    /* TLB_* */
    uint8_t memtype; /* 0 = write-back; 1 = uncached, write-combining and the like */
};

struct tlb_array_cfg {
    uint32_t entries, ways; /* entries 0: absent; ways == entries: fully associative */
};
struct tlb_cfg {
    struct tlb_array_cfg l1_small[TLB_SIDES],
        l1_large[TLB_SIDES]; /* large: 2 MiB and 1 GiB (1 GiB kept as 2 MiB pieces) */
    struct tlb_array_cfg l2_small, l2_large;
    uint32_t l2_latency_cyc;
};

struct tlb_ops {
    /* First-level slot @slot of @side is about to change or go: whatever was derived from it must be dropped. */
    void (*slot_lost)(void *opaque, enum tlb_side side, unsigned slot);
};

struct tlb;
struct tlb *tlb_new(const struct tlb_cfg *cfg, const struct tlb_ops *ops, void *opaque);
void tlb_free(struct tlb *t);

struct tlb_hit {
    const struct tlb_entry *entry; /* valid until the next call that changes this TLB */
    unsigned slot;                 /* first-level slot where it now is */
    unsigned level;                /* 1 or 2: where it was found */
};
/* tlb_lookup() - @out is written on a hit only. A second-level hit is moved into level 1. Return: hit? */
bool tlb_lookup(struct tlb *t, enum tlb_side side, gva_t a, uint16_t pcid, struct tlb_hit *out);
/* tlb_fill() - a walk's result into level 1 (of @side) and level 2; replaces an entry for the same page. Return: slot.
 */
unsigned tlb_fill(struct tlb *t, enum tlb_side side, const struct tlb_entry *e);
/* tlb_drop() - forget the page of @a in all levels, as a permission fault does (SDM: "a fault invalidates"). */
void tlb_drop(struct tlb *t, gva_t a, uint16_t pcid);

/* What must go, by instruction. */
void tlb_flush_cr3(struct tlb *t, uint16_t pcid, bool all_pcids); /* MOV CR3: non-global entries (of the PCID) */
void tlb_flush_all(struct tlb *t);                                /* CR4.PGE or CR0.PG changes: globals too */
void tlb_flush_page(struct tlb *t, gva_t a, uint16_t pcid);       /* INVLPG: this page, global or not, this PCID */

struct tlb_l1_view {
    uint32_t *age; /* one a first-level slot of the side, small entries first, then large */
    uint32_t *tick;
    unsigned slots;
};
struct tlb_l1_view tlb_l1_view(struct tlb *t, enum tlb_side side);

struct tlb_stats {
#define STAT(sym, unit, text) uint64_t sym;
#include "tlb/stats.def"
#undef STAT
};
const struct tlb_stats *tlb_stats(const struct tlb *t);
