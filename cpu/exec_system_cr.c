/* SPDX-License-Identifier: Apache-2.0 */
/* System instructions on control and debug registers, TLB and caches. The rules are in control.c. */
#include "cpu/lapic.h"
#include "cpu/shortcut.h"
#include "cpu/system.h"
#include "cpu/translate.h"
#include "sim/core/fault.h"

/* ---- control registers ---------------------------------------------------------------------------------------------
 */
struct cpu_event cpu_exec_sys_mov_cr_read(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v;
    switch (i->reg) {
    case 0:
        v = c->cr0;
        break;
    case 2:
        v = c->cr2;
        break;
    case 3:
        v = c->mmu.cr3;
        break;
    case 4:
        v = c->cr4;
        break;
    case 8:
        v = lapic_cr8(c);
        break;
    default:
        return SYS_UD;
    }
    if (c->cpl)
        return SYS_GP0;
    op_put(c, i->rm, i->size, false, v);
    return CPU_OK;
}

static struct cpu_event write_cr8(struct cpu *c, uint64_t v)
{
    if (v >> 4)
        return SYS_GP0;
    lapic_set_cr8(c, v);
    return CPU_OK;
}

struct cpu_event cpu_exec_sys_mov_cr_write(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v = op_trunc(c->r[i->rm], i->size);
    if (i->reg != 0 && i->reg != 2 && i->reg != 3 && i->reg != 4 && i->reg != 8)
        return SYS_UD;
    if (c->cpl)
        return SYS_GP0;
    switch (i->reg) {
    case 0:
        return control_cr0_write(c, v);
    case 2:
        c->cr2 = v;
        return CPU_OK;
    case 3:
        CPU_TRY(control_cr3_write(c, v));
        system_reclass(c, TC_CR3);
        return CPU_OK;
    case 4:
        return control_cr4_write(c, v);
    default:
        return write_cr8(c, v);
    }
}

struct cpu_event cpu_exec_sys_lmsw(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v;
    if (c->cpl)
        return SYS_GP0;
    CPU_TRY(op_load_or_reg(c, i, 2, &v));
    uint64_t keep = ~0xfull | (c->cr0 & CPU_CR0_PE); /* PE can be set here, not cleared */
    return control_cr0_write(c, (c->cr0 & keep) | (v & 0xf));
}
struct cpu_event cpu_exec_sys_smsw(struct cpu *c, const struct cpu_insn *i)
{
    if (i->flags & CPU_I_MEM)
        return op_store(c, i, 2, c->cr0);
    op_put(c, i->reg, i->size, false, c->cr0);
    return CPU_OK;
}
struct cpu_event cpu_exec_sys_clts(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    if (c->cpl)
        return SYS_GP0;
    c->cr0 &= ~CPU_CR0_TS;
    return CPU_OK;
}

/* ---- debug registers: kept, not acted upon --------------------------------------------------------------------------
 */
static struct cpu_event which_dr(struct cpu *c, const struct cpu_insn *i, unsigned *n)
{
    *n = i->reg;
    if (*n > 7 || ((*n == 4 || *n == 5) && (c->cr4 & CPU_CR4_DE)))
        return SYS_UD;
    if (*n == 4 || *n == 5)
        *n += 2;
    return c->cpl ? SYS_GP0 : CPU_OK;
}

struct cpu_event cpu_exec_sys_mov_dr_read(struct cpu *c, const struct cpu_insn *i)
{
    unsigned n;
    CPU_TRY(which_dr(c, i, &n));
    op_put(c, i->rm, i->size, false, c->dr[n]);
    return CPU_OK;
}

struct cpu_event cpu_exec_sys_mov_dr_write(struct cpu *c, const struct cpu_insn *i)
{
    unsigned n;
    CPU_TRY(which_dr(c, i, &n));
    uint64_t v = op_trunc(c->r[i->rm], i->size);
    if (n >= 6 && v >> 32)
        return SYS_GP0;
    if (n == 6)
        v = (v & 0xe00f) | 0xffff0ff0;
    if (n == 7) {
        if (v & 0x20ff)
            sim_unmodelled("hardware breakpoints (DR7 = %#llx)", (unsigned long long)v);
        v = (v & 0xffff2fff) | 0x400;
    }
    c->dr[n] = v;
    return CPU_OK;
}

/* ---- TLB and caches
 * ------------------------------------------------------------------------------------------------------ */
struct cpu_event cpu_exec_sys_invlpg(struct cpu *c, const struct cpu_insn *i)
{
    if (c->cpl)
        return SYS_GP0;
    uint64_t la = c->seg_base[i->seg] + cpu_ea(c, i);
    if (c->code_size != 8)
        la = (uint32_t)la;
    if (cpu_is_canonical(c, la))
        tlb_flush_page(c->tlb, (gva_t){la}, translate_pcid(c));
    return CPU_OK;
}

struct cpu_event cpu_exec_sys_invpcid(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t pcid, la, at = cpu_ea(c, i), type = op_reg(c, i, i->size);
    if (!c->cfg->has_pcid)
        return SYS_UD;
    if (c->cpl)
        return SYS_GP0;
    CPU_TRY(cpu_load(c, i->seg, at, 8, &pcid));
    CPU_TRY(cpu_load(c, i->seg, op_trunc(at + 8, i->asize), 8, &la));
    if (type > 3 || pcid >> 12 || (type == 0 && !cpu_is_canonical(c, la)) || (!c->mmu.pcide && type <= 1 && pcid))
        return SYS_GP0;
    switch (type) {
    case 0:
        tlb_flush_page(c->tlb, (gva_t){la}, (uint16_t)pcid);
        break;
    case 1:
        tlb_flush_cr3(c->tlb, (uint16_t)pcid, false);
        break;
    case 2:
        tlb_flush_all(c->tlb);
        break;
    default:
        tlb_flush_cr3(c->tlb, 0, true);
        break;
    }
    return CPU_OK;
}

/* Caches hold no data here: nothing to write back; what a flush costs later is not modelled. */
struct cpu_event cpu_exec_sys_wbinvd(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    return c->cpl ? SYS_GP0 : CPU_OK;
}
struct cpu_event cpu_exec_sys_invd(struct cpu *c, const struct cpu_insn *i)
{
    return cpu_exec_sys_wbinvd(c, i);
}
