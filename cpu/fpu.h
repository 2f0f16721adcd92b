/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x87, MMX and SSE: registers of a core, and what every such instruction asks first. Includable only from cpu/.
 *
 * The registers are kept as an FXSAVE image (SDM vol. 2A, "FXSAVE - Save x87 FPU, MMX Technology, and SSE State",
 * layout with REX.W), so that the host's FXRSTOR takes them as they stand. st[] counts from the top of the stack, as
 * there; ftw is the abridged tag word: bit n set = physical register n is not empty. fip, fdp and fop are this core's,
 * never the host's.
 *
 * Arithmetic is the host's: an instruction is run by the very same instruction on the host's registers
 * (cpu/exec_simd_kernel.c, cpu/exec_x87_kernel.c), with the guest's control bits. No C expression computes a
 * floating-point value, so no compiler can change one.
 */
#pragma once
#include <stdint.h>

struct cpu_xmm {
    _Alignas(16) uint64_t q[2];
};

struct cpu_fpu {
    _Alignas(16) uint16_t fcw;
    uint16_t fsw;
    uint8_t ftw, reserved;
    uint16_t fop;
    uint64_t fip, fdp;
    uint32_t mxcsr, mxcsr_mask;
    struct {
        uint64_t mantissa; /* an MMX register too */
        uint16_t sign_exponent, reserved[3];
    } st[8];
    struct cpu_xmm xmm[16];
    uint8_t rest[96];
};
_Static_assert(sizeof(struct cpu_fpu) == 512, "an FXSAVE image");
_Static_assert(__builtin_offsetof(struct cpu_fpu, xmm) == 160, "an FXSAVE image");

#define MXCSR_FLAGS   0x003fu /* IE DE ZE OE UE PE */
#define MXCSR_MASKS   0x1f80u
#define MXCSR_FTZ     0x8000u
#define MXCSR_DEFINED 0xffffu
#define MXCSR_DEFAULT 0x1f80u
#define MXCSR_IE      1u
#define MXCSR_DE      2u
#define MXCSR_ZE      4u
#define MXCSR_UE      16u

#define FSW_FLAGS       0x003fu
#define FSW_ES          0x0080u
#define FSW_B           0x8000u
#define FSW_TOP(fsw)    ((unsigned)(fsw) >> 11 & 7)
#define FSW_TOP_MASK    0x3800u
#define FCW_DEFAULT     0x037fu
#define FCW_AFTER_RESET 0x0040u
