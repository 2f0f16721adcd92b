/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Near control transfer and what depends on a condition. Outside 64-bit code the new instruction pointer is cut to the
 * operand size; limits are checked where the target is fetched. In 64-bit code an indirect target must be canonical:
 * #GP(0) with the branch (SDM vol. 2, "JMP"), the direct ones cannot leave the canonical range but by wrap.
 */
#include "cpu/exec_ops.h"
#include "cpu/exec_stack.h"

OPS_INLINE void jump_relative(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t to = c->next_rip + i->imm;
    c->next_rip = cpu_likely(i->size == 8) ? to : op_trunc(to, i->size);
}

OPS_INLINE bool is_canonical(const struct cpu *c, uint64_t a)
{
    unsigned unused = 64 - c->cfg->virt_bits;
    return (uint64_t)((int64_t)(a << unused) >> unused) == a;
}

OPS_INLINE bool may_jump_to(const struct cpu *c, const struct cpu_insn *i, uint64_t to)
{
    return i->size != 8 || is_canonical(c, to);
}

#define GP0 CPU_EV_FAULT_ERR(13, 0)

/* ---- by condition: sixteen of each ---- */
#define COND_HANDLERS(cc)                                                                                              \
    static struct cpu_event jcc_##cc(struct cpu *c, const struct cpu_insn *i)                                          \
    {                                                                                                                  \
        if (flags_cond(&c->fl, 0x##cc))                                                                                \
            jump_relative(c, i);                                                                                       \
        return CPU_OK;                                                                                                 \
    }                                                                                                                  \
    static struct cpu_event setcc_##cc(struct cpu *c, const struct cpu_insn *i)                                        \
    {                                                                                                                  \
        return put_cond(c, i, flags_cond(&c->fl, 0x##cc));                                                             \
    }                                                                                                                  \
    static struct cpu_event cmov_##cc(struct cpu *c, const struct cpu_insn *i)                                         \
    {                                                                                                                  \
        return move_cond(c, i, flags_cond(&c->fl, 0x##cc));                                                            \
    }

OPS_INLINE struct cpu_event put_cond(struct cpu *c, const struct cpu_insn *i, bool yes)
{
    if (i->flags & CPU_I_MEM)
        return op_store(c, i, 1, yes);
    op_put_reg(c, i, 1, yes);
    return CPU_OK;
}

/* The load is made, and may fault, whether the condition holds or not; a 32-bit destination is always written. */
OPS_INLINE struct cpu_event move_cond(struct cpu *c, const struct cpu_insn *i, bool yes)
{
    uint64_t v;
    CPU_TRY(op_load_or_rm(c, i, i->size, &v));
    op_put_reg(c, i, i->size, yes ? v : c->r[i->reg]);
    return CPU_OK;
}

COND_HANDLERS(0)
COND_HANDLERS(1)
COND_HANDLERS(2)
COND_HANDLERS(3)
COND_HANDLERS(4)
COND_HANDLERS(5)
COND_HANDLERS(6)
COND_HANDLERS(7)
COND_HANDLERS(8)
COND_HANDLERS(9)
COND_HANDLERS(a)
COND_HANDLERS(b)
COND_HANDLERS(c)
COND_HANDLERS(d)
COND_HANDLERS(e)
COND_HANDLERS(f)

#define COND_TABLE(p)                                                                                                  \
    {                                                                                                                  \
        p##_0, p##_1, p##_2, p##_3, p##_4, p##_5, p##_6, p##_7, p##_8, p##_9, p##_a, p##_b, p##_c, p##_d, p##_e, p##_f \
    }
cpu_exec_conds cpu_exec_jcc = COND_TABLE(jcc);
cpu_exec_conds cpu_exec_setcc = COND_TABLE(setcc);
cpu_exec_conds cpu_exec_cmov = COND_TABLE(cmov);

/* ---- counted loops: the counter has the address size ---- */
OPS_INLINE struct cpu_event loop(struct cpu *c, const struct cpu_insn *i, bool goes_on)
{
    uint64_t count = op_trunc(c->r[1] - 1, i->asize);
    op_put(c, 1, i->asize, false, count);
    if (count && goes_on)
        jump_relative(c, i);
    return CPU_OK;
}

struct cpu_event cpu_exec_loop(struct cpu *c, const struct cpu_insn *i)
{
    return loop(c, i, true);
}
struct cpu_event cpu_exec_loope(struct cpu *c, const struct cpu_insn *i)
{
    return loop(c, i, flags_zf(&c->fl));
}
struct cpu_event cpu_exec_loopne(struct cpu *c, const struct cpu_insn *i)
{
    return loop(c, i, !flags_zf(&c->fl));
}
struct cpu_event cpu_exec_jcxz(struct cpu *c, const struct cpu_insn *i)
{
    if (op_trunc(c->r[1], i->asize) == 0)
        jump_relative(c, i);
    return CPU_OK;
}

/* ---- jumps, calls, returns ---- */
struct cpu_event cpu_exec_jmp_direct(struct cpu *c, const struct cpu_insn *i)
{
    jump_relative(c, i);
    return CPU_OK;
}

struct cpu_event cpu_exec_jmp_indirect(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t to;
    CPU_TRY(op_load_or_reg(c, i, i->size, &to));
    if (!may_jump_to(c, i, to))
        return GP0;
    c->next_rip = to;
    return CPU_OK;
}

struct cpu_event cpu_exec_call_direct(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(stack_push(c, i->size, c->next_rip));
    jump_relative(c, i);
    return CPU_OK;
}

struct cpu_event cpu_exec_call_indirect(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t to;
    CPU_TRY(op_load_or_reg(c, i, i->size, &to));
    if (!may_jump_to(c, i, to))
        return GP0;
    CPU_TRY(stack_push(c, i->size, c->next_rip));
    c->next_rip = to;
    return CPU_OK;
}

struct cpu_event cpu_exec_ret(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t to;
    CPU_TRY(stack_peek(c, i->size, 0, &to));
    if (!may_jump_to(c, i, to))
        return GP0;
    stack_move(c, (int64_t)(i->size + i->imm));
    c->next_rip = to;
    return CPU_OK;
}
