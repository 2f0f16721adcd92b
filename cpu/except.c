/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery of exceptions and interrupts through the IDT: real mode, protected mode, long mode.
 *
 * Each mode works in two halves: read everything (gate, descriptors, stack) and acquire the frame's place, which can
 * fault or wait; then store and commit, which cannot. A fault of delivery itself is combined with the event that was
 * being delivered (SDM vol. 3A, "Interrupt 8 - Double Fault Exception").
 * Not modelled: task gates, virtual-8086 mode, handlers at CPL 3 and 16-bit TSS; they stop the run by name.
 */
#include "cpu/pipeline.h"
#include "cpu/segment.h"
#include "sim/core/fault.h"

struct delivery {
    uint8_t vector, has_error, soft;
    bool external, fault; /* fault: rip stays at the instruction, RF is set in the saved flags */
    uint32_t error;
    uint64_t rip;   /* to be saved */
    unsigned width; /* bytes of a frame slot */
    uint64_t push[6];
    unsigned n_push;
};
/* Where to: made by the reading half, used by the committing one. */
struct target {
    struct cpu_seg cs, ss;
    uint64_t rip, sp;
    unsigned cpl;
    bool new_stack, clear_if;
};

static unsigned ext(const struct delivery *d)
{
    return !d->soft;
}
static struct cpu_event gate_fault(const struct delivery *d, uint8_t vec)
{
    return CPU_EV_FAULT_ERR(vec, d->vector * 8u + 2u + ext(d));
}

/* ---- the frame
 * ---------------------------------------------------------------------------------------------------------- */
static void frame(struct cpu *c, struct delivery *d, bool with_stack, uint64_t flags)
{
    d->n_push = 0;
    if (with_stack) {
        d->push[d->n_push++] = c->seg[CPU_SEG_SS].sel;
        d->push[d->n_push++] = c->r[4];
    }
    d->push[d->n_push++] = flags;
    d->push[d->n_push++] = c->seg[CPU_SEG_CS].sel;
    d->push[d->n_push++] = d->rip;
    if (d->has_error)
        d->push[d->n_push++] = d->error;
}

/* Stack offsets wrap at the stack segment's size outside 64-bit mode. */
static uint64_t stack_la(const struct target *t, uint64_t sp, bool is_64)
{
    return is_64 ? sp : (uint32_t)(t->ss.base + (t->ss.attr & SEG_DB ? (uint32_t)sp : (uint16_t)sp));
}

static struct cpu_event push_frame(struct cpu *c, const struct delivery *d, struct target *t, bool is_64)
{
    unsigned bytes = d->n_push * d->width;
    uint64_t bottom = stack_la(t, t->sp - bytes, is_64);
    if (is_64 ? !cpu_is_canonical(c, bottom) || !cpu_is_canonical(c, bottom + bytes - 1)
              : (uint32_t)(bottom - t->ss.base) + bytes - 1 > t->ss.limit && !(t->ss.attr & SEG_C))
        return CPU_EV_FAULT_ERR(EXC_SS, t->new_stack ? (t->ss.sel & ~3u) | ext(d) : ext(d));
    CPU_TRY(cpu_sys_acquire(c, bottom, bytes));
    for (unsigned k = 0; k < d->n_push; k++)
        CPU_TRY(cpu_sys_store(c, bottom + (d->n_push - 1 - k) * d->width, d->width, d->push[k]));
    t->sp -= bytes;
    return CPU_OK;
}

static void commit(struct cpu *c, const struct target *t)
{
    uint64_t clear = CPU_RFLAGS_TF | CPU_RFLAGS_NT | CPU_RFLAGS_RF | CPU_RFLAGS_VM | (t->clear_if ? CPU_RFLAGS_IF : 0);
    c->rflags &= ~clear;
    c->seg[CPU_SEG_CS] = t->cs;
    c->seg[CPU_SEG_SS] = t->ss;
    bool keep_high = !cpu_is_long(c) && !(t->ss.attr & SEG_DB);
    c->r[4] = keep_high ? (c->r[4] & ~0xffffull) | (uint16_t)t->sp : t->sp;
    c->r[CPU_RIP] = t->rip;
    c->cpl = (uint8_t)t->cpl;
    cpu_mode_changed(c);
}

/* ---- real mode
 * ------------------------------------------------------------------------------------------------------------ */
static struct cpu_event deliver_real(struct cpu *c, struct delivery *d)
{
    uint64_t vec;
    if (d->vector * 4u + 3u > c->idtr.limit)
        return CPU_EV_FAULT(EXC_GP);
    CPU_TRY(cpu_sys_load(c, c->idtr.base + d->vector * 4u, 4, &vec));
    struct target t = {.cs = c->seg[CPU_SEG_CS], .ss = c->seg[CPU_SEG_SS], .sp = c->r[4], .clear_if = true};
    seg_set_real(&t.cs, (uint16_t)(vec >> 16));
    t.rip = (uint16_t)vec;
    d->has_error = 0;
    d->width = 2;
    frame(c, d, false, cpu_flags_get(c));
    CPU_TRY(push_frame(c, d, &t, false));
    c->rflags &= ~CPU_RFLAGS_AC;
    commit(c, &t);
    return CPU_OK;
}

