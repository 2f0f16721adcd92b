/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames: the heap, ownership and references; see mm.h.
 *
 * heap_lock is global, as in 2006: every frame that any domain or the hypervisor takes or returns passes it. It is
 * never held while a page is cleared or a TLB is flushed, and never taken by an interrupt handler.
 *
 * What may leak: a frame that a domain had is cleared before anybody gets it again, and CPUs that may still translate
 * to it are flushed (filtered by the clock) before that. Memory fresh from the firmware is not known to be zero, but
 * nearly always is: it is looked at first and written only if need be, so that under a simulator or a hypervisor, which
 * find memory for us when it is written, a domain costs what it uses and not what it was promised.
 */
#include "hv/mm/mm.h"
#include "hv/include/boot.h"
#include "hv/include/domain.h"
#include "hv/include/printk.h"
#include "hv/include/sections.h"
#include "hv/include/string.h"
#include "hv/include/x86.h"
#include "hv/include/x86_insn.h"
#include "hv/mm/flush.h"

#define LOW_MEMORY_END   0x100000u /* below: firmware, and the page that other CPUs start in */
#define CHUNK_FRAMES     512u
#define MAX_RANGES       (HV_BOOT_MAX_RANGES + 2)
#define FRAMES_OF(bytes) (((bytes) + X86_PAGE_BYTES - 1) / X86_PAGE_BYTES)

HV_READ_MOSTLY struct hv_page *hv_frame_table = NULL;
HV_READ_MOSTLY uint64_t *hv_m2p = NULL;
HV_READ_MOSTLY uint64_t hv_max_mfn = 0;
HV_READ_MOSTLY uint8_t *hv_frame_chunk_ready = NULL;

static HV_OWN_LINE struct hv_spinlock heap_lock = HV_SPINLOCK_INIT;
/* Everything of the heap is guarded by heap_lock. */
static HV_OWN_LINE struct {
    uint64_t n_free_list;
    uint32_t free_list;
    unsigned n_ranges;
    struct {
        uint64_t next, end; /* frames not handed out yet */
    } range[MAX_RANGES];
} heap = {.free_list = HV_MFN_NONE};

void hv_clear_page(void *page)
{
    uint64_t n = X86_PAGE_BYTES / 8;
    __asm__ volatile("rep stosq" : "+D"(page), "+c"(n) : "a"(0ul) : "memory");
}

static void clear_fresh_page(void *page)
{
    uint64_t n = X86_PAGE_BYTES / 8;
    void *at = page;
    bool is_zero;

    __asm__ volatile("repe scasq" : "+D"(at), "+c"(n), "=@ccz"(is_zero) : "a"(0ul) : "memory");
    if (!is_zero)
        hv_clear_page(page);
}

static void add_range(uint64_t start, uint64_t end)
{
    start = start < LOW_MEMORY_END ? LOW_MEMORY_END : start;
    start = (start + X86_PAGE_BYTES - 1) >> HV_PAGE_SHIFT;
    end >>= HV_PAGE_SHIFT;
    if (start >= end)
        return;
    if (heap.n_ranges == MAX_RANGES)
        hv_panic("more than %u ranges of memory", MAX_RANGES);
    heap.range[heap.n_ranges].next = start;
    heap.range[heap.n_ranges].end = end;
    heap.n_ranges++;
}

/* Adds [start, end) without the part [hole_start, hole_end), and the same again for the second hole. */
static void add_without(uint64_t start, uint64_t end, const struct hv_boot_range *hole, unsigned n_holes)
{
    if (n_holes == 0 || start >= end) {
        add_range(start, end);
        return;
    }
    if (hole->end_phys <= start || hole->start_phys >= end) {
        add_without(start, end, hole + 1, n_holes - 1);
        return;
    }
    add_without(start, hole->start_phys < start ? start : hole->start_phys, hole + 1, n_holes - 1);
    add_without(hole->end_phys > end ? end : hole->end_phys, end, hole + 1, n_holes - 1);
}

