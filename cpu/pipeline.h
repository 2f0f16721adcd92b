/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time of one core: an in-order pipeline that stalls on use. Includable only from cpu/.
 *
 * An instruction issues when its sources are ready (pipeline_issue, before it is executed, so that its memory accesses
 * happen at the right time) and then says when its results will be (pipeline_retire). `width` instructions issue in a
 * cycle. Loads do not stall; who uses their result does. Translations, device accesses, fetches and serialising
 * instructions stall everything. Stores retire into a buffer that completes in order.
 *
 * The invariant: c->now never moves without exactly one cause of c->row moving by as much (advance()). A cycle in which
 * at least one instruction issued is RETIRING.
 */
#pragma once
#include "cpu/cpu_internal.h"

#define PIPELINE_STORES_MAX 64u
#define PIPELINE_FILLS      16u
#define PIPELINE_GSHARE     16384u
#define PIPELINE_BTB        2048u
#define PIPELINE_RAS        16u

struct pipeline_store {
    cyc_t done; /* its line is owned and the data is in it */
    hpa_t line;
    bool remote;
};
/* A line on its way to L1D, whose tag is there already. */
struct pipeline_fill {
    hpa_t line;
    cyc_t load_ready, store_ready; /* the data, for whom a load asked; the right to write, for whom a store asked */
    uint8_t source;
};
struct pipeline {
    struct pipeline_store store[PIPELINE_STORES_MAX];
    unsigned n_stores, next_store;
    cyc_t stores_done;                /* the youngest store's completion; they complete in order */
    hpa_t ready_line[CPU_SCOREBOARD]; /* for the ledger: the line a register waits for, where its cause is COHERENCE */
    uint64_t ras[PIPELINE_RAS];
    unsigned ras_top;
    uint32_t history;
    uint8_t gshare[PIPELINE_GSHARE];           /* two-bit counters */
    uint64_t btb[PIPELINE_BTB];                /* last target of an indirect branch */
    struct pipeline_fill fill[PIPELINE_FILLS]; /* round robin */
    unsigned next_fill;
    cyc_t fills_until; /* all have arrived then */
};

void pipeline_init(struct cpu *c);
void pipeline_issue_slow(struct cpu *c, const struct cpu_insn *i, uint32_t need);
void pipeline_retire_slow(struct cpu *c, const struct cpu_insn *i, bool taken);
/* pipeline_close_group() - the present cycle ends; if something issued in it, it was a retiring cycle. */
void pipeline_close_group(struct cpu *c);
/* pipeline_charge() - @cyc pass while the whole pipeline waits. No time passes in functional mode. */
void pipeline_charge(struct cpu *c, enum ledger_cause cause, cyc_t cyc);
/* pipeline_wait_line() - nothing goes on until @when: another core's transaction has @line. */
void pipeline_wait_line(struct cpu *c, cyc_t when, hpa_t line);
/*
 * pipeline_line() - what mem_access() said about the line at @a, made at this instruction's issue, corrected for a line
 * that is still on its way; and a line that has to come is noted. The access begins when the translations that this
 * instruction has paid so far are over, and @after_cyc (earlier references of a walk).
 * Return: it is on its way, so no shortcut may be made.
 */
bool pipeline_line(struct cpu *c, hpa_t a, bool is_load, uint32_t after_cyc, struct mem_result *r);
/* pipeline_waited() - an instruction waited for @cyc: what its loads and stores had begun has come nearer. */
void pipeline_waited(struct cpu *c, cyc_t cyc);
/* pipeline_drain() - until all earlier results are there and all stores are done; the latter charged to @cause. */
void pipeline_drain(struct cpu *c, enum ledger_cause cause);
/* pipeline_delivered() - an exception or interrupt was delivered: its own cost and what c->acc gathered. */
void pipeline_delivered(struct cpu *c);

/* Time passes. Nothing else may move c->now. */
static inline void pipeline_advance(struct cpu *c, enum ledger_cause cause, cyc_t cyc)
{
    c->now += cyc;
    c->row->cyc[cause] += cyc;
}

/* Slots: none of these wait for their sources. A branch goes where the predictor says; its sources only matter when
 * that was wrong (pipeline_retire_slow). */
#define PIPELINE_PREDICTED (CPU_I_COND | CPU_I_INDIRECT)
#define PIPELINE_DRAINS    (CPU_I_LOCK | CPU_I_SERIAL)

static inline void pipeline_issue(struct cpu *c, const struct cpu_insn *i)
{
    uint32_t need = (i->src | i->addr) & c->busy;
    if (cpu_likely(!need && !(i->flags & PIPELINE_DRAINS)))
        return;
    pipeline_issue_slow(c, i, need);
}

/* Instructions that only compute: one slot, a fixed latency. The rest has its own function. */
static inline void pipeline_retire(struct cpu *c, const struct cpu_insn *i, bool taken)
{
    if (cpu_unlikely(c->mode == CPU_FUNCTIONAL)) {
        pipeline_advance(c, LEDGER_RETIRING, 1);
        if (cpu_unlikely(c->acc.any))
            c->acc = (struct cpu_acc){0};
        return;
    }
    if ((i->flags & ~(CPU_I_MEM | CPU_I_HIGH_REG | CPU_I_HIGH_RM)) || i->tclass >= TC_STRING || c->acc.any) {
        pipeline_retire_slow(c, i, taken);
        return;
    }
    cyc_t ready = c->now + c->cfg->lat[i->tclass];
    c->busy |= i->dst;
    for (uint32_t m = i->dst; m; m &= m - 1) {
        unsigned b = (unsigned)__builtin_ctz(m);
        c->ready[b] = ready;
        c->ready_cause[b] = LEDGER_EXEC;
    }
    if (++c->slot_in_cyc >= c->cfg->width) {
        c->slot_in_cyc = 0;
        pipeline_advance(c, LEDGER_RETIRING, 1);
    }
}
