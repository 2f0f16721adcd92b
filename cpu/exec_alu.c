/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two- and one-operand arithmetic and logic: one short function for each operation, shape and size, all made from alu()
 * and unary() below. A memory destination is read with ownership first, so its store cannot fail and the flags may be
 * written after it.
 */
#include "cpu/exec_ops.h"

enum alu { ADD, OR, ADC, SBB, AND, SUB, XOR, CMP, TEST };

/* Result of @op on @a, @b (bits above n bytes mean nothing, also in the result); flags to @f. */
OPS_INLINE uint64_t alu(const struct cpu *c, enum alu op, unsigned n, uint64_t a, uint64_t b, struct cpu_flags *f)
{
    uint64_t r;
    switch (op) {
    case ADD:
        r = a + b;
        *f = flags_add(a, b, r, n);
        return r;
    case ADC:
        r = a + b + flags_cf(&c->fl);
        *f = flags_add(a, b, r, n);
        return r;
    case SUB:
    case CMP:
        r = a - b;
        *f = flags_sub(a, b, r, n);
        return r;
    case SBB:
        r = a - b - flags_cf(&c->fl);
        *f = flags_sub(a, b, r, n);
        return r;
    case OR:
        r = a | b;
        break;
    case XOR:
        r = a ^ b;
        break;
    default: /* AND, TEST */
        r = a & b;
        break;
    }
    *f = flags_logic(r, n);
    return r;
}

OPS_INLINE bool alu_writes(enum alu op)
{
    return op != CMP && op != TEST;
}

OPS_INLINE struct cpu_event alu_reg(struct cpu *c, const struct cpu_insn *i, enum alu op, unsigned n, uint64_t b)
{
    uint64_t r = alu(c, op, n, op_reg(c, i, n), b, &c->fl);
    if (alu_writes(op))
        op_put_reg(c, i, n, r);
    return CPU_OK;
}

OPS_INLINE struct cpu_event alu_mem(struct cpu *c, const struct cpu_insn *i, enum alu op, unsigned n, uint64_t b)
{
    uint64_t a;
    struct cpu_flags f;
    if (!alu_writes(op)) {
        CPU_TRY(op_load(c, i, n, &a));
        alu(c, op, n, a, b, &c->fl);
        return CPU_OK;
    }
    CPU_TRY(op_load_lock(c, i, n, &a));
    uint64_t r = alu(c, op, n, a, b, &f);
    CPU_TRY(op_store(c, i, n, op_trunc(r, n)));
    c->fl = f;
    return CPU_OK;
}

OPS_INLINE struct cpu_event alu_reg_mem(struct cpu *c, const struct cpu_insn *i, enum alu op, unsigned n)
{
    uint64_t b;
    CPU_TRY(op_load(c, i, n, &b));
    return alu_reg(c, i, op, n, b);
}

#define ALU_SIZE(name, op, n)                                                                                          \
    static struct cpu_event name##_rr_##n(struct cpu *c, const struct cpu_insn *i)                                     \
    {                                                                                                                  \
        return alu_reg(c, i, op, n, op_rm(c, i, n));                                                                   \
    }                                                                                                                  \
    static struct cpu_event name##_ri_##n(struct cpu *c, const struct cpu_insn *i)                                     \
    {                                                                                                                  \
        return alu_reg(c, i, op, n, i->imm);                                                                           \
    }                                                                                                                  \
    static struct cpu_event name##_rm_##n(struct cpu *c, const struct cpu_insn *i)                                     \
    {                                                                                                                  \
        return alu_reg_mem(c, i, op, n);                                                                               \
    }                                                                                                                  \
    static struct cpu_event name##_mr_##n(struct cpu *c, const struct cpu_insn *i)                                     \
    {                                                                                                                  \
        return alu_mem(c, i, op, n, op_reg(c, i, n));                                                                  \
    }                                                                                                                  \
    static struct cpu_event name##_mi_##n(struct cpu *c, const struct cpu_insn *i)                                     \
    {                                                                                                                  \
        return alu_mem(c, i, op, n, i->imm);                                                                           \
    }