/* Contiguous frames for a table of the hypervisor, aligned to @align frames, before there is a frame table. */
static uint64_t take_boot(uint64_t n, uint64_t align)
{
    for (unsigned i = 0; i < heap.n_ranges; i++) {
        uint64_t first = (heap.range[i].next + align - 1) / align * align;
        if (first + n > heap.range[i].end)
            continue;
        /* What alignment skips is given back as a range of its own if there is room for one. */
        if (first > heap.range[i].next && heap.n_ranges < MAX_RANGES) {
            heap.range[heap.n_ranges].next = heap.range[i].next;
            heap.range[heap.n_ranges].end = first;
            heap.n_ranges++;
        }
        heap.range[i].next = first + n;
        return first;
    }
    hv_panic("no room for a table of %lu KiB", n * 4);
}

/* Makes the records of the frames' chunks valid: not owned, count 0. */
static void ready_chunks(uint64_t first, uint64_t n)
{
    for (uint64_t chunk = first / CHUNK_FRAMES; chunk <= (first + n - 1) / CHUNK_FRAMES; chunk++) {
        if (hv_frame_chunk_ready[chunk])
            continue;
        memset(&hv_frame_table[chunk * CHUNK_FRAMES], 0, CHUNK_FRAMES * sizeof(struct hv_page));
        memset(&hv_m2p[chunk * CHUNK_FRAMES], 0xff, CHUNK_FRAMES * sizeof(uint64_t));
        hv_frame_chunk_ready[chunk] = 1;
    }
}

static void *boot_table(uint64_t frames)
{
    void *table = hv_mfn_to_virt(take_boot(frames, 1));
    memset(table, 0, frames * X86_PAGE_BYTES);
    return table;
}

/* The guests' view of the table: 2 MiB pages in slot 256, readable in ring 3. */
static void map_m2p(uint64_t m2p_phys, uint64_t large_pages)
{
    uint64_t *l3 = boot_table(1);

    for (uint64_t i = 0; i < large_pages; i += 512) {
        uint64_t *l2 = boot_table(1);
        for (uint64_t j = 0; j < 512 && i + j < large_pages; j++)
            l2[j] = (m2p_phys + (i + j) * X86_LARGE_BYTES) | X86_PTE_NX | X86_PTE_GLOBAL | X86_PTE_LARGE |
                    X86_PTE_ACCESSED | X86_PTE_USER | X86_PTE_PRESENT;
        l3[i / 512] = hv_virt_to_phys(l2) | X86_PTE_ACCESSED | X86_PTE_USER | X86_PTE_PRESENT;
    }
    hv_idle_l4[HV_L4_FIRST_SLOT] = hv_virt_to_phys(l3) | X86_PTE_ACCESSED | X86_PTE_USER | X86_PTE_PRESENT;
}

void hv_mm_init(void)
{
    const struct hv_boot_range hole[2] = {
        {hv_boot.image_phys, hv_boot.image_end_phys},
        {hv_boot.module_phys & ~(X86_PAGE_BYTES - 1ul), hv_boot.module_phys + hv_boot.module_bytes},
    };

    for (unsigned i = 0; i < hv_boot.n_ram; i++) {
        add_without(hv_boot.ram[i].start_phys, hv_boot.ram[i].end_phys, hole, 2);
        if (hv_boot.ram[i].end_phys >> HV_PAGE_SHIFT > hv_max_mfn)
            hv_max_mfn = hv_boot.ram[i].end_phys >> HV_PAGE_SHIFT;
    }
    hv_max_mfn = (hv_max_mfn + CHUNK_FRAMES - 1) / CHUNK_FRAMES * CHUNK_FRAMES;

    uint64_t m2p_large = FRAMES_OF(hv_max_mfn * sizeof(uint64_t)) / CHUNK_FRAMES + 1;
    uint64_t m2p_mfn = take_boot(m2p_large * CHUNK_FRAMES, CHUNK_FRAMES);
    hv_m2p = hv_mfn_to_virt(m2p_mfn);
    hv_frame_table = hv_mfn_to_virt(take_boot(FRAMES_OF(hv_max_mfn * sizeof(struct hv_page)), 1));
    hv_frame_chunk_ready = boot_table(FRAMES_OF(hv_max_mfn / CHUNK_FRAMES));
    map_m2p(m2p_mfn << HV_PAGE_SHIFT, m2p_large);
    /* Guests' top levels hold copies of ours, so every slot that will ever be used must lead somewhere from the start.
     */
    hv_idle_l4[HV_MM_BASE >> 39 & 511] =
        hv_virt_to_phys(boot_table(1)) | X86_PTE_ACCESSED | X86_PTE_WRITE | X86_PTE_PRESENT;
    hv_flush_init();
    hv_printk("memory: %lu MiB free, frame table %lu KiB\n", hv_mm_free_frames() >> 8,
              hv_max_mfn * sizeof(struct hv_page) >> 10);
}

