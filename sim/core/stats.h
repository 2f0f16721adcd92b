/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics: each folder owns a stats.def with rows STAT(symbol, "unit", "sentence") and a struct of uint64_t fields
 * in that order, made by including the table:
 *     struct tlb_stats {
 *     #define STAT(sym, unit, text) uint64_t sym;
 *     #include "tlb/stats.def"
 *     #undef STAT
 *     };
 * The counters are incremented directly. A registry lists (prefix, rows, pointer) and prints them all.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct stats_row {
    const char *name, *unit, *text;
};
/* STATS_ROWS_BEGIN .. include the .def with STAT = STATS_ROW .. : see sim/core/stats.c for an example. */
#define STATS_ROW(sym, unit, text) {#sym, unit, text},

struct stats;
struct stats *stats_new(void);
void stats_free(struct stats *s);
/* stats_add() - register @n rows whose values are values[0..n-1]; names become "@prefix.name". Nothing is copied but
 * @prefix. */
void stats_add(struct stats *s, const char *prefix, const struct stats_row *rows, size_t n, const uint64_t *values);
/* stats_foreach() - all values in order of registration. */
void stats_foreach(const struct stats *s,
                   void (*fn)(void *opaque, const char *name, const struct stats_row *row, uint64_t value),
                   void *opaque);
/* stats_mark() - remember the values now; stats_foreach() then reports the difference from this mark. */
void stats_mark(struct stats *s);
