/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of memory, 4 KiB each, with reference counts. A frame is known by its number (as the guest counts memory, so 0
 * to nr_pages - 1) or by its one kernel address (layout.h). Free frames are a stack: what was freed last is the first
 * to be used again, warm in the caches.
 */
#pragma once

#include "kernel/layout.h"
#include "kernel/types.h"

/* Frames [first, end) are free and mapped; the allocator takes the room for its own array from their start. */
void page_init(unsigned long first, unsigned long end);

/* A frame with one reference, contents unknown or zero; NULL when memory is full. */
void *page_alloc(void);
void *page_alloc_zeroed(void);

void page_get(unsigned long frame);      /* one more user */
void page_put(unsigned long frame);      /* one user less; the last one frees it */
unsigned page_refs(unsigned long frame); /* number of users */
unsigned long page_free_count(void);
unsigned long page_total_count(void);

static inline void *page_address(unsigned long frame)
{
    return (void *)(KERNEL_BASE + (frame << PAGE_SHIFT));
}

static inline unsigned long page_frame(const void *address)
{
    return ((uintptr_t)address - KERNEL_BASE) >> PAGE_SHIFT;
}

static inline void page_free(void *address)
{
    page_put(page_frame(address));
}
