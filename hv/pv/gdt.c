/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guests' descriptor tables. A vCPU that brings a GDT gets a window of 16 pages in the hypervisor's part of the address
 * space: pages 0..13 show the guest's (validated) frames, page 14 the descriptors of the CPU it is pinned to. A vCPU
 * that never brings one runs on its CPU's own GDT, which has all that the ABI promises, and costs no LGDT.
 */
#include "hv/include/xen.h"
#include "hv/include/boot.h"
#include "hv/include/smp.h"
#include "hv/include/x86.h"
#include "hv/include/x86_insn.h"
#include "hv/mm/mm.h"
#include "hv/mm/flush.h"
#include "hv/mm/pv/pt.h"
#include "hv/mm/uaccess.h"
#include "hv/pv/hypercall.h"
#include "hv/pv/pv.h"

#define WINDOW_BYTES   0x10000u
#define ENTRIES_A_PAGE 512u
#define HV_PTE         (X86_PTE_NX | X86_PTE_GLOBAL | X86_PTE_DIRTY | X86_PTE_ACCESSED | X86_PTE_WRITE | X86_PTE_PRESENT)

static struct hv_spinlock window_lock = HV_SPINLOCK_INIT; /* guards the tables below slot 260 and n_windows */
static unsigned n_windows;
static HV_PERCPU(uint64_t, pv_loaded_gdt); /* base in GDTR; 0: the CPU's own */

/* The slot of the L1 that maps @va in the hypervisor's tables; makes missing tables if @make. NULL: none, or no memory.
 */
static uint64_t *hv_slot_of(uint64_t va, bool make)
{
    uint64_t *table = hv_idle_l4;

    for (unsigned shift = 39; shift > HV_PAGE_SHIFT; shift -= 9) {
        uint64_t *slot = &table[(va >> shift) % HV_PT_ENTRIES];
        if (!(*slot & X86_PTE_PRESENT)) {
            void *fresh = make ? hv_alloc_page() : NULL;
            if (!fresh)
                return NULL;
            *slot = hv_virt_to_phys(fresh) | X86_PTE_ACCESSED | X86_PTE_WRITE | X86_PTE_PRESENT;
        }
        table = hv_phys_to_virt(*slot & X86_PTE_ADDR_MASK);
    }
    return &table[(va >> HV_PAGE_SHIFT) % HV_PT_ENTRIES];
}

static uint64_t window_page(uint64_t base, unsigned page)
{
    return base + ((uint64_t)page << HV_PAGE_SHIFT);
}

/* A window for @v with the CPU's descriptors in place. Its tables stay for good; windows are few. */
static int make_window(struct vcpu *v)
{
    int rc = -XEN_ENOMEM;

    hv_spin_lock(&window_lock);
    uint64_t base = HV_MM_BASE + (uint64_t)n_windows * WINDOW_BYTES;
    uint64_t *slot = hv_slot_of(window_page(base, HV_GDT_GUEST_PAGES), true);
    const uint64_t *cpus = hv_slot_of(window_page(HV_FIX_GDT(v->processor), HV_GDT_GUEST_PAGES), false);
    if (slot && cpus) {
        *slot = *cpus;
        n_windows++;
        v->pv.guest_gdt_base = base;
        rc = 0;
    }
    hv_spin_unlock(&window_lock);
    return rc;
}

static void show_frame(struct vcpu *v, unsigned page, uint64_t pte)
{
    uint64_t va = window_page(v->pv.guest_gdt_base, page);

    *hv_slot_of(va, false) = pte;
    hv_flush_one_local(va);
}

void hv_pv_drop_gdt(struct vcpu *v)
{
    for (unsigned i = 0; i < v->pv.n_gdt_frames; i++) {
        show_frame(v, i, 0);
        hv_pt_put(v->domain, hv_page_of(v->pv.gdt_mfn[i]));
    }
    v->pv.n_gdt_frames = 0;
}

int hv_pv_set_gdt_frames(struct vcpu *v, const uint64_t *mfn, unsigned n_entries)
{
    unsigned n = (n_entries + ENTRIES_A_PAGE - 1) / ENTRIES_A_PAGE, i;
    int rc = 0;

    if (n_entries > FIRST_RESERVED_GDT_ENTRY)
        return -XEN_EINVAL;
    if (!v->pv.guest_gdt_base && make_window(v))
        return -XEN_ENOMEM;
    for (i = 0; i < n && !rc; i += !rc)
        rc = hv_pt_get(v->domain, mfn[i], HV_PGT_SEGDESC);
    if (rc) {
        while (i-- > 0)
            hv_pt_put(v->domain, hv_page_of(mfn[i]));
        return rc;
    }
    hv_pv_drop_gdt(v);
    for (i = 0; i < n; i++) {
        v->pv.gdt_mfn[i] = mfn[i];
        show_frame(v, i, (mfn[i] << HV_PAGE_SHIFT) | HV_PTE);
    }
    v->pv.n_gdt_frames = n;
    return 0;
}

void hv_pv_load_gdt(const struct vcpu *v)
{
    uint64_t base = v ? v->pv.guest_gdt_base : 0;

    if (hv_this(pv_loaded_gdt) == base)
        return;
    hv_this(pv_loaded_gdt) = base;
    if (!base) {
        hv_gdt_load_idle();
        return;
    }
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) gdtr = {HV_GDT_LIMIT, base};
    __asm__ volatile("lgdt %0" ::"m"(gdtr));
}

long hv_pv_set_gdt(uint64_t frames, uint64_t n_entries, uint64_t a2, uint64_t a3, uint64_t a4)
{
    uint64_t mfn[HV_GDT_GUEST_PAGES];
    struct vcpu *v = hv_current();

    (void)a2, (void)a3, (void)a4;
    if (n_entries > FIRST_RESERVED_GDT_ENTRY)
        return -XEN_EINVAL;
    if (hv_copy_from_guest(mfn, frames, (n_entries + ENTRIES_A_PAGE - 1) / ENTRIES_A_PAGE * sizeof(*mfn)))
        return -XEN_EFAULT;
    hv_spin_lock(&v->domain->pv.mm_lock);
    int rc = hv_pv_set_gdt_frames(v, mfn, (unsigned)n_entries);
    if (!rc)
        hv_pv_load_gdt(v);
    hv_spin_unlock(&v->domain->pv.mm_lock);
    return rc;
}
