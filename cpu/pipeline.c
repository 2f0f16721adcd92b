/* SPDX-License-Identifier: Apache-2.0 */
/* The in-order pipeline: see pipeline.h. Not here: what an instruction does, and any latency (they are in cpu_cfg). */
#include "cpu/pipeline.h"
#include "sim/core/fault.h"

/* Timing classes whose latency holds up everything, and to what it is charged. The others only delay their results. */
static const uint8_t exposed_cause[TC_COUNT] = {
    [TC_LOCK] = LEDGER_SERIALISE,   [TC_XCHG] = LEDGER_SERIALISE,    [TC_FENCE] = LEDGER_SERIALISE,
    [TC_PAUSE] = LEDGER_PAUSE,      [TC_SYSCALL] = LEDGER_SERIALISE, [TC_SYSRET] = LEDGER_SERIALISE,
    [TC_IRET] = LEDGER_SERIALISE,   [TC_SEG] = LEDGER_SERIALISE,     [TC_SYSTABLE] = LEDGER_SERIALISE,
    [TC_CR] = LEDGER_SERIALISE,     [TC_CR3] = LEDGER_SERIALISE,     [TC_PGE] = LEDGER_SERIALISE,
    [TC_INVLPG] = LEDGER_SERIALISE, [TC_MSR] = LEDGER_SERIALISE,     [TC_CPUID] = LEDGER_SERIALISE,
    [TC_HLT] = LEDGER_SERIALISE,    [TC_SYS] = LEDGER_SERIALISE,
};
_Static_assert(LEDGER_RETIRING == 0, "0 in exposed_cause means: not exposed");

static const uint8_t source_cause[] = {
    [MEM_SRC_L1] = LEDGER_L1,
    [MEM_SRC_L2] = LEDGER_L2,
    [MEM_SRC_L3] = LEDGER_L3,
    [MEM_SRC_DRAM] = LEDGER_DRAM,
    [MEM_SRC_REMOTE] = LEDGER_COHERENCE,
};

void pipeline_init(struct cpu *c)
{
    memset(c->pipe, 0, sizeof *c->pipe);
    memset(c->pipe->gshare, 1, sizeof c->pipe->gshare);
    c->pipe->n_stores = c->cfg->store_buffer;
    if (c->pipe->n_stores < 1 || c->pipe->n_stores > PIPELINE_STORES_MAX)
        sim_bug("store buffer of %u entries, the model takes 1 to %u", c->pipe->n_stores, PIPELINE_STORES_MAX);
}

void pipeline_close_group(struct cpu *c)
{
    if (c->slot_in_cyc) {
        c->slot_in_cyc = 0;
        pipeline_advance(c, LEDGER_RETIRING, 1);
    }
}

static void charge_line(struct cpu *c, enum ledger_cause cause, hpa_t line, cyc_t cyc)
{
    pipeline_advance(c, cause, cyc);
    if (cause == LEDGER_COHERENCE)
        ledger_line(c->ledger, c->context, line, cyc);
}

static void stall_until(struct cpu *c, cyc_t when, enum ledger_cause cause, hpa_t line)
{
    if (when <= c->now)
        return;
    pipeline_close_group(c);
    if (when > c->now)
        charge_line(c, cause, line, when - c->now);
}

void pipeline_wait_line(struct cpu *c, cyc_t when, hpa_t line)
{
    stall_until(c, when, LEDGER_COHERENCE, line);
}

static uint32_t less(uint32_t left, cyc_t cyc)
{
    return left > cyc ? left - (uint32_t)cyc : 0;
}

void pipeline_waited(struct cpu *c, cyc_t cyc)
{
    c->acc.load_cyc = less(c->acc.load_cyc, cyc);
    c->acc.store_cyc = less(c->acc.store_cyc, cyc);
}

/* Wait for the slowest of @need; one wait, one cause: the others were ready by then. */
static void wait_registers(struct cpu *c, uint32_t need)
{
    cyc_t when = c->now;
    unsigned slowest = 0;
    for (; need; need &= need - 1) {
        unsigned b = (unsigned)__builtin_ctz(need);
        if (c->ready[b] <= c->now) {
            c->busy &= ~(1u << b);
        } else if (c->ready[b] > when) {
            when = c->ready[b];
            slowest = b;
        }
    }
    if (when > c->now)
        stall_until(c, when, c->ready_cause[slowest], c->pipe->ready_line[slowest]);
}

static void wait_stores(struct cpu *c, enum ledger_cause cause)
{
    struct pipeline *p = c->pipe;
    const struct pipeline_store *last = &p->store[(p->next_store + p->n_stores - 1) % p->n_stores];
    stall_until(c, p->stores_done, last->remote ? LEDGER_COHERENCE : cause, last->line);
}

void pipeline_issue_slow(struct cpu *c, const struct cpu_insn *i, uint32_t need)
{
    if (c->mode == CPU_FUNCTIONAL)
        return;
    if (i->flags & PIPELINE_DRAINS) {
        pipeline_drain(c, LEDGER_SERIALISE);
        return;
    }
    if (!(i->flags & PIPELINE_PREDICTED))
        wait_registers(c, need);
}

