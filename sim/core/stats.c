/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statistics registry: blocks of (prefix, rows, pointer to values) in order of registration. It owns no counter.
 * The rows of a folder come from its table:
 *     static const struct stats_row rows[] = {
 *     #define STAT STATS_ROW
 *     #include "tlb/stats.def"
 *     #undef STAT
 *     };
 *     stats_add(s, "core0.tlb", rows, G_N_ELEMENTS(rows), (const uint64_t *)tlb_stats(t));
 */
#include "sim/core/stats.h"
#include <glib.h>
#include <string.h>

struct block {
    char *prefix;
    const struct stats_row *rows;
    size_t n;
    const uint64_t *values;
    uint64_t *mark; /* values at stats_mark(); all 0 before */
};

struct stats {
    GArray *blocks; /* struct block */
};

struct stats *stats_new(void)
{
    struct stats *s = g_new0(struct stats, 1);

    s->blocks = g_array_new(FALSE, FALSE, sizeof(struct block));
    return s;
}

void stats_free(struct stats *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < s->blocks->len; i++) {
        struct block *b = &g_array_index(s->blocks, struct block, i);

        g_free(b->prefix);
        g_free(b->mark);
    }
    g_array_free(s->blocks, TRUE);
    g_free(s);
}

void stats_add(struct stats *s, const char *prefix, const struct stats_row *rows, size_t n, const uint64_t *values)
{
    struct block b = {g_strdup(prefix), rows, n, values, g_new0(uint64_t, n)};

    g_array_append_val(s->blocks, b);
}

void stats_foreach(const struct stats *s,
                   void (*fn)(void *opaque, const char *name, const struct stats_row *row, uint64_t value),
                   void *opaque)
{
    GString *name = g_string_new(NULL);

    for (unsigned i = 0; i < s->blocks->len; i++) {
        const struct block *b = &g_array_index(s->blocks, struct block, i);

        for (size_t k = 0; k < b->n; k++) {
            g_string_printf(name, "%s.%s", b->prefix, b->rows[k].name);
            fn(opaque, name->str, &b->rows[k], b->values[k] - b->mark[k]);
        }
    }
    g_string_free(name, TRUE);
}

void stats_mark(struct stats *s)
{
    for (unsigned i = 0; i < s->blocks->len; i++) {
        struct block *b = &g_array_index(s->blocks, struct block, i);

        memcpy(b->mark, b->values, b->n * sizeof(*b->mark));
    }
}
