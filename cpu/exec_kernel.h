/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels: one host instruction and a RET each, made from the rows of insn_simd.def and from the x87 escape opcodes,
 * and the functions that run them with the guest's values in the host's registers. An instruction is its own
 * definition: results, NaN payloads and exception flags are the silicon's. Includable only from cpu/.
 *
 * In a kernel ModRM.reg is XMM1, MM1 or RCX and ModRM.rm is XMM2, MM2 or RDX; a shift by an immediate works on XMM1 or
 * MM1; XMM0, RAX, RDX and RCX are where they are implicit. They run with all SIMD exceptions masked.
 */
#pragma once
#include "cpu/cpu_internal.h"

#define CPU_KERNEL(prefix, map, opcode, which)   cpu_k_##prefix##_##map##_##opcode##_##which
#define CPU_KERNEL_W(prefix, map, opcode, which) cpu_kw_##prefix##_##map##_##opcode##_##which

#define INSN(name, form, handler, tclass, flags, title)
#define INSN_SIMD(name, key, handler, tclass, flags, title)    extern const uint8_t CPU_KERNEL key[];
#define INSN_SIMD_W(name, key, handler, tclass, flags, title)  extern const uint8_t CPU_KERNEL key[], CPU_KERNEL_W key[];
#define INSN_SIMD_IW(name, key, handler, tclass, flags, title) INSN_SIMD_W(name, key, handler, tclass, flags, title)
#define INSN_SIMD_N                                            INSN
#include "cpu/insn.def"

/* What a kernel reads and leaves, where more than two XMM registers are concerned. */
struct cpu_kernel_regs {
    struct cpu_xmm x0, x1, x2; /* 0, 16, 32 */
    uint64_t m1, m2;           /* 48, 56 */
    uint64_t ax, cx, dx;       /* 64, 72, 80 */
    uint64_t flags;            /* 88: RFLAGS after it */
    uint32_t mxcsr;            /* 96 */
};
/* On two XMM registers: @a is ModRM.reg and the result. No exceptions. */
void cpu_kernel_xmm(const uint8_t *kernel, struct cpu_xmm *a, const struct cpu_xmm *b);
/* The same with MXCSR loaded. Return: MXCSR after it. */
uint32_t cpu_kernel_fp(const uint8_t *kernel, struct cpu_xmm *a, const struct cpu_xmm *b, uint32_t mxcsr);
/* On two MMX registers. */
void cpu_kernel_mmx(const uint8_t *kernel, uint64_t *a, const uint64_t *b);
/* On all of struct cpu_kernel_regs but the MMX registers; and with them. */
void cpu_kernel_all(const uint8_t *kernel, struct cpu_kernel_regs *r);
void cpu_kernel_mixed(const uint8_t *kernel, struct cpu_kernel_regs *r);

/* x87: D8 to DF, register forms C0 to FF; memory forms with ModRM.reg 0 to 7, on memory at RDX. */
extern const uint8_t cpu_k_x87_reg[8][64][4], cpu_k_x87_mem[8][8][4];
/* cpu_kernel_x87() - with the whole FXSAVE image in the host's registers, and the arithmetic flags of @flags. Masked or
 * not, nothing is delivered: what the instruction left pending is in the image. Return: RFLAGS after it. */
uint64_t cpu_kernel_x87(const uint8_t *kernel, struct cpu_fpu *image, void *memory, uint64_t flags);
