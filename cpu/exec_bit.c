/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bit test family and bit scans. A register bit number with a memory operand addresses a bit string: the signed number
 * selects the operand-sized unit, its low bits the bit (SDM vol. 2A, "BT - Bit Test"). Only CF changes (OF, SF, AF, PF
 * are undefined and left alone, ZF is defined as unchanged).
 */
#include "cpu/exec_ops.h"

enum bit_op { BT, BTS, BTR, BTC };

OPS_INLINE uint64_t bit_apply(enum bit_op op, uint64_t v, uint64_t mask)
{
    return op == BTS ? v | mask : op == BTR ? v & ~mask : op == BTC ? v ^ mask : v;
}

OPS_INLINE struct cpu_event bit_reg(struct cpu *c, const struct cpu_insn *i, enum bit_op op, uint64_t number)
{
    unsigned n = i->size;
    uint64_t v = op_reg(c, i, n), mask = 1ull << (number & (8 * n - 1));
    flags_put_cf(&c->fl, v & mask);
    if (op != BT)
        op_put_reg(c, i, n, bit_apply(op, v, mask));
    return CPU_OK;
}

OPS_INLINE struct cpu_event bit_mem(struct cpu *c, const struct cpu_insn *i, enum bit_op op, uint64_t number,
                                    uint64_t at)
{
    unsigned n = i->size;
    uint64_t v, mask = 1ull << (number & (8 * n - 1));
    if (op == BT)
        CPU_TRY(cpu_load(c, i->seg, at, n, &v));
    else {
        CPU_TRY(cpu_load_lock(c, i->seg, at, n, &v));
        CPU_TRY(cpu_store(c, i->seg, at, n, bit_apply(op, v, mask)));
    }
    flags_put_cf(&c->fl, v & mask);
    return CPU_OK;
}

OPS_INLINE struct cpu_event bit_imm(struct cpu *c, const struct cpu_insn *i, enum bit_op op)
{
    if (i->flags & CPU_I_MEM)
        return bit_mem(c, i, op, i->imm, cpu_ea(c, i));
    return bit_reg(c, i, op, i->imm);
}

OPS_INLINE struct cpu_event bit_number(struct cpu *c, const struct cpu_insn *i, enum bit_op op)
{
    unsigned n = i->size;
    if (!(i->flags & CPU_I_MEM))
        return bit_reg(c, i, op, op_rm(c, i, n));
    int64_t number = (int64_t)flags_sext(op_reg(c, i, n), n);
    int64_t units = number >> (3 + __builtin_ctz(n));
    return bit_mem(c, i, op, (uint64_t)number, op_trunc(cpu_ea(c, i) + (uint64_t)units * n, i->asize));
}

#define BIT_HANDLERS(name, op)                                                                                         \
    struct cpu_event cpu_exec_##name##_imm(struct cpu *c, const struct cpu_insn *i)                                    \
    {                                                                                                                  \
        return bit_imm(c, i, op);                                                                                      \
    }                                                                                                                  \
    struct cpu_event cpu_exec_##name##_reg(struct cpu *c, const struct cpu_insn *i)                                    \
    {                                                                                                                  \
        return bit_number(c, i, op);                                                                                   \
    }
BIT_HANDLERS(bt, BT)
BIT_HANDLERS(bts, BTS)
BIT_HANDLERS(btr, BTR)
BIT_HANDLERS(btc, BTC)

/* ---- scans: a source of 0 sets ZF and leaves the destination alone (AMD defines that, Intel does it) ---- */
static struct cpu_event scan(struct cpu *c, const struct cpu_insn *i, bool forward)
{
    unsigned n = i->size;
    uint64_t v;
    CPU_TRY(op_load_or_rm(c, i, n, &v));
    uint64_t bits = flags_bits(&c->fl) & ~(uint64_t)RFLAGS_ZF;
    c->fl = flags_from_bits(bits | (v == 0 ? RFLAGS_ZF : 0));
    if (v)
        op_put_reg(c, i, n, (uint64_t)(forward ? __builtin_ctzll(v) : 63 - __builtin_clzll(v)));
    return CPU_OK;
}

struct cpu_event cpu_exec_bsf(struct cpu *c, const struct cpu_insn *i)
{
    return scan(c, i, true);
}
struct cpu_event cpu_exec_bsr(struct cpu *c, const struct cpu_insn *i)
{
    return scan(c, i, false);
}
