/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shifts and rotates. The count is masked to 5 bits, 6 for 64-bit operands; a masked count of 0 changes no flag (but
 * still reads and writes a memory operand, and still clears the upper half for a 32-bit register).
 * Undefined flags (OF for counts above 1, AF) get what is cheap and close to silicon: OF as for a count of 1 on the
 * last step, AF clear. Manual: SDM vol. 2, "SAL/SAR/SHL/SHR", "RCL/RCR/ROL/ROR", "SHLD", "SHRD".
 */
#include "cpu/exec_ops.h"

enum shift { SHL, SHR, SAR, ROL, ROR, RCL, RCR };

OPS_INLINE bool bit(uint64_t v, unsigned nth)
{
    return v >> nth & 1;
}

/* SHL, SHR, SAR by 1..63; counts beyond the width (8- and 16-bit operands) shift everything out. */
OPS_INLINE uint64_t shift_plain(enum shift op, unsigned n, uint64_t a, unsigned count, struct cpu_flags *f)
{
    unsigned bits = 8 * n;
    uint64_t r;
    bool cf, of;
    if (op == SHL) {
        r = op_trunc(a << count, n);
        cf = count <= bits && bit(a, bits - count);
        of = bit(r, bits - 1) != cf;
    } else if (op == SHR) {
        r = a >> count;
        cf = bit(a, count - 1);
        of = bit(r << 1 ^ r, bits - 1);
    } else {
        int64_t s = (int64_t)flags_sext(a, n);
        r = op_trunc((uint64_t)(s >> count), n);
        cf = s >> (count - 1) & 1;
        of = false;
    }
    *f = flags_cf_of(r, cf, of, n);
    return r;
}

/* ROL, ROR: only CF and OF change; a count that is a multiple of the width still sets them. */
OPS_INLINE uint64_t shift_rotate(enum shift op, unsigned n, uint64_t a, unsigned count, struct cpu_flags *f)
{
    unsigned bits = 8 * n, by = count & (bits - 1);
    uint64_t r = a;
    if (by && op == ROL)
        r = op_trunc(a << by, n) | a >> (bits - by);
    else if (by)
        r = a >> by | op_trunc(a << (bits - by), n);
    if (op == ROL)
        flags_put_cf_of(f, r & 1, (r & 1) != bit(r, bits - 1));
    else
        flags_put_cf_of(f, bit(r, bits - 1), bit(r ^ r << 1, bits - 1));
    return r;
}

/* RCL, RCR: a rotation of bits + 1 bits, CF on top. */
OPS_INLINE uint64_t shift_carry(enum shift op, unsigned n, uint64_t a, unsigned count, struct cpu_flags *f)
{
    unsigned bits = 8 * n, by = count % (bits + 1);
    bool cf = flags_cf(f);
    uint64_t r = a;
    if (by && op == RCL) {
        r = op_trunc((by < 64 ? a << by : 0) | (uint64_t)cf << (by - 1), n) | (by > 1 ? a >> (bits + 1 - by) : 0);
        cf = bit(a, bits - by);
    } else if (by) {
        r = (by < 64 ? a >> by : 0) | (uint64_t)cf << (bits - by) | (by > 1 ? op_trunc(a << (bits + 1 - by), n) : 0);
        cf = bit(a, by - 1);
    }
    bool of = op == RCL ? bit(r, bits - 1) != cf : bit(r ^ r << 1, bits - 1);
    flags_put_cf_of(f, cf, of);
    return r;
}

/* @f holds the flags before and after. */
OPS_INLINE uint64_t shift(enum shift op, unsigned n, uint64_t a, unsigned count, struct cpu_flags *f)
{
    count &= n == 8 ? 63 : 31;
    if (count == 0)
        return a;
    if (op <= SAR)
        return shift_plain(op, n, a, count, f);
    return op <= ROR ? shift_rotate(op, n, a, count, f) : shift_carry(op, n, a, count, f);
}

OPS_INLINE struct cpu_event shift_reg(struct cpu *c, const struct cpu_insn *i, enum shift op, unsigned n,
                                      uint64_t count)
{
    op_put_reg(c, i, n, shift(op, n, op_reg(c, i, n), (unsigned)count, &c->fl));
    return CPU_OK;
}

OPS_INLINE struct cpu_event shift_mem(struct cpu *c, const struct cpu_insn *i, enum shift op, unsigned n,
                                      uint64_t count)
{
    uint64_t a;
    struct cpu_flags f = c->fl;
    CPU_TRY(op_load_lock(c, i, n, &a));
    uint64_t r = shift(op, n, a, (unsigned)count, &f);
    CPU_TRY(op_store(c, i, n, r));
    c->fl = f;
    return CPU_OK;
}

