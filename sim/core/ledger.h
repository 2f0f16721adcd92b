/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cycle ledger: every cycle of every core lands in exactly one leaf = (context, cause).
 *
 * A context is who ran: "boot", "u1/v0/user", "u1/v0/kernel", "u1/v0/hv", "idle"... The machine makes contexts from
 * the hypervisor's markers and hands each core a row of counters; the core adds cycles to the row, indexed by cause.
 * Cycles charged to COHERENCE are also kept per cache line, so that a hot line can be named by its symbol.
 *
 * Invariant, checked by ledger_check(): for each core, the sum over all rows = its time now.
 * Not here: who decides the cause (cpu/pipeline.c), and names of symbols (sim/machine).
 */
#pragma once
#include <stdint.h>
#include "sim/core/types.h"

enum ledger_cause {
#define LEAF(sym, name, text) LEDGER_##sym,
#include "sim/ledger.def"
#undef LEAF
    LEDGER_CAUSES
};

struct ledger;

/* One context's counters on one core. cyc[] is open for direct addition: this is the hot path. */
struct ledger_row {
    uint64_t cyc[LEDGER_CAUSES];
};

struct ledger *ledger_new(unsigned n_cores);
void ledger_free(struct ledger *l);

/* ledger_context() - index of the context called @name (copied), made if new. Never fails. Not for the hot path. */
unsigned ledger_context(struct ledger *l, const char *name);
/* ledger_row() - the counters of (@core, @context); the address stays valid for the ledger's life. */
struct ledger_row *ledger_row(struct ledger *l, unsigned core, unsigned context);
/* ledger_line() - remember that @cyc of COHERENCE in @context were spent on @line. The caller also adds to cyc[]. */
void ledger_line(struct ledger *l, unsigned context, hpa_t line, cyc_t cyc);

const char *ledger_cause_name(enum ledger_cause c);

/*
 * ledger_foreach() / ledger_foreach_line() - sums over all cores, in order of context creation, then cause (or line
 * address). Deterministic order. Leaves of zero are left out.
 */
void ledger_foreach(const struct ledger *l,
                    void (*fn)(void *opaque, const char *context, enum ledger_cause cause, uint64_t cyc), void *opaque);
void ledger_foreach_line(const struct ledger *l,
                         void (*fn)(void *opaque, const char *context, hpa_t line, uint64_t cyc), void *opaque);

/* ledger_snapshot() - a copy, so that a measured window is end minus start. ledger_subtract(): a -= b (b older). */
struct ledger *ledger_snapshot(const struct ledger *l);
void ledger_subtract(struct ledger *a, const struct ledger *b);

/* ledger_core_total() - sum over everything on @core, to be compared with the core's time. */
uint64_t ledger_core_total(const struct ledger *l, unsigned core);
