/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors, segment register loads, and what follows from CR0, CR4, EFER and CS for the rest of the core. */
#include "cpu/segment.h"
#include "cpu/shortcut.h"

bool cpu_is_canonical(const struct cpu *c, uint64_t la)
{
    unsigned shift = 64 - c->cfg->virt_bits;
    return (uint64_t)((int64_t)(la << shift) >> shift) == la;
}

/* ---- descriptors
 * ------------------------------------------------------------------------------------------------------ */
struct cpu_event seg_desc_find(struct cpu *c, uint16_t sel, unsigned bytes, struct seg_desc *out, bool *found)
{
    bool ldt = sel & 4;
    uint64_t base = ldt ? c->ldtr.base : c->gdtr.base, limit = ldt ? c->ldtr.limit : c->gdtr.limit;
    *found = !(ldt && (c->ldtr.attr & CPU_SEG_UNUSABLE)) && (sel & ~7u) + bytes - 1 <= limit;
    if (!*found)
        return CPU_OK;
    *out = (struct seg_desc){.la = base + (sel & ~7u)};
    if (!cpu_is_long(c))
        out->la = (uint32_t)out->la;
    CPU_TRY(cpu_sys_load(c, out->la, 8, &out->low));
    if (bytes == 16)
        CPU_TRY(cpu_sys_load(c, out->la + 8, 8, &out->high));
    return CPU_OK;
}

struct cpu_event seg_desc_read(struct cpu *c, uint16_t sel, unsigned bytes, unsigned vec, struct seg_desc *out)
{
    bool found;
    CPU_TRY(seg_desc_find(c, sel, bytes, out, &found));
    return found ? CPU_OK : CPU_EV_FAULT_ERR((uint8_t)vec, sel & ~3u);
}

struct cpu_seg seg_from_desc(const struct seg_desc *d, uint16_t sel)
{
    struct cpu_seg s = {.sel = sel};
    s.attr = (uint16_t)((d->low >> 40 & 0xff) | (d->low >> 52 & 0xf) << 8);
    s.base = (d->low >> 16 & 0xffffff) | (d->low >> 56 & 0xff) << 24;
    s.limit = (uint32_t)((d->low & 0xffff) | (d->low >> 48 & 0xf) << 16);
    if (s.attr & SEG_G)
        s.limit = s.limit << 12 | 0xfff;
    if (!(s.attr & SEG_S))
        s.base |= d->high << 32;
    return s;
}

struct cpu_event seg_desc_accessed(struct cpu *c, const struct seg_desc *d)
{
    if (d->low >> 40 & SEG_A)
        return CPU_OK;
    return cpu_sys_store(c, d->la + 5, 1, (d->low >> 40 & 0xff) | SEG_A);
}

struct cpu_seg seg_null(uint16_t sel)
{
    return (struct cpu_seg){.sel = sel, .attr = CPU_SEG_UNUSABLE};
}
struct cpu_seg seg_flat_code(uint16_t sel, unsigned dpl, bool is_64)
{
    return (struct cpu_seg){0, 0xffffffff, sel,
                            (uint16_t)(SEG_G | (is_64 ? SEG_L : SEG_DB) | SEG_P | dpl << 5 | SEG_S | 0xb)};
}
struct cpu_seg seg_flat_data(uint16_t sel, unsigned dpl)
{
    return (struct cpu_seg){0, 0xffffffff, sel, (uint16_t)(SEG_G | SEG_DB | SEG_P | dpl << 5 | SEG_S | 0x3)};
}

void seg_set_real(struct cpu_seg *s, uint16_t sel)
{
    s->sel = sel;
    s->base = (uint64_t)sel << 4;
    s->attr &= (uint16_t)~CPU_SEG_UNUSABLE;
}

/* ---- loading
 * ------------------------------------------------------------------------------------------------------------ */
struct cpu_event seg_check_stack(struct cpu *c, uint16_t sel, unsigned cpl, unsigned vec, struct cpu_seg *out)
{
    struct seg_desc d;
    uint8_t v = (uint8_t)vec;
    if (seg_is_null(sel))
        return CPU_EV_FAULT_ERR(v, vec == EXC_TS ? sel & ~3u : 0);
    CPU_TRY(seg_desc_read(c, sel, 8, vec, &d));
    struct cpu_seg s = seg_from_desc(&d, sel);
    if (SEL_RPL(sel) != cpl || (s.attr & (SEG_S | SEG_CODE | SEG_W)) != (SEG_S | SEG_W) || SEG_DPL(s.attr) != cpl)
        return CPU_EV_FAULT_ERR(v, sel & ~3u);
    if (!(s.attr & SEG_P))
        return CPU_EV_FAULT_ERR(EXC_SS, sel & ~3u);
    CPU_TRY(seg_desc_accessed(c, &d));
    *out = s;
    return CPU_OK;
}

