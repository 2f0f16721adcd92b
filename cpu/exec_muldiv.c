/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiply and divide. CF = OF = "the upper half says something"; SF, ZF, AF, PF are undefined after a multiply and all
 * six after a divide: a multiply sets SF and PF from the lower half as silicon does, a divide leaves the flags alone.
 * #DE (vector 0): divisor 0 or quotient too wide.
 */
#include "cpu/exec_ops.h"

#define DE CPU_EV_FAULT(0)

/* Upper and lower half of a product or dividend: AH:AL for bytes, else rDX:rAX. */
static void put_pair(struct cpu *c, unsigned n, uint64_t hi, uint64_t lo)
{
    op_put(c, 0, n, false, lo);
    op_put(c, n == 1 ? 0 : 2, n, n == 1, hi);
}

static struct cpu_flags mul_flags(uint64_t lo, bool wide, unsigned n)
{
    return flags_cf_of(lo, wide, wide, n);
}

struct cpu_event cpu_exec_mul(struct cpu *c, const struct cpu_insn *i)
{
    unsigned n = i->size;
    uint64_t b;
    CPU_TRY(op_load_or_reg(c, i, n, &b));
    unsigned __int128 p = (unsigned __int128)op_trunc(c->r[0], n) * b;
    uint64_t lo = op_trunc((uint64_t)p, n), hi = (uint64_t)(p >> (8 * n));
    put_pair(c, n, hi, lo);
    c->fl = mul_flags(lo, hi != 0, n);
    return CPU_OK;
}

static uint64_t signed_product(uint64_t a, uint64_t b, unsigned n, uint64_t *hi, bool *wide)
{
    __int128 p = (__int128)(int64_t)flags_sext(a, n) * (int64_t)flags_sext(b, n);
    *hi = op_trunc((uint64_t)(p >> (8 * n)), n);
    *wide = p != (__int128)(int64_t)flags_sext((uint64_t)p, n);
    return op_trunc((uint64_t)p, n);
}

struct cpu_event cpu_exec_imul1(struct cpu *c, const struct cpu_insn *i)
{
    unsigned n = i->size;
    uint64_t b, hi;
    bool wide;
    CPU_TRY(op_load_or_reg(c, i, n, &b));
    uint64_t lo = signed_product(c->r[0], b, n, &hi, &wide);
    put_pair(c, n, hi, lo);
    c->fl = mul_flags(lo, wide, n);
    return CPU_OK;
}

static struct cpu_event imul(struct cpu *c, const struct cpu_insn *i, bool three)
{
    unsigned n = i->size;
    uint64_t b, hi;
    bool wide;
    CPU_TRY(op_load_or_rm(c, i, n, &b));
    uint64_t lo = signed_product(three ? i->imm : op_reg(c, i, n), b, n, &hi, &wide);
    op_put_reg(c, i, n, lo);
    c->fl = mul_flags(lo, wide, n);
    return CPU_OK;
}

struct cpu_event cpu_exec_imul2(struct cpu *c, const struct cpu_insn *i)
{
    return imul(c, i, false);
}
struct cpu_event cpu_exec_imul3(struct cpu *c, const struct cpu_insn *i)
{
    return imul(c, i, true);
}

static unsigned __int128 dividend(const struct cpu *c, unsigned n)
{
    if (n == 1)
        return (uint16_t)c->r[0];
    return (unsigned __int128)op_trunc(c->r[2], n) << (8 * n) | op_trunc(c->r[0], n);
}

struct cpu_event cpu_exec_div(struct cpu *c, const struct cpu_insn *i)
{
    unsigned n = i->size;
    uint64_t b;
    CPU_TRY(op_load_or_reg(c, i, n, &b));
    if (b == 0)
        return DE;
    unsigned __int128 a = dividend(c, n);
    if ((uint64_t)(a >> (8 * n)) >= b) /* exactly when the quotient needs more than n bytes */
        return DE;
    if (n < 8)
        put_pair(c, n, (uint64_t)a % b, (uint64_t)a / b);
    else
        put_pair(c, n, (uint64_t)(a % b), (uint64_t)(a / b));
    return CPU_OK;
}

struct cpu_event cpu_exec_idiv(struct cpu *c, const struct cpu_insn *i)
{
    unsigned n = i->size, unused = 128 - 16 * n;
    uint64_t raw;
    CPU_TRY(op_load_or_reg(c, i, n, &raw));
    __int128 a = (__int128)(dividend(c, n) << unused) >> unused;
    int64_t b = (int64_t)flags_sext(raw, n);
    const __int128 least = (__int128)((unsigned __int128)1 << 127);
    if (b == 0 || (b == -1 && a == least)) /* the second: the host's own division would trap */
        return DE;
    __int128 q = n < 8 ? (int64_t)a / b : a / b, r = n < 8 ? (int64_t)a % b : a % b;
    if (q != (__int128)(int64_t)flags_sext((uint64_t)q, n))
        return DE;
    put_pair(c, n, (uint64_t)r, (uint64_t)q);
    return CPU_OK;
}
