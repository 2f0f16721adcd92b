/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger's store: contexts in order of creation, each with one row of counters per core. A context's rows are one
 * allocation that never moves, because cores add to them directly. Not here: who charges what.
 */
#include "sim/core/ledger.h"
#include "sim/core/fault.h"
#include "sim/core/ledger_lines.h"
#include <glib.h>
#include <string.h>

struct context {
    char *name;
    struct ledger_row *rows; /* one a core */
};

struct ledger {
    unsigned n_cores;
    GArray *contexts; /* struct context */
    struct ledger_lines lines;
};

static const char *const cause_names[] = {
#define LEAF(sym, name, text) name,
#include "sim/ledger.def"
#undef LEAF
};

static struct context *context_at(const struct ledger *l, unsigned i)
{
    if (i >= l->contexts->len)
        sim_bug("ledger context %u of %u", i, l->contexts->len);
    return &g_array_index(l->contexts, struct context, i);
}

struct ledger *ledger_new(unsigned n_cores)
{
    struct ledger *l = g_new0(struct ledger, 1);

    l->n_cores = n_cores;
    l->contexts = g_array_new(FALSE, FALSE, sizeof(struct context));
    return l;
}

void ledger_free(struct ledger *l)
{
    if (!l)
        return;
    for (unsigned i = 0; i < l->contexts->len; i++) {
        g_free(context_at(l, i)->name);
        g_free(context_at(l, i)->rows);
    }
    g_array_free(l->contexts, TRUE);
    g_free(l->lines.slots);
    g_free(l);
}

unsigned ledger_context(struct ledger *l, const char *name)
{
    for (unsigned i = 0; i < l->contexts->len; i++)
        if (strcmp(context_at(l, i)->name, name) == 0)
            return i;
    struct context c = {g_strdup(name), g_new0(struct ledger_row, l->n_cores)};
    g_array_append_val(l->contexts, c);
    return l->contexts->len - 1;
}

struct ledger_row *ledger_row(struct ledger *l, unsigned core, unsigned context)
{
    if (core >= l->n_cores)
        sim_bug("ledger row of core %u of %u", core, l->n_cores);
    return &context_at(l, context)->rows[core];
}

void ledger_line(struct ledger *l, unsigned context, hpa_t line, cyc_t cyc)
{
    *ledger_lines_at(&l->lines, context, line) += cyc;
}

const char *ledger_cause_name(enum ledger_cause c)
{
    return cause_names[c];
}

void ledger_foreach(const struct ledger *l,
                    void (*fn)(void *opaque, const char *context, enum ledger_cause cause, uint64_t cyc), void *opaque)
{
    for (unsigned i = 0; i < l->contexts->len; i++) {
        const struct context *c = context_at(l, i);

        for (unsigned cause = 0; cause < LEDGER_CAUSES; cause++) {
            uint64_t sum = 0;

            for (unsigned core = 0; core < l->n_cores; core++)
                sum += c->rows[core].cyc[cause];
            if (sum)
                fn(opaque, c->name, (enum ledger_cause)cause, sum);
        }
    }
}

void ledger_foreach_line(const struct ledger *l,
                         void (*fn)(void *opaque, const char *context, hpa_t line, uint64_t cyc), void *opaque)
{
    struct ledger_line_slot *v = ledger_lines_sorted(&l->lines);

    for (size_t i = 0; i < l->lines.used; i++)
        if (v[i].cyc)
            fn(opaque, context_at(l, v[i].context)->name, (hpa_t){v[i].line & ~(uint64_t)1}, v[i].cyc);
    g_free(v);
}

struct ledger *ledger_snapshot(const struct ledger *l)
{
    struct ledger *copy = ledger_new(l->n_cores);

    for (unsigned i = 0; i < l->contexts->len; i++) {
        unsigned same = ledger_context(copy, context_at(l, i)->name);

        memcpy(context_at(copy, same)->rows, context_at(l, i)->rows, l->n_cores * sizeof(struct ledger_row));
    }
    ledger_lines_copy(&copy->lines, &l->lines);
    return copy;
}

static void row_subtract(struct ledger_row *a, const struct ledger_row *b)
{
    for (unsigned cause = 0; cause < LEDGER_CAUSES; cause++) {
        if (b->cyc[cause] > a->cyc[cause])
            sim_bug("ledger leaf %s went backwards", cause_names[cause]);
        a->cyc[cause] -= b->cyc[cause];
    }
}

void ledger_subtract(struct ledger *a, const struct ledger *b)
{
    for (unsigned i = 0; i < b->contexts->len; i++) {
        struct context *c = context_at(a, i);

        if (strcmp(c->name, context_at(b, i)->name) != 0)
            sim_bug("ledger_subtract: context %u is %s here and %s in the older one", i, c->name,
                    context_at(b, i)->name);
        for (unsigned core = 0; core < a->n_cores; core++)
            row_subtract(&c->rows[core], &context_at(b, i)->rows[core]);
    }
    for (size_t i = 0; i < b->lines.size; i++) {
        const struct ledger_line_slot *s = &b->lines.slots[i];

        if (s->line)
            *ledger_lines_at(&a->lines, s->context, (hpa_t){s->line}) -= s->cyc;
    }
}

uint64_t ledger_core_total(const struct ledger *l, unsigned core)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < l->contexts->len; i++)
        for (unsigned cause = 0; cause < LEDGER_CAUSES; cause++)
            sum += context_at(l, i)->rows[core].cyc[cause];
    return sum;
}
