/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control transfers between code segments: far JMP and CALL to code, far RET and IRET to the same or an outer
 * privilege. Not modelled: call gates, task gates and TSS as targets. Manual: SDM vol. 3A, "Privilege Level Checking
 * When Transferring Program Control Between Code Segments".
 */
#include "cpu/system.h"
#include "sim/core/fault.h"

static bool rip_fits(const struct cpu *c, const struct cpu_seg *cs, uint64_t rip)
{
    bool is_64 = cpu_is_long(c) && (cs->attr & SEG_L);
    return is_64 ? cpu_is_canonical(c, rip) : rip <= cs->limit;
}

/* A present code segment whose size bits make sense in this mode. */
static struct cpu_event code_segment(struct cpu *c, uint16_t sel, struct seg_desc *d, struct cpu_seg *cs)
{
    uint32_t error = sel & ~3u;
    if (seg_is_null(sel))
        return SYS_GP0;
    CPU_TRY(seg_desc_read(c, sel, 8, EXC_GP, d));
    *cs = seg_from_desc(d, sel);
    if (!(cs->attr & SEG_S))
        sim_unmodelled("far transfer through a system descriptor of type %u", cs->attr & SEG_TYPE);
    if (!(cs->attr & SEG_CODE) || (cpu_is_long(c) && (cs->attr & SEG_L) && (cs->attr & SEG_DB)))
        return CPU_EV_FAULT_ERR(EXC_GP, error);
    return CPU_OK;
}

struct cpu_event far_check_code(struct cpu *c, uint16_t sel, uint64_t rip, struct cpu_seg *cs)
{
    struct seg_desc d;
    CPU_TRY(code_segment(c, sel, &d, cs));
    unsigned dpl = SEG_DPL(cs->attr);
    bool allowed = cs->attr & SEG_C ? dpl <= c->cpl : SEL_RPL(sel) <= c->cpl && dpl == c->cpl;
    if (!allowed)
        return CPU_EV_FAULT_ERR(EXC_GP, sel & ~3u);
    if (!(cs->attr & SEG_P))
        return CPU_EV_FAULT_ERR(EXC_NP, sel & ~3u);
    if (!rip_fits(c, cs, rip))
        return SYS_GP0;
    CPU_TRY(seg_desc_accessed(c, &d));
    cs->sel = (uint16_t)((sel & ~3u) | c->cpl);
    return CPU_OK;
}

struct cpu_event far_jump(struct cpu *c, uint16_t sel, uint64_t rip)
{
    struct cpu_seg cs = c->seg[CPU_SEG_CS];
    if (cpu_is_protected(c)) {
        CPU_TRY(far_check_code(c, sel, rip, &cs));
    } else {
        if (rip > cs.limit)
            return SYS_GP0;
        seg_set_real(&cs, sel);
    }
    c->seg[CPU_SEG_CS] = cs;
    c->next_rip = rip;
    cpu_mode_changed(c);
    return CPU_OK;
}

/* ---- returning
 * ---------------------------------------------------------------------------------------------------------- */
static struct cpu_event return_code(struct cpu *c, const struct far_frame *f, struct seg_desc *d, struct cpu_seg *cs)
{
    uint16_t sel = (uint16_t)f->cs;
    CPU_TRY(code_segment(c, sel, d, cs));
    unsigned rpl = SEL_RPL(sel), dpl = SEG_DPL(cs->attr);
    if (rpl < c->cpl || (cs->attr & SEG_C ? dpl > rpl : dpl != rpl))
        return CPU_EV_FAULT_ERR(EXC_GP, sel & ~3u);
    if (!(cs->attr & SEG_P))
        return CPU_EV_FAULT_ERR(EXC_NP, sel & ~3u);
    return CPU_OK;
}

static struct cpu_event return_stack(struct cpu *c, uint16_t sel, unsigned cpl, bool to_64, struct cpu_seg *ss)
{
    if (seg_is_null(sel) && to_64 && cpl != 3) {
        *ss = seg_null(sel);
        return CPU_OK;
    }
    return seg_check_stack(c, sel, cpl, EXC_GP, ss);
}

/* Data segments that the outer privilege may not have become null. */
static void drop_inner_segments(struct cpu *c)
{
    static const uint8_t data[] = {CPU_SEG_ES, CPU_SEG_DS, CPU_SEG_FS, CPU_SEG_GS};
    for (unsigned k = 0; k < sizeof data; k++) {
        struct cpu_seg *s = &c->seg[data[k]];
        bool conforming_code = (s->attr & (SEG_CODE | SEG_C)) == (SEG_CODE | SEG_C);
        if (!(s->attr & CPU_SEG_UNUSABLE) && !conforming_code && SEG_DPL(s->attr) < c->cpl) {
            uint64_t base = s->base;
            *s = seg_null(0);
            s->base = cpu_is_long(c) ? base : 0;
        }
    }
}

struct cpu_event far_return(struct cpu *c, struct far_frame *f, unsigned size, int64_t above, unsigned release)
{
    struct seg_desc d;
    struct cpu_seg cs, ss = c->seg[CPU_SEG_SS];
    CPU_TRY(return_code(c, f, &d, &cs));
    unsigned cpl = SEL_RPL(f->cs);
    bool outer = cpl > c->cpl, stack = outer || f->has_stack, to_64 = cpu_is_long(c) && (cs.attr & SEG_L);
    if (stack) {
        int64_t at = above + release;
        CPU_TRY(stack_peek(c, size, at, &f->sp));
        CPU_TRY(stack_peek(c, size, at + size, &f->ss));
        CPU_TRY(return_stack(c, (uint16_t)f->ss, cpl, to_64, &ss));
    }
    if (!rip_fits(c, &cs, f->rip))
        return SYS_GP0;
    CPU_TRY(seg_desc_accessed(c, &d));
    if (stack) {
        bool wide = to_64 || (ss.attr & SEG_DB);
        uint64_t sp = f->sp + (f->has_stack ? 0 : release);
        c->r[STACK_SP] = wide ? op_trunc(sp, size == 8 ? 8 : 4) : (c->r[STACK_SP] & ~0xffffull) | (uint16_t)sp;
    } else {
        stack_move(c, above + release);
    }
    c->seg[CPU_SEG_CS] = cs;
    c->seg[CPU_SEG_SS] = ss;
    c->cpl = (uint8_t)cpl;
    c->next_rip = f->rip;
    if (outer)
        drop_inner_segments(c);
    cpu_mode_changed(c);
    return CPU_OK;
}
