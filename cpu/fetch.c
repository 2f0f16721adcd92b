/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetching. Execution stands in one line; entering another one asks the ITLB and L1I (or takes a fetch shortcut, which
 * does the same to their ages) and pays what they say: a miss holds up the front end. Instruction bytes themselves come
 * from memory once, when they are decoded.
 *
 * Fetching takes time before the instruction runs, and its turn may be over by then. So what was fetched counts as
 * delivered until the instruction retires, whoever takes the line away meanwhile: else a core whose code shares a line
 * with data that others write would fetch for ever and never execute. For an instruction over two lines each of them
 * counts alone.
 *
 * Limits: each byte of an instruction must lie within CS (or have a canonical address). Execution never stands in the
 * line where the limit lies, so each instruction there comes through fetch_insn(), which checks it.
 *
 * An instruction that straddles two pages belongs to no page of records: its bytes are gathered anew each time and
 * decoded when they differ from the last such instruction's.
 */
#include "cpu/fetch.h"
#include "cpu/pipeline.h"
#include "cpu/segment.h"
#include "cpu/shortcut.h"
#include "cpu/translate.h"
#include "sim/core/fault.h"

#define LINE_MASK ((uint64_t)SIM_LINE_BYTES - 1)

/* What was delivered of the instruction that is to run. */
enum { NOTHING, FIRST_LINE, BOTH_LINES, OVER_PAGES /* both, and decoded: it is in c->cross */ };

static unsigned delivered(const struct cpu *c, uint64_t la)
{
    return c->delivered_la == la && c->delivered_at == c->stats.instructions ? c->delivered : NOTHING;
}
static void deliver(struct cpu *c, uint64_t la, unsigned what)
{
    c->delivered_la = la;
    c->delivered_at = c->stats.instructions;
    c->delivered = (uint8_t)what;
}

static void stand_in(struct cpu *c, uint64_t la, struct code_page *page, uint16_t l1_slot, uint16_t tlb_slot)
{
    c->fetch_line = la & ~LINE_MASK;
    c->fetch_page = page;
    c->fetch_l1_slot = l1_slot;
    c->fetch_tlb_slot = tlb_slot;
}

static struct cpu_event enter_line_slow(struct cpu *c, uint64_t la)
{
    struct translation t;
    struct translate_cost cost = {0};
    struct cpu_event ev = translate(c, TLB_FETCH, la, MMU_FETCH, c->user, false, &t, &cost);
    pipeline_charge(c, LEDGER_TLB_L2, cost.tlb_cyc);
    pipeline_charge(c, LEDGER_TLB_WALK, cost.walk_cyc);
    if (ev.kind != CPU_NONE)
        return ev;
    if (!phys_is_ram(c->phys, t.a))
        sim_unmodelled("instruction fetch from device address %#llx", (unsigned long long)t.a.v);
    struct mem_result r = {0};
    if (c->mode == CPU_TIMING) {
        if (!mem_access(c->mem, c->core, t.a, MEM_FETCH, c->now, c->now < c->share_limit, &r))
            return cpu_line_wait(c, t.a, &r);
        if (r.source != MEM_SRC_L1)
            pipeline_charge(c, LEDGER_FRONTEND, r.latency_cyc);
    }
    struct code_page *page = code_page_get(c->code, t.a, c->code_size);
    stand_in(c, la, page, r.slot, t.slot);
    if (t.slot != TRANSLATE_NO_SLOT)
        shortcut_fetch(c, la, page, r.slot, t.slot, t.shift);
    return CPU_OK;
}

static struct cpu_event enter_line(struct cpu *c, uint64_t la)
{
    const struct cpu_fetch *e = &c->fetch[(la >> SIM_LINE_SHIFT) & (CPU_FETCH_N - 1)];
    if (cpu_unlikely(e->tag != shortcut_fetch_tag(c, la)))
        return enter_line_slow(c, la);
    c->l1i_age[e->l1_slot] = ++*c->l1i_tick;
    c->itlb_age[e->tlb_slot] = ++*c->itlb_tick;
    stand_in(c, la, e->page, e->l1_slot, e->tlb_slot);
    return CPU_OK;
}