/* ---- gates
 * ------------------------------------------------------------------------------------------------------------------ */
struct gate {
    uint64_t offset;
    uint16_t sel;
    unsigned type, dpl, ist;
    bool present;
};

static struct cpu_event read_gate(struct cpu *c, const struct delivery *d, struct gate *g)
{
    unsigned bytes = cpu_is_long(c) ? 16 : 8;
    uint64_t low, high = 0, at = c->idtr.base + d->vector * bytes;
    if (d->vector * bytes + bytes - 1 > c->idtr.limit)
        return gate_fault(d, EXC_GP);
    CPU_TRY(cpu_sys_load(c, at, 8, &low));
    if (bytes == 16)
        CPU_TRY(cpu_sys_load(c, at + 8, 8, &high));
    *g = (struct gate){.offset = (low & 0xffff) | (low >> 32 & 0xffff0000) | high << 32,
                       .sel = (uint16_t)(low >> 16),
                       .type = low >> 40 & 0x1f,
                       .dpl = low >> 45 & 3,
                       .ist = low >> 32 & 7,
                       .present = low >> 47 & 1};
    bool is_386 = g->type == 0xe || g->type == 0xf, is_286 = g->type == 6 || g->type == 7;
    if (!cpu_is_long(c) && g->type == 5)
        sim_unmodelled("task gate, vector %u", d->vector);
    if (!is_386 && (cpu_is_long(c) || !is_286))
        return gate_fault(d, EXC_GP);
    if (d->soft && g->dpl < c->cpl)
        return CPU_EV_FAULT_ERR(EXC_GP, d->vector * 8u + 2u);
    if (!g->present)
        return gate_fault(d, EXC_NP);
    if (is_286)
        g->offset &= 0xffff;
    return CPU_OK;
}

/* The handler's code segment: common to both kinds of gate. */
static struct cpu_event gate_code(struct cpu *c, const struct delivery *d, const struct gate *g, struct target *t)
{
    struct seg_desc desc;
    uint32_t error = (g->sel & ~3u) | ext(d);
    if (seg_is_null(g->sel))
        return CPU_EV_FAULT_ERR(EXC_GP, ext(d));
    bool found;
    CPU_TRY(seg_desc_find(c, g->sel, 8, &desc, &found));
    if (!found)
        return CPU_EV_FAULT_ERR(EXC_GP, error);
    t->cs = seg_from_desc(&desc, g->sel);
    bool code = (t->cs.attr & (SEG_S | SEG_CODE)) == (SEG_S | SEG_CODE);
    bool is_64 = (t->cs.attr & (SEG_L | SEG_DB)) == SEG_L;
    if (!code || SEG_DPL(t->cs.attr) > c->cpl || (cpu_is_long(c) && !is_64))
        return CPU_EV_FAULT_ERR(EXC_GP, error);
    if (!(t->cs.attr & SEG_P))
        return CPU_EV_FAULT_ERR(EXC_NP, error);
    CPU_TRY(seg_desc_accessed(c, &desc));
    t->cpl = t->cs.attr & SEG_C ? c->cpl : SEG_DPL(t->cs.attr);
    t->cs.sel = (uint16_t)((g->sel & ~3u) | t->cpl);
    t->rip = g->offset;
    t->clear_if = !(g->type & 1);
    if (t->cpl == 3)
        sim_unmodelled("interrupt handler at CPL 3, vector %u", d->vector);
    return CPU_OK;
}

static uint64_t saved_flags(const struct cpu *c, const struct delivery *d)
{
    return cpu_flags_get(c) | (d->fault ? CPU_RFLAGS_RF : 0);
}

/* ---- protected mode
 * ------------------------------------------------------------------------------------------------------------ */
static struct cpu_event inner_stack_32(struct cpu *c, const struct delivery *d, struct target *t)
{
    uint64_t sp, ss;
    if ((c->tr.attr & SEG_TYPE) != 0xb)
        sim_unmodelled("stack switch through a TSS of type %u", c->tr.attr & SEG_TYPE);
    uint32_t at = 4 + 8 * t->cpl;
    if (at + 5 > c->tr.limit)
        return CPU_EV_FAULT_ERR(EXC_TS, (c->tr.sel & ~3u) | ext(d));
    CPU_TRY(cpu_sys_load(c, c->tr.base + at, 4, &sp));
    CPU_TRY(cpu_sys_load(c, c->tr.base + at + 4, 2, &ss));
    t->sp = sp;
    t->new_stack = true;
    struct cpu_event ev = seg_check_stack(c, (uint16_t)ss, t->cpl, EXC_TS, &t->ss);
    if (ev.kind == CPU_FAULT && ev.vector != EXC_PF)
        ev.error |= ext(d);
    return ev;
}

