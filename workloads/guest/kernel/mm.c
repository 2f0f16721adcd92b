/* SPDX-License-Identifier: Apache-2.0 */
/* Address spaces: areas, faults, fork. See mm.h for the argument behind copy on write; mmap.c has the system calls. */
#include "kernel/mm.h"
#include "kernel/lib.h"
#include "kernel/page.h"
#include "kernel/tmpfs.h"

struct mm *mm_new(void)
{
    struct mm *mm = page_alloc_zeroed();

    if (mm && plat_pt_new_roots(&mm->pt)) {
        page_free(mm);
        return NULL;
    }
    if (mm)
        mm->refs = 1;
    return mm;
}

struct mm *mm_get(struct mm *mm)
{
    mm->refs++;
    return mm;
}

void mm_set_exe(struct mm *mm, struct inode *exe, const char *path)
{
    size_t n = MIN(strlen(path), sizeof(mm->exe_path) - 1);

    mm->exe = tmpfs_get(exe);
    memcpy(mm->exe_path, path, n);
    mm->exe_path[n] = 0;
}

void mm_put(struct mm *mm)
{
    if (--mm->refs)
        return;
    if (mm->exe)
        tmpfs_put(mm->exe);
    if (mm->pt.is_live)
        plat_pt_make_dead(&mm->pt);
    pt_free(&mm->pt);
    page_free(mm);
}

/* ---- Areas ---- */

const struct vm_area *mm_find_area(const struct mm *mm, uint64_t va)
{
    for (unsigned i = 0; i < mm->nr_areas && mm->areas[i].start <= va; i++)
        if (va < mm->areas[i].end)
            return &mm->areas[i];
    return NULL;
}

int mm_add_area(struct mm *mm, uint64_t start, uint64_t end, unsigned prot)
{
    unsigned i = 0;

    while (i < mm->nr_areas && mm->areas[i].start < start)
        i++;
    bool joins_left = i > 0 && mm->areas[i - 1].end == start && mm->areas[i - 1].prot == prot;
    bool joins_right = i < mm->nr_areas && mm->areas[i].start == end && mm->areas[i].prot == prot;
    if (joins_left && joins_right) {
        mm->areas[i - 1].end = mm->areas[i].end;
        mm->nr_areas--;
        memmove(&mm->areas[i], &mm->areas[i + 1], (mm->nr_areas - i) * sizeof(struct vm_area));
    } else if (joins_left) {
        mm->areas[i - 1].end = end;
    } else if (joins_right) {
        mm->areas[i].start = start;
    } else {
        if (mm->nr_areas == MM_AREAS_MAX)
            return -ENOMEM;
        memmove(&mm->areas[i + 1], &mm->areas[i], (mm->nr_areas - i) * sizeof(struct vm_area));
        mm->areas[i] = (struct vm_area){start, end, prot};
        mm->nr_areas++;
    }
    return 0;
}

/* ---- Faults ---- */

static unsigned area_flags(unsigned prot)
{
    return PT_USER | ((prot & PROT_WRITE) ? PT_WRITE : 0);
}

/* Replaces the entry of @va, present or not, by @frame with the permissions of @prot. */
static int map_now(struct mm *mm, uint64_t va, unsigned long frame, unsigned prot, bool was_present)
{
    int rc = pt_map(&mm->pt, va, frame, area_flags(prot));

    if (!rc && was_present)
        plat_pt_flush_page(va);
    plat_pt_commit();
    return rc;
}

static int fault_new_page(struct mm *mm, uint64_t va, unsigned prot)
{
    void *page = page_alloc_zeroed();

    if (!page)
        return -ENOMEM;
    int rc = map_now(mm, va, page_frame(page), prot, false);
    if (rc)
        page_free(page);
    return rc;
}

static int fault_copy_on_write(struct mm *mm, uint64_t va, uint64_t pte, unsigned prot)
{
    unsigned long old = plat_pte_frame(pte);

    if (page_refs(old) == 1)
        return map_now(mm, va, old, prot, true);
    void *copy = page_alloc();
    if (!copy)
        return -ENOMEM;
    memcpy(copy, page_address(old), PAGE_SIZE);
    map_now(mm, va, page_frame(copy), prot, true); /* cannot fail: the tables are there */
    page_put(old);
    return 0;
}

