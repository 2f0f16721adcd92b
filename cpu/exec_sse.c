/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSE instructions that compute: a handler for each shape of operands, the operation itself is the row's kernel.
 * Manual: SDM vol. 1, "Programming With Intel Streaming SIMD Extensions", "SIMD Floating-Point Exceptions".
 */
#include "cpu/exec_simd.h"

/* ---- xmm, xmm/m ---- */
struct cpu_event cpu_exec_sse(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_xmm b;
    CPU_TRY(sse_enter(c, i));
    CPU_TRY(sse_source(c, i, &b));
    cpu_kernel_xmm(simd_kernel(i), &c->fpu.xmm[i->reg], &b);
    return CPU_OK;
}

/* XMM0 is a third operand. */
struct cpu_event cpu_exec_sse_x0(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_kernel_regs r = {.x0 = c->fpu.xmm[0], .x1 = c->fpu.xmm[i->reg], .mxcsr = MXCSR_DEFAULT};
    CPU_TRY(sse_enter(c, i));
    CPU_TRY(sse_source(c, i, &r.x2));
    cpu_kernel_all(simd_kernel(i), &r);
    c->fpu.xmm[i->reg] = r.x1;
    return CPU_OK;
}

/* From memory the source is one element: COUNT_S, the immediate's upper two bits, does not count. */
struct cpu_event cpu_exec_insertps_mem(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_xmm b;
    CPU_TRY(sse_enter(c, i));
    CPU_TRY(sse_source(c, i, &b));
    cpu_kernel_xmm(CPU_KERNEL(66, 3A, 21, reg) + (i->imm & 63) * CPU_KERNEL_STRIDE, &c->fpu.xmm[i->reg], &b);
    return CPU_OK;
}

struct cpu_event cpu_exec_sse_shift(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_xmm none = {{0, 0}};
    CPU_TRY(sse_enter(c, i));
    cpu_kernel_xmm(simd_kernel(i), &c->fpu.xmm[i->rm], &none);
    return CPU_OK;
}

/* ---- exceptions ---- */

/* The rows that can underflow: which elements of the result are floating-point values, and how wide. 0: none. */
static unsigned underflow_elements(const struct cpu_key *key, unsigned *bits)
{
    bool is_double = key->prefix == 0x66 || key->prefix == 0xf2, scalar = key->prefix == 0xf3 || key->prefix == 0xf2;
    bool arithmetic = key->opcode == 0x58 || key->opcode == 0x59 || key->opcode == 0x5c || key->opcode == 0x5e;
    *bits = is_double ? 64 : 32;
    if (key->map == 2 && arithmetic)
        return scalar ? 1 : is_double ? 2 : 4;
    if (key->map == 2 && (key->opcode == 0x7c || key->opcode == 0x7d || key->opcode == 0xd0)) {
        *bits = key->prefix == 0x66 ? 64 : 32;
        return key->prefix == 0x66 ? 2 : 4;
    }
    if (key->map == 2 && key->opcode == 0x5a && is_double) { /* CVTPD2PS, CVTSD2SS */
        *bits = 32;
        return scalar ? 1 : 2;
    }
    if (key->map == 4 && (key->opcode == 0x40 || key->opcode == 0x41)) { /* DPPS, DPPD */
        *bits = key->opcode == 0x41 ? 64 : 32;
        return key->opcode == 0x41 ? 2 : 4;
    }
    return 0;
}

/* Unmasked, underflow is any tiny result, exact or not; masked, the host flagged only the inexact ones. */
static bool is_tiny(const struct cpu_insn *i, const struct cpu_xmm *result)
{
    unsigned bits, n = underflow_elements(&cpu_rows[i->row].key, &bits);
    for (unsigned k = 0; k < n; k++) {
        uint64_t v = bits == 64 ? result->q[k] : (uint32_t)(result->q[k / 2] >> (32 * (k & 1)));
        uint64_t exponent = bits == 64 ? 0x7ffull << 52 : 0xffull << 23, sign = 1ull << (bits - 1);
        if (!(v & exponent) && (v & ~sign))
            return true;
    }
    return false;
}

