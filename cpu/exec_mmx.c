/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MMX: a handler for each shape of operands, the operation is the row's kernel. The registers are the mantissas of the
 * x87 stack. Manual: SDM vol. 1, "Programming With Intel MMX Technology", "Effect of MMX Instructions on x87 FPU Tag
 * Word".
 */
#include "cpu/exec_simd.h"

void mmx_begin(struct cpu *c)
{
    unsigned top = FSW_TOP(c->fpu.fsw);
    if (top) { /* st[] counts from TOP */
        __typeof__(c->fpu.st[0]) old[8];
        memcpy(old, c->fpu.st, sizeof old);
        for (unsigned k = 0; k < 8; k++)
            c->fpu.st[(k + top) & 7] = old[k];
    }
    c->fpu.fsw &= (uint16_t)~FSW_TOP_MASK;
    c->fpu.ftw = 0xff;
}

/* ---- mm, mm/m ---- */
struct cpu_event cpu_exec_mmx(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t a, b;
    CPU_TRY(mmx_enter(c, i));
    CPU_TRY(mmx_source(c, i, &b));
    a = mmx_get(c, i->reg);
    cpu_kernel_mmx(simd_kernel(i), &a, &b);
    mmx_begin(c);
    mmx_put(c, i->reg, a);
    return CPU_OK;
}

struct cpu_event cpu_exec_mmx_shift(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t none = 0, a;
    CPU_TRY(mmx_enter(c, i));
    a = mmx_get(c, i->rm);
    cpu_kernel_mmx(simd_kernel(i), &a, &none);
    mmx_begin(c);
    mmx_put(c, i->rm, a);
    return CPU_OK;
}

/* ---- moves ---- */
struct cpu_event cpu_exec_mmx_load(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v;
    CPU_TRY(mmx_enter(c, i));
    CPU_TRY(mmx_source(c, i, &v));
    mmx_begin(c);
    mmx_put(c, i->reg, v);
    return CPU_OK;
}

struct cpu_event cpu_exec_mmx_store(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(mmx_enter(c, i));
    uint64_t v = mmx_get(c, i->reg);
    if (i->flags & CPU_I_MEM)
        CPU_TRY(op_store(c, i, 8, v));
    mmx_begin(c);
    if (!(i->flags & CPU_I_MEM))
        mmx_put(c, i->rm, v);
    return CPU_OK;
}

struct cpu_event cpu_exec_mmx_from_gpr_move(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v;
    CPU_TRY(mmx_enter(c, i));
    CPU_TRY(simd_general(c, i, &v));
    mmx_begin(c);
    mmx_put(c, i->reg, v);
    return CPU_OK;
}

struct cpu_event cpu_exec_mmx_to_rm_move(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(mmx_enter(c, i));
    uint64_t v = op_trunc(mmx_get(c, i->reg), i->size);
    if (i->flags & CPU_I_MEM)
        CPU_TRY(op_store(c, i, i->size, v));
    else
        c->r[i->rm] = v;
    mmx_begin(c);
    return CPU_OK;
}

struct cpu_event cpu_exec_movq2dq(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(mixed_enter(c, i));
    c->fpu.xmm[i->reg] = (struct cpu_xmm){{mmx_get(c, i->rm), 0}};
    mmx_begin(c);
    return CPU_OK;
}

struct cpu_event cpu_exec_movdq2q(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(mixed_enter(c, i));
    mmx_begin(c);
    mmx_put(c, i->reg, c->fpu.xmm[i->rm].q[0]);
    return CPU_OK;
}

/* ---- general registers ---- */
struct cpu_event cpu_exec_mmx_to_gpr(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_kernel_regs r = {.mxcsr = MXCSR_DEFAULT};
    CPU_TRY(mmx_enter(c, i));
    r.m2 = mmx_get(c, i->rm);
    cpu_kernel_mixed(simd_kernel(i), &r);
    mmx_begin(c);
    op_put(c, i->reg, i->size, false, r.cx);
    return CPU_OK;
}

struct cpu_event cpu_exec_mmx_from_gpr(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_kernel_regs r = {.mxcsr = MXCSR_DEFAULT};
    CPU_TRY(mmx_enter(c, i));
    CPU_TRY(simd_general(c, i, &r.dx));
    r.m1 = mmx_get(c, i->reg);
    cpu_kernel_mixed(simd_kernel(i), &r);
    mmx_begin(c);
    mmx_put(c, i->reg, r.m1);
    return CPU_OK;
}

/* ---- conversions between MMX and XMM: the x87 state has changed even when #XM follows (measured) ---- */

/* CVTPI2PS, CVTPI2PD: the x87 state is left alone when the source is memory (measured; the manual says so of CVTPI2PD).
 */
struct cpu_event cpu_exec_sse_from_mmx(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_kernel_regs r = {.x1 = c->fpu.xmm[i->reg], .mxcsr = sse_host_mxcsr(c)};
    bool leaves_x87 = i->flags & CPU_I_MEM;
    CPU_TRY(sse_enter(c, i));
    if (!leaves_x87)
        CPU_TRY(x87_pending(c));
    CPU_TRY(mmx_source(c, i, &r.m2));
    cpu_kernel_mixed(simd_kernel(i), &r);
    if (!leaves_x87)
        mmx_begin(c);
    CPU_TRY(sse_flagged(c, i, r.mxcsr, NULL));
    c->fpu.xmm[i->reg] = r.x1;
    return CPU_OK;
}

struct cpu_event cpu_exec_mmx_from_sse(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_kernel_regs r = {.mxcsr = sse_host_mxcsr(c)};
    CPU_TRY(mixed_enter(c, i));
    CPU_TRY(sse_source(c, i, &r.x2));
    cpu_kernel_mixed(simd_kernel(i), &r);
    mmx_begin(c);
    CPU_TRY(sse_flagged(c, i, r.mxcsr, NULL));
    mmx_put(c, i->reg, r.m1);
    return CPU_OK;
}

/* ---- the way back ---- */
struct cpu_event cpu_exec_emms(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    if (!(c->cfg->isa >> CPU_ISA_MMX & 1) || (c->cr0 & CPU_CR0_EM))
        return CPU_EV_FAULT(SIMD_UD);
    if (c->cr0 & CPU_CR0_TS)
        return CPU_EV_FAULT(SIMD_NM);
    CPU_TRY(x87_pending(c));
    c->fpu.ftw = 0;
    return CPU_OK;
}
