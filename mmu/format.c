/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of formats.def, and the questions the walker asks of an entry. No memory access here. */
#include "mmu/mmu_internal.h"
#include "sim/core/fault.h"

enum {
    FLAG_0 = 0,
    FLAG_REGS = MMU_LEVEL_REGS,
    FLAG_PSE36 = MMU_LEVEL_PSE36,
};

static const struct mmu_level levels[] = {
#define FORMAT(format, top, title)
#define LEVEL(format, level, shift, bits, bytes, leaf, flags, rsvd_table, rsvd_leaf)                                   \
    {MMU_FORMAT_##format, level, shift, bits, bytes, MMU_LEAF_##leaf, FLAG_##flags, rsvd_table, rsvd_leaf},
#include "mmu/formats.def"
#undef FORMAT
#undef LEVEL
};

static const uint8_t address_top[] = {
#define FORMAT(format, top, title) [MMU_FORMAT_##format] = top,
#define LEVEL(format, level, shift, bits, bytes, leaf, flags, rsvd_table, rsvd_leaf)
#include "mmu/formats.def"
#undef FORMAT
#undef LEVEL
};

const struct mmu_level *mmu_root(enum mmu_format f)
{
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (levels[i].format == f)
            return &levels[i];
    sim_bug("a page walk in format %d", f);
}

/* Bits @hi..@lo, none when hi < lo. */
static uint64_t bits(unsigned hi, unsigned lo)
{
    return hi < lo ? 0 : (((uint64_t)2 << (hi - lo)) - 1) << lo;
}

uint64_t mmu_reserved_high(const struct mmu_regs *r)
{
    unsigned top = address_top[r->format];
    return top ? bits(top, r->phys_bits) | (r->nxe ? 0 : MMU_PTE_NX) : 0;
}

bool mmu_is_leaf(const struct mmu_regs *r, const struct mmu_level *l, uint64_t entry)
{
    bool ps = entry & MMU_PTE_PS;
    switch ((enum mmu_leaf)l->leaf) {
    case MMU_LEAF_NEVER:
        return false;
    case MMU_LEAF_ALWAYS:
        return true;
    case MMU_LEAF_PS:
        return ps;
    case MMU_LEAF_PS_PSE:
        return ps && r->pse;
    case MMU_LEAF_PS_1G:
        return ps && r->has_1g;
    }
    return false;
}

bool mmu_has_reserved(const struct mmu_regs *r, const struct mmu_level *l, uint64_t high, uint64_t entry)
{
    if (l->flags & MMU_LEVEL_REGS)
        return false; /* checked when CR3 was loaded: mmu_pdpte_valid() */
    if (!mmu_is_leaf(r, l, entry))
        return entry & (high | l->rsvd_table | (l->leaf == MMU_LEAF_PS_1G ? MMU_PTE_PS : 0));
    uint64_t rsvd = high | l->rsvd_leaf;
    if (l->flags & MMU_LEVEL_PSE36 && r->phys_bits < 40)
        rsvd |= bits(20, 13 + (r->phys_bits - 32));
    return entry & rsvd;
}

uint64_t mmu_target(const struct mmu_level *l, uint64_t entry, bool is_leaf)
{
    uint64_t a = entry & bits(l->entry_bytes == 8 ? 51 : 31, is_leaf ? l->shift : 12);
    if (is_leaf && l->flags & MMU_LEVEL_PSE36)
        a |= (entry & bits(20, 13)) << (32 - 13);
    return a;
}

bool mmu_pdpte_valid(const struct mmu_regs *r, uint64_t pdpte)
{
    uint64_t rsvd = bits(2, 1) | bits(8, 5) | bits(63, r->phys_bits);
    return !(pdpte & MMU_PTE_P) || !(pdpte & rsvd);
}