/* Not modelled: with #XM for an unmasked overflow or underflow PE says whether the masked result was inexact, on
 * silicon whether the result would be with unbounded exponent. DPPS and DPPD stop at the first of their steps that
 * faults; here all steps have left their flags. */
struct cpu_event sse_flagged(struct cpu *c, const struct cpu_insn *i, uint32_t raised, const struct cpu_xmm *result)
{
    static const uint32_t before = MXCSR_IE | MXCSR_DE | MXCSR_ZE; /* found before anything is computed */
    uint32_t unmasked = ~(c->fpu.mxcsr >> 7) & MXCSR_FLAGS;
    raised &= MXCSR_FLAGS;
    if (cpu_likely(!unmasked)) {
        c->fpu.mxcsr |= raised;
        return CPU_OK;
    }
    if (raised & before & unmasked)
        raised &= before;
    else if ((unmasked & MXCSR_UE) && result && is_tiny(i, result))
        raised |= MXCSR_UE;
    c->fpu.mxcsr |= raised;
    if (!(raised & unmasked))
        return CPU_OK;
    return CPU_EV_FAULT(c->cr4 & CPU_CR4_OSXMMEXCPT ? SIMD_XM : SIMD_UD);
}

/* ---- floating point ---- */
struct cpu_event cpu_exec_sse_fp(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_xmm a = c->fpu.xmm[i->reg], b;
    CPU_TRY(sse_enter(c, i));
    CPU_TRY(sse_source(c, i, &b));
    uint32_t raised = cpu_kernel_fp(simd_kernel(i), &a, &b, sse_host_mxcsr(c));
    CPU_TRY(sse_flagged(c, i, raised, &a));
    c->fpu.xmm[i->reg] = a;
    return CPU_OK;
}

static struct cpu_event run_all(struct cpu *c, const struct cpu_insn *i, struct cpu_kernel_regs *r)
{
    r->mxcsr = sse_host_mxcsr(c);
    cpu_kernel_all(simd_kernel(i), r);
    return sse_flagged(c, i, r->mxcsr, NULL);
}

struct cpu_event cpu_exec_sse_comi(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_kernel_regs r = {.x1 = c->fpu.xmm[i->reg]};
    CPU_TRY(sse_enter(c, i));
    CPU_TRY(sse_source(c, i, &r.x2));
    CPU_TRY(run_all(c, i, &r));
    c->fl = flags_from_bits(r.flags & RFLAGS_ARITH);
    return CPU_OK;
}

struct cpu_event cpu_exec_sse_to_gpr_fp(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_kernel_regs r = {.cx = 0};
    CPU_TRY(sse_enter(c, i));
    CPU_TRY(sse_source(c, i, &r.x2));
    CPU_TRY(run_all(c, i, &r));
    op_put(c, i->reg, i->size, false, r.cx);
    return CPU_OK;
}

struct cpu_event cpu_exec_sse_from_gpr_fp(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_kernel_regs r = {.x1 = c->fpu.xmm[i->reg]};
    CPU_TRY(sse_enter(c, i));
    CPU_TRY(simd_general(c, i, &r.dx));
    CPU_TRY(run_all(c, i, &r));
    c->fpu.xmm[i->reg] = r.x1;
    return CPU_OK;
}

/* ---- general registers and flags, no exceptions ---- */
struct cpu_event cpu_exec_sse_ptest(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_kernel_regs r = {.x1 = c->fpu.xmm[i->reg], .mxcsr = MXCSR_DEFAULT};
    CPU_TRY(sse_enter(c, i));
    CPU_TRY(sse_source(c, i, &r.x2));
    cpu_kernel_all(simd_kernel(i), &r);
    c->fl = flags_from_bits(r.flags & RFLAGS_ARITH);
    return CPU_OK;
}

