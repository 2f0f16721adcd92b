/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue of statistics, made by including every table. See catalog.h. */
#include "sim/study/catalog.h"

#include <string.h>

static const struct catalog_row rows[] = {
    {"run", "throughput", "operations/s", "operations of all domains a second"},
    {"run", "speedup", "ratio", "throughput divided by that of the same curve at its smallest x"},
    {"run", "cycles", "cycles", "length of the measured window"},
    {"run", "seconds", "s", "length of the measured window"},
    {"run", "instructions", "count", "instructions retired in the window, all cores"},
    {"run", "core_cycles", "cycles", "cores times cycles of the window"},
    {"run", "ops", "count", "operations of all domains in the window"},
#define DERIVED(name, over, under, unit, text) {"derived", name, unit, text},
#include "sim/study/derived.def"
#undef DERIVED
#define COUNTER(sym, kind, text) {"hv", "hv." #sym, "count", text},
#include "hv/abi/counters.def"
#undef COUNTER
#define STAT(sym, unit, text) {"cpu", "cpu." #sym, unit, text},
#include "cpu/stats.def"
#undef STAT
#define STAT(sym, unit, text) {"tlb", "tlb." #sym, unit, text},
#include "tlb/stats.def"
#undef STAT
#define STAT(sym, unit, text) {"mem", "mem." #sym, unit, text},
#include "sim/mem/stats.def"
#undef STAT
#define LEAF(sym, name, text) {"ledger", name, "cycles", text},
#include "sim/ledger.def"
#undef LEAF
};

const struct catalog_row *catalog_rows(size_t *n)
{
    *n = G_N_ELEMENTS(rows);
    return rows;
}

static const struct catalog_row *find_exact(const char *group, const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if ((!group || strcmp(rows[i].group, group) == 0) && strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

/* "share.coherence:tlbflush_clock" is of cause "coherence". */
static const struct catalog_row *find_cause(const char *name)
{
    const char *slash = strrchr(name, '/');
    char *cause = g_strdup(slash ? slash + 1 : name);
    char *colon = strchr(cause, ':');
    if (colon)
        *colon = 0;
    const struct catalog_row *row = find_exact("ledger", cause);
    g_free(cause);
    return row;
}

const struct catalog_row *catalog_find(const char *metric)
{
    if (g_str_has_prefix(metric, "share.") || g_str_has_prefix(metric, "ledger."))
        return find_cause(strchr(metric, '.') + 1);
    if (!g_str_has_prefix(metric, "stats."))
        return find_exact("run", metric);
    const char *name = metric + strlen("stats.");
    const struct catalog_row *row = find_exact(NULL, name);
    for (const char *dot = name; !row && (dot = strchr(dot, '.')); dot++)
        row = find_exact(NULL, dot + 1);
    return row;
}