#define ALU_FAMILY(name, op)                                                                                           \
    ALU_SIZE(name, op, 1)                                                                                              \
    ALU_SIZE(name, op, 2)                                                                                              \
    ALU_SIZE(name, op, 4)                                                                                              \
    ALU_SIZE(name, op, 8)                                                                                              \
    cpu_exec_family cpu_exec_##name = {                                                                                \
        [CPU_SHAPE_RR] = OPS_SIZES(name##_rr), [CPU_SHAPE_RI] = OPS_SIZES(name##_ri),                                  \
        [CPU_SHAPE_RM] = OPS_SIZES(name##_rm), [CPU_SHAPE_MR] = OPS_SIZES(name##_mr),                                  \
        [CPU_SHAPE_MI] = OPS_SIZES(name##_mi),                                                                         \
    };

ALU_FAMILY(add, ADD)
ALU_FAMILY(or, OR)
ALU_FAMILY(adc, ADC)
ALU_FAMILY(sbb, SBB)
ALU_FAMILY(and, AND)
ALU_FAMILY(sub, SUB)
ALU_FAMILY(xor, XOR)
ALU_FAMILY(cmp, CMP)
ALU_FAMILY(test, TEST)

/* ---- one operand ---- */

enum unary { INC, DEC, NEG, NOT };

OPS_INLINE uint64_t unary(const struct cpu *c, enum unary op, unsigned n, uint64_t a, struct cpu_flags *f)
{
    uint64_t r;
    switch (op) {
    case INC:
        r = a + 1;
        *f = flags_add(a, 1, r, n);
        flags_put_cf(f, flags_cf(&c->fl)); /* INC, DEC leave CF alone */
        return r;
    case DEC:
        r = a - 1;
        *f = flags_sub(a, 1, r, n);
        flags_put_cf(f, flags_cf(&c->fl));
        return r;
    case NEG:
        r = 0 - a;
        *f = flags_sub(0, a, r, n);
        return r;
    default:
        *f = c->fl; /* NOT changes no flag */
        return ~a;
    }
}

OPS_INLINE struct cpu_event unary_reg(struct cpu *c, const struct cpu_insn *i, enum unary op, unsigned n)
{
    struct cpu_flags f;
    op_put_reg(c, i, n, unary(c, op, n, op_reg(c, i, n), &f));
    c->fl = f;
    return CPU_OK;
}

OPS_INLINE struct cpu_event unary_mem(struct cpu *c, const struct cpu_insn *i, enum unary op, unsigned n)
{
    uint64_t a;
    struct cpu_flags f;
    CPU_TRY(op_load_lock(c, i, n, &a));
    uint64_t r = unary(c, op, n, a, &f);
    CPU_TRY(op_store(c, i, n, op_trunc(r, n)));
    c->fl = f;
    return CPU_OK;
}

#define UNARY_SIZE(name, op, n)                                                                                        \
    static struct cpu_event name##_r_##n(struct cpu *c, const struct cpu_insn *i)                                      \
    {                                                                                                                  \
        return unary_reg(c, i, op, n);                                                                                 \
    }                                                                                                                  \
    static struct cpu_event name##_m_##n(struct cpu *c, const struct cpu_insn *i)                                      \
    {                                                                                                                  \
        return unary_mem(c, i, op, n);                                                                                 \
    }

#define UNARY_FAMILY(name, op)                                                                                         \
    UNARY_SIZE(name, op, 1)                                                                                            \
    UNARY_SIZE(name, op, 2)                                                                                            \
    UNARY_SIZE(name, op, 4)                                                                                            \
    UNARY_SIZE(name, op, 8)                                                                                            \
    cpu_exec_family cpu_exec_##name = {                                                                                \
        [CPU_SHAPE_R] = OPS_SIZES(name##_r),                                                                           \
        [CPU_SHAPE_M] = OPS_SIZES(name##_m),                                                                           \
    };

UNARY_FAMILY(inc, INC)
UNARY_FAMILY(dec, DEC)
UNARY_FAMILY(neg, NEG)
UNARY_FAMILY(not, NOT)

/* ---- exchanges ---- */

struct cpu_event cpu_exec_xadd(struct cpu *c, const struct cpu_insn *i)
{
    unsigned n = i->size;
    bool mem = i->flags & CPU_I_MEM;
    uint64_t a, b = mem ? op_reg(c, i, n) : op_rm(c, i, n);
    CPU_TRY(op_modify_load(c, i, n, &a));
    uint64_t r = op_trunc(a + b, n);
    if (mem) {
        CPU_TRY(op_store(c, i, n, r));
        op_put_reg(c, i, n, a);
    } else {
        op_put_rm(c, i, n, a); /* source first: XADD of a register with itself leaves the sum */
        op_put_reg(c, i, n, r);
    }
    c->fl = flags_add(a, b, r, n);
    return CPU_OK;
}

/* The memory operand is written in any case, with its old value when the comparison fails (SDM vol. 2A, "CMPXCHG"); of
 * two registers only the one that changes is, so that a 32-bit form clears the upper half of that one alone. */
struct cpu_event cpu_exec_cmpxchg(struct cpu *c, const struct cpu_insn *i)
{
    unsigned n = i->size;
    bool mem = i->flags & CPU_I_MEM;
    uint64_t a, b = mem ? op_reg(c, i, n) : op_rm(c, i, n), old = op_trunc(c->r[0], n);
    CPU_TRY(op_modify_load(c, i, n, &a));
    if (mem)
        CPU_TRY(op_store(c, i, n, a == old ? b : a));
    if (a != old)
        op_put(c, 0, n, false, a);
    else if (!mem)
        op_put_reg(c, i, n, b);
    c->fl = flags_sub(old, a, old - a, n);
    return CPU_OK;
}

/* CMPXCHG8B (size 4) and CMPXCHG16B (size 8): two halves of one naturally aligned or, for 8B, arbitrary operand. */
struct cpu_event cpu_exec_cmpxchg8b(struct cpu *c, const struct cpu_insn *i)
{
    unsigned n = i->size;
    uint64_t at = cpu_ea(c, i), lo, hi;
    if (n == 8 && ((c->seg_base[i->seg] + at) & 15))
        return CPU_EV_FAULT_ERR(13, 0);
    CPU_TRY(cpu_acquire(c, i->seg, at, 2 * n));
    CPU_TRY(cpu_load_lock(c, i->seg, at, n, &lo));
    CPU_TRY(cpu_load_lock(c, i->seg, at + n, n, &hi));
    bool equal = lo == op_trunc(c->r[0], n) && hi == op_trunc(c->r[2], n);
    CPU_TRY(cpu_store(c, i->seg, at, n, equal ? op_trunc(c->r[3], n) : lo));
    CPU_TRY(cpu_store(c, i->seg, at + n, n, equal ? op_trunc(c->r[1], n) : hi));
    if (!equal) {
        op_put(c, 0, n, false, lo);
        op_put(c, 2, n, false, hi);
    }
    uint64_t bits = flags_bits(&c->fl) & ~(uint64_t)RFLAGS_ZF;
    c->fl = flags_from_bits(bits | (equal ? RFLAGS_ZF : 0));
    return CPU_OK;
}
