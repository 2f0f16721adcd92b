/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What MMX, SSE and x87 handlers share: may the instruction run at all, 16-byte accesses, MMX registers over the x87
 * stack. Includable only from cpu/. Manual: SDM vol. 3A, "System Programming for Instruction Set Extensions and
 * Processor Extended States", table of CR0 and CR4 settings.
 */
#pragma once
#include "sim/core/fault.h"
#include "cpu/exec_kernel.h"
#include "cpu/exec_ops.h"

enum { SIMD_UD = 6, SIMD_NM = 7, SIMD_GP = 13, SIMD_MF = 16, SIMD_XM = 19 };

OPS_INLINE bool simd_has(const struct cpu *c, const struct cpu_insn *i)
{
    return c->cfg->isa >> i->cond & 1;
}

/* SSE: without its extension, with CR0.EM or without CR4.OSFXSR #UD; with CR0.TS #NM. */
OPS_INLINE struct cpu_event sse_enter(const struct cpu *c, const struct cpu_insn *i)
{
    if (cpu_unlikely(!simd_has(c, i) || (c->cr0 & CPU_CR0_EM) || !(c->cr4 & CPU_CR4_OSFXSR)))
        return CPU_EV_FAULT(SIMD_UD);
    return cpu_unlikely(c->cr0 & CPU_CR0_TS) ? CPU_EV_FAULT(SIMD_NM) : CPU_OK;
}

/* An x87 exception is pending and unmasked. With CR0.NE clear it would go out on FERR#, which this board does not wire.
 */
OPS_INLINE struct cpu_event x87_pending(const struct cpu *c)
{
    if (cpu_likely(!(c->fpu.fsw & FSW_ES)))
        return CPU_OK;
    if (!(c->cr0 & CPU_CR0_NE)) /* the host would take the exception in the middle of our kernel */
        sim_unmodelled("a pending x87 exception with CR0.NE = 0 (FERR# and IRQ 13), at rip %#llx",
                       (unsigned long long)c->r[CPU_RIP]);
    return CPU_EV_FAULT(SIMD_MF);
}

OPS_INLINE struct cpu_event mmx_enter(const struct cpu *c, const struct cpu_insn *i)
{
    if (cpu_unlikely(!simd_has(c, i) || (c->cr0 & CPU_CR0_EM)))
        return CPU_EV_FAULT(SIMD_UD);
    if (cpu_unlikely(c->cr0 & CPU_CR0_TS))
        return CPU_EV_FAULT(SIMD_NM);
    return x87_pending(c);
}

/* Both: what moves between MMX and XMM registers. */
OPS_INLINE struct cpu_event mixed_enter(const struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(sse_enter(c, i));
    return x87_pending(c);
}

OPS_INLINE const uint8_t *simd_kernel(const struct cpu_insn *i)
{
    return (const uint8_t *)(uintptr_t)i->imm;
}

/* ---- 16 bytes of memory ---- */
OPS_INLINE struct cpu_event simd_align(const struct cpu *c, const struct cpu_insn *i, uint64_t off)
{
    bool bad = (i->flags & CPU_I_ALIGN16) && ((c->seg_base[i->seg] + off) & 15);
    return cpu_unlikely(bad) ? CPU_EV_FAULT_ERR(SIMD_GP, 0) : CPU_OK;
}

/* A first-level hit at once, as cpu_load() does it; else in halves. */
OPS_INLINE struct cpu_event simd_load16(struct cpu *c, unsigned seg, uint64_t off, struct cpu_xmm *out)
{
    uint64_t la = c->seg_base[seg] + off;
    const struct cpu_sc *e = &c->sc[(la >> SIM_LINE_SHIFT) & (CPU_SC_N - 1)];
    unsigned in_line = (unsigned)la & (SIM_LINE_BYTES - 1);
    if (cpu_likely(e->rtag == ((la - in_line) | c->user) && in_line + 16 <= SIM_LINE_BYTES &&
                   (c->seg_fast >> seg & 1))) {
        cpu_sc_stamp(c, e);
        memcpy(out, e->host + in_line, 16);
        return CPU_OK;
    }
    CPU_TRY(cpu_load(c, seg, off, 8, &out->q[0]));
    return cpu_load(c, seg, off + 8, 8, &out->q[1]);
}