/* Limit of the code segment, or the canonical form of rip, for a byte of the instruction: else its #GP(0). */
static bool rip_allowed(const struct cpu *c, uint64_t rip)
{
    return c->code_size == 8 ? cpu_is_canonical(c, rip) : rip <= c->seg[CPU_SEG_CS].limit;
}

static struct cpu_event straddling(struct cpu *c, uint64_t la, const struct cpu_insn **out)
{
    unsigned first = SIM_PAGE_BYTES - (unsigned)(la & (SIM_PAGE_BYTES - 1));
    uint8_t bytes[16] = {0};
    memcpy(bytes, c->phys->base + (c->fetch_page->pfn << 12) + (la & (SIM_PAGE_BYTES - 1)), first);
    uint64_t second = c->code_size == 8 ? la + first : (uint32_t)(la + first);
    if (!rip_allowed(c, c->r[CPU_RIP] + first)) /* before its page can fault */
        return CPU_EV_FAULT_ERR(13, 0);
    CPU_TRY(enter_line(c, second));
    memcpy(bytes + first, c->phys->base + (c->fetch_page->pfn << 12), 15 - first);
    if (c->cross_size != c->code_size || memcmp(bytes, c->cross_bytes, 15) != 0) {
        memset(&c->cross, 0, sizeof c->cross);
        if (!cpu_decode(bytes, 15, c->code_size, &c->cross))
            sim_bug("decoder wants more than 15 bytes");
        memcpy(c->cross_bytes, bytes, 16);
        c->cross_size = c->code_size;
        c->stats.decoded++;
    }
    *out = &c->cross;
    return CPU_OK;
}

/* The instruction at rip, wherever its bytes are. */
static struct cpu_event find_insn(struct cpu *c, uint64_t la, const struct cpu_insn **out)
{
    unsigned have = NOTHING;
    if ((la & ~LINE_MASK) != c->fetch_line) {
        have = delivered(c, la);
        if (have == OVER_PAGES) {
            *out = &c->cross;
            return CPU_OK;
        }
        if (have == NOTHING) {
            CPU_TRY(enter_line(c, la));
            deliver(c, la, FIRST_LINE);
        }
    }
    *out = code_insn(c, c->fetch_page, (unsigned)(la & (SIM_PAGE_BYTES - 1)));
    if (cpu_unlikely(!*out)) {
        CPU_TRY(straddling(c, la, out));
        deliver(c, la, OVER_PAGES);
        return CPU_OK;
    }
    uint64_t last = la + (*out)->len - 1;
    if (cpu_unlikely(((last ^ la) & ~LINE_MASK) && have != BOTH_LINES)) {
        CPU_TRY(enter_line(c, last));
        deliver(c, la, BOTH_LINES);
    }
    return CPU_OK;
}

const struct cpu_insn *fetch_insn(struct cpu *c, struct cpu_event *ev)
{
    const struct cpu_insn *i;
    uint64_t rip = c->r[CPU_RIP];
    *ev = CPU_EV_FAULT_ERR(13, 0);
    if (cpu_unlikely(!rip_allowed(c, rip)))
        return NULL;
    uint64_t la = c->seg_base[CPU_SEG_CS] + rip;
    if (c->code_size != 8)
        la = (uint32_t)la;
    *ev = find_insn(c, la, &i);
    if (cpu_unlikely(ev->kind != CPU_NONE))
        return NULL;
    if (c->code_size != 8) {
        uint64_t last = rip + i->len - 1, to_line_end = ~(la + i->len - 1) & LINE_MASK;
        if (!rip_allowed(c, last)) {
            *ev = CPU_EV_FAULT_ERR(13, 0);
            return NULL;
        }
        if (!rip_allowed(c, last + to_line_end))
            c->fetch_line = ~0ull;
    }
    return i;
}
