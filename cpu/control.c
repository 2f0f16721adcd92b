/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control registers and EFER: what may be written, and what goes with it. Manual: SDM vol. 3A, "Control Registers",
 * "Initializing IA-32e Mode"; what must leave the TLB: "Operations that Invalidate TLBs and Paging-Structure Caches".
 */
#include "cpu/shortcut.h"
#include "cpu/system.h"
#include "cpu/translate.h"

/* PAE paging without long mode keeps four pointers, loaded with CR3. */
static struct cpu_event load_pdptes(struct cpu *c, uint64_t cr3)
{
    uint64_t pdpte[4];
    for (unsigned k = 0; k < 4; k++) {
        hpa_t a = {(cr3 & 0xffffffe0) + 8 * k};
        const uint8_t *host = phys_host(c->phys, a);
        pdpte[k] = host ? cpu_host_read(host, 8) : ~0ull;
        uint64_t reserved = 0x1e6 | ~((1ull << c->cfg->phys_bits) - 1);
        if ((pdpte[k] & 1) && (pdpte[k] & reserved))
            return SYS_GP0;
    }
    memcpy(c->mmu.pdpte, pdpte, sizeof pdpte);
    return CPU_OK;
}

static bool is_pae(const struct cpu *c, uint64_t cr0, uint64_t cr4)
{
    return (cr0 & CPU_CR0_PG) && (cr4 & CPU_CR4_PAE) && !(c->efer & CPU_EFER_LME);
}

static bool cr0_allowed(const struct cpu *c, uint64_t v)
{
    bool paging = v & CPU_CR0_PG, was_paging = c->cr0 & CPU_CR0_PG;
    if (v >> 32 || (paging && !(v & CPU_CR0_PE)) || ((v & CPU_CR0_NW) && !(v & CPU_CR0_CD)))
        return false;
    if (paging && !was_paging && (c->efer & CPU_EFER_LME))
        return (c->cr4 & CPU_CR4_PAE) && !(c->seg[CPU_SEG_CS].attr & SEG_L);
    if (!paging && was_paging)
        return c->code_size != 8 && !(c->cr4 & CPU_CR4_PCIDE);
    return true;
}

struct cpu_event control_cr0_write(struct cpu *c, uint64_t v)
{
    if (!cr0_allowed(c, v))
        return SYS_GP0;
    v = (v & 0xe005003full) | CPU_CR0_ET;
    uint64_t changed = v ^ c->cr0;
    if (is_pae(c, v, c->cr4) && (changed & CPU_CR0_PG))
        CPU_TRY(load_pdptes(c, c->mmu.cr3));
    c->cr0 = v;
    if (changed & CPU_CR0_PG) {
        bool lma = (v & CPU_CR0_PG) && (c->efer & CPU_EFER_LME);
        c->efer = (c->efer & ~CPU_EFER_LMA) | (lma ? CPU_EFER_LMA : 0);
    }
    if (changed & (CPU_CR0_PG | CPU_CR0_PE))
        tlb_flush_all(c->tlb);
    if ((changed & CPU_CR0_PE) && !(v & CPU_CR0_PE))
        c->cpl = 0;
    cpu_mode_changed(c);
    return CPU_OK;
}

struct cpu_event control_cr3_write(struct cpu *c, uint64_t v)
{
    bool keep = c->mmu.pcide && (v >> 63);
    if (c->mmu.pcide)
        v &= ~(1ull << 63);
    if (cpu_is_long(c) && v >> c->cfg->phys_bits)
        return SYS_GP0;
    if (!cpu_is_long(c))
        v = (uint32_t)v;
    if (is_pae(c, c->cr0, c->cr4))
        CPU_TRY(load_pdptes(c, v));
    c->mmu.cr3 = v;
    c->stats.cr3_writes++;
    if (c->mmu.pcide) /* shortcuts carry no PCID */
        shortcut_drop_all(c);
    if (!keep)
        tlb_flush_cr3(c->tlb, translate_pcid(c), false);
    return CPU_OK;
}

static uint64_t cr4_defined(const struct cpu *c)
{
    uint64_t v = CPU_CR4_TSD | CPU_CR4_DE | CPU_CR4_PSE | CPU_CR4_PAE | CPU_CR4_MCE | CPU_CR4_PGE | CPU_CR4_PCE;
    if (c->cfg->isa >> CPU_ISA_SSE & 1)
        v |= CPU_CR4_OSFXSR | CPU_CR4_OSXMMEXCPT;
    return v | (c->cfg->has_pcid ? CPU_CR4_PCIDE : 0) | (c->cfg->has_smep ? CPU_CR4_SMEP : 0) |
           (c->cfg->has_smap ? CPU_CR4_SMAP : 0);
}

struct cpu_event control_cr4_write(struct cpu *c, uint64_t v)
{
    uint64_t changed = v ^ c->cr4;
    if (v & ~cr4_defined(c))
        return SYS_GP0;
    if (cpu_is_long(c) && !(v & CPU_CR4_PAE))
        return SYS_GP0;
    if ((changed & v & CPU_CR4_PCIDE) && (!cpu_is_long(c) || (c->mmu.cr3 & 0xfff)))
        return SYS_GP0;
    if (is_pae(c, c->cr0, v) && (changed & (CPU_CR4_PAE | CPU_CR4_PSE | CPU_CR4_PGE)))
        CPU_TRY(load_pdptes(c, c->mmu.cr3));
    c->cr4 = v;
    bool flush = (changed & (CPU_CR4_PGE | CPU_CR4_PSE | CPU_CR4_PAE)) || (changed & ~v & CPU_CR4_PCIDE) ||
                 (changed & v & CPU_CR4_SMEP);
    if (flush)
        tlb_flush_all(c->tlb);
    cpu_mode_changed(c);
    system_reclass(c, flush ? TC_PGE : TC_CR);
    return CPU_OK;
}

struct cpu_event control_efer_write(struct cpu *c, uint64_t v)
{
    uint64_t defined = CPU_EFER_SCE | CPU_EFER_LME | CPU_EFER_LMA | CPU_EFER_NXE;
    if ((v & ~defined) || (((v ^ c->efer) & CPU_EFER_LME) && (c->cr0 & CPU_CR0_PG)))
        return SYS_GP0;
    c->efer = (v & ~CPU_EFER_LMA) | (c->efer & CPU_EFER_LMA);
    cpu_mode_changed(c);
    return CPU_OK;
}