static struct cpu_event deliver_protected(struct cpu *c, struct delivery *d)
{
    struct gate g;
    struct target t = {.ss = c->seg[CPU_SEG_SS], .sp = c->r[4]};
    if (c->rflags & CPU_RFLAGS_VM)
        sim_unmodelled("virtual-8086 mode");
    CPU_TRY(read_gate(c, d, &g));
    CPU_TRY(gate_code(c, d, &g, &t));
    bool inner = t.cpl < c->cpl;
    if (inner)
        CPU_TRY(inner_stack_32(c, d, &t));
    if (t.rip > t.cs.limit)
        return CPU_EV_FAULT_ERR(EXC_GP, ext(d));
    d->width = g.type & 8 ? 4 : 2;
    frame(c, d, inner, saved_flags(c, d));
    CPU_TRY(push_frame(c, d, &t, false));
    commit(c, &t);
    return CPU_OK;
}

/* ---- long mode
 * ------------------------------------------------------------------------------------------------------------------ */
static struct cpu_event new_stack_64(struct cpu *c, const struct delivery *d, unsigned ist, struct target *t)
{
    uint32_t at = ist ? 0x24 + 8 * (ist - 1) : 4 + 8 * t->cpl;
    if (at + 7 > c->tr.limit)
        return CPU_EV_FAULT_ERR(EXC_TS, (c->tr.sel & ~3u) | ext(d));
    CPU_TRY(cpu_sys_load(c, c->tr.base + at, 8, &t->sp));
    if (!cpu_is_canonical(c, t->sp))
        return CPU_EV_FAULT_ERR(EXC_SS, ext(d));
    return CPU_OK;
}

static struct cpu_event deliver_long(struct cpu *c, struct delivery *d)
{
    struct gate g;
    struct target t = {.ss = c->seg[CPU_SEG_SS], .sp = c->r[4]};
    CPU_TRY(read_gate(c, d, &g));
    CPU_TRY(gate_code(c, d, &g, &t));
    if (g.ist || t.cpl < c->cpl)
        CPU_TRY(new_stack_64(c, d, g.ist, &t));
    if (t.cpl < c->cpl)
        t.ss = seg_null((uint16_t)t.cpl);
    if (!cpu_is_canonical(c, t.rip))
        return CPU_EV_FAULT_ERR(EXC_GP, ext(d));
    t.sp &= ~15ull;
    d->width = 8;
    frame(c, d, true, saved_flags(c, d));
    CPU_TRY(push_frame(c, d, &t, true));
    commit(c, &t);
    return CPU_OK;
}

/* ---- one event, and what becomes of a fault on the way
 * ---------------------------------------------------------------------------- */
static struct cpu_event deliver_one(struct cpu *c, struct delivery *d)
{
    if (!cpu_is_protected(c))
        return deliver_real(c, d);
    return cpu_is_long(c) ? deliver_long(c, d) : deliver_protected(c, d);
}

static bool is_contributory(unsigned vec)
{
    return vec == 0 || (vec >= EXC_TS && vec <= EXC_GP);
}

/* Table "Conditions for Generating a Double Fault"; events that are not exceptions are benign. */
static bool is_double(unsigned first, unsigned second)
{
    if (first == EXC_PF)
        return second == EXC_PF || is_contributory(second);
    return is_contributory(first) && is_contributory(second);
}

static void count(struct cpu *c, const struct delivery *d, bool external)
{
    if (!external)
        c->stats.exceptions++;
    if (d->vector == EXC_PF && !external)
        c->stats.page_faults++;
}

struct cpu_event cpu_deliver(struct cpu *c, struct cpu_event ev, bool external)
{
    struct delivery d = {.vector = ev.vector, .has_error = ev.has_error, .error = ev.error, .external = external};
    d.soft = ev.soft;
    d.fault = ev.kind == CPU_FAULT && !external && ev.vector != EXC_DB;
    d.rip = ev.kind == CPU_TRAP ? c->next_rip : c->r[CPU_RIP];
    bool hardware = external || ev.soft;
    uint64_t cr2 = c->cr2, raised_cr2 = c->fault_cr2;
    for (;;) {
        if (d.vector == EXC_PF && !hardware)
            cr2 = c->fault_cr2;
        struct cpu_event second = deliver_one(c, &d);
        if (second.kind == CPU_WAIT) {
            c->fault_cr2 = raised_cr2; /* the same event again */
            return second;
        }
        if (second.kind == CPU_NONE)
            break;
        if (d.vector == EXC_DF && !hardware) {
            c->shutdown = true;
            c->attention = 1;
            pipeline_delivered(c);
            return CPU_OK;
        }
        bool is_df = !hardware && is_double(d.vector, second.vector);
        hardware = false;
        d = (struct delivery){.vector = is_df ? EXC_DF : second.vector,
                              .has_error = is_df || second.has_error,
                              .error = is_df ? 0 : second.error,
                              .fault = !is_df,
                              .rip = c->r[CPU_RIP]};
        if (d.vector == EXC_DF && second.vector == EXC_PF)
            cr2 = c->fault_cr2;
    }
    c->cr2 = cr2;
    count(c, &d, hardware);
    pipeline_delivered(c);
    return CPU_OK;
}
