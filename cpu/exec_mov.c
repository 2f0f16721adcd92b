/* SPDX-License-Identifier: Apache-2.0 */
/* Moves: MOV, MOVZX, MOVSX, LEA, XCHG, BSWAP, XLAT, CBW and CWD families. None of them touches a flag. */
#include "cpu/exec_ops.h"

/* ---- MOV ---- */
#define MOV_SIZE(n)                                                                                                    \
    static struct cpu_event mov_rr_##n(struct cpu *c, const struct cpu_insn *i)                                        \
    {                                                                                                                  \
        op_put_reg(c, i, n, op_rm(c, i, n));                                                                           \
        return CPU_OK;                                                                                                 \
    }                                                                                                                  \
    static struct cpu_event mov_ri_##n(struct cpu *c, const struct cpu_insn *i)                                        \
    {                                                                                                                  \
        op_put_reg(c, i, n, i->imm);                                                                                   \
        return CPU_OK;                                                                                                 \
    }                                                                                                                  \
    static struct cpu_event mov_rm_##n(struct cpu *c, const struct cpu_insn *i)                                        \
    {                                                                                                                  \
        uint64_t v;                                                                                                    \
        CPU_TRY(op_load(c, i, n, &v));                                                                                 \
        op_put_reg(c, i, n, v);                                                                                        \
        return CPU_OK;                                                                                                 \
    }                                                                                                                  \
    static struct cpu_event mov_mr_##n(struct cpu *c, const struct cpu_insn *i)                                        \
    {                                                                                                                  \
        return op_store(c, i, n, op_reg(c, i, n));                                                                     \
    }                                                                                                                  \
    static struct cpu_event mov_mi_##n(struct cpu *c, const struct cpu_insn *i)                                        \
    {                                                                                                                  \
        return op_store(c, i, n, op_trunc(i->imm, n));                                                                 \
    }
MOV_SIZE(1)
MOV_SIZE(2)
MOV_SIZE(4)
MOV_SIZE(8)
cpu_exec_family cpu_exec_mov = {
    [CPU_SHAPE_RR] = OPS_SIZES(mov_rr), [CPU_SHAPE_RI] = OPS_SIZES(mov_ri), [CPU_SHAPE_RM] = OPS_SIZES(mov_rm),
    [CPU_SHAPE_MR] = OPS_SIZES(mov_mr), [CPU_SHAPE_MI] = OPS_SIZES(mov_mi),
};

/* Accumulator and an absolute address of the full address size (A0..A3): the address is the immediate. */
struct cpu_event cpu_exec_moffs_load(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v;
    CPU_TRY(cpu_load(c, i->seg, i->imm, i->size, &v));
    op_put(c, 0, i->size, false, v);
    return CPU_OK;
}

struct cpu_event cpu_exec_moffs_store(struct cpu *c, const struct cpu_insn *i)
{
    return cpu_store(c, i->seg, i->imm, i->size, op_trunc(c->r[0], i->size));
}

/* ---- MOVZX, MOVSX, MOVSXD: made for (source size, destination size) ---- */
OPS_INLINE uint64_t extend(uint64_t v, unsigned from, bool is_signed)
{
    return is_signed ? flags_sext(v, from) : v;
}

#define EXTEND(name, from, n, is_signed)                                                                               \
    static struct cpu_event name##_rr_##n(struct cpu *c, const struct cpu_insn *i)                                     \
    {                                                                                                                  \
        op_put(c, i->reg, n, false, extend(op_rm(c, i, from), from, is_signed));                                       \
        return CPU_OK;                                                                                                 \
    }                                                                                                                  \
    static struct cpu_event name##_rm_##n(struct cpu *c, const struct cpu_insn *i)                                     \
    {                                                                                                                  \
        uint64_t v;                                                                                                    \
        CPU_TRY(op_load(c, i, from, &v));                                                                              \
        op_put(c, i->reg, n, false, extend(v, from, is_signed));                                                       \
        return CPU_OK;                                                                                                 \
    }

#define EXTEND_FAMILY(name, from, is_signed)                                                                           \
    EXTEND(name, from, 2, is_signed)                                                                                   \
    EXTEND(name, from, 4, is_signed)                                                                                   \
    EXTEND(name, from, 8, is_signed)                                                                                   \
    cpu_exec_family cpu_exec_##name = {                                                                                \
        [CPU_SHAPE_RR] = {NULL, name##_rr_2, name##_rr_4, name##_rr_8},                                                \
        [CPU_SHAPE_RM] = {NULL, name##_rm_2, name##_rm_4, name##_rm_8},                                                \
    };

EXTEND_FAMILY(movzx8, 1, false)
EXTEND_FAMILY(movzx16, 2, false)
EXTEND_FAMILY(movsx8, 1, true)
EXTEND_FAMILY(movsx16, 2, true)
EXTEND_FAMILY(movsxd, 4, true)

/* ---- LEA ---- */
#define LEA_SIZE(n)                                                                                                    \
    static struct cpu_event lea_##n(struct cpu *c, const struct cpu_insn *i)                                           \
    {                                                                                                                  \
        op_put(c, i->reg, n, false, cpu_ea(c, i));                                                                     \
        return CPU_OK;                                                                                                 \
    }
LEA_SIZE(2)
LEA_SIZE(4)
LEA_SIZE(8)
cpu_exec_family cpu_exec_lea = {[CPU_SHAPE_RM] = {NULL, lea_2, lea_4, lea_8}};

/* ---- exchanges ---- */
struct cpu_event cpu_exec_xchg(struct cpu *c, const struct cpu_insn *i)
{
    unsigned n = i->size;
    uint64_t a = op_reg(c, i, n), b;
    if (i->flags & CPU_I_MEM) {
        CPU_TRY(op_load_lock(c, i, n, &b));
        CPU_TRY(op_store(c, i, n, a));
    } else {
        b = op_rm(c, i, n);
        op_put_rm(c, i, n, a);
    }
    op_put_reg(c, i, n, b);
    return CPU_OK;
}

/* A 16-bit BSWAP is undefined by the manual; processors give 0. */
struct cpu_event cpu_exec_bswap(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v = c->r[i->reg];
    if (i->size == 8)
        c->r[i->reg] = __builtin_bswap64(v);
    else if (i->size == 4)
        c->r[i->reg] = __builtin_bswap32((uint32_t)v);
    else
        op_put(c, i->reg, 2, false, 0);
    return CPU_OK;
}

struct cpu_event cpu_exec_xlat(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v;
    CPU_TRY(cpu_load(c, i->seg, op_trunc(c->r[3] + (uint8_t)c->r[0], i->asize), 1, &v));
    op_put(c, 0, 1, false, v);
    return CPU_OK;
}

/* ---- sign extension of the accumulator ---- */
struct cpu_event cpu_exec_cbw(struct cpu *c, const struct cpu_insn *i)
{
    op_put(c, 0, i->size, false, flags_sext(c->r[0], i->size / 2u));
    return CPU_OK;
}

struct cpu_event cpu_exec_cwd(struct cpu *c, const struct cpu_insn *i)
{
    op_put(c, 2, i->size, false, flags_sext(c->r[0], i->size) >> 63 ? ~0ull : 0);
    return CPU_OK;
}
