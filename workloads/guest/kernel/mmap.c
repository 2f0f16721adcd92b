/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mmap, munmap, mprotect, mremap and brk. Anonymous memory is zero on demand; what is mapped from a file is copied at
 * once (private) or refused (shared and writable); shared anonymous memory is made at once, so that fork finds it. A
 * range of one page is flushed from the TLB
 * alone, a larger one by flushing all, as Linux did in 2006 (flush_tlb_page against flush_tlb_mm). Frames go back to
 * the allocator only after the flush: before it, the TLB may still lead to them. Pages of an area
 * that allows no access keep their frames in entries that are not present (PTE_HELD).
 */
#include "kernel/mm.h"
#include "kernel/lib.h"
#include "kernel/page.h"
#include "kernel/tmpfs.h"

#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

/* Frames waiting for the flush of the entries that led to them. */
struct zap {
    unsigned nr;
    uint64_t last_va;
    unsigned long frames[128];
};

static void zap_finish(struct zap *z)
{
    if (!z->nr)
        return;
    if (z->nr == 1)
        plat_pt_flush_page(z->last_va);
    else
        plat_pt_flush_all();
    plat_pt_commit();
    for (unsigned i = 0; i < z->nr; i++)
        page_put(z->frames[i]);
    z->nr = 0;
}

static int zap_leaf(struct pt *pt, uint64_t va, uint64_t *slot, void *ctx)
{
    struct zap *z = ctx;

    if (z->nr == ARRAY_SIZE(z->frames))
        zap_finish(z);
    z->frames[z->nr++] = plat_pte_frame(*slot);
    z->last_va = va;
    plat_pt_write(pt, 1, slot, va, 0);
    return 0;
}

/* Takes [start, end) out of the areas, cutting one in two if need be; -ENOMEM if there is no room for the second half.
 */
static int cut_areas(struct mm *mm, uint64_t start, uint64_t end)
{
    for (unsigned i = 0; i < mm->nr_areas;) {
        struct vm_area *a = &mm->areas[i];
        if (a->end <= start || a->start >= end) {
            i++;
        } else if (a->start < start && a->end > end) {
            struct vm_area right = {end, a->end, a->prot};
            if (mm->nr_areas == MM_AREAS_MAX)
                return -ENOMEM;
            a->end = start;
            return mm_add_area(mm, right.start, right.end, right.prot);
        } else if (a->start < start) {
            a->end = start;
            i++;
        } else if (a->end > end) {
            a->start = end;
            i++;
        } else {
            mm->nr_areas--;
            memmove(a, a + 1, (mm->nr_areas - i) * sizeof(*a));
        }
    }
    return 0;
}

static bool is_user_range(uint64_t start, uint64_t bytes)
{
    return !(start & PAGE_MASK) && bytes && start >= USER_MIN && bytes <= USER_END && start <= USER_END - bytes;
}

int64_t mm_munmap(struct mm *mm, uint64_t start, uint64_t bytes)
{
    static struct zap z; /* too large for the stack; one CPU, and nothing here sleeps */

    bytes = PAGE_UP(bytes);
    if (!is_user_range(start, bytes))
        return -EINVAL;
    int rc = cut_areas(mm, start, start + bytes);
    if (rc)
        return rc;
    pt_each(&mm->pt, start, start + bytes, zap_leaf, &z);
    zap_finish(&z);
    return 0;
}

/* The highest hole of @bytes below the mmap area's end; 0 if there is none. */
static uint64_t find_hole(const struct mm *mm, uint64_t bytes)
{
    uint64_t end = USER_MMAP_END;

    for (unsigned i = mm->nr_areas; i-- > 0;) {
        const struct vm_area *a = &mm->areas[i];
        if (a->end <= end && end - a->end >= bytes)
            return end - bytes;
        end = MIN(end, a->start);
    }
    return end >= USER_MIN + bytes ? end - bytes : 0;
}

/* Makes room and an area; nothing is mapped in it yet. */
static int64_t make_area(struct mm *mm, uint64_t hint, uint64_t bytes, unsigned prot, unsigned flags)
{
    uint64_t start = hint;

    if (!bytes || bytes > USER_END)
        return bytes ? -ENOMEM : -EINVAL;
    if (flags & MAP_FIXED) {
        int64_t rc = mm_munmap(mm, start, bytes);
        if (rc)
            return rc;
    } else {
        start = find_hole(mm, bytes);
        if (!start)
            return -ENOMEM;
    }
    int rc = mm_add_area(mm, start, start + bytes, prot);
    return rc ? rc : (int64_t)start;
}

/* Gives a new area its frames now, filled from a file if there is one. */
static int64_t populate(struct mm *mm, int64_t start, uint64_t bytes, unsigned prot, const struct inode *file,
                        uint64_t offset)
{
    for (uint64_t at = 0; start >= 0 && at < bytes; at += PAGE_SIZE) {
        void *page = mm_populate(mm, (uint64_t)start + at, prot);
        if (!page) {
            plat_pt_commit();
            mm_munmap(mm, (uint64_t)start, bytes);
            return -ENOMEM;
        }
        if (file)
            tmpfs_read(file, offset + at, page, PAGE_SIZE);
    }
    plat_pt_commit();
    return start;
}

