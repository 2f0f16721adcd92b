/* SPDX-License-Identifier: Apache-2.0 */
/* Inside mmu/: a level of a page-table format, made from formats.def, and the bits of an entry. */
#pragma once
#include "mmu/mmu.h"

/* Bits of an entry that all formats share. */
enum {
    MMU_PTE_P = 1 << 0,
    MMU_PTE_RW = 1 << 1,
    MMU_PTE_US = 1 << 2,
    MMU_PTE_PCD = 1 << 4,
    MMU_PTE_A = 1 << 5,
    MMU_PTE_D = 1 << 6,
    MMU_PTE_PS = 1 << 7,
    MMU_PTE_G = 1 << 8,
};
#define MMU_PTE_NX ((uint64_t)1 << 63)

enum mmu_leaf { MMU_LEAF_NEVER, MMU_LEAF_ALWAYS, MMU_LEAF_PS, MMU_LEAF_PS_PSE, MMU_LEAF_PS_1G };
enum { MMU_LEVEL_REGS = 1, MMU_LEVEL_PSE36 = 2 };

struct mmu_level {
    uint8_t format, level, shift, index_bits, entry_bytes, leaf, flags;
    uint64_t rsvd_table, rsvd_leaf;
};

/* The root level of a format; deeper levels follow it down to level 1. */
const struct mmu_level *mmu_root(enum mmu_format f);
/* Bits reserved in every entry of r->format: above MAXPHYADDR, and NX when it is not enabled. */
uint64_t mmu_reserved_high(const struct mmu_regs *r);
bool mmu_is_leaf(const struct mmu_regs *r, const struct mmu_level *l, uint64_t entry);
/* Is a reserved bit set in this present entry? @high: mmu_reserved_high(). */
bool mmu_has_reserved(const struct mmu_regs *r, const struct mmu_level *l, uint64_t high, uint64_t entry);
/* First byte of the table or page that @entry refers to. */
uint64_t mmu_target(const struct mmu_level *l, uint64_t entry, bool is_leaf);
/* Error code of a fault for the tables' sake: an entry that is not present, or has a reserved bit set. */
uint32_t mmu_table_error(const struct mmu_regs *r, enum mmu_access access, bool user, bool is_reserved);
