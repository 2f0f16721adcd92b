/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory's table: who holds a line. It has entries for cached lines only, so it stays as small as the caches
 * are (and mostly in the host's own caches), however much memory the guests touch. Slot order depends on the history of
 * insertions; nothing visible may iterate over it.
 */
#include <string.h>
#include <glib.h>
#include "sim/mem/mem_internal.h"

#define DIR_FIRST_BITS 12

static void allocate(struct dir *d, unsigned bits)
{
    d->mask = (1u << bits) - 1;
    d->shift = 32 - bits;
    d->count = 0;
    d->slots = g_malloc(((size_t)d->mask + 1) * d->stride);
    for (uint32_t i = 0; i <= d->mask; i++)
        dir_at(d, i)->line = NO_LINE;
}

void dir_init(struct dir *d, unsigned n_agents)
{
    d->words = (n_agents + 63) / 64;
    d->stride = sizeof(struct dir_entry) + d->words * sizeof(uint64_t);
    allocate(d, DIR_FIRST_BITS);
}

void dir_destroy(struct dir *d)
{
    g_free(d->slots);
}

struct dir_entry *dir_find(const struct dir *d, uint32_t line)
{
    for (uint32_t i = dir_home(d, line);; i = (i + 1) & d->mask) {
        struct dir_entry *e = dir_at(d, i);
        if (e->line == line)
            return e;
        if (e->line == NO_LINE)
            return NULL;
    }
}

static struct dir_entry *insert(struct dir *d, uint32_t line)
{
    uint32_t i = dir_home(d, line);
    while (dir_at(d, i)->line != NO_LINE)
        i = (i + 1) & d->mask;
    d->count++;
    return dir_at(d, i);
}

static void grow(struct dir *d)
{
    struct dir old = *d;
    allocate(d, 33 - d->shift);
    for (uint32_t i = 0; i <= old.mask; i++) {
        const struct dir_entry *e = dir_at(&old, i);
        if (e->line != NO_LINE)
            memcpy(insert(d, e->line), e, d->stride);
    }
    g_free(old.slots);
}

struct dir_entry *dir_get(struct dir *d, uint32_t line)
{
    struct dir_entry *e = dir_find(d, line);
    if (e)
        return e;
    if (d->count >= d->mask / 8 * 5) /* at most five eighths full: probes stay short */
        grow(d);
    e = insert(d, line);
    *e = (struct dir_entry){.line = line, .owner = NO_AGENT, .last_core = NO_CORE};
    memset(e->agents, 0, d->words * sizeof(uint64_t));
    return e;
}

void dir_remove(struct dir *d, struct dir_entry *gone)
{
    uint32_t hole = (uint32_t)((size_t)((uint8_t *)gone - d->slots) / d->stride);
    for (uint32_t i = (hole + 1) & d->mask; dir_at(d, i)->line != NO_LINE; i = (i + 1) & d->mask) {
        /* An entry may move back into the hole if the hole is not before its home slot. */
        uint32_t home = dir_home(d, dir_at(d, i)->line);
        if (((i - home) & d->mask) >= ((i - hole) & d->mask)) {
            memcpy(dir_at(d, hole), dir_at(d, i), d->stride);
            hole = i;
        }
    }
    dir_at(d, hole)->line = NO_LINE;
    d->count--;
}

bool dir_any_but(const struct dir *d, const struct dir_entry *e, unsigned but)
{
    uint64_t any = 0;
    for (unsigned w = 0; w < d->words; w++) {
        uint64_t v = e->agents[w];
        if (w == but / 64)
            v &= ~(1ull << (but % 64));
        any |= v;
    }
    return any != 0;
}
