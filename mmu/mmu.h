/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page-table formats as data, the walker, and the permission rules.
 *
 * A format is a block of rows in mmu/formats.def; one walker serves them all. The walker reads and updates tables
 * through callbacks, so its references go through the caches and are paid by the core, and a nested walk is the same
 * walker whose reads are themselves translated.
 *
 * Flow: registers (struct mmu_regs) + address + access in -> struct mmu_result or a page-fault error code out.
 * Manual: SDM vol. 3A, "Paging"; APM vol. 2, "Page Translation and Protection".
 */
#pragma once
#include "sim/core/types.h"
#include "tlb/tlb.h"

enum mmu_access { MMU_READ = 0, MMU_WRITE = 1, MMU_FETCH = 2 }; /* kind of access */
enum mmu_format { MMU_FORMAT_NONE /* CR0.PG = 0 */, MMU_FORMAT_32, MMU_FORMAT_PAE, MMU_FORMAT_4LEVEL };

/* Page-fault error code bits, SDM vol. 3A "Page-Fault Exceptions". */
enum { MMU_PF_P = 1, MMU_PF_W = 2, MMU_PF_U = 4, MMU_PF_RSVD = 8, MMU_PF_I = 16 };

/* What of the control registers the walker needs; the cpu keeps it up to date on every CR0/CR3/CR4/EFER write. */
struct mmu_regs {
    uint64_t cr3;
    uint64_t pdpte[4]; /* PAE: loaded with CR3 */
    enum mmu_format format;
    bool wp, nxe, smep, smap, pse, pge, pcide;
    unsigned phys_bits; /* MAXPHYADDR, 36..52 */
    bool has_1g;        /* CPUID.80000001H:EDX.Page1GB: else PS in a level-3 entry is reserved */
};

enum mmu_status { MMU_OK, MMU_FAULT, MMU_WAIT /* a table access needs this core's turn; nothing changed */ };

/*
 * Table accesses. read: one entry of @bytes (4 or 8) at @a; adds its latency to *@lat.
 * set_bits: locked "entry |= bits" (accessed, dirty), only if the entry still equals @expect; *@done says if it did.
 * Both return MMU_OK or MMU_WAIT; an address outside RAM reads all ones and ignores writes.
 */
struct mmu_mem_ops {
    enum mmu_status (*read)(void *opaque, hpa_t a, unsigned bytes, uint64_t *value, uint32_t *lat);
    enum mmu_status (*set_bits)(void *opaque, hpa_t a, unsigned bytes, uint64_t expect, uint64_t bits, bool *done,
                                uint32_t *lat);
};

struct mmu_result {
    struct tlb_entry entry; /* ready for tlb_fill(); pcid filled in from @pcid */
    uint32_t latency_cyc;   /* of all table accesses, one after the other */
    uint32_t error;         /* MMU_FAULT: page-fault error code */
    unsigned refs;          /* table entries read */
};

/**
 * mmu_walk() - translate @a through the page tables and set A (and D for a write) as silicon does.
 * Permission is checked for (@access, @user, @ac); a fault sets no bit in the leaf. Format NONE is a bug of the caller.
 * Return: MMU_OK (out->entry), MMU_FAULT (out->error), MMU_WAIT. Latency is in @out either way; the caller charges it.
 */
enum mmu_status mmu_walk(const struct mmu_regs *r, gva_t a, enum mmu_access access, bool user, bool ac, uint16_t pcid,
                         const struct mmu_mem_ops *ops, void *opaque, struct mmu_result *out);

/**
 * mmu_allowed() - may this access use this entry? The truth table of CR0.WP, U/S, R/W, NX, SMEP, SMAP.
 * @error: on false, the page-fault error code (P set). A write through a clean entry (no TLB_DIRTY) is allowed here;
 * the cpu then walks again to set D.
 */
bool mmu_allowed(const struct mmu_regs *r, uint8_t tlb_perm, enum mmu_access access, bool user, bool ac,
                 uint32_t *error);

/* mmu_pdpte_valid() - may this PDPTE be loaded in PAE mode? False: MOV CR3 and the like raise #GP(0). */
bool mmu_pdpte_valid(const struct mmu_regs *r, uint64_t pdpte);