int mm_fault(struct mm *mm, uint64_t va, bool is_write)
{
    const struct vm_area *a = mm_find_area(mm, va);
    uint64_t page_va = PAGE_DOWN(va);

    if (!a || !(a->prot & (is_write ? PROT_WRITE : PROT_READ | PROT_WRITE | PROT_EXEC)))
        return -EFAULT;
    const uint64_t *slot = pt_leaf(&mm->pt, page_va);
    if (!slot || !(*slot & (PTE_P | PTE_HELD)))
        return fault_new_page(mm, page_va, a->prot);
    if (!(*slot & PTE_P)) {
        bool may_write = (a->prot & AREA_SHARED) || page_refs(plat_pte_frame(*slot)) == 1;
        return map_now(mm, page_va, plat_pte_frame(*slot), may_write ? a->prot : a->prot & ~PROT_WRITE, false);
    }
    if (is_write && !(*slot & PTE_W)) {
        if (a->prot & AREA_SHARED)
            return map_now(mm, page_va, plat_pte_frame(*slot), a->prot, true);
        return fault_copy_on_write(mm, page_va, *slot, a->prot);
    }
    plat_pt_flush_page(page_va); /* the table allows it: a stale translation; drop it and try again */
    plat_pt_commit();
    return 0;
}

void *mm_populate(struct mm *mm, uint64_t va, unsigned prot)
{
    const uint64_t *slot = pt_leaf(&mm->pt, va);

    if (slot && (*slot & (PTE_P | PTE_HELD)))
        return page_address(plat_pte_frame(*slot));
    void *page = page_alloc_zeroed();
    if (page && pt_map(&mm->pt, PAGE_DOWN(va), page_frame(page), area_flags(prot))) {
        page_free(page);
        return NULL;
    }
    return page;
}

/* ---- Fork ---- */

struct share {
    struct mm *child;
    bool is_shared; /* the area is */
};

/* Shares one page with the child read-only; the parent loses its write permission as well, unless sharing is wanted. */
static int share_leaf(struct pt *pt, uint64_t va, uint64_t *slot, void *ctx)
{
    const struct share *s = ctx;
    unsigned long frame = plat_pte_frame(*slot);

    if (pt_map(&s->child->pt, va, frame, PT_USER | (s->is_shared && (*slot & PTE_W) ? PT_WRITE : 0)))
        return -ENOMEM;
    page_get(frame);
    if (!(*slot & PTE_P)) { /* no access for the child either */
        uint64_t *held = pt_leaf(&s->child->pt, va);
        plat_pt_write(&s->child->pt, 1, held, va, (*held & ~PTE_P) | PTE_HELD);
    }
    if ((*slot & (PTE_P | PTE_W)) == (PTE_P | PTE_W) && !s->is_shared)
        plat_pt_write(pt, 1, slot, va, plat_pte(frame, PT_USER));
    return 0;
}

struct mm *mm_fork(struct mm *mm)
{
    struct mm *child = mm_new();
    int rc = 0;

    if (!child)
        return NULL;
    child->brk_start = mm->brk_start;
    child->brk = mm->brk;
    child->nr_areas = mm->nr_areas;
    memcpy(child->areas, mm->areas, mm->nr_areas * sizeof(struct vm_area));
    if (mm->exe)
        mm_set_exe(child, mm->exe, mm->exe_path);
    for (unsigned i = 0; i < mm->nr_areas && !rc; i++) {
        struct share s = {child, mm->areas[i].prot & AREA_SHARED};
        rc = pt_each(&mm->pt, mm->areas[i].start, mm->areas[i].end, share_leaf, &s);
    }
    plat_pt_flush_all();
    plat_pt_commit();
    if (rc) {
        mm_put(child);
        return NULL;
    }
    plat_pt_make_live(&child->pt);
    return child;
}