uint64_t hv_mm_free_frames(void)
{
    uint64_t n = heap.n_free_list;

    for (unsigned i = 0; i < heap.n_ranges; i++)
        n += heap.range[i].end - heap.range[i].next;
    return n;
}

/* 1 to @max fresh frames in a row, lowest first. NULL: none is left. */
static struct hv_page *take_fresh(uint64_t max, uint64_t *got)
{
    for (unsigned i = 0; i < heap.n_ranges; i++) {
        uint64_t left = heap.range[i].end - heap.range[i].next, first = heap.range[i].next;
        if (left == 0)
            continue;
        *got = left < max ? left : max;
        heap.range[i].next += *got;
        ready_chunks(first, *got);
        return &hv_frame_table[first];
    }
    return NULL;
}

/* A block of @n frames, a power of two, at a multiple of @n: from the top, so that the first such block costs at most
 * @n - 1 frames, which stay unused, and the next ones nothing. */
static struct hv_page *take_block(uint64_t n)
{
    for (unsigned i = 0; i < heap.n_ranges; i++) {
        uint64_t first = (heap.range[i].end - n) & ~(n - 1);
        if (heap.range[i].end - heap.range[i].next < n || first < heap.range[i].next)
            continue;
        heap.range[i].end = first;
        ready_chunks(first, n);
        return &hv_frame_table[first];
    }
    return NULL;
}

static struct hv_page *take_recycled(struct hv_cpumask *stale)
{
    if (heap.free_list == HV_MFN_NONE)
        return NULL;
    struct hv_page *p = &hv_frame_table[heap.free_list];
    heap.free_list = p->next;
    heap.n_free_list--;
    *stale = hv_flush_filter(p->free_cpus, p->tlb_stamp);
    return p;
}

/*
 * The heap's one way out. A recycled frame is not handed out before the CPUs that may still translate to it have
 * flushed; the flush is done here, after heap_lock is released, so nobody waits for IPIs with the lock held.
 */
static struct hv_page *heap_take(uint64_t max, bool is_block, uint64_t *got)
{
    struct hv_cpumask stale = {0};
    bool is_recycled = false;
    struct hv_page *p;

    hv_spin_lock(&heap_lock);
    if (is_block) {
        *got = max;
        p = take_block(max);
    } else {
        p = take_fresh(max, got);
        if (!p && (p = take_recycled(&stale))) {
            is_recycled = true;
            *got = 1;
        }
    }
    hv_spin_unlock(&heap_lock);
    if (stale.bits)
        hv_flush_mask(stale, HV_FLUSH_ALL);
    for (uint64_t i = 0; p && i < *got; i++) {
        p[i] = (struct hv_page){.next = HV_MFN_NONE, .prev = HV_MFN_NONE};
        if (is_recycled)
            hv_clear_page(hv_page_to_virt(&p[i]));
        else
            clear_fresh_page(hv_page_to_virt(&p[i]));
    }
    return p;
}

static void heap_return(struct hv_page *p, struct hv_cpumask users)
{
    uint32_t stamp = hv_flush_now(users);

    hv_spin_lock(&heap_lock);
    *p = (struct hv_page){.free_cpus = users, .tlb_stamp = stamp, .next = heap.free_list};
    heap.free_list = (uint32_t)hv_page_mfn(p);
    heap.n_free_list++;
    hv_spin_unlock(&heap_lock);
}

void *hv_alloc_pages(unsigned order)
{
    uint64_t got;
    struct hv_page *p = heap_take(1ul << order, order > 0, &got);

    return p ? hv_page_to_virt(p) : NULL;
}

void *hv_alloc_page(void)
{
    return hv_alloc_pages(0);
}

void hv_free_page(void *page)
{
    heap_return(&hv_frame_table[hv_virt_to_mfn(page)], (struct hv_cpumask){0});
}

struct hv_page *hv_mm_give(struct domain *d, uint64_t n, uint64_t *got)
{
    uint64_t room = d->pv.max_pages - d->pv.tot_pages;
    struct hv_page *p;

