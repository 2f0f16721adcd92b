/* SPDX-License-Identifier: Apache-2.0 */
/* The data of a result, and the statistics derived from others. See result.h. */
#include "sim/study/result.h"

#include <string.h>

static void domain_clear(gpointer p)
{
    g_free(((struct result_domain *)p)->name);
}

static void leaf_clear(gpointer p)
{
    g_free(((struct result_leaf *)p)->name);
}

static void stat_clear(gpointer p)
{
    g_free(((struct result_stat *)p)->name);
}

static GArray *array(guint bytes, GDestroyNotify clear)
{
    GArray *a = g_array_new(FALSE, FALSE, bytes);
    g_array_set_clear_func(a, clear);
    return a;
}

struct result *result_new(void)
{
    struct result *r = g_new0(struct result, 1);
    r->domains = array(sizeof(struct result_domain), domain_clear);
    r->leaves = array(sizeof(struct result_leaf), leaf_clear);
    r->stats = array(sizeof(struct result_stat), stat_clear);
    return r;
}

void result_free(struct result *r)
{
    if (!r)
        return;
    g_array_unref(r->domains);
    g_array_unref(r->leaves);
    g_array_unref(r->stats);
    g_free(r);
}

void result_add_leaf(struct result *r, const char *name, uint64_t cyc)
{
    struct result_leaf leaf = {g_strdup(name), cyc};
    g_array_append_val(r->leaves, leaf);
}

void result_add_stat(struct result *r, const char *name, const char *unit, const char *text, uint64_t count)
{
    struct result_stat s = {.name = g_strdup(name), .unit = unit, .text = text, .count = count};
    g_array_append_val(r->stats, s);
}

gboolean result_stat(const struct result *r, const char *name, double *value)
{
    for (guint i = 0; i < r->stats->len; i++) {
        const struct result_stat *s = &g_array_index(r->stats, struct result_stat, i);
        if (strcmp(s->name, name) == 0) {
            *value = s->is_real ? s->real : (double)s->count;
            return TRUE;
        }
    }
    return FALSE;
}

void result_add_derived(struct result *r)
{
    static const struct {
        const char *name, *over, *under, *unit, *text;
    } rows[] = {
#define DERIVED(name, over, under, unit, text) {name, over, under, unit, text},
#include "sim/study/derived.def"
#undef DERIVED
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        double over, under;
        if (!result_stat(r, rows[i].over, &over) || !result_stat(r, rows[i].under, &under) || under <= 0)
            continue;
        struct result_stat s = {.name = g_strdup(rows[i].name),
                                .unit = rows[i].unit,
                                .text = rows[i].text,
                                .is_real = TRUE,
                                .real = over / under};
        g_array_append_val(r->stats, s);
    }
}
