/* SPDX-License-Identifier: Apache-2.0 */
/* Page-table trees: see pt.h. Four levels of 512 entries ("AMD64 Architecture Programmer's Manual vol. 2, Long-Mode
 * Page Translation"). */
#include "kernel/pt.h"
#include "kernel/layout.h"
#include "kernel/lib.h"
#include "kernel/page.h"

#define ROOT_LEVEL   4u
#define USER_ENTRIES 256u /* of the root: the lower half */

static unsigned level_shift(unsigned level)
{
    return PAGE_SHIFT + 9 * (level - 1);
}

static unsigned level_index(uint64_t va, unsigned level)
{
    return (unsigned)(va >> level_shift(level)) & (PT_ENTRIES - 1);
}

static uint64_t *entry_table(uint64_t entry)
{
    return page_address(plat_pte_frame(entry));
}

uint64_t *pt_leaf(const struct pt *pt, uint64_t va)
{
    uint64_t *table = pt->root;

    for (unsigned level = ROOT_LEVEL; level > 1; level--) {
        uint64_t e = table[level_index(va, level)];
        if (!(e & PTE_P))
            return NULL;
        table = entry_table(e);
    }
    return &table[level_index(va, 1)];
}

int pt_map(struct pt *pt, uint64_t va, unsigned long frame, unsigned flags)
{
    uint64_t *table = pt->root;

    for (unsigned level = ROOT_LEVEL; level > 1; level--) {
        uint64_t *slot = &table[level_index(va, level)];
        if (*slot & PTE_P) {
            table = entry_table(*slot);
            continue;
        }
        table = page_alloc_zeroed();
        if (!table)
            return -ENOMEM; /* tables linked so far stay: they are empty and part of the tree */
        if (pt->is_live)
            plat_pt_prepare_table(table);
        plat_pt_write(pt, level, slot, va, plat_pte(page_frame(table), PT_USER | PT_WRITE));
    }
    plat_pt_write(pt, 1, &table[level_index(va, 1)], va, plat_pte(frame, flags));
    return 0;
}

int pt_each(struct pt *pt, uint64_t start, uint64_t end, pt_leaf_fn *fn, void *ctx)
{
    uint64_t va = start;

    while (va < end) {
        uint64_t *slot = pt_leaf(pt, va);
        uint64_t table_end = (va | ((1ul << level_shift(2)) - 1)) + 1;
        if (!slot) {
            va = table_end;
            continue;
        }
        for (; va < end && va < table_end; va += PAGE_SIZE, slot++) {
            int rc = (*slot & (PTE_P | PTE_HELD)) ? fn(pt, va, slot, ctx) : 0;
            if (rc)
                return rc;
        }
    }
    return 0;
}

static void each_table(uint64_t *table, unsigned level, unsigned entries, pt_table_fn *fn, void *ctx)
{
    for (unsigned i = 0; level > 1 && i < entries; i++) {
        if (!(table[i] & PTE_P))
            continue;
        uint64_t *child = entry_table(table[i]);
        each_table(child, level - 1, PT_ENTRIES, fn, ctx);
        fn(child, level - 1, ctx);
    }
}

void pt_each_table(const struct pt *pt, pt_table_fn *fn, void *ctx)
{
    each_table(pt->root, ROOT_LEVEL, USER_ENTRIES, fn, ctx);
}

static void free_table(uint64_t *table, unsigned level, void *ctx)
{
    (void)ctx;
    for (unsigned i = 0; level == 1 && i < PT_ENTRIES; i++)
        if (table[i] & (PTE_P | PTE_HELD))
            page_put(plat_pte_frame(table[i]));
    page_free(table);
}

void pt_free(struct pt *pt)
{
    pt_each_table(pt, free_table, NULL);
    plat_pt_free_roots(pt);
}
