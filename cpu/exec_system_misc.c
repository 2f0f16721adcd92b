/* SPDX-License-Identifier: Apache-2.0 */
/* System instructions on flags, MSRs, time, identity and waiting. */
#include "cpu/pipeline.h"
#include "cpu/system.h"

/* ---- MSRs, time, identity
 * --------------------------------------------------------------------------------------------- */
static void put_pair(struct cpu *c, uint64_t v)
{
    c->r[0] = (uint32_t)v;
    c->r[2] = v >> 32;
}

struct cpu_event cpu_exec_sys_rdmsr(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v;
    (void)i;
    if (c->cpl)
        return SYS_GP0;
    CPU_TRY(msr_read(c, (uint32_t)c->r[1], &v));
    put_pair(c, v);
    return CPU_OK;
}

struct cpu_event cpu_exec_sys_wrmsr(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    if (c->cpl)
        return SYS_GP0;
    return msr_write(c, (uint32_t)c->r[1], (uint32_t)c->r[0] | c->r[2] << 32);
}

struct cpu_event cpu_exec_sys_rdtsc(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    if ((c->cr4 & CPU_CR4_TSD) && c->cpl)
        return SYS_GP0;
    put_pair(c, c->now + c->tsc_offset);
    return CPU_OK;
}

struct cpu_event cpu_exec_sys_rdtscp(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(cpu_exec_sys_rdtsc(c, i));
    c->r[1] = (uint32_t)c->tsc_aux;
    return CPU_OK;
}

struct cpu_event cpu_exec_sys_cpuid(struct cpu *c, const struct cpu_insn *i)
{
    uint32_t out[4];
    (void)i;
    cpuid_leaf(c, (uint32_t)c->r[0], (uint32_t)c->r[1], out);
    c->r[0] = out[0];
    c->r[3] = out[1];
    c->r[1] = out[2];
    c->r[2] = out[3];
    return CPU_OK;
}

struct cpu_event cpu_exec_sys_swapgs(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    if (c->code_size != 8)
        return SYS_UD;
    if (c->cpl)
        return SYS_GP0;
    uint64_t base = c->seg[CPU_SEG_GS].base;
    c->seg[CPU_SEG_GS].base = c->kernel_gs_base;
    c->kernel_gs_base = base;
    cpu_segs_changed(c);
    return CPU_OK;
}

/* ---- flags
 * -------------------------------------------------------------------------------------------------------------- */
static bool may_set_if(const struct cpu *c)
{
    return !cpu_is_protected(c) || c->cpl <= (c->rflags >> 12 & 3);
}

struct cpu_event cpu_exec_sys_cli(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    if (!may_set_if(c))
        return SYS_GP0;
    c->rflags &= ~CPU_RFLAGS_IF;
    cpu_attend(c);
    return CPU_OK;
}

struct cpu_event cpu_exec_sys_sti(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    if (!may_set_if(c))
        return SYS_GP0;
    if (!(c->rflags & CPU_RFLAGS_IF)) {
        c->rflags |= CPU_RFLAGS_IF;
        c->int_shadow = 2;
        c->attention = 1;
    }
    return CPU_OK;
}

struct cpu_event cpu_exec_sys_pushf(struct cpu *c, const struct cpu_insn *i)
{
    return stack_push(c, i->size, cpu_flags_get(c) & ~(CPU_RFLAGS_VM | CPU_RFLAGS_RF));
}

struct cpu_event cpu_exec_sys_popf(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v, may = CPU_RFLAGS_ARITH | CPU_RFLAGS_TF | CPU_RFLAGS_DF | CPU_RFLAGS_NT;
    CPU_TRY(stack_peek(c, i->size, 0, &v));
    if (i->size > 2)
        may |= CPU_RFLAGS_AC | CPU_RFLAGS_ID;
    if (!cpu_is_protected(c) || c->cpl == 0)
        may |= CPU_RFLAGS_IOPL;
    if (may_set_if(c))
        may |= CPU_RFLAGS_IF;
    stack_move(c, i->size);
    cpu_flags_set(c, (cpu_flags_get(c) & ~may) | (v & may));
    cpu_attend(c);
    return CPU_OK;
}

static struct cpu_event set_ac(struct cpu *c, uint64_t ac)
{
    if (!c->cfg->has_smap || c->cpl || !cpu_is_protected(c))
        return SYS_UD;
    c->rflags = (c->rflags & ~CPU_RFLAGS_AC) | ac;
    return CPU_OK;
}
struct cpu_event cpu_exec_sys_clac(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    return set_ac(c, 0);
}
struct cpu_event cpu_exec_sys_stac(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    return set_ac(c, CPU_RFLAGS_AC);
}

/* ---- waiting and ordering
 * -------------------------------------------------------------------------------------------------- */
struct cpu_event cpu_exec_sys_hlt(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    if (c->cpl)
        return SYS_GP0;
    c->halted = true;
    c->attention = 1;
    return CPU_OK;
}

/* Stores become visible in order and loads are not held up, so only MFENCE has anything to wait for. */
struct cpu_event cpu_exec_sys_mfence(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    pipeline_drain(c, LEDGER_SERIALISE);
    return CPU_OK;
}
struct cpu_event cpu_exec_sys_lfence(struct cpu *c, const struct cpu_insn *i)
{
    (void)c, (void)i;
    return CPU_OK;
}
struct cpu_event cpu_exec_sys_sfence(struct cpu *c, const struct cpu_insn *i)
{
    (void)c, (void)i;
    return CPU_OK;
}
struct cpu_event cpu_exec_sys_pause(struct cpu *c, const struct cpu_insn *i)
{
    (void)c, (void)i;
    return CPU_OK;
}

/* ---- not offered by CPUID: #UD
 * ------------------------------------------------------------------------------------------------ */
struct cpu_event cpu_exec_sys_ud2(struct cpu *c, const struct cpu_insn *i)
{
    (void)c, (void)i;
    return SYS_UD;
}
struct cpu_event cpu_exec_sys_monitor(struct cpu *c, const struct cpu_insn *i)
{
    return cpu_exec_sys_ud2(c, i);
}
struct cpu_event cpu_exec_sys_mwait(struct cpu *c, const struct cpu_insn *i)
{
    return cpu_exec_sys_ud2(c, i);
}
struct cpu_event cpu_exec_sys_xgetbv(struct cpu *c, const struct cpu_insn *i)
{
    return cpu_exec_sys_ud2(c, i);
}
struct cpu_event cpu_exec_sys_xsetbv(struct cpu *c, const struct cpu_insn *i)
{
    return cpu_exec_sys_ud2(c, i);
}