struct cpu_event cpu_exec_sse_to_gpr(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_kernel_regs r = {.x2 = c->fpu.xmm[i->rm], .mxcsr = MXCSR_DEFAULT};
    CPU_TRY(sse_enter(c, i));
    cpu_kernel_all(simd_kernel(i), &r);
    op_put(c, i->reg, i->size, false, r.cx);
    return CPU_OK;
}

struct cpu_event cpu_exec_sse_from_gpr(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_kernel_regs r = {.x1 = c->fpu.xmm[i->reg], .mxcsr = MXCSR_DEFAULT};
    CPU_TRY(sse_enter(c, i));
    CPU_TRY(simd_general(c, i, &r.dx));
    cpu_kernel_all(simd_kernel(i), &r);
    c->fpu.xmm[i->reg] = r.x1;
    return CPU_OK;
}

/* To a general register, zero-extended, or to memory of src_size bytes. */
struct cpu_event cpu_exec_sse_extract(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_kernel_regs r = {.x1 = c->fpu.xmm[i->reg], .mxcsr = MXCSR_DEFAULT};
    CPU_TRY(sse_enter(c, i));
    cpu_kernel_all(simd_kernel(i), &r);
    if (i->flags & CPU_I_MEM)
        return op_store(c, i, i->src_size, op_trunc(r.dx, i->src_size));
    op_put(c, i->rm, i->size, false, r.dx);
    return CPU_OK;
}

/* PCMPxSTRx: lengths in rAX and rDX, index to ECX or mask to XMM0. */
struct cpu_event cpu_exec_sse_string(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_kernel_regs r = {.x0 = c->fpu.xmm[0],
                                .x1 = c->fpu.xmm[i->reg],
                                .ax = c->r[0],
                                .cx = c->r[1],
                                .dx = c->r[2],
                                .mxcsr = MXCSR_DEFAULT};
    CPU_TRY(sse_enter(c, i));
    CPU_TRY(sse_source(c, i, &r.x2));
    cpu_kernel_all(simd_kernel(i), &r);
    c->r[1] = r.cx;
    c->fpu.xmm[0] = r.x0;
    c->fl = flags_from_bits(r.flags & RFLAGS_ARITH);
    return CPU_OK;
}

/* ---- CRC32, POPCNT: general registers only, so CR0 and CR4 do not matter ---- */
static struct cpu_event crc32(struct cpu *c, const struct cpu_insn *i, unsigned n)
{
    uint64_t v, crc = (uint32_t)c->r[i->reg];
    if (!simd_has(c, i))
        return CPU_EV_FAULT(SIMD_UD);
    if (i->flags & CPU_I_MEM)
        CPU_TRY(op_load(c, i, n, &v));
    else
        v = op_trunc(n == 1 && i->flags & CPU_I_HIGH_RM ? c->r[i->rm & 3] >> 8 : c->r[i->rm], n);
    for (unsigned k = 0; k < n; k++, v >>= 8)
        __asm__("crc32b %1, %k0" : "+r"(crc) : "q"((uint8_t)v) : "cc");
    c->r[i->reg] = (uint32_t)crc;
    return CPU_OK;
}
struct cpu_event cpu_exec_crc32_8(struct cpu *c, const struct cpu_insn *i)
{
    return crc32(c, i, 1);
}
struct cpu_event cpu_exec_crc32(struct cpu *c, const struct cpu_insn *i)
{
    return crc32(c, i, i->size);
}

struct cpu_event cpu_exec_popcnt(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v;
    if (!simd_has(c, i))
        return CPU_EV_FAULT(SIMD_UD);
    CPU_TRY(simd_general(c, i, &v));
    op_put(c, i->reg, i->size, false, (uint64_t)__builtin_popcountll(v));
    c->fl = flags_from_bits(v ? 0 : RFLAGS_ZF);
    return CPU_OK;
}