static struct cpu_event load_stack(struct cpu *c, uint16_t sel, struct cpu_seg *out)
{
    if (seg_is_null(sel) && c->code_size == 8 && c->cpl != 3 && SEL_RPL(sel) == c->cpl) {
        *out = seg_null(sel);
        return CPU_OK;
    }
    return seg_check_stack(c, sel, c->cpl, EXC_GP, out);
}

static struct cpu_event load_data(struct cpu *c, uint16_t sel, struct cpu_seg *out)
{
    struct seg_desc d;
    if (seg_is_null(sel)) {
        *out = seg_null(sel);
        return CPU_OK;
    }
    CPU_TRY(seg_desc_read(c, sel, 8, EXC_GP, &d));
    struct cpu_seg s = seg_from_desc(&d, sel);
    bool code = s.attr & SEG_CODE, conforming = code && (s.attr & SEG_C);
    unsigned rpl = SEL_RPL(sel), weakest = rpl > c->cpl ? rpl : c->cpl;
    if (!(s.attr & SEG_S) || (code && !(s.attr & SEG_W)) || (!conforming && weakest > SEG_DPL(s.attr)))
        return CPU_EV_FAULT_ERR(EXC_GP, sel & ~3u);
    if (!(s.attr & SEG_P))
        return CPU_EV_FAULT_ERR(EXC_NP, sel & ~3u);
    CPU_TRY(seg_desc_accessed(c, &d));
    *out = s;
    return CPU_OK;
}

/* A null selector clears the base of FS and GS, as Intel does (AMD of the time keeps it). */
struct cpu_event cpu_seg_load(struct cpu *c, unsigned seg, uint16_t sel)
{
    struct cpu_seg s = c->seg[seg];
    if (!cpu_is_protected(c))
        seg_set_real(&s, sel);
    else if (seg == CPU_SEG_SS)
        CPU_TRY(load_stack(c, sel, &s));
    else
        CPU_TRY(load_data(c, sel, &s));
    c->seg[seg] = s;
    cpu_segs_changed(c);
    return CPU_OK;
}

/* ---- what follows
 * ---------------------------------------------------------------------------------------------------------- */
static bool is_flat_data(const struct cpu_seg *s)
{
    return s->base == 0 && s->limit == 0xffffffff && (s->attr & (CPU_SEG_UNUSABLE | SEG_CODE | SEG_C | SEG_W)) == SEG_W;
}

void cpu_segs_changed(struct cpu *c)
{
    c->seg_fast = 0;
    for (unsigned k = 0; k < CPU_SEG_COUNT; k++) {
        bool has_base = c->code_size != 8 || k >= CPU_SEG_FS;
        c->seg_base[k] = has_base ? c->seg[k].base : 0;
        if (c->code_size == 8 || is_flat_data(&c->seg[k]))
            c->seg_fast |= (uint8_t)(1u << k);
    }
}

static enum mmu_format format_of(const struct cpu *c)
{
    if (!(c->cr0 & CPU_CR0_PG))
        return MMU_FORMAT_NONE;
    if (c->efer & CPU_EFER_LMA)
        return MMU_FORMAT_4LEVEL;
    return c->cr4 & CPU_CR4_PAE ? MMU_FORMAT_PAE : MMU_FORMAT_32;
}

/* Shortcuts say "this access was allowed": they go when a rule that allowed it changes. */
static void update_mmu(struct cpu *c)
{
    struct mmu_regs r = c->mmu;
    r.format = format_of(c);
    r.wp = c->cr0 & CPU_CR0_WP;
    r.nxe = c->efer & CPU_EFER_NXE;
    r.smep = c->cr4 & CPU_CR4_SMEP;
    r.smap = c->cr4 & CPU_CR4_SMAP;
    r.pse = c->cr4 & CPU_CR4_PSE;
    r.pge = c->cr4 & CPU_CR4_PGE;
    r.pcide = c->cr4 & CPU_CR4_PCIDE;
    if (r.format != c->mmu.format || r.wp != c->mmu.wp || r.nxe != c->mmu.nxe || r.smep != c->mmu.smep ||
        r.smap != c->mmu.smap || r.pcide != c->mmu.pcide)
        shortcut_drop_all(c);
    c->mmu = r;
}

void cpu_mode_changed(struct cpu *c)
{
    const struct cpu_seg *cs = &c->seg[CPU_SEG_CS];
    uint8_t was_user = c->user, was_size = c->code_size;
    c->code_size = cpu_is_long(c) && (cs->attr & SEG_L) ? 8 : cs->attr & SEG_DB ? 4 : 2;
    c->user = c->cpl == 3;
    update_mmu(c);
    cpu_segs_changed(c);
    if (c->user != was_user || c->code_size != was_size)
        cpu_fetch_anew(c);
    c->context = c->contexts[c->cpl != 0];
    c->row = c->rows[c->cpl != 0];
    cpu_attend(c);
}
