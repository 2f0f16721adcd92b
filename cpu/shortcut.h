/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shortcuts: lines that a core may touch without asking the TLB and the caches (docs/adr/0003). Includable only
 * from cpu/.
 *
 * A shortcut is a strict subset of what stands in level 1 of the TLB and in L1: it is made only by an access that hit
 * both, and goes when either slot changes. So the answer is the same with and without, to the cycle. What hangs on
 * which slot: at most one data shortcut per L1D slot and one fetch shortcut per L1I slot; per first-level TLB slot a
 * bitmap of the lines of its page (or "anywhere" for a large page, then all are looked at).
 */
#pragma once
#include "cpu/cpu_internal.h"

struct cpu_tlb_link {
    uint64_t vpn;   /* of the 4 KiB page that `lines` is about */
    uint64_t lines; /* bit per line of that page that has a shortcut */
    bool anywhere;  /* a large page: shortcuts may be anywhere */
};
struct cpu_links {
    uint16_t data_by_l1[1u << 16];  /* index + 1 of the shortcut that lives on an L1D slot */
    uint16_t fetch_by_l1[1u << 16]; /* the same for fetches and L1I */
    struct cpu_tlb_link *by_tlb[TLB_SIDES];
};

void shortcut_init(struct cpu *c); /* after c->tlb stands */
void shortcut_free(struct cpu *c);
/* shortcut_data() - the data access just made hit L1 slot @l1_slot and TLB slot @e: install. @host: the line's bytes.
 */
void shortcut_data(struct cpu *c, uint64_t la, bool user, uint8_t *host, bool may_write, uint16_t l1_slot,
                   uint16_t tlb_slot, uint8_t tlb_shift);
void shortcut_fetch(struct cpu *c, uint64_t la, struct code_page *page, uint16_t l1_slot, uint16_t tlb_slot,
                    uint8_t tlb_shift);
void shortcut_drop_data(struct cpu *c); /* all of them: a permission rule changed */
void shortcut_drop_all(struct cpu *c);
/* shortcut_drop_writes() - decoded code now stands in lines @lines of the frame at @host: no stores without asking. */
void shortcut_drop_writes(struct cpu *c, const uint8_t *host, uint64_t lines);
void shortcut_drop_page(struct cpu *c, const struct code_page *page); /* its records are about to be thrown away */
void shortcut_tlb_lost(void *cpu, enum tlb_side side, unsigned slot); /* struct tlb_ops */

/* Tag of a fetch shortcut: the line, and what decides how its bytes are decoded and whether they may be executed. */
static inline uint64_t shortcut_fetch_tag(const struct cpu *c, uint64_t la)
{
    return (la & ~(uint64_t)(SIM_LINE_BYTES - 1)) | c->user | (uint64_t)c->code_size << 1;
}
