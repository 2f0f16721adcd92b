/* SPDX-License-Identifier: Apache-2.0 */
/* See ledger_lines.h. */
#include "sim/core/ledger_lines.h"
#include <glib.h>
#include <stdlib.h>
#include <string.h>

static size_t hash(unsigned context, uint64_t line, size_t size)
{
    uint64_t x = (line >> SIM_LINE_SHIFT) * 0x9e3779b97f4a7c15u + context * 0xbf58476d1ce4e5b9u;

    return (size_t)(x ^ (x >> 29)) & (size - 1);
}

static struct ledger_line_slot *find(const struct ledger_lines *t, unsigned context, uint64_t line)
{
    size_t i = hash(context, line, t->size);

    while (t->slots[i].line && (t->slots[i].line != (line | 1) || t->slots[i].context != context))
        i = (i + 1) & (t->size - 1);
    return &t->slots[i];
}

static void grow(struct ledger_lines *t)
{
    struct ledger_lines old = *t;

    t->size = old.size ? old.size * 2 : 256;
    t->slots = g_new0(struct ledger_line_slot, t->size);
    for (size_t i = 0; i < old.size; i++)
        if (old.slots[i].line)
            *find(t, old.slots[i].context, old.slots[i].line & ~(uint64_t)1) = old.slots[i];
    g_free(old.slots);
}

uint64_t *ledger_lines_at(struct ledger_lines *t, unsigned context, hpa_t line)
{
    if (t->used * 2 >= t->size)
        grow(t);
    struct ledger_line_slot *s = find(t, context, hpa_line(line).v);

    if (!s->line) {
        *s = (struct ledger_line_slot){hpa_line(line).v | 1, 0, context};
        t->used++;
    }
    return &s->cyc;
}

void ledger_lines_copy(struct ledger_lines *to, const struct ledger_lines *from)
{
    *to = *from;
    to->slots = g_new(struct ledger_line_slot, from->size);
    if (from->size)
        memcpy(to->slots, from->slots, from->size * sizeof(*to->slots));
}

static int by_context_and_line(const void *a, const void *b)
{
    const struct ledger_line_slot *x = a, *y = b;

    if (x->context != y->context)
        return x->context < y->context ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

struct ledger_line_slot *ledger_lines_sorted(const struct ledger_lines *t)
{
    struct ledger_line_slot *v = g_new(struct ledger_line_slot, t->used);
    size_t n = 0;

    for (size_t i = 0; i < t->size; i++)
        if (t->slots[i].line)
            v[n++] = t->slots[i];
    if (n)
        qsort(v, n, sizeof(*v), by_context_and_line);
    return v;
}
