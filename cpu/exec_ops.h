/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operands, for handlers. Sizes are constants where a handler is made for one size, so all choices fold away.
 * A record's high-byte flags (AH, CH, DH, BH) are asked for only where n is 1.
 */
#pragma once
#include "cpu/exec.h"
#include "cpu/flags.h"

#define OPS_INLINE static inline __attribute__((always_inline))

OPS_INLINE uint64_t op_trunc(uint64_t v, unsigned n)
{
    return n == 8 ? v : n == 4 ? (uint32_t)v : n == 2 ? (uint16_t)v : (uint8_t)v;
}

OPS_INLINE uint64_t op_get(const struct cpu *c, unsigned reg, unsigned n, bool high)
{
    return op_trunc(n == 1 && high ? c->r[reg] >> 8 : c->r[reg], n);
}

/* Writes of 4 bytes clear the upper half, smaller ones keep the rest (SDM vol. 1, "General-Purpose Registers in 64-Bit
 * Mode"). */
OPS_INLINE void op_put(struct cpu *c, unsigned reg, unsigned n, bool high, uint64_t v)
{
    if (n == 8)
        c->r[reg] = v;
    else if (n == 4)
        c->r[reg] = (uint32_t)v;
    else if (n == 2)
        c->r[reg] = (c->r[reg] & ~0xffffull) | (uint16_t)v;
    else {
        unsigned shift = high ? 8 : 0;
        c->r[reg] = (c->r[reg] & ~(0xffull << shift)) | (uint64_t)(uint8_t)v << shift;
    }
}

OPS_INLINE uint64_t op_reg(const struct cpu *c, const struct cpu_insn *i, unsigned n)
{
    return op_get(c, i->reg, n, i->flags & CPU_I_HIGH_REG);
}
OPS_INLINE uint64_t op_rm(const struct cpu *c, const struct cpu_insn *i, unsigned n)
{
    return op_get(c, i->rm, n, i->flags & CPU_I_HIGH_RM);
}
OPS_INLINE void op_put_reg(struct cpu *c, const struct cpu_insn *i, unsigned n, uint64_t v)
{
    op_put(c, i->reg, n, i->flags & CPU_I_HIGH_REG, v);
}
OPS_INLINE void op_put_rm(struct cpu *c, const struct cpu_insn *i, unsigned n, uint64_t v)
{
    op_put(c, i->rm, n, i->flags & CPU_I_HIGH_RM, v);
}

OPS_INLINE struct cpu_event op_load(struct cpu *c, const struct cpu_insn *i, unsigned n, uint64_t *v)
{
    return cpu_load(c, i->seg, cpu_ea(c, i), n, v);
}
OPS_INLINE struct cpu_event op_load_lock(struct cpu *c, const struct cpu_insn *i, unsigned n, uint64_t *v)
{
    return cpu_load_lock(c, i->seg, cpu_ea(c, i), n, v);
}
OPS_INLINE struct cpu_event op_store(struct cpu *c, const struct cpu_insn *i, unsigned n, uint64_t v)
{
    return cpu_store(c, i->seg, cpu_ea(c, i), n, v);
}

/* The operand that may be memory, in handlers made for both: register @reg (0: reg, 1: rm) or memory. */
OPS_INLINE struct cpu_event op_load_or_rm(struct cpu *c, const struct cpu_insn *i, unsigned n, uint64_t *v)
{
    if (i->flags & CPU_I_MEM)
        return op_load(c, i, n, v);
    *v = op_rm(c, i, n);
    return CPU_OK;
}
OPS_INLINE struct cpu_event op_load_or_reg(struct cpu *c, const struct cpu_insn *i, unsigned n, uint64_t *v)
{
    if (i->flags & CPU_I_MEM)
        return op_load(c, i, n, v);
    *v = op_reg(c, i, n);
    return CPU_OK;
}
/* Destination that is read and written: memory, else reg. */
OPS_INLINE struct cpu_event op_modify_load(struct cpu *c, const struct cpu_insn *i, unsigned n, uint64_t *v)
{
    if (i->flags & CPU_I_MEM)
        return op_load_lock(c, i, n, v);
    *v = op_reg(c, i, n);
    return CPU_OK;
}
OPS_INLINE struct cpu_event op_modify_store(struct cpu *c, const struct cpu_insn *i, unsigned n, uint64_t v)
{
    if (i->flags & CPU_I_MEM)
        return op_store(c, i, n, v);
    op_put_reg(c, i, n, v);
    return CPU_OK;
}

/* A row of a family's table: the four sizes of one function. */
#define OPS_SIZES(fn)                                                                                                  \
    {                                                                                                                  \
        fn##_1, fn##_2, fn##_4, fn##_8                                                                                 \
    }
