/* SPDX-License-Identifier: Apache-2.0 */
/* The frame allocator: see page.h. Eight bytes of bookkeeping a frame. */
#include "kernel/page.h"
#include "kernel/lib.h"

#define NO_FRAME 0xffffffffu

struct page {
    uint32_t next_free; /* while free */
    uint32_t refs;      /* 0 while free */
};

static struct page *pages; /* indexed by frame; frames below the first one are the image's and never freed */
static unsigned long end_frame;
static unsigned long first_frame;
static uint32_t free_head = NO_FRAME;
static unsigned long nr_free;

static void push_free(unsigned long frame)
{
    pages[frame].next_free = free_head;
    free_head = (uint32_t)frame;
    nr_free++;
}

void page_init(unsigned long first, unsigned long end)
{
    unsigned long array_pages = PAGE_UP(end * sizeof(struct page)) >> PAGE_SHIFT;

    if (first + array_pages >= end)
        panic("no memory for the frame array: frames %lu to %lu", first, end);
    pages = page_address(first);
    memset(pages, 0, end * sizeof(struct page));
    first_frame = first + array_pages;
    end_frame = end;
    for (unsigned long f = end; f-- > first_frame;)
        push_free(f);
}

void *page_alloc(void)
{
    uint32_t f = free_head;

    if (f == NO_FRAME)
        return NULL;
    free_head = pages[f].next_free;
    pages[f].refs = 1;
    nr_free--;
    return page_address(f);
}

void *page_alloc_zeroed(void)
{
    void *p = page_alloc();

    if (p)
        memset(p, 0, PAGE_SIZE);
    return p;
}

void page_get(unsigned long frame)
{
    pages[frame].refs++;
}

void page_put(unsigned long frame)
{
    if (frame < first_frame || frame >= end_frame || !pages[frame].refs)
        panic("page_put of frame %lx, which is not in use", frame);
    if (--pages[frame].refs == 0)
        push_free(frame);
}

unsigned page_refs(unsigned long frame)
{
    return pages[frame].refs;
}

unsigned long page_total_count(void)
{
    return end_frame - first_frame;
}

unsigned long page_free_count(void)
{
    return nr_free;
}
