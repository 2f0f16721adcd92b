/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger's table of coherence cycles by (context, line). Private to sim/core. An open-addressing hash table: it is
 * asked once per coherence miss, never per instruction. Its order of slots is never visible: readers get it sorted.
 */
#pragma once
#include "sim/core/types.h"

struct ledger_line_slot {
    uint64_t line; /* address | 1: 0 marks an empty slot */
    uint64_t cyc;
    uint32_t context;
};
struct ledger_lines {
    struct ledger_line_slot *slots;
    size_t size, used; /* size: a power of two, or 0 */
};

uint64_t *ledger_lines_at(struct ledger_lines *t, unsigned context, hpa_t line); /* made if new */
void ledger_lines_copy(struct ledger_lines *to, const struct ledger_lines *from);
/* ledger_lines_sorted() - the used slots by (context, line), in a new array of t->used; g_free() it. */
struct ledger_line_slot *ledger_lines_sorted(const struct ledger_lines *t);
