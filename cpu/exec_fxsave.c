/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FXSAVE, FXRSTOR: struct cpu_fpu is the image. XMM8 to XMM15 exist in 64-bit code only. With CR4.OSFXSR clear the XMM
 * registers and MXCSR are saved and restored all the same, which the manual leaves to the implementation.
 */
#include "cpu/exec_simd.h"

enum { HEADER = 32, ST_END = 160, XMM_END32 = 288, XMM_END64 = 416 };

static struct cpu_event enter(struct cpu *c, const struct cpu_insn *i, uint64_t *off)
{
    if (!simd_has(c, i))
        return CPU_EV_FAULT(SIMD_UD);
    if (c->cr0 & (CPU_CR0_EM | CPU_CR0_TS))
        return CPU_EV_FAULT(SIMD_NM);
    *off = cpu_ea(c, i);
    return (c->seg_base[i->seg] + *off) & 15 ? CPU_EV_FAULT_ERR(SIMD_GP, 0) : CPU_OK;
}

static unsigned image_end(const struct cpu *c)
{
    return c->code_size == 8 ? XMM_END64 : XMM_END32;
}

/* Without REX.W the pointers are 32 bits and a selector, which reads as 0. */
static bool has_wide_pointers(const struct cpu *c, const struct cpu_insn *i)
{
    return c->code_size == 8 && i->size == 8;
}

struct cpu_event cpu_exec_fxsave(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_fpu image = c->fpu;
    uint64_t off, v;
    CPU_TRY(enter(c, i, &off));
    if (!has_wide_pointers(c, i)) {
        image.fip = (uint32_t)image.fip;
        image.fdp = (uint32_t)image.fdp;
    }
    image.reserved = 0;
    CPU_TRY(cpu_acquire(c, i->seg, off, 512));
    for (unsigned at = 0; at < image_end(c); at += 8) {
        memcpy(&v, (const uint8_t *)&image + at, 8);
        CPU_TRY(cpu_store(c, i->seg, off + at, 8, v));
    }
    return CPU_OK;
}

struct cpu_event cpu_exec_fxrstor(struct cpu *c, const struct cpu_insn *i)
{
    struct cpu_fpu image = c->fpu;
    uint64_t off, v;
    CPU_TRY(enter(c, i, &off));
    for (unsigned at = 0; at < image_end(c); at += 8) {
        CPU_TRY(cpu_load(c, i->seg, off + at, 8, &v));
        memcpy((uint8_t *)&image + at, &v, 8);
    }
    if (image.mxcsr & ~MXCSR_DEFINED)
        return CPU_EV_FAULT_ERR(SIMD_GP, 0);
    if (!has_wide_pointers(c, i)) {
        image.fip = (uint32_t)image.fip;
        image.fdp = (uint32_t)image.fdp;
    }
    fpu_settle(&image);
    c->fpu = image;
    return CPU_OK;
}
