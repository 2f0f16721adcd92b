/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x87 instructions that compute or move: run as they stand on the host's x87 unit, with the guest's whole state in it
 * (exec_kernel.h). So results, C0 to C3, tags, stack faults and unmasked responses are the silicon's; what is unmasked
 * stays pending in the status word and is delivered by the next instruction that waits.
 * FIP, FDP and FOP are this core's: set by every instruction here (some processors set them only for exceptions).
 * Manual: SDM vol. 1, "Programming With the x87 FPU".
 */
#include "cpu/exec_simd.h"

#define X87_BYTES_MAX 10u

static struct cpu_event enter(const struct cpu *c, const struct cpu_insn *i)
{
    if (cpu_unlikely(!simd_has(c, i)))
        return CPU_EV_FAULT(SIMD_UD);
    if (cpu_unlikely(c->cr0 & (CPU_CR0_EM | CPU_CR0_TS)))
        return CPU_EV_FAULT(SIMD_NM);
    return x87_pending(c);
}

static uint64_t run(struct cpu *c, const struct cpu_insn *i, void *memory)
{
    uint64_t fdp = c->fpu.fdp;
    uint64_t flags = cpu_kernel_x87(simd_kernel(i), &c->fpu, memory, 2 | flags_bits(&c->fl));
    c->fpu.fip = c->r[CPU_RIP];
    c->fpu.fdp = i->flags & CPU_I_MEM ? cpu_ea(c, i) : fdp;
    c->fpu.fop = (uint16_t)((i->bytes15[0] & 7) << 8 | i->bytes15[1]);
    c->fpu.mxcsr_mask = MXCSR_DEFINED;
    return flags;
}

struct cpu_event cpu_exec_x87(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(enter(c, i));
    run(c, i, NULL);
    return CPU_OK;
}

struct cpu_event cpu_exec_x87_flags(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(enter(c, i));
    c->fl = flags_from_bits(run(c, i, NULL) & RFLAGS_ARITH);
    return CPU_OK;
}

struct cpu_event cpu_exec_x87_load(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v[2] = {0, 0}, off = cpu_ea(c, i);
    CPU_TRY(enter(c, i));
    CPU_TRY(cpu_load(c, i->seg, off, i->src_size < 8 ? i->src_size : 8, &v[0]));
    if (i->src_size == X87_BYTES_MAX)
        CPU_TRY(cpu_load(c, i->seg, off + 8, 2, &v[1]));
    run(c, i, v);
    return CPU_OK;
}

/* An unmasked invalid operation, overflow or underflow leaves memory alone; nothing else was pending, or the
 * instruction would not have run. With CR0.NE clear something may have been: then the store is made. */
static struct cpu_event store(struct cpu *c, const struct cpu_insn *i)
{
    enum { IE = 1, OE = 8, UE = 16 };
    uint64_t v[2] = {0, 0}, off = cpu_ea(c, i);
    uint16_t before = c->fpu.fsw;
    CPU_TRY(cpu_acquire(c, i->seg, off, i->src_size));
    run(c, i, v);
    if ((c->fpu.fsw & ~before) & ~c->fpu.fcw & (IE | OE | UE))
        return CPU_OK;
    CPU_TRY(cpu_store(c, i->seg, off, i->src_size < 8 ? i->src_size : 8, v[0]));
    return i->src_size == X87_BYTES_MAX ? cpu_store(c, i->seg, off + 8, 2, v[1]) : CPU_OK;
}

struct cpu_event cpu_exec_x87_store(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(enter(c, i));
    return store(c, i);
}

/* The row's extension is SSE3. */
struct cpu_event cpu_exec_x87_fisttp(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(enter(c, i));
    return store(c, i);
}
