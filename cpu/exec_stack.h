/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stack, for handlers: its address size is 8 in 64-bit code, else 4 or 2 by SS.B. All reads and writes go first,
 * rSP moves last. Includable only from cpu/.
 */
#pragma once
#include "cpu/exec_ops.h"

#define STACK_SP   4
#define STACK_SS_B (1u << 10)

OPS_INLINE unsigned stack_asize(const struct cpu *c)
{
    return cpu_likely(c->code_size == 8) ? 8 : c->seg[CPU_SEG_SS].attr & STACK_SS_B ? 4 : 2;
}
/* Offset in SS of the byte @from bytes above the top. */
OPS_INLINE uint64_t stack_at(const struct cpu *c, int64_t from)
{
    return op_trunc(c->r[STACK_SP] + (uint64_t)from, stack_asize(c));
}
/* stack_move() - rSP += @by; a 16-bit stack keeps the rest of the register. */
OPS_INLINE void stack_move(struct cpu *c, int64_t by)
{
    op_put(c, STACK_SP, stack_asize(c), false, c->r[STACK_SP] + (uint64_t)by);
}
OPS_INLINE struct cpu_event stack_peek(struct cpu *c, unsigned n, int64_t from, uint64_t *v)
{
    return cpu_load(c, CPU_SEG_SS, stack_at(c, from), n, v);
}
OPS_INLINE struct cpu_event stack_push(struct cpu *c, unsigned n, uint64_t v)
{
    CPU_TRY(cpu_store(c, CPU_SEG_SS, stack_at(c, -(int64_t)n), n, op_trunc(v, n)));
    stack_move(c, -(int64_t)n);
    return CPU_OK;
}
