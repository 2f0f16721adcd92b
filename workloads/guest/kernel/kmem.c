/* SPDX-License-Identifier: Apache-2.0 */
/* A list of free pieces for each size: see kmem.h. */
#include "kernel/kmem.h"
#include "kernel/lib.h"
#include "kernel/page.h"

#define SMALLEST_SHIFT 5u

struct piece {
    struct piece *next;
};

static struct piece *free_pieces[7]; /* 32, 64, ... 2048 bytes */

static unsigned class_of(size_t bytes)
{
    unsigned c = 0;

    while (((size_t)1 << (SMALLEST_SHIFT + c)) < bytes)
        c++;
    if (c >= ARRAY_SIZE(free_pieces))
        panic("a piece of %lu bytes is too large", bytes);
    return c;
}

static void refill(unsigned c)
{
    size_t bytes = (size_t)1 << (SMALLEST_SHIFT + c);
    uint8_t *page = page_alloc();

    for (size_t at = 0; page && at < PAGE_SIZE; at += bytes)
        kmem_free(page + at, bytes);
}

void *kmem_alloc(size_t bytes)
{
    unsigned c = class_of(bytes);

    if (!free_pieces[c])
        refill(c);
    struct piece *p = free_pieces[c];
    if (p) {
        free_pieces[c] = p->next;
        memset(p, 0, (size_t)1 << (SMALLEST_SHIFT + c));
    }
    return p;
}

void kmem_free(void *p, size_t bytes)
{
    unsigned c = class_of(bytes);
    struct piece *piece = p;

    piece->next = free_pieces[c];
    free_pieces[c] = piece;
}