    if (room == 0)
        return NULL;
    p = heap_take(n < room ? n : room, false, got);
    for (uint64_t i = 0; p && i < *got; i++) {
        uint32_t mfn = (uint32_t)hv_page_mfn(&p[i]);
        p[i].count_info = HV_PGC_ALLOCATED | HV_PGC_OWNER(d->domain_id) | 1;
        p[i].next = d->pv.page_list;
        if (d->pv.page_list != HV_MFN_NONE)
            hv_frame_table[d->pv.page_list].prev = mfn;
        d->pv.page_list = mfn;
        d->pv.tot_pages++;
    }
    return p;
}

void hv_mm_share(struct domain *d, void *page)
{
    struct hv_page *p = &hv_frame_table[hv_virt_to_mfn(page)];

    /* A type count and a second reference of our own: whatever the guest does, neither goes to 0 while it lives. */
    p->type_info = HV_PGT_WRITABLE | HV_PGT_VALIDATED | 1;
    p->count_info = HV_PGC_ALLOCATED | HV_PGC_OWNER(d->domain_id) | 2;
}

static void unlink_page(struct domain *d, struct hv_page *p)
{
    if (p->prev != HV_MFN_NONE)
        hv_frame_table[p->prev].next = p->next;
    else if (d->pv.page_list == hv_page_mfn(p))
        d->pv.page_list = p->next;
    else
        return; /* a shared page, never on the list */
    if (p->next != HV_MFN_NONE)
        hv_frame_table[p->next].prev = p->prev;
    p->next = p->prev = HV_MFN_NONE;
    d->pv.tot_pages--;
}

/* Neither a free frame nor one of the hypervisor's or of another domain has the bits that @mine asks for. */
bool hv_page_get(struct hv_page *p, const struct domain *d)
{
    const uint64_t mine = HV_PGC_ALLOCATED | HV_PGC_OWNER(d->domain_id);
    uint64_t x = __atomic_load_n(&p->count_info, __ATOMIC_RELAXED);

    do {
        if ((x & ~HV_PGC_COUNT_MASK) != mine || (x & HV_PGC_COUNT_MASK) == HV_PGC_COUNT_MASK)
            return false;
    } while (!__atomic_compare_exchange_n(&p->count_info, &x, x + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    return true;
}

void hv_page_put(struct hv_page *p)
{
    uint64_t left = __atomic_sub_fetch(&p->count_info, 1, __ATOMIC_SEQ_CST);

    if (left & HV_PGC_COUNT_MASK)
        return;
    struct domain *d = hv_domain_by_id(hv_page_owner(p));
    unlink_page(d, p);
    hv_m2p[hv_page_mfn(p)] = HV_M2P_INVALID;
    heap_return(p, d->pv.dirty_cpus);
}

bool hv_page_take_back(struct hv_page *p)
{
    uint64_t x = __atomic_fetch_and(&p->count_info, ~HV_PGC_ALLOCATED, __ATOMIC_SEQ_CST);

    if (!(x & HV_PGC_ALLOCATED))
        return false;
    hv_page_put(p);
    return true;
}

/* One pass of the lock for all of them: with a frame a pass, domains that end together would queue for it for long. */
void hv_mm_release_all(struct domain *d)
{
    const uint64_t only_allocated = HV_PGC_ALLOCATED | HV_PGC_OWNER(d->domain_id) | 1;
    struct hv_cpumask users = d->pv.dirty_cpus;
    uint32_t stamp = hv_flush_now(users), first = d->pv.page_list, last = HV_MFN_NONE, n = 0;

    for (uint32_t mfn = first; mfn != HV_MFN_NONE; mfn = hv_frame_table[mfn].next, n++) {
        struct hv_page *p = &hv_frame_table[mfn];
        if (p->count_info != only_allocated)
            hv_panic("domain %s: frame %#x is still in use (%#lx, type %#lx)", d->name, mfn, p->count_info,
                     p->type_info);
        hv_m2p[mfn] = HV_M2P_INVALID;
        *p = (struct hv_page){.free_cpus = users, .tlb_stamp = stamp, .next = p->next};
        last = mfn;
    }
    if (last == HV_MFN_NONE)
        return;
    d->pv.page_list = HV_MFN_NONE;
    d->pv.tot_pages = 0;
    hv_spin_lock(&heap_lock);
    hv_frame_table[last].next = heap.free_list;
    heap.free_list = first;
    heap.n_free_list += n;
    hv_spin_unlock(&heap_lock);
}