#define SHIFT_SIZE(name, op, n)                                                                                        \
    static struct cpu_event name##_ri_##n(struct cpu *c, const struct cpu_insn *i)                                     \
    {                                                                                                                  \
        return shift_reg(c, i, op, n, i->imm);                                                                         \
    }                                                                                                                  \
    static struct cpu_event name##_mi_##n(struct cpu *c, const struct cpu_insn *i)                                     \
    {                                                                                                                  \
        return shift_mem(c, i, op, n, i->imm);                                                                         \
    }                                                                                                                  \
    static struct cpu_event name##_r_##n(struct cpu *c, const struct cpu_insn *i)                                      \
    {                                                                                                                  \
        return shift_reg(c, i, op, n, c->r[1]);                                                                        \
    }                                                                                                                  \
    static struct cpu_event name##_m_##n(struct cpu *c, const struct cpu_insn *i)                                      \
    {                                                                                                                  \
        return shift_mem(c, i, op, n, c->r[1]);                                                                        \
    }

#define SHIFT_FAMILY(name, op)                                                                                         \
    SHIFT_SIZE(name, op, 1)                                                                                            \
    SHIFT_SIZE(name, op, 2)                                                                                            \
    SHIFT_SIZE(name, op, 4)                                                                                            \
    SHIFT_SIZE(name, op, 8)                                                                                            \
    cpu_exec_family cpu_exec_##name = {                                                                                \
        [CPU_SHAPE_RI] = OPS_SIZES(name##_ri),                                                                         \
        [CPU_SHAPE_MI] = OPS_SIZES(name##_mi),                                                                         \
        [CPU_SHAPE_R] = OPS_SIZES(name##_r),                                                                           \
        [CPU_SHAPE_M] = OPS_SIZES(name##_m),                                                                           \
    };

SHIFT_FAMILY(shl, SHL)
SHIFT_FAMILY(shr, SHR)
SHIFT_FAMILY(sar, SAR)
SHIFT_FAMILY(rol, ROL)
SHIFT_FAMILY(ror, ROR)
SHIFT_FAMILY(rcl, RCL)
SHIFT_FAMILY(rcr, RCR)

/* ---- double shifts ---- */

/* 16-bit operands with counts of 17..31 are undefined; the pattern b:a:b (left: a:b:a) is what processors rotate. */
static uint64_t shift_double(bool left, unsigned n, uint64_t a, uint64_t b, unsigned count, struct cpu_flags *f)
{
    unsigned bits = 8 * n;
    uint64_t r;
    bool cf;
    if (n == 2) {
        uint64_t wide = left ? a << 32 | b << 16 | a : b << 32 | b << 16 | a;
        if (!left)
            wide = a << 32 | b << 16 | a;
        r = op_trunc(left ? wide << count >> 32 : wide >> count, 2);
        cf = left ? bit(wide, 48 - count) : bit(wide, count - 1);
    } else if (left) {
        r = op_trunc(a << count, n) | b >> (bits - count);
        cf = bit(a, bits - count);
    } else {
        r = a >> count | op_trunc(b << (bits - count), n);
        cf = bit(a, count - 1);
    }
    *f = flags_cf_of(r, cf, bit(r ^ a, bits - 1), n);
    return r;
}

static struct cpu_event exec_double(struct cpu *c, const struct cpu_insn *i, bool left, uint64_t count_raw)
{
    unsigned n = i->size, count = (unsigned)count_raw & (n == 8 ? 63 : 31);
    uint64_t a, b = i->flags & CPU_I_MEM ? op_reg(c, i, n) : op_rm(c, i, n);
    struct cpu_flags f = c->fl;
    CPU_TRY(op_modify_load(c, i, n, &a));
    uint64_t r = count ? shift_double(left, n, a, b, count, &f) : a;
    CPU_TRY(op_modify_store(c, i, n, r));
    c->fl = f;
    return CPU_OK;
}

struct cpu_event cpu_exec_shld_imm(struct cpu *c, const struct cpu_insn *i)
{
    return exec_double(c, i, true, i->imm);
}
struct cpu_event cpu_exec_shld_cl(struct cpu *c, const struct cpu_insn *i)
{
    return exec_double(c, i, true, c->r[1]);
}
struct cpu_event cpu_exec_shrd_imm(struct cpu *c, const struct cpu_insn *i)
{
    return exec_double(c, i, false, i->imm);
}
struct cpu_event cpu_exec_shrd_cl(struct cpu *c, const struct cpu_insn *i)
{
    return exec_double(c, i, false, c->r[1]);
}
