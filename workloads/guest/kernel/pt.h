/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of page tables of a process: walking, growing and tearing it down. How an entry is written, and what has to
 * happen before a page may serve as a table, is the personality's business (platform.h, struct pt).
 *
 * Tables that became empty stay until the process ends, as long as it lives it is likely to need them again.
 */
#pragma once

#include "kernel/platform.h"

/* The leaf slot of @va, or NULL if its table does not exist. Read only. */
uint64_t *pt_leaf(const struct pt *pt, uint64_t va);

/**
 * pt_map() - queue a leaf entry for @va, growing the tree as needed.
 * @flags: PT_WRITE | PT_USER. The caller owns the reference to @frame and calls plat_pt_commit().
 * Return: 0 or -ENOMEM (then nothing was mapped).
 */
int pt_map(struct pt *pt, uint64_t va, unsigned long frame, unsigned flags);

/* Calls @fn for each leaf that is present or holds a frame in [start, end); holes are skipped a table at a time. Stops
 * at a result other than 0.
 */
typedef int pt_leaf_fn(struct pt *pt, uint64_t va, uint64_t *slot, void *ctx);
int pt_each(struct pt *pt, uint64_t start, uint64_t end, pt_leaf_fn *fn, void *ctx);

/* Calls @fn for each table page of the user half, the lowest level (1) first, roots excluded; @fn may free the page. */
typedef void pt_table_fn(uint64_t *table, unsigned level, void *ctx);
void pt_each_table(const struct pt *pt, pt_table_fn *fn, void *ctx);

/* Frees tables, roots and the references of what they map. The tree is dead (plat_pt_make_dead) or never was live. */
void pt_free(struct pt *pt);
