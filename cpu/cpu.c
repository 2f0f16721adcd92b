/* SPDX-License-Identifier: Apache-2.0 */
/* A core as an object: construction, start states, INIT and SIPI, modes, what others may ask. */
#include <stdlib.h>
#include "cpu/code.h"
#include "cpu/lapic.h"
#include "cpu/pipeline.h"
#include "cpu/segment.h"
#include "cpu/shortcut.h"

#define APIC_DEFAULT_BASE 0xfee00000ull
#define PAT_DEFAULT       0x0007040600070406ull

/* ---- states
 * ------------------------------------------------------------------------------------------------------------ */
static struct cpu_seg real_segment(uint16_t sel, uint64_t base, bool code)
{
    return (struct cpu_seg){base, 0xffff, sel, (uint16_t)(SEG_P | SEG_S | (code ? 0xb : 0x3))};
}

/* SDM vol. 3A, table "IA-32 and Intel 64 Processor States Following Power-up, Reset, or INIT". INIT leaves x87 and SSE
 * registers alone. */
static void reset_registers(struct cpu *c)
{
    memset(c->r, 0, sizeof c->r);
    c->r[2] = c->cfg->family << 8 | (c->cfg->model & 15) << 4 | c->cfg->stepping;
    c->r[CPU_RIP] = 0xfff0;
    cpu_flags_set(c, 2);
    for (unsigned k = 0; k < CPU_SEG_COUNT; k++)
        c->seg[k] = real_segment(0, 0, false);
    c->seg[CPU_SEG_CS] = real_segment(0xf000, 0xffff0000, true);
    c->gdtr = c->idtr = (struct cpu_table){0, 0xffff};
    c->ldtr = (struct cpu_seg){0, 0xffff, 0, SEG_P | 2};
    c->tr = (struct cpu_seg){0, 0xffff, 0, SEG_P | 0xb};
    c->cr0 = CPU_CR0_CD | CPU_CR0_NW | CPU_CR0_ET;
    c->cr2 = c->cr4 = c->efer = 0;
    c->mmu.cr3 = 0;
    memset(c->dr, 0, sizeof c->dr);
    c->dr[6] = 0xffff0ff0;
    c->dr[7] = 0x400;
    c->cpl = 0;
    c->int_shadow = 0;
    c->extint_vector = -1;
    c->raised = CPU_OK;
    c->nmi_pending = c->nmi_blocked = c->step_pending = c->shutdown = c->woken = false;
    c->kernel_gs_base = 0;
    c->acc = (struct cpu_acc){0};
    tlb_flush_all(c->tlb);
    cpu_mode_changed(c);
}

static void choose_ages(struct cpu *c)
{
    struct tlb_l1_view dtlb = tlb_l1_view(c->tlb, TLB_DATA), itlb = tlb_l1_view(c->tlb, TLB_FETCH);
    c->dtlb_age = dtlb.age;
    c->dtlb_tick = dtlb.tick;
    c->itlb_age = itlb.age;
    c->itlb_tick = itlb.tick;
    c->l1d_age = c->l1i_age = c->dummy_age;
    c->l1d_tick = c->l1i_tick = &c->dummy_tick;
    if (c->mode == CPU_TIMING) {
        struct mem_l1_view l1d = mem_l1d_view(c->mem, c->core), l1i = mem_l1i_view(c->mem, c->core);
        c->l1d_age = l1d.age;
        c->l1d_tick = l1d.tick;
        c->l1i_age = l1i.age;
        c->l1i_tick = l1i.tick;
    }
}

/* The caches are not followed in functional mode, so no shortcut survives a change; what an instruction that waited had
 * gathered belongs to the mode it waited in. */
void cpu_set_mode(struct cpu *c, enum cpu_mode mode)
{
    pipeline_close_group(c);
    c->mode = (uint8_t)mode;
    c->acc = (struct cpu_acc){0};
    choose_ages(c);
    shortcut_drop_all(c);
}