OPS_INLINE struct cpu_event simd_store16(struct cpu *c, unsigned seg, uint64_t off, const struct cpu_xmm *v)
{
    uint64_t la = c->seg_base[seg] + off;
    const struct cpu_sc *e = &c->sc[(la >> SIM_LINE_SHIFT) & (CPU_SC_N - 1)];
    unsigned in_line = (unsigned)la & (SIM_LINE_BYTES - 1);
    if (cpu_likely(e->wtag == ((la - in_line) | c->user) && in_line + 16 <= SIM_LINE_BYTES &&
                   (c->seg_fast >> seg & 1))) {
        cpu_sc_stamp(c, e);
        memcpy(e->host + in_line, v, 16);
        return CPU_OK;
    }
    CPU_TRY(cpu_acquire(c, seg, off, 16));
    CPU_TRY(cpu_store(c, seg, off, 8, v->q[0]));
    return cpu_store(c, seg, off + 8, 8, v->q[1]);
}

/* The operand that is an XMM register or memory of src_size bytes, zero-extended. */
OPS_INLINE struct cpu_event sse_source(struct cpu *c, const struct cpu_insn *i, struct cpu_xmm *out)
{
    if (!(i->flags & CPU_I_MEM)) {
        *out = c->fpu.xmm[i->rm];
        return CPU_OK;
    }
    uint64_t off = cpu_ea(c, i);
    if (i->src_size == 16) {
        CPU_TRY(simd_align(c, i, off));
        return simd_load16(c, i->seg, off, out);
    }
    out->q[1] = 0;
    return cpu_load(c, i->seg, off, i->src_size, &out->q[0]);
}

/* A general register or memory of src_size bytes. */
OPS_INLINE struct cpu_event simd_general(struct cpu *c, const struct cpu_insn *i, uint64_t *out)
{
    if (i->flags & CPU_I_MEM)
        return op_load(c, i, i->src_size, out);
    *out = op_trunc(c->r[i->rm], i->size);
    return CPU_OK;
}

/* ---- MMX registers: the mantissas of the physical x87 registers ---- */
OPS_INLINE uint64_t mmx_get(const struct cpu *c, unsigned n)
{
    return c->fpu.st[(n - FSW_TOP(c->fpu.fsw)) & 7].mantissa;
}
/* mmx_begin() - what every MMX instruction but EMMS does to the x87 state: TOP = 0, all tags valid. */
void mmx_begin(struct cpu *c);
OPS_INLINE void mmx_put(struct cpu *c, unsigned n, uint64_t v)
{
    c->fpu.st[n].mantissa = v;
    c->fpu.st[n].sign_exponent = 0xffff;
}
OPS_INLINE struct cpu_event mmx_source(struct cpu *c, const struct cpu_insn *i, uint64_t *out)
{
    if (i->flags & CPU_I_MEM)
        return cpu_load(c, i->seg, cpu_ea(c, i), i->src_size, out);
    *out = mmx_get(c, i->rm);
    return CPU_OK;
}

/* sse_flagged() - MXCSR after an operation that raised @raised with all masked and left @result: what silicon with the
 * guest's masks would have done. CPU_OK, or #XM (#UD without CR4.OSXMMEXCPT), and then the result is not to be kept. */
struct cpu_event sse_flagged(struct cpu *c, const struct cpu_insn *i, uint32_t raised, const struct cpu_xmm *result);
/* MXCSR to run a kernel with: the guest's modes, all masked, no flags. */
OPS_INLINE uint32_t sse_host_mxcsr(const struct cpu *c)
{
    uint32_t modes = c->fpu.mxcsr & ~MXCSR_FLAGS;
    if (!(modes & MXCSR_UE << 7))
        modes &= ~MXCSR_FTZ; /* flush to zero is the masked response only */
    return modes | MXCSR_MASKS;
}

/* fpu_settle() - after words of the state came from memory: bits that software cannot set, and ES and B, which follow
 * from the flags and masks. */
void fpu_settle(struct cpu_fpu *f);
