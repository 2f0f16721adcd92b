/* SPDX-License-Identifier: Apache-2.0 */
/* PUSH, POP, PUSHA, POPA, ENTER, LEAVE. */
#include "cpu/exec_stack.h"

/* ---- PUSH, POP ---- */
/* PUSH rSP pushes the old value; POP to memory addressed by rSP uses the new one (SDM vol. 2B, "PUSH", "POP"). */
OPS_INLINE struct cpu_event push_mem(struct cpu *c, const struct cpu_insn *i, unsigned n)
{
    uint64_t v;
    CPU_TRY(op_load(c, i, n, &v));
    return stack_push(c, n, v);
}

OPS_INLINE struct cpu_event pop_reg(struct cpu *c, const struct cpu_insn *i, unsigned n)
{
    uint64_t v;
    CPU_TRY(stack_peek(c, n, 0, &v));
    stack_move(c, n);
    op_put(c, i->reg, n, false, v);
    return CPU_OK;
}

OPS_INLINE struct cpu_event pop_mem(struct cpu *c, const struct cpu_insn *i, unsigned n)
{
    uint64_t v, old = c->r[STACK_SP];
    CPU_TRY(stack_peek(c, n, 0, &v));
    stack_move(c, n);
    struct cpu_event ev = op_store(c, i, n, v);
    if (ev.kind != CPU_NONE)
        c->r[STACK_SP] = old;
    return ev;
}

#define PUSH_POP(n)                                                                                                    \
    static struct cpu_event push_r_##n(struct cpu *c, const struct cpu_insn *i)                                        \
    {                                                                                                                  \
        return stack_push(c, n, c->r[i->reg]);                                                                         \
    }                                                                                                                  \
    static struct cpu_event push_i_##n(struct cpu *c, const struct cpu_insn *i)                                        \
    {                                                                                                                  \
        return stack_push(c, n, i->imm);                                                                               \
    }                                                                                                                  \
    static struct cpu_event push_m_##n(struct cpu *c, const struct cpu_insn *i)                                        \
    {                                                                                                                  \
        return push_mem(c, i, n);                                                                                      \
    }                                                                                                                  \
    static struct cpu_event pop_r_##n(struct cpu *c, const struct cpu_insn *i)                                         \
    {                                                                                                                  \
        return pop_reg(c, i, n);                                                                                       \
    }                                                                                                                  \
    static struct cpu_event pop_m_##n(struct cpu *c, const struct cpu_insn *i)                                         \
    {                                                                                                                  \
        return pop_mem(c, i, n);                                                                                       \
    }
PUSH_POP(2)
PUSH_POP(4)
PUSH_POP(8)
cpu_exec_family cpu_exec_push = {
    [CPU_SHAPE_R] = {NULL, push_r_2, push_r_4, push_r_8},
    [CPU_SHAPE_M] = {NULL, push_m_2, push_m_4, push_m_8},
    [CPU_SHAPE_I] = {NULL, push_i_2, push_i_4, push_i_8},
};
cpu_exec_family cpu_exec_pop = {
    [CPU_SHAPE_R] = {NULL, pop_r_2, pop_r_4, pop_r_8},
    [CPU_SHAPE_M] = {NULL, pop_m_2, pop_m_4, pop_m_8},
};

/* ---- PUSHA, POPA: rAX first, the old rSP among them; POPA skips it ---- */
struct cpu_event cpu_exec_pusha(struct cpu *c, const struct cpu_insn *i)
{
    int n = i->size;
    CPU_TRY(cpu_acquire(c, CPU_SEG_SS, stack_at(c, -8 * n), 8u * i->size));
    for (int k = 0; k < 8; k++)
        CPU_TRY(cpu_store(c, CPU_SEG_SS, stack_at(c, -(k + 1) * n), i->size, op_trunc(c->r[k], i->size)));
    stack_move(c, -8 * n);
    return CPU_OK;
}

struct cpu_event cpu_exec_popa(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v[8];
    for (int k = 0; k < 8; k++)
        CPU_TRY(stack_peek(c, i->size, (7 - k) * i->size, &v[k]));
    for (unsigned k = 0; k < 8; k++)
        if (k != STACK_SP)
            op_put(c, k, i->size, false, v[k]);
    stack_move(c, 8 * i->size);
    return CPU_OK;
}

/* ---- ENTER, LEAVE ---- */
/*
 * rBP is pushed, then the pointers of @level - 1 outer frames are copied one by one, then the new frame pointer (SDM
 * vol. 2A, "ENTER"). Each word is read once for its faults and, since the new frame may overlap the old display, again
 * when its turn comes.
 */
struct cpu_event cpu_exec_enter(struct cpu *c, const struct cpu_insn *i)
{
    unsigned n = i->size, level = (unsigned)i->disp, asize = stack_asize(c), words = 1 + level;
    uint64_t frame = stack_at(c, -(int64_t)n), v;
    for (unsigned k = 1; k < level; k++)
        CPU_TRY(cpu_load(c, CPU_SEG_SS, op_trunc(c->r[5] - (uint64_t)k * n, asize), n, &v));
    CPU_TRY(cpu_acquire(c, CPU_SEG_SS, stack_at(c, -(int64_t)(words * n)), words * n));
    for (unsigned k = 0; k < words; k++) {
        v = k == 0 ? c->r[5] : frame;
        if (k > 0 && k < level)
            CPU_TRY(cpu_load(c, CPU_SEG_SS, op_trunc(c->r[5] - (uint64_t)k * n, asize), n, &v));
        CPU_TRY(cpu_store(c, CPU_SEG_SS, stack_at(c, -(int64_t)((k + 1) * n)), n, op_trunc(v, n)));
    }
    stack_move(c, -(int64_t)(words * n + i->imm));
    op_put(c, 5, n, false, frame);
    return CPU_OK;
}

struct cpu_event cpu_exec_leave(struct cpu *c, const struct cpu_insn *i)
{
    unsigned asize = stack_asize(c);
    uint64_t v, top = op_trunc(c->r[5], asize);
    CPU_TRY(cpu_load(c, CPU_SEG_SS, top, i->size, &v));
    op_put(c, STACK_SP, asize, false, top + i->size);
    op_put(c, 5, i->size, false, v);
    return CPU_OK;
}