struct cpu *cpu_new(const struct cpu_cfg *cfg, unsigned core, unsigned n_cores, struct phys *phys, struct mem_sys *mem,
                    struct ledger *ledger, const struct cpu_ops *ops, void *opaque)
{
    static const struct tlb_ops tlb_ops = {shortcut_tlb_lost};
    struct cpu *c = calloc(1, sizeof *c);
    struct cpu_cfg *own = malloc(sizeof *own);
    *own = *cfg;
    c->cfg = own;
    c->core = core;
    c->n_cores = n_cores;
    c->phys = phys;
    c->mem = mem;
    c->ledger = ledger;
    c->ops = ops;
    c->opaque = opaque;
    c->tlb = tlb_new(&own->tlb, &tlb_ops, c);
    c->lapic = lapic_new(core);
    c->code = code_new(phys);
    c->pipe = malloc(sizeof *c->pipe);
    pipeline_init(c);
    shortcut_init(c);
    unsigned boot = ledger_context(ledger, "boot");
    cpu_set_context(c, boot, boot);
    cpu_set_mode(c, CPU_TIMING);
    c->mmu.phys_bits = own->phys_bits;
    c->mmu.has_1g = own->has_1g_pages;
    c->apic_base = APIC_DEFAULT_BASE | 0x800 | (core == 0 ? 0x100 : 0);
    c->pat = PAT_DEFAULT;
    c->misc_enable = 1;
    c->tsc_aux = 0;
    lapic_reset(c);
    reset_registers(c);
    c->fpu = (struct cpu_fpu){.fcw = FCW_AFTER_RESET, .ftw = 0xff, .mxcsr = MXCSR_DEFAULT, .mxcsr_mask = MXCSR_DEFINED};
    c->halted = c->wait_sipi = core != 0;
    cpu_attend(c);
    return c;
}

void cpu_free(struct cpu *c)
{
    if (!c)
        return;
    shortcut_free(c);
    code_free(c->code);
    free(c->pipe);
    free(c->lapic);
    tlb_free(c->tlb);
    free((void *)(uintptr_t)c->cfg);
    free(c);
}

void cpu_peers(struct cpu *c, struct cpu **cores, unsigned n)
{
    c->peers = cores;
    c->n_peers = n;
    if (c != cores[0]) { /* decoded instructions are shared: core 0's cache serves all */
        code_free(c->code);
        c->code = code_share(cores[0]->code);
        shortcut_drop_all(c);
    }
}

void cpu_start_flat32(struct cpu *c, const struct cpu_flat_start *s)
{
    reset_registers(c);
    for (unsigned k = 0; k < CPU_SEG_COUNT; k++)
        c->seg[k] = seg_flat_data(0, 0);
    c->seg[CPU_SEG_CS] = seg_flat_code(0, 0, false);
    c->cr0 = CPU_CR0_PE | CPU_CR0_ET;
    c->tr.limit = 0x67;
    c->r[CPU_RIP] = s->eip;
    c->r[3] = s->ebx;
    c->halted = c->wait_sipi = false;
    cpu_mode_changed(c);
}

void cpu_init(struct cpu *c, cyc_t when)
{
    cpu_idle_until(c, c->halted ? when : 0);
    reset_registers(c);
    lapic_reset(c);
    c->halted = c->wait_sipi = !(c->apic_base & 0x100);
    cpu_attend(c);
}

void cpu_sipi(struct cpu *c, uint8_t vector, cyc_t when)
{
    if (!c->wait_sipi)
        return;
    cpu_idle_until(c, when + c->cfg->wake_cyc);
    c->seg[CPU_SEG_CS] = real_segment((uint16_t)(vector << 8), (uint64_t)vector << 12, true);
    c->r[CPU_RIP] = 0;
    c->halted = c->wait_sipi = false;
    cpu_mode_changed(c);
}

