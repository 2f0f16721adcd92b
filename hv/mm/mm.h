/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames: one struct hv_page for each 4 KiB frame of the machine, and the heap that hands them out.
 *
 * A frame belongs to the hypervisor (count 0: no guest ever gets a reference), to one domain, or is free. A domain's
 * frame has two counts (after Xen's frame types):
 *   count_info  all references: HV_PGC_ALLOCATED itself is one, each mapping, each pin;
 *   type_info   what it is used as, how often: writable memory, a page table of one level, descriptors. The type may
 *               change only while the count is 0, so a frame is never both a page table and writable by its guest.
 *
 * Frames are taken from a watermark that climbs through the RAM ranges, then from the list of freed ones. Only frames
 * below the watermark have a valid struct hv_page (hv_page_of() knows), so a big machine costs what is used of it.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "hv/include/cpumask.h"
#include "hv/include/layout.h"
#include "hv/include/spinlock.h"

struct domain;

#define HV_PAGE_SHIFT 12
#define HV_MFN_NONE   UINT32_MAX

struct hv_page {
    uint64_t count_info;
    union {
        uint64_t type_info;          /* owned frame */
        struct hv_cpumask free_cpus; /* free frame: CPUs that may still hold a translation to it, older than stamp */
    };
    uint32_t tlb_stamp; /* flush clock when the type count went to 0, or when it was freed (flush.h) */
    uint32_t next;      /* frames of the domain, or free frames */
    uint32_t prev;
    uint32_t spare;
};
_Static_assert(sizeof(struct hv_page) == 32, "two frames a cache line");

/* count_info holds the owner too, so that one compare-and-exchange can say "one more reference, if it is still mine".
 */
#define HV_PGC_ALLOCATED  (UINT64_C(1) << 63)    /* still given to its owner */
#define HV_PGC_OWNER(id)  ((uint64_t)(id) << 32) /* domain id; 0: the hypervisor */
#define HV_PGC_COUNT_MASK UINT64_C(0xffffffff)

#define HV_PGT_NONE       (UINT64_C(0) << 61)
#define HV_PGT_L1         (UINT64_C(1) << 61)
#define HV_PGT_L2         (UINT64_C(2) << 61)
#define HV_PGT_L3         (UINT64_C(3) << 61)
#define HV_PGT_L4         (UINT64_C(4) << 61)
#define HV_PGT_SEGDESC    (UINT64_C(5) << 61)
#define HV_PGT_WRITABLE   (UINT64_C(7) << 61)
#define HV_PGT_TYPE_MASK  (UINT64_C(7) << 61)
#define HV_PGT_PINNED     (UINT64_C(1) << 60)
#define HV_PGT_VALIDATED  (UINT64_C(1) << 59)
#define HV_PGT_COUNT_MASK UINT64_C(0xffffffff)

extern struct hv_page *hv_frame_table; /* indexed by frame number; in the direct map */
extern uint64_t *hv_m2p;               /* writable view of the machine-to-phys table */
extern uint64_t hv_max_mfn;            /* first frame number beyond the machine's memory */
extern uint8_t *hv_frame_chunk_ready;  /* one byte for 512 frames */

#define HV_M2P_INVALID UINT64_MAX

static inline unsigned hv_page_owner(const struct hv_page *p)
{
    return (uint16_t)(p->count_info >> 32);
}
/* hv_page_of() - the frame's record; NULL where there is none, for any number a guest may come up with. */
static inline struct hv_page *hv_page_of(uint64_t mfn)
{
    if (mfn >= hv_max_mfn || !hv_frame_chunk_ready[mfn >> 9])
        return 0;
    return &hv_frame_table[mfn];
}
static inline uint64_t hv_page_mfn(const struct hv_page *p)
{
    return (uint64_t)(p - hv_frame_table);
}
static inline void *hv_mfn_to_virt(uint64_t mfn)
{
    return hv_phys_to_virt(mfn << HV_PAGE_SHIFT);
}
static inline void *hv_page_to_virt(const struct hv_page *p)
{
    return hv_mfn_to_virt(hv_page_mfn(p));
}
static inline uint64_t hv_virt_to_mfn(const void *va)
{
    return hv_virt_to_phys(va) >> HV_PAGE_SHIFT;
}

/*
 * hv_mm_give() - @n frames or fewer, contiguous, for @d, linked to its list, cleared, each with the reference
 * HV_PGC_ALLOCATED. Returns the first, *@got says how many; NULL: memory or the domain's allowance is used up. Caller
 * holds d->pv.mm_lock.
 */
struct hv_page *hv_mm_give(struct domain *d, uint64_t n, uint64_t *got);
/* hv_mm_share() - makes a page of the hypervisor's mappable by @d, writable and never a page table. */
void hv_mm_share(struct domain *d, void *page);

/* hv_page_get() - a reference for @d. False if the frame is not @d's. hv_page_put() - may free it. */
bool hv_page_get(struct hv_page *p, const struct domain *d);
void hv_page_put(struct hv_page *p);
/* hv_page_take_back() - drops HV_PGC_ALLOCATED; false if it was dropped already. */
bool hv_page_take_back(struct hv_page *p);
/* hv_mm_release_all() - of a dead domain whose tables are all gone: its frames go back. Caller holds mm_lock. */
void hv_mm_release_all(struct domain *d);

void hv_clear_page(void *page);
uint64_t hv_mm_free_frames(void);
void hv_free_page(void *page); /* of hv_alloc_page() */
