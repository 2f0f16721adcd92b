/* SPDX-License-Identifier: Apache-2.0 */
/* Flag instructions, ports, no-operations and the marker. */
#include "cpu/exec_ops.h"

/* ---- flags ---- */
struct cpu_event cpu_exec_lahf(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    op_put(c, 0, 1, true, (flags_bits(&c->fl) & 0xd5) | 2);
    return CPU_OK;
}

struct cpu_event cpu_exec_sahf(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    c->fl = flags_from_bits((flags_bits(&c->fl) & RFLAGS_OF) | (c->r[0] >> 8 & 0xd5));
    return CPU_OK;
}

struct cpu_event cpu_exec_clc(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    flags_put_cf(&c->fl, false);
    return CPU_OK;
}
struct cpu_event cpu_exec_stc(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    flags_put_cf(&c->fl, true);
    return CPU_OK;
}
struct cpu_event cpu_exec_cmc(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    flags_put_cf(&c->fl, !flags_cf(&c->fl));
    return CPU_OK;
}
struct cpu_event cpu_exec_cld(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    c->rflags &= ~(uint64_t)RFLAGS_DF;
    return CPU_OK;
}
struct cpu_event cpu_exec_std(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    c->rflags |= RFLAGS_DF;
    return CPU_OK;
}

/* ---- ports: permission, turn and device are cpu_io_read's and cpu_io_write's business ---- */
static struct cpu_event in(struct cpu *c, const struct cpu_insn *i, uint16_t port)
{
    uint64_t v;
    CPU_TRY(cpu_io_read(c, port, i->size, &v));
    op_put(c, 0, i->size, false, v);
    return CPU_OK;
}

struct cpu_event cpu_exec_in_imm(struct cpu *c, const struct cpu_insn *i)
{
    return in(c, i, (uint8_t)i->imm);
}
struct cpu_event cpu_exec_in_dx(struct cpu *c, const struct cpu_insn *i)
{
    return in(c, i, (uint16_t)c->r[2]);
}
struct cpu_event cpu_exec_out_imm(struct cpu *c, const struct cpu_insn *i)
{
    return cpu_io_write(c, (uint8_t)i->imm, i->size, op_trunc(c->r[0], i->size));
}
struct cpu_event cpu_exec_out_dx(struct cpu *c, const struct cpu_insn *i)
{
    return cpu_io_write(c, (uint16_t)c->r[2], i->size, op_trunc(c->r[0], i->size));
}

/* ---- nothing ---- */
struct cpu_event cpu_exec_nop(struct cpu *c, const struct cpu_insn *i)
{
    (void)c, (void)i;
    return CPU_OK;
}

/* The board may end the turn in here (cpu_stop_turn), which is why the row is an END. */
struct cpu_event cpu_exec_marker(struct cpu *c, const struct cpu_insn *i)
{
    if (c->ops && c->ops->marker)
        c->ops->marker(c->opaque, c->core, (uint32_t)i->disp & ~CPU_MARK_MASK, c->r[0], c->now);
    return CPU_OK;
}
