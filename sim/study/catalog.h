/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All statistics by name, unit and meaning: the tables of every folder, the hypervisor's counters, the derived ones,
 * the headline numbers of a run, and the ledger's causes. For list stats, docs/STATS.md and axis labels.
 */
#pragma once
#include <glib.h>

struct catalog_row {
    const char *group; /* "cpu", "tlb", "mem", "hv", "derived", "run", "ledger" */
    const char *name, *unit, *text;
};
/* catalog_rows() - the rows in a fixed order; *n gets their number. */
const struct catalog_row *catalog_rows(size_t *n);
/* catalog_find() - the row for a metric as [plot] y has it; per-core prefixes are skipped. NULL: not known. */
const struct catalog_row *catalog_find(const char *metric);
