/* SPDX-License-Identifier: Apache-2.0 */
/* System instructions on segments: segment registers, descriptor tables, task register, and the questions about them.
 */
#include "cpu/system.h"

/* After a load of SS no interrupt comes before the next instruction. */
static void shadow(struct cpu *c, unsigned seg)
{
    if (seg == CPU_SEG_SS) {
        c->int_shadow = 2;
        c->attention = 1;
    }
}

/* ---- segment registers
 * ------------------------------------------------------------------------------------------------ */
struct cpu_event cpu_exec_sys_mov_sreg_load(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t sel;
    if (i->reg == CPU_SEG_CS || i->reg > CPU_SEG_GS)
        return SYS_UD;
    CPU_TRY(op_load_or_rm(c, i, 2, &sel));
    CPU_TRY(cpu_seg_load(c, i->reg, (uint16_t)sel));
    shadow(c, i->reg);
    return CPU_OK;
}

struct cpu_event cpu_exec_sys_mov_sreg_store(struct cpu *c, const struct cpu_insn *i)
{
    if (i->reg > CPU_SEG_GS)
        return SYS_UD;
    uint64_t sel = c->seg[i->reg].sel;
    if (i->flags & CPU_I_MEM)
        return op_store(c, i, 2, sel);
    op_put(c, i->rm, i->size, false, sel);
    return CPU_OK;
}

struct cpu_event cpu_exec_sys_push_sreg(struct cpu *c, const struct cpu_insn *i)
{
    return stack_push(c, i->size, c->seg[i->reg].sel);
}

struct cpu_event cpu_exec_sys_pop_sreg(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t sel;
    CPU_TRY(stack_peek(c, i->size, 0, &sel));
    CPU_TRY(cpu_seg_load(c, i->reg, (uint16_t)sel));
    stack_move(c, i->size);
    shadow(c, i->reg);
    return CPU_OK;
}

static struct cpu_event load_far_pointer(struct cpu *c, const struct cpu_insn *i, unsigned seg)
{
    uint64_t off, sel, at = cpu_ea(c, i);
    CPU_TRY(cpu_load(c, i->seg, at, i->size, &off));
    CPU_TRY(cpu_load(c, i->seg, op_trunc(at + i->size, i->asize), 2, &sel));
    CPU_TRY(cpu_seg_load(c, seg, (uint16_t)sel));
    op_put(c, i->reg, i->size, false, off);
    return CPU_OK;
}
struct cpu_event cpu_exec_sys_lss(struct cpu *c, const struct cpu_insn *i)
{
    return load_far_pointer(c, i, CPU_SEG_SS);
}
struct cpu_event cpu_exec_sys_lfs(struct cpu *c, const struct cpu_insn *i)
{
    return load_far_pointer(c, i, CPU_SEG_FS);
}
struct cpu_event cpu_exec_sys_lgs(struct cpu *c, const struct cpu_insn *i)
{
    return load_far_pointer(c, i, CPU_SEG_GS);
}
struct cpu_event cpu_exec_sys_les(struct cpu *c, const struct cpu_insn *i)
{
    return load_far_pointer(c, i, CPU_SEG_ES);
}
struct cpu_event cpu_exec_sys_lds(struct cpu *c, const struct cpu_insn *i)
{
    return load_far_pointer(c, i, CPU_SEG_DS);
}

/* ---- GDTR, IDTR
 * ---------------------------------------------------------------------------------------------------------- */
static struct cpu_event load_table(struct cpu *c, const struct cpu_insn *i, struct cpu_table *t)
{
    uint64_t limit, base, at = cpu_ea(c, i);
    if (c->cpl)
        return SYS_GP0;
    CPU_TRY(cpu_load(c, i->seg, at, 2, &limit));
    CPU_TRY(cpu_load(c, i->seg, op_trunc(at + 2, i->asize), i->size == 8 ? 8 : 4, &base));
    if (i->size == 2)
        base &= 0xffffff;
    if (i->size == 8 && !cpu_is_canonical(c, base))
        return SYS_GP0;
    *t = (struct cpu_table){base, (uint16_t)limit};
    return CPU_OK;
}
struct cpu_event cpu_exec_sys_lgdt(struct cpu *c, const struct cpu_insn *i)
{
    return load_table(c, i, &c->gdtr);
}
struct cpu_event cpu_exec_sys_lidt(struct cpu *c, const struct cpu_insn *i)
{
    return load_table(c, i, &c->idtr);
}

