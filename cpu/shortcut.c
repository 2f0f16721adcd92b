/* SPDX-License-Identifier: Apache-2.0 */
/* Book-keeping of the shortcuts: see shortcut.h. Not here: taking them (cpu_internal.h, fetch.c). */
#include <stdlib.h>
#include "cpu/shortcut.h"

static void drop_data(struct cpu_sc *e)
{
    e->rtag = e->wtag = ~0ull;
}
static void drop_fetch(struct cpu_fetch *e)
{
    e->tag = ~0ull;
}

void shortcut_init(struct cpu *c)
{
    c->links = calloc(1, sizeof *c->links);
    for (unsigned side = 0; side < TLB_SIDES; side++) {
        struct tlb_l1_view v = tlb_l1_view(c->tlb, (enum tlb_side)side);
        c->links->by_tlb[side] = calloc(v.slots, sizeof(struct cpu_tlb_link));
    }
    shortcut_drop_all(c);
}

void shortcut_free(struct cpu *c)
{
    for (unsigned side = 0; side < TLB_SIDES; side++)
        free(c->links->by_tlb[side]);
    free(c->links);
}

static void link_tlb(struct cpu_tlb_link *t, uint64_t la, uint8_t shift)
{
    if (shift == 12) {
        t->vpn = la >> 12;
        t->lines |= 1ull << (la >> SIM_LINE_SHIFT & 63);
    } else {
        t->anywhere = true;
    }
}

void shortcut_data(struct cpu *c, uint64_t la, bool user, uint8_t *host, bool may_write, uint16_t l1_slot,
                   uint16_t tlb_slot, uint8_t tlb_shift)
{
    if (c->no_shortcut)
        return;
    unsigned n = (unsigned)(la >> SIM_LINE_SHIFT) & (CPU_SC_N - 1);
    uint64_t tag = (la & ~(uint64_t)(SIM_LINE_BYTES - 1)) | user;
    if (c->mode == CPU_TIMING) {
        uint16_t *by = &c->links->data_by_l1[l1_slot];
        if (*by && *by != n + 1 && c->sc[*by - 1].l1_slot == l1_slot)
            drop_data(&c->sc[*by - 1]);
        *by = (uint16_t)(n + 1);
    }
    c->sc[n] = (struct cpu_sc){tag, may_write ? tag : ~0ull, host, l1_slot, tlb_slot, 0};
    link_tlb(&c->links->by_tlb[TLB_DATA][tlb_slot], la, tlb_shift);
}

void shortcut_fetch(struct cpu *c, uint64_t la, struct code_page *page, uint16_t l1_slot, uint16_t tlb_slot,
                    uint8_t tlb_shift)
{
    if (c->no_shortcut)
        return;
    unsigned n = (unsigned)(la >> SIM_LINE_SHIFT) & (CPU_FETCH_N - 1);
    if (c->mode == CPU_TIMING) {
        uint16_t *by = &c->links->fetch_by_l1[l1_slot];
        if (*by && *by != n + 1 && c->fetch[*by - 1].l1_slot == l1_slot)
            drop_fetch(&c->fetch[*by - 1]);
        *by = (uint16_t)(n + 1);
    }
    c->fetch[n] = (struct cpu_fetch){shortcut_fetch_tag(c, la), page, l1_slot, tlb_slot};
    link_tlb(&c->links->by_tlb[TLB_FETCH][tlb_slot], la, tlb_shift);
}

/* ---- what goes -----------------------------------------------------------------------------------------------------
 */
void shortcut_drop_data(struct cpu *c)
{
    for (unsigned n = 0; n < CPU_SC_N; n++)
        drop_data(&c->sc[n]);
}

void shortcut_drop_all(struct cpu *c)
{
    shortcut_drop_data(c);
    for (unsigned n = 0; n < CPU_FETCH_N; n++)
        drop_fetch(&c->fetch[n]);
    cpu_fetch_anew(c);
}

void shortcut_drop_writes(struct cpu *c, const uint8_t *host, uint64_t lines)
{
    for (unsigned n = 0; n < CPU_SC_N; n++) {
        struct cpu_sc *e = &c->sc[n];
        size_t off = (size_t)(e->host - host);
        if (e->wtag != ~0ull && e->host >= host && off < SIM_PAGE_BYTES && (lines >> (off / SIM_LINE_BYTES) & 1))
            e->wtag = ~0ull;
    }
}

void shortcut_drop_page(struct cpu *c, const struct code_page *page)
{
    for (unsigned n = 0; n < CPU_FETCH_N; n++)
        if (c->fetch[n].page == page)
            drop_fetch(&c->fetch[n]);
    if (c->fetch_page == page)
        cpu_fetch_anew(c);
}

static void tlb_lost_data(struct cpu *c, struct cpu_tlb_link *t, unsigned slot)
{
    for (uint64_t m = t->lines; m; m &= m - 1) {
        struct cpu_sc *e = &c->sc[(t->vpn << 6 | (unsigned)__builtin_ctzll(m)) & (CPU_SC_N - 1)];
        if (e->tlb_slot == slot)
            drop_data(e);
    }
    if (t->anywhere)
        for (unsigned n = 0; n < CPU_SC_N; n++)
            if (c->sc[n].tlb_slot == slot)
                drop_data(&c->sc[n]);
}

static void tlb_lost_fetch(struct cpu *c, struct cpu_tlb_link *t, unsigned slot)
{
    for (uint64_t m = t->lines; m; m &= m - 1) {
        struct cpu_fetch *e = &c->fetch[(t->vpn << 6 | (unsigned)__builtin_ctzll(m)) & (CPU_FETCH_N - 1)];
        if (e->tlb_slot == slot)
            drop_fetch(e);
    }
    if (t->anywhere)
        for (unsigned n = 0; n < CPU_FETCH_N; n++)
            if (c->fetch[n].tlb_slot == slot)
                drop_fetch(&c->fetch[n]);
    if (c->fetch_tlb_slot == slot)
        c->fetch_line = ~0ull;
}

void shortcut_tlb_lost(void *cpu, enum tlb_side side, unsigned slot)
{
    struct cpu *c = cpu;
    if (!c->links)
        return;
    struct cpu_tlb_link *t = &c->links->by_tlb[side][slot];
    if (side == TLB_DATA)
        tlb_lost_data(c, t, slot);
    else
        tlb_lost_fetch(c, t, slot);
    *t = (struct cpu_tlb_link){0};
}

void cpu_mem_line_lost(struct cpu *c, unsigned slot, bool keep_read)
{
    unsigned n = c->links->data_by_l1[slot];
    if (!n || c->sc[n - 1].l1_slot != slot || c->mode == CPU_FUNCTIONAL)
        return;
    if (keep_read) {
        c->sc[n - 1].wtag = ~0ull;
    } else {
        drop_data(&c->sc[n - 1]);
        c->links->data_by_l1[slot] = 0;
    }
}

void cpu_mem_fetch_lost(struct cpu *c, unsigned slot)
{
    unsigned n = c->links->fetch_by_l1[slot];
    if (c->mode == CPU_FUNCTIONAL)
        return;
    if (n && c->fetch[n - 1].l1_slot == slot)
        drop_fetch(&c->fetch[n - 1]);
    c->links->fetch_by_l1[slot] = 0;
    if (c->fetch_l1_slot == slot)
        c->fetch_line = ~0ull;
}