void cpu_set_context(struct cpu *c, unsigned ctx_cpl0, unsigned ctx_cpl3)
{
    c->contexts[0] = ctx_cpl0;
    c->contexts[1] = ctx_cpl3;
    for (unsigned k = 0; k < 2; k++)
        c->rows[k] = ledger_row(c->ledger, c->core, c->contexts[k]);
    c->context = c->contexts[c->cpl != 0];
    c->row = c->rows[c->cpl != 0];
}

void cpu_test_no_shortcut(struct cpu *c)
{
    c->no_shortcut = 1;
    shortcut_drop_all(c);
}

/* ---- questions
 * --------------------------------------------------------------------------------------------------------------- */
cyc_t cpu_now(const struct cpu *c)
{
    return c->now;
}
bool cpu_is_halted(const struct cpu *c)
{
    return c->halted;
}
uint64_t cpu_instructions(const struct cpu *c)
{
    return c->stats.instructions;
}
const struct cpu_stats *cpu_stats(const struct cpu *c)
{
    return &c->stats;
}
const struct tlb_stats *cpu_tlb_stats(const struct cpu *c)
{
    return tlb_stats(c->tlb);
}

void cpu_get_state(const struct cpu *c, struct cpu_state *out)
{
    memcpy(out->r, c->r, sizeof out->r);
    out->rip = c->r[CPU_RIP];
    out->rflags = cpu_flags_get(c);
    out->cr0 = c->cr0;
    out->cr2 = c->cr2;
    out->cr3 = c->mmu.cr3;
    out->cr4 = c->cr4;
    out->efer = c->efer;
    out->cs = c->seg[CPU_SEG_CS].sel;
    out->ss = c->seg[CPU_SEG_SS].sel;
    out->cpl = c->cpl;
}

static uint64_t hash_segment(const struct cpu_seg *s, uint64_t h)
{
    return cpu_mix(cpu_mix(h, s->base), s->limit | (uint64_t)s->sel << 32 | (uint64_t)s->attr << 48);
}

uint64_t cpu_state_hash(const struct cpu *c, uint64_t seed)
{
    const uint64_t parts[] = {cpu_flags_get(c), c->cr0,
                              c->cr2,           c->mmu.cr3,
                              c->cr4,           c->efer,
                              c->gdtr.base,     c->gdtr.limit,
                              c->star,          c->idtr.base,
                              c->idtr.limit,    c->lstar,
                              c->cstar,         c->fmask,
                              c->tsc_aux,       c->pat,
                              c->tsc_offset,    c->apic_base,
                              c->sysenter_cs,   c->sysenter_esp,
                              c->sysenter_eip,  c->kernel_gs_base,
                              c->misc_enable,   c->cpl};
    uint64_t h = seed;
    for (unsigned k = 0; k <= CPU_RIP; k++)
        h = cpu_mix(h, c->r[k]);
    for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++)
        h = cpu_mix(h, parts[k]);
    for (unsigned k = 0; k < CPU_SEG_COUNT; k++)
        h = hash_segment(&c->seg[k], h);
    h = hash_segment(&c->tr, hash_segment(&c->ldtr, h));
    for (unsigned k = 0; k < 8; k++)
        h = cpu_mix(h, c->dr[k]);
    for (unsigned k = 0; k < sizeof c->fpu; k += 8)
        h = cpu_mix(h, cpu_host_read((const uint8_t *)&c->fpu + k, 8));
    for (unsigned k = 0; k < 4; k++)
        h = cpu_mix(h, c->mmu.pdpte[k]);
    const uint64_t bits[] = {c->halted || c->woken, c->wait_sipi,  c->nmi_pending,
                             c->nmi_blocked,        c->shutdown,   c->step_pending,
                             c->extint_line,        c->int_shadow, (uint16_t)c->extint_vector};
    for (size_t k = 0; k < sizeof bits / sizeof bits[0]; k++)
        h = cpu_mix(h, bits[k]);
    return lapic_hash(c, h);
}