static struct cpu_event store_table(struct cpu *c, const struct cpu_insn *i, const struct cpu_table *t)
{
    uint64_t at = cpu_ea(c, i);
    unsigned n = c->code_size == 8 ? 8 : 4;
    CPU_TRY(cpu_acquire(c, i->seg, at, 2 + n));
    CPU_TRY(cpu_store(c, i->seg, at, 2, t->limit));
    return cpu_store(c, i->seg, op_trunc(at + 2, i->asize), n, t->base);
}
struct cpu_event cpu_exec_sys_sgdt(struct cpu *c, const struct cpu_insn *i)
{
    return store_table(c, i, &c->gdtr);
}
struct cpu_event cpu_exec_sys_sidt(struct cpu *c, const struct cpu_insn *i)
{
    return store_table(c, i, &c->idtr);
}

/* ---- LDTR, TR
 * ------------------------------------------------------------------------------------------------------------- */
static unsigned system_desc_bytes(const struct cpu *c)
{
    return cpu_is_long(c) ? 16 : 8;
}

struct cpu_event cpu_exec_sys_lldt(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t sel;
    struct seg_desc d;
    if (!cpu_is_protected(c))
        return SYS_UD;
    if (c->cpl)
        return SYS_GP0;
    CPU_TRY(op_load_or_reg(c, i, 2, &sel));
    if (seg_is_null((uint16_t)sel)) {
        c->ldtr = seg_null((uint16_t)sel);
        return CPU_OK;
    }
    if (sel & 4)
        return CPU_EV_FAULT_ERR(EXC_GP, (uint32_t)sel & ~3u);
    CPU_TRY(seg_desc_read(c, (uint16_t)sel, system_desc_bytes(c), EXC_GP, &d));
    struct cpu_seg s = seg_from_desc(&d, (uint16_t)sel);
    if ((s.attr & (SEG_S | SEG_TYPE)) != 2 || !cpu_is_canonical(c, s.base))
        return CPU_EV_FAULT_ERR(EXC_GP, (uint32_t)sel & ~3u);
    if (!(s.attr & SEG_P))
        return CPU_EV_FAULT_ERR(EXC_NP, (uint32_t)sel & ~3u);
    c->ldtr = s;
    return CPU_OK;
}

struct cpu_event cpu_exec_sys_ltr(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t sel;
    struct seg_desc d;
    if (!cpu_is_protected(c))
        return SYS_UD;
    if (c->cpl)
        return SYS_GP0;
    CPU_TRY(op_load_or_reg(c, i, 2, &sel));
    if (seg_is_null((uint16_t)sel))
        return SYS_GP0;
    uint32_t error = (uint32_t)sel & ~3u;
    if (sel & 4)
        return CPU_EV_FAULT_ERR(EXC_GP, error);
    CPU_TRY(seg_desc_read(c, (uint16_t)sel, system_desc_bytes(c), EXC_GP, &d));
    struct cpu_seg s = seg_from_desc(&d, (uint16_t)sel);
    unsigned type = s.attr & (SEG_S | SEG_TYPE);
    if ((type != 9 && (type != 1 || cpu_is_long(c))) || !cpu_is_canonical(c, s.base))
        return CPU_EV_FAULT_ERR(EXC_GP, error);
    if (!(s.attr & SEG_P))
        return CPU_EV_FAULT_ERR(EXC_NP, error);
    s.attr |= 2; /* busy */
    CPU_TRY(cpu_sys_store(c, d.la + 5, 1, s.attr & 0xff));
    c->tr = s;
    return CPU_OK;
}

