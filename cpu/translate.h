/* SPDX-License-Identifier: Apache-2.0 */
/* Linear to physical for one access that stays within a page: TLB, then a walk. Includable only from cpu/. */
#pragma once
#include "cpu/cpu_internal.h"

#define TRANSLATE_NO_SLOT 0xffffu

struct translation {
    hpa_t a;
    uint16_t slot; /* first-level TLB slot, TRANSLATE_NO_SLOT with paging off */
    uint8_t shift, perm;
};
struct translate_cost { /* added to, never reset */
    uint32_t tlb_cyc, walk_cyc;
};

/* translate() - @user: rights of CPL 3. @ac: a supervisor's explicit access with RFLAGS.AC set (SMAP).
 * Return: CPU_NONE, CPU_WAIT, or the page fault; then c->fault_cr2 is set. */
struct cpu_event translate(struct cpu *c, enum tlb_side side, uint64_t la, enum mmu_access access, bool user, bool ac,
                           struct translation *out, struct translate_cost *cost);

static inline uint16_t translate_pcid(const struct cpu *c)
{
    return c->mmu.pcide ? (uint16_t)(c->mmu.cr3 & 0xfff) : 0;
}
