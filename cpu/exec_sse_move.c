/* SPDX-License-Identifier: Apache-2.0 */
/* SSE moves, MXCSR, CLFLUSH: nothing computes here. Non-temporal hints change nothing but where data lies. */
#include "cpu/exec_simd.h"

/* ---- 16 bytes ---- */
struct cpu_event cpu_exec_sse_load16(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(sse_enter(c, i));
    struct cpu_xmm v;
    CPU_TRY(sse_source(c, i, &v));
    c->fpu.xmm[i->reg] = v;
    return CPU_OK;
}

struct cpu_event cpu_exec_sse_store16(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(sse_enter(c, i));
    if (i->flags & CPU_I_MEM) {
        uint64_t off = cpu_ea(c, i);
        CPU_TRY(simd_align(c, i, off));
        return simd_store16(c, i->seg, off, &c->fpu.xmm[i->reg]);
    }
    c->fpu.xmm[i->rm] = c->fpu.xmm[i->reg];
    return CPU_OK;
}

/* ---- 4 and 8 bytes ---- */

/* The rest of the register is cleared. */
struct cpu_event cpu_exec_sse_load_zx(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_xmm v;
    CPU_TRY(sse_enter(c, i));
    CPU_TRY(sse_source(c, i, &v));
    v.q[1] = 0;
    c->fpu.xmm[i->reg] = v;
    return CPU_OK;
}

static struct cpu_event load_half(struct cpu *c, const struct cpu_insn *i, unsigned half)
{
    uint64_t v;
    CPU_TRY(sse_enter(c, i));
    CPU_TRY(op_load(c, i, 8, &v));
    c->fpu.xmm[i->reg].q[half] = v;
    return CPU_OK;
}
struct cpu_event cpu_exec_sse_load_low(struct cpu *c, const struct cpu_insn *i)
{
    return load_half(c, i, 0);
}
struct cpu_event cpu_exec_sse_load_high(struct cpu *c, const struct cpu_insn *i)
{
    return load_half(c, i, 1);
}

struct cpu_event cpu_exec_sse_store(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(sse_enter(c, i));
    return op_store(c, i, i->src_size, op_trunc(c->fpu.xmm[i->reg].q[0], i->src_size));
}
struct cpu_event cpu_exec_sse_store_high(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(sse_enter(c, i));
    return op_store(c, i, 8, c->fpu.xmm[i->reg].q[1]);
}

/* MOVQ xmm/m64, xmm: to a register the rest is cleared. */
struct cpu_event cpu_exec_sse_store_zx(struct cpu *c, const struct cpu_insn *i)
{
    if (i->flags & CPU_I_MEM)
        return cpu_exec_sse_store(c, i);
    CPU_TRY(sse_enter(c, i));
    c->fpu.xmm[i->rm] = (struct cpu_xmm){{c->fpu.xmm[i->reg].q[0], 0}};
    return CPU_OK;
}

/* MOVSS, MOVSD xmm, xmm in the direction of a store: the rest stays. */
struct cpu_event cpu_exec_sse_merge(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(sse_enter(c, i));
    memcpy(&c->fpu.xmm[i->rm], &c->fpu.xmm[i->reg], i->src_size);
    return CPU_OK;
}

/* ---- general registers ---- */
struct cpu_event cpu_exec_sse_from_gpr_move(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v;
    CPU_TRY(sse_enter(c, i));
    CPU_TRY(simd_general(c, i, &v));
    c->fpu.xmm[i->reg] = (struct cpu_xmm){{v, 0}};
    return CPU_OK;
}

struct cpu_event cpu_exec_sse_to_rm_move(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(sse_enter(c, i));
    uint64_t v = op_trunc(c->fpu.xmm[i->reg].q[0], i->size);
    if (i->flags & CPU_I_MEM)
        return op_store(c, i, i->size, v);
    c->r[i->rm] = v;
    return CPU_OK;
}

/* ---- stores under a mask: bytes at DS:rDI (or another segment) whose mask byte has bit 7 ---- */
static struct cpu_event masked_store(struct cpu *c, const struct cpu_insn *i, const uint8_t *v, const uint8_t *mask,
                                     unsigned n)
{
    uint64_t di = op_trunc(c->r[7], i->asize);
    for (unsigned k = 0; k < n; k++)
        if (mask[k] & 0x80)
            CPU_TRY(cpu_acquire(c, i->seg, op_trunc(di + k, i->asize), 1));
    for (unsigned k = 0; k < n; k++)
        if (mask[k] & 0x80)
            CPU_TRY(cpu_store(c, i->seg, op_trunc(di + k, i->asize), 1, v[k]));
    return CPU_OK;
}

struct cpu_event cpu_exec_maskmovdqu(struct cpu *c, const struct cpu_insn *i)
{
    uint8_t v[16], mask[16];
    CPU_TRY(sse_enter(c, i));
    memcpy(v, &c->fpu.xmm[i->reg], 16);
    memcpy(mask, &c->fpu.xmm[i->rm], 16);
    return masked_store(c, i, v, mask, 16);
}

struct cpu_event cpu_exec_maskmovq(struct cpu *c, const struct cpu_insn *i)
{
    uint8_t v[8], mask[8];
    uint64_t a, b;
    CPU_TRY(mmx_enter(c, i));
    a = mmx_get(c, i->reg);
    b = mmx_get(c, i->rm);
    memcpy(v, &a, 8);
    memcpy(mask, &b, 8);
    CPU_TRY(masked_store(c, i, v, mask, 8));
    mmx_begin(c);
    return CPU_OK;
}

/* ---- MXCSR, cache lines ---- */
struct cpu_event cpu_exec_ldmxcsr(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v;
    CPU_TRY(sse_enter(c, i));
    CPU_TRY(op_load(c, i, 4, &v));
    if (v & ~(uint64_t)MXCSR_DEFINED)
        return CPU_EV_FAULT_ERR(SIMD_GP, 0);
    c->fpu.mxcsr = (uint32_t)v;
    return CPU_OK;
}

struct cpu_event cpu_exec_stmxcsr(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(sse_enter(c, i));
    return op_store(c, i, 4, c->fpu.mxcsr);
}

/* The line stays where it is: caches never hold anything but what memory holds. Faults are those of a load. */
struct cpu_event cpu_exec_clflush(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v;
    if (!simd_has(c, i))
        return CPU_EV_FAULT(SIMD_UD);
    return op_load(c, i, 1, &v);
}