static struct cpu_event store_selector(struct cpu *c, const struct cpu_insn *i, uint16_t sel)
{
    if (!cpu_is_protected(c))
        return SYS_UD;
    if (i->flags & CPU_I_MEM)
        return op_store(c, i, 2, sel);
    op_put(c, i->reg, i->size, false, sel);
    return CPU_OK;
}
struct cpu_event cpu_exec_sys_sldt(struct cpu *c, const struct cpu_insn *i)
{
    return store_selector(c, i, c->ldtr.sel);
}
struct cpu_event cpu_exec_sys_str(struct cpu *c, const struct cpu_insn *i)
{
    return store_selector(c, i, c->tr.sel);
}

/* ---- VERR, VERW, LAR, LSL
 * ---------------------------------------------------------------------------------------------------- */
static void set_zf(struct cpu *c, bool zf)
{
    cpu_flags_set(c, (cpu_flags_get(c) & ~CPU_RFLAGS_ZF) | (zf ? CPU_RFLAGS_ZF : 0));
}

/* The descriptor of @sel, if it is visible from here: *seen. System descriptors only of the types in @system. */
static struct cpu_event visible(struct cpu *c, uint16_t sel, uint32_t system, struct cpu_seg *s, struct seg_desc *d,
                                bool *seen)
{
    *seen = false;
    if (seg_is_null(sel))
        return CPU_OK;
    bool found;
    CPU_TRY(seg_desc_find(c, sel, 8, d, &found));
    if (!found)
        return CPU_OK;
    *s = seg_from_desc(d, sel);
    if (!(s->attr & SEG_S) && !(system >> (s->attr & SEG_TYPE) & 1))
        return CPU_OK;
    bool conforming = (s->attr & (SEG_S | SEG_CODE | SEG_C)) == (SEG_S | SEG_CODE | SEG_C);
    unsigned dpl = SEG_DPL(s->attr);
    *seen = conforming || (dpl >= c->cpl && dpl >= SEL_RPL(sel));
    return CPU_OK;
}

static struct cpu_event verify(struct cpu *c, const struct cpu_insn *i, bool write)
{
    uint64_t sel;
    struct cpu_seg s;
    struct seg_desc d;
    bool seen;
    if (!cpu_is_protected(c))
        return SYS_UD;
    CPU_TRY(op_load_or_reg(c, i, 2, &sel));
    CPU_TRY(visible(c, (uint16_t)sel, 0, &s, &d, &seen));
    if (seen) {
        bool code = s.attr & SEG_CODE, bit = s.attr & SEG_W;
        seen = write ? !code && bit : !code || bit;
    }
    set_zf(c, seen);
    return CPU_OK;
}
struct cpu_event cpu_exec_sys_verr(struct cpu *c, const struct cpu_insn *i)
{
    return verify(c, i, false);
}
struct cpu_event cpu_exec_sys_verw(struct cpu *c, const struct cpu_insn *i)
{
    return verify(c, i, true);
}

/* System types that LAR and LSL know, as bit masks: fewer exist in long mode. */
#define LAR_TYPES_LEGACY 0x1a3eu
#define LAR_TYPES_LONG   0x1a04u
#define LSL_TYPES_LEGACY 0x0a0eu
#define LSL_TYPES_LONG   0x0a04u

static struct cpu_event ask(struct cpu *c, const struct cpu_insn *i, uint32_t types, bool limit)
{
    uint64_t sel;
    struct cpu_seg s;
    struct seg_desc d;
    bool seen;
    if (!cpu_is_protected(c))
        return SYS_UD;
    CPU_TRY(op_load_or_rm(c, i, 2, &sel));
    CPU_TRY(visible(c, (uint16_t)sel, types, &s, &d, &seen));
    if (seen)
        op_put_reg(c, i, i->size, limit ? s.limit : d.low >> 32 & 0xffff00);
    set_zf(c, seen);
    return CPU_OK;
}
struct cpu_event cpu_exec_sys_lar(struct cpu *c, const struct cpu_insn *i)
{
    return ask(c, i, cpu_is_long(c) ? LAR_TYPES_LONG : LAR_TYPES_LEGACY, false);
}
struct cpu_event cpu_exec_sys_lsl(struct cpu *c, const struct cpu_insn *i)
{
    return ask(c, i, cpu_is_long(c) ? LSL_TYPES_LONG : LSL_TYPES_LEGACY, true);
}