void pipeline_charge(struct cpu *c, enum ledger_cause cause, cyc_t cyc)
{
    if (!cyc || c->mode == CPU_FUNCTIONAL)
        return;
    pipeline_close_group(c);
    pipeline_advance(c, cause, cyc);
}

void pipeline_drain(struct cpu *c, enum ledger_cause cause)
{
    if (c->mode == CPU_FUNCTIONAL)
        return;
    wait_registers(c, c->busy);
    wait_stores(c, cause);
}

/* ---- lines on their way --------------------------------------------------------------------------------------------
 * The memory system changes its tags at once, so a second access finds the line in L1 and would get it for nothing. A
 * load waits for lines that loads asked for; a store also for those that stores did. A load does not wait for the line
 * of an earlier store: what it reads there is taken to come from the store buffer (M-35).
 * It also makes an instruction that had to wait for its turn cost what it would have cost at once: run again at the
 * same time, it finds the lines of its first run as far away as then.
 */
static struct pipeline_fill *find_fill(struct pipeline *p, hpa_t line, cyc_t at)
{
    if (at >= p->fills_until)
        return NULL;
    for (unsigned k = 0; k < PIPELINE_FILLS; k++)
        if (p->fill[k].line.v == line.v && (p->fill[k].load_ready > at || p->fill[k].store_ready > at))
            return &p->fill[k];
    return NULL;
}

static struct pipeline_fill *new_fill(struct pipeline *p, hpa_t line)
{
    struct pipeline_fill *f = &p->fill[p->next_fill];
    p->next_fill = (p->next_fill + 1) % PIPELINE_FILLS;
    *f = (struct pipeline_fill){.line = line};
    return f;
}

bool pipeline_line(struct cpu *c, hpa_t a, bool is_load, uint32_t after_cyc, struct mem_result *r)
{
    struct pipeline *p = c->pipe;
    cyc_t at = c->now + c->acc.tlb_cyc + c->acc.walk_cyc + after_cyc;
    struct pipeline_fill *f = find_fill(p, hpa_line(a), at);
    if (f) {
        cyc_t ready = is_load || f->store_ready < f->load_ready ? f->load_ready : f->store_ready;
        if (ready > at + r->latency_cyc) {
            r->latency_cyc = (uint32_t)(ready - at);
            r->source = f->source;
        }
    }
    if (r->source == MEM_SRC_L1)
        return f != NULL;
    if (!f)
        f = new_fill(p, hpa_line(a));
    cyc_t ready = at + r->latency_cyc;
    *(is_load ? &f->load_ready : &f->store_ready) = ready;
    f->source = r->source;
    if (ready > p->fills_until)
        p->fills_until = ready;
    cpu_mem_line_lost(c, r->slot, false); /* an upgrade: its shortcut would not wait */
    return true;
}

/* ---- what an instruction's memory accesses cost --------------------------------------------------------------------
 */
static void charge_translation(struct cpu *c)
{
    pipeline_charge(c, LEDGER_TLB_L2, c->acc.tlb_cyc);
    pipeline_charge(c, LEDGER_TLB_WALK, (cyc_t)c->acc.walk_cyc + c->acc.mark_cyc);
    pipeline_charge(c, LEDGER_IO, c->acc.io_cyc);
}

static void push_store(struct cpu *c)
{
    struct pipeline *p = c->pipe;
    struct pipeline_store *s = &p->store[p->next_store];
    stall_until(c, s->done, s->remote ? LEDGER_COHERENCE : LEDGER_STORE, s->line);
    cyc_t done = c->now + (c->acc.store_cyc ? c->acc.store_cyc : c->l1_cyc);
    if (done <= p->stores_done)
        done = p->stores_done + 1;
    *s = (struct pipeline_store){done, c->acc.store_line, c->acc.store_cyc && c->acc.store_source == MEM_SRC_REMOTE};
    p->stores_done = done;
    p->next_store = p->next_store + 1 == p->n_stores ? 0 : p->next_store + 1;
}

/* Latency of the loads, and to whom it goes. */
static uint32_t load_latency(const struct cpu *c, uint8_t *cause)
{
    *cause = c->acc.load_cyc ? source_cause[c->acc.load_source] : LEDGER_L1;
    return c->acc.load_cyc ? c->acc.load_cyc : c->l1_cyc;
}

/* Registers that a stack or string instruction only counts up or down: ready at once, whatever its loads do. */
#define COUNTED (1u << 1 /* RCX */ | 1u << 4 /* RSP */ | 1u << 6 /* RSI */ | 1u << 7 /* RDI */)

static void set_ready(struct cpu *c, const struct cpu_insn *i, cyc_t ready, uint8_t cause)
{
    bool counts = i->tclass == TC_STACK || i->tclass == TC_STRING || (i->flags & (CPU_I_CALL | CPU_I_RET));
    c->busy |= i->dst;
    for (uint32_t m = i->dst; m; m &= m - 1) {
        unsigned b = (unsigned)__builtin_ctz(m);
        bool early = counts && (COUNTED >> b & 1);
        c->ready[b] = early ? c->now + 1 : ready;
        c->ready_cause[b] = early ? LEDGER_EXEC : cause;
        c->pipe->ready_line[b] = c->acc.load_line;
    }
}