int64_t mm_mmap(struct mm *mm, uint64_t hint, uint64_t bytes, unsigned prot, unsigned flags)
{
    unsigned shared = (flags & MAP_SHARED) ? AREA_SHARED : 0;
    int64_t start = make_area(mm, hint, PAGE_UP(bytes), (prot & PROT_ALL) | shared, flags);

    return shared ? populate(mm, start, PAGE_UP(bytes), prot & PROT_ALL, NULL, 0) : start;
}

int64_t mm_mmap_file(struct mm *mm, uint64_t hint, uint64_t bytes, unsigned prot, unsigned flags,
                     const struct inode *file, uint64_t offset)
{
    if (offset & PAGE_MASK)
        return -EINVAL;
    if ((flags & MAP_SHARED) && (prot & PROT_WRITE))
        return -ENODEV;
    bytes = PAGE_UP(bytes);
    return populate(mm, make_area(mm, hint, bytes, prot & PROT_ALL, flags), bytes, prot & PROT_ALL, file, offset);
}

/* Write permission is taken now; given back it is by the next write fault, like after a fork. */
static int protect_leaf(struct pt *pt, uint64_t va, uint64_t *slot, void *ctx)
{
    (void)ctx;
    if ((*slot & (PTE_P | PTE_W)) == (PTE_P | PTE_W))
        plat_pt_write(pt, 1, slot, va, plat_pte(plat_pte_frame(*slot), PT_USER));
    return 0;
}

static int hide_leaf(struct pt *pt, uint64_t va, uint64_t *slot, void *ctx)
{
    (void)ctx;
    if (*slot & PTE_P)
        plat_pt_write(pt, 1, slot, va, (plat_pte(plat_pte_frame(*slot), PT_USER) & ~PTE_P) | PTE_HELD);
    return 0;
}

int64_t mm_mprotect(struct mm *mm, uint64_t start, uint64_t bytes, unsigned prot)
{
    bytes = PAGE_UP(bytes);
    if (!bytes)
        return 0;
    if (!is_user_range(start, bytes))
        return -EINVAL;
    unsigned shared = 0;
    for (uint64_t va = start; va < start + bytes;) {
        const struct vm_area *a = mm_find_area(mm, va);
        if (!a)
            return -ENOMEM;
        shared = a->prot & AREA_SHARED;
        va = a->end;
    }
    int rc = cut_areas(mm, start, start + bytes);
    if (!rc)
        rc = mm_add_area(mm, start, start + bytes, (prot & PROT_ALL) | shared);
    if (!rc && !(prot & PROT_WRITE)) {
        pt_each(&mm->pt, start, start + bytes, (prot & PROT_ALL) ? protect_leaf : hide_leaf, NULL);
        plat_pt_flush_all();
        plat_pt_commit();
    }
    return rc;
}

uint64_t mm_brk(struct mm *mm, uint64_t brk)
{
    uint64_t old_end = PAGE_UP(mm->brk), new_end = PAGE_UP(brk);

    if (brk < mm->brk_start || brk >= USER_MMAP_END)
        return mm->brk;
    if (new_end < old_end && mm_munmap(mm, new_end, old_end - new_end))
        return mm->brk;
    if (new_end > old_end) {
        for (unsigned i = 0; i < mm->nr_areas; i++)
            if (mm->areas[i].start < new_end && mm->areas[i].end > old_end)
                return mm->brk;
        if (mm_add_area(mm, old_end, new_end, PROT_READ | PROT_WRITE))
            return mm->brk;
    }
    mm->brk = brk;
    return brk;
}

/* Moves the frames of [old, old + bytes) to where @new_start points, whose area is new and empty. */
struct move {
    uint64_t old, new_start;
};

static int move_leaf(struct pt *pt, uint64_t va, uint64_t *slot, void *ctx)
{
    const struct move *m = ctx;
    unsigned long frame = plat_pte_frame(*slot);
    unsigned flags = PT_USER | ((*slot & PTE_W) ? PT_WRITE : 0);

    if (pt_map(pt, m->new_start + (va - m->old), frame, flags))
        return -ENOMEM;
    page_get(frame);
    return 0;
}

int64_t mm_mremap(struct mm *mm, uint64_t old, uint64_t old_bytes, uint64_t new_bytes, unsigned flags)
{
    enum { MREMAP_MAYMOVE = 1 };
    const struct vm_area *a = mm_find_area(mm, old);

    old_bytes = PAGE_UP(old_bytes);
    new_bytes = PAGE_UP(new_bytes);
    if (!is_user_range(old, old_bytes) || !new_bytes || (flags & ~(unsigned)MREMAP_MAYMOVE))
        return -EINVAL;
    if (!a || a->end < old + old_bytes || !(a->prot & PROT_ALL))
        return -EFAULT;
    if (new_bytes <= old_bytes) {
        if (new_bytes < old_bytes)
            mm_munmap(mm, old + new_bytes, old_bytes - new_bytes);
        return (int64_t)old;
    }
    if (!(flags & MREMAP_MAYMOVE))
        return -ENOMEM;
    unsigned prot = a->prot;
    int64_t start = make_area(mm, 0, new_bytes, prot, 0);
    struct move m = {old, (uint64_t)start};
    if (start < 0)
        return start;
    int rc = pt_each(&mm->pt, old, old + old_bytes, move_leaf, &m);
    plat_pt_commit();
    mm_munmap(mm, rc ? m.new_start : old, rc ? new_bytes : old_bytes);
    return rc ? rc : start;
}