/* A latency that everything waits for. */
static void expose(struct cpu *c, enum ledger_cause cause, cyc_t cyc)
{
    if (cyc) {
        pipeline_close_group(c);
        charge_line(c, cause, c->acc.load_line, cyc);
    }
}

static void retire_memory(struct cpu *c, const struct cpu_insn *i)
{
    unsigned tclass = c->acc.tclass ? c->acc.tclass : i->tclass;
    uint32_t lat = c->cfg->lat[tclass], load = 0;
    uint8_t cause = LEDGER_EXEC, own = exposed_cause[tclass];
    if (i->tclass == TC_STRING && c->iterations > 1)
        pipeline_charge(c, LEDGER_RETIRING, (cyc_t)(c->iterations - 1) * lat);
    charge_translation(c);
    if (i->flags & (CPU_I_LOAD | CPU_I_LOCK) || c->acc.load_cyc)
        load = load_latency(c, &cause);
    if (i->flags & CPU_I_LOCK) {
        c->stats.locked++;
        own = LEDGER_SERIALISE;
    } else if (i->flags & CPU_I_STORE || c->acc.store_cyc) {
        push_store(c);
    }
    if (tclass == TC_STRING && c->acc.load_cyc) { /* its registers only count; the data is waited for here */
        expose(c, cause, load);
        load = 0;
    }
    if (own) {
        expose(c, cause == LEDGER_L1 ? own : cause, load);
        expose(c, own, lat);
        load = lat = 0;
    }
    set_ready(c, i, c->now + load + lat, cause);
}

/* ---- branches ---------------------------------------------------------------------------------------------------- */
static bool predict_condition(struct cpu *c, bool taken)
{
    struct pipeline *p = c->pipe;
    uint8_t *ctr = &p->gshare[(c->r[CPU_RIP] ^ ((uint64_t)p->history << 6)) % PIPELINE_GSHARE];
    bool said = *ctr >= 2;
    if (taken && *ctr < 3)
        ++*ctr;
    else if (!taken && *ctr > 0)
        --*ctr;
    p->history = (p->history << 1 | taken) & 0xff;
    return said == taken;
}

static bool predict_target(struct cpu *c, const struct cpu_insn *i)
{
    struct pipeline *p = c->pipe;
    if (i->flags & CPU_I_RET)
        return p->ras[p->ras_top-- % PIPELINE_RAS] == c->next_rip;
    uint64_t *target = &p->btb[c->r[CPU_RIP] % PIPELINE_BTB];
    bool hit = *target == c->next_rip;
    *target = c->next_rip;
    return hit;
}

static void retire_branch(struct cpu *c, const struct cpu_insn *i, bool taken)
{
    bool right = true;
    if (i->flags & PIPELINE_PREDICTED) {
        c->stats.branches++;
        right = i->flags & CPU_I_COND ? predict_condition(c, taken) : predict_target(c, i);
    }
    if (i->flags & CPU_I_CALL)
        c->pipe->ras[++c->pipe->ras_top % PIPELINE_RAS] = c->r[CPU_RIP] + i->len;
    if (!right) {
        /* found out once its sources are there; a branch that loads its target must have loaded it */
        c->stats.mispredicts++;
        wait_registers(c, (i->src | i->addr) & c->busy);
        if (i->flags & CPU_I_INDIRECT && (i->flags & CPU_I_LOAD)) {
            uint8_t cause;
            uint32_t load = load_latency(c, &cause);
            expose(c, cause, load);
        }
        pipeline_charge(c, LEDGER_BRANCH, c->cfg->mispredict_cyc);
    } else if (taken) {
        pipeline_close_group(c); /* the target is fetched in the next cycle */
    }
}

void pipeline_retire_slow(struct cpu *c, const struct cpu_insn *i, bool taken)
{
    c->slot_in_cyc++;
    retire_memory(c, i);
    if (i->flags & CPU_I_END)
        retire_branch(c, i, taken);
    if (c->acc.any)
        c->acc = (struct cpu_acc){0};
    if (c->slot_in_cyc >= c->cfg->width)
        pipeline_close_group(c);
}

void pipeline_delivered(struct cpu *c)
{
    if (c->mode == CPU_FUNCTIONAL) {
        pipeline_advance(c, LEDGER_EXCEPTION, 1); /* or a handler that faults at once would stop time */
        c->acc = (struct cpu_acc){0};
        return;
    }
    pipeline_drain(c, LEDGER_EXCEPTION);
    charge_translation(c);
    expose(c, source_cause[c->acc.load_source], c->acc.load_cyc);
    push_store(c);
    pipeline_charge(c, LEDGER_EXCEPTION, c->cfg->lat[TC_INT]);
    c->acc = (struct cpu_acc){0};
}

void cpu_idle_until(struct cpu *c, cyc_t when)
{
    if (when > c->now)
        pipeline_close_group(c);
    if (when > c->now)
        pipeline_advance(c, LEDGER_IDLE, when - c->now);
}
