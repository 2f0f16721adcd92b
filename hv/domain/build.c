/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building a PV domain: its memory and the address space it starts in (Xen's ABI, xen.h "start-of-day memory layout").
 *
 * From virt_base upwards, one to one with the guest's frame numbers from 0:
 *
 *   kernel | initrd | p2m list | start_info | xenstore page | console page | page tables | boot stack | slack
 *
 * Each part begins on a page. The region is at least 512 KiB longer than its parts and ends on a 4 MiB boundary. The
 * page tables map the region and nothing else; they are written here like a guest would write them and then pinned like
 * a guest would pin them, so what the guest starts with has passed the same checks as all that comes later.
 */
#include "hv/include/xen.h"
#include "hv/domain/domain.h"
#include "hv/domain/elf_image.h"
#include "hv/include/printk.h"
#include "hv/include/string.h"
#include "hv/include/x86.h"
#include "hv/mm/flush.h"
#include "hv/mm/mm.h"
#include "hv/mm/pv/pt.h"
#include "hv/mm/uaccess.h"
#include "hv/pv/pv.h"

#define PAGE_BYTES   4096u
#define REGION_ALIGN (4u << 20)
#define REGION_SLACK (512u << 10)
#define MAX_EXTENTS  16u
#define PTE_TABLE    (X86_PTE_DIRTY | X86_PTE_ACCESSED | X86_PTE_USER | X86_PTE_WRITE | X86_PTE_PRESENT)
#define PTE_KERNEL   (X86_PTE_ACCESSED | X86_PTE_WRITE | X86_PTE_PRESENT)

struct layout { /* frame numbers of the guest */
    uint64_t initrd, p2m, start_info, xenstore, console, tables, n_tables, stack, end;
};
struct extent {
    uint64_t pfn, mfn, n;
};
struct builder {
    struct domain *d;
    struct hv_elf_image elf;
    const void *initrd;
    size_t initrd_bytes;
    uint64_t n_pages;
    struct layout at;
    struct extent extent[MAX_EXTENTS]; /* where the guest's frames are, ascending */
    unsigned n_extents;
};

static uint64_t pages_of(uint64_t bytes)
{
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
}

/* Tables that map [va, va + bytes): one for each span of each level that the region touches. */
static uint64_t count_tables(uint64_t va, uint64_t bytes)
{
    uint64_t n = 1, last = va + bytes - 1;

    for (unsigned shift = 21; shift <= 39; shift += 9)
        n += (last >> shift) - (va >> shift) + 1;
    return n;
}

static const char *too_big(const struct builder *b, uint64_t bytes)
{
    static char text[80];

    hv_snprintf(text, sizeof(text), "%lu MiB of memory are too little: kernel and initrd need %lu", b->n_pages >> 8,
                (bytes + 0xfffff) >> 20);
    return text;
}

static const char *plan(struct builder *b)
{
    struct layout *at = &b->at;
    uint64_t bytes, base = b->elf.virt_base;

    at->initrd = pages_of(b->elf.end);
    at->p2m = at->initrd + pages_of(b->initrd_bytes);
    at->start_info = at->p2m + pages_of(b->n_pages * sizeof(uint64_t));
    at->xenstore = at->start_info + 1;
    at->console = at->xenstore + 1;
    at->tables = at->console + 1;
    /* The tables are part of what they map: ask for more until it is enough. */
    for (at->n_tables = 4;; at->n_tables++) {
        at->stack = at->tables + at->n_tables;
        bytes = (at->stack + 1) * PAGE_BYTES + REGION_SLACK;
        if (bytes > b->n_pages * PAGE_BYTES)
            return too_big(b, bytes);
        if (base > UINT64_MAX - REGION_ALIGN - bytes)
            return "virt_base is no place for a guest";
        bytes = (base + bytes + REGION_ALIGN - 1) / REGION_ALIGN * REGION_ALIGN - base;
        if (count_tables(base, bytes) <= at->n_tables)
            break;
    }
    at->end = bytes / PAGE_BYTES;
    return bytes > b->n_pages * PAGE_BYTES ? too_big(b, bytes) : NULL;
}

static const char *check_plan(const struct builder *b)
{
    const struct hv_elf_image *e = &b->elf;
    uint64_t bytes = b->at.end * PAGE_BYTES;

    if (e->virt_base % PAGE_BYTES || !hv_pv_canonical(e->virt_base) || !hv_guest_range_ok(e->virt_base, bytes))
        return "virt_base is no place for a guest";
    if (e->init_p2m != HV_ELF_NO_ADDRESS)
        return "a p2m list at an address of its own (INIT_P2M) is not supported";
    if (!hv_pv_code_address_ok(e->entry) || e->entry - e->virt_base >= e->end)
        return "entry is outside the kernel";
    if (e->hypercall_page != HV_ELF_NO_ADDRESS &&
        (e->hypercall_page % PAGE_BYTES || e->hypercall_page - e->virt_base >= e->end))
        return "hypercall page is outside the kernel";
    return NULL;
}

static void *guest_page(const struct builder *b, uint64_t pfn)
{
    for (unsigned i = 0; i < b->n_extents; i++)
        if (pfn - b->extent[i].pfn < b->extent[i].n)
            return hv_mfn_to_virt(b->extent[i].mfn + (pfn - b->extent[i].pfn));
    hv_panic("builder: pfn %#lx is not there", pfn);
}

static uint64_t guest_mfn(const struct builder *b, uint64_t pfn)
{
    return hv_virt_to_mfn(guest_page(b, pfn));
}

/* Copies to the guest's memory at byte @place from virt_base; frames need not follow each other. */
static void copy_in(const struct builder *b, uint64_t place, const void *from, uint64_t bytes)
{
    const uint8_t *source = from;

    while (bytes) {
        uint64_t offset = place % PAGE_BYTES, n = PAGE_BYTES - offset < bytes ? PAGE_BYTES - offset : bytes;
        memcpy((uint8_t *)guest_page(b, place / PAGE_BYTES) + offset, source, n);
        place += n;
        source += n;
        bytes -= n;
    }
}

static const char *give_memory(struct builder *b)
{
    static char text[80];
    struct domain *d = b->d;

    /* Not by trying: what it took would come back in single frames, too scattered for the next domain. */
    if (hv_mm_free_frames() < b->n_pages) {
        hv_snprintf(text, sizeof(text), "not enough memory: it wants %lu MiB, %lu MiB are left", b->n_pages >> 8,
                    hv_mm_free_frames() >> 8);
        return text;
    }
    for (uint64_t pfn = 0, got; pfn < b->n_pages; pfn += got) {
        hv_spin_lock(&d->pv.mm_lock);
        struct hv_page *p = hv_mm_give(d, b->n_pages - pfn, &got);
        hv_spin_unlock(&d->pv.mm_lock);
        if (!p)
            return "not enough memory";
        if (b->n_extents == MAX_EXTENTS)
            return "memory is too scattered";
        uint64_t mfn = hv_page_mfn(p);
        b->extent[b->n_extents++] = (struct extent){pfn, mfn, got};
        for (uint64_t i = 0; i < got; i++)
            hv_m2p[mfn + i] = pfn + i;
    }
    return NULL;
}

static void load(const struct builder *b)
{
    uint64_t place, file_bytes, mem_bytes;
    const uint8_t *data;

    for (unsigned i = 0; hv_elf_segment(&b->elf, i, &place, &data, &file_bytes, &mem_bytes); i++)
        copy_in(b, place, data, file_bytes); /* the rest is zero already */
    copy_in(b, b->at.initrd * PAGE_BYTES, b->initrd, b->initrd_bytes);
    if (b->elf.hypercall_page != HV_ELF_NO_ADDRESS)
        hv_pv_fill_hypercall_page(guest_page(b, (b->elf.hypercall_page - b->elf.virt_base) / PAGE_BYTES));
}

static void write_p2m(const struct builder *b)
{
    const unsigned per_page = PAGE_BYTES / sizeof(uint64_t);
    uint64_t *list = NULL;

    for (unsigned i = 0; i < b->n_extents; i++)
        for (uint64_t n = 0; n < b->extent[i].n; n++) {
            uint64_t pfn = b->extent[i].pfn + n;
            if (pfn % per_page == 0)
                list = guest_page(b, b->at.p2m + pfn / per_page);
            list[pfn % per_page] = b->extent[i].mfn + n;
        }
}

static void write_start_info(const struct builder *b, const char *cmdline)
{
    const struct layout *at = &b->at;
    struct start_info *si = guest_page(b, at->start_info);
    uint64_t base = b->elf.virt_base;

    memcpy(si->magic, "xen-3.0-x86_64", sizeof("xen-3.0-x86_64"));
    si->nr_pages = b->n_pages;
    si->shared_info = hv_virt_to_phys(b->d->shared_info);
    si->flags = (b->d->is_privileged ? SIF_PRIVILEGED | SIF_INITDOMAIN : 0) |
                (b->elf.mod_start_pfn && b->initrd_bytes ? SIF_MOD_START_PFN : 0);
    si->store_mfn = guest_mfn(b, at->xenstore);
    if (!b->d->is_privileged)
        si->console.domU.mfn = guest_mfn(b, at->console);
    si->pt_base = base + at->tables * PAGE_BYTES;
    si->nr_pt_frames = at->n_tables;
    si->mfn_list = base + at->p2m * PAGE_BYTES;
    if (b->initrd_bytes) {
        si->mod_start = b->elf.mod_start_pfn ? at->initrd : base + at->initrd * PAGE_BYTES;
        si->mod_len = b->initrd_bytes;
    }
    memcpy(si->cmd_line, cmdline, strnlen(cmdline, sizeof(si->cmd_line) - 1));
}

/* The entry at @index of the table *@slot names; a table that is not there yet is the next of those set aside. */
static uint64_t *table_below(const struct builder *b, uint64_t *slot, uint64_t *next_table)
{
    if (!(*slot & X86_PTE_PRESENT))
        *slot = guest_mfn(b, (*next_table)++) << HV_PAGE_SHIFT | PTE_TABLE;
    return hv_phys_to_virt(*slot & X86_PTE_ADDR_MASK);
}

static void write_tables(const struct builder *b)
{
    const struct layout *at = &b->at;
    uint64_t next = at->tables + 1, *l1 = NULL;

    for (uint64_t pfn = 0; pfn < at->end; pfn++) {
        uint64_t va = b->elf.virt_base + pfn * PAGE_BYTES;
        if (!l1 || (va >> HV_PAGE_SHIFT) % HV_PT_ENTRIES == 0) {
            uint64_t *t = guest_page(b, at->tables);
            for (unsigned shift = 39; shift > HV_PAGE_SHIFT; shift -= 9)
                t = table_below(b, &t[(va >> shift) % HV_PT_ENTRIES], &next);
            l1 = t;
        }
        bool is_table = pfn >= at->tables && pfn < at->tables + at->n_tables;
        l1[(va >> HV_PAGE_SHIFT) % HV_PT_ENTRIES] =
            guest_mfn(b, pfn) << HV_PAGE_SHIFT | (is_table ? PTE_KERNEL & ~(uint64_t)X86_PTE_WRITE : PTE_KERNEL);
    }
}

static const char *pin_tables(struct builder *b)
{
    struct domain *d = b->d;
    uint64_t root = guest_mfn(b, b->at.tables);

    hv_spin_lock(&d->pv.mm_lock);
    int rc = hv_pt_pin(d, root, HV_PGT_L4);
    if (!rc)
        rc = hv_pt_get(d, root, HV_PGT_L4); /* the vCPU's own, as if by NEW_BASEPTR */
    hv_spin_unlock(&d->pv.mm_lock);
    d->vcpu[0]->pv.kernel_cr3 = rc ? 0 : root << HV_PAGE_SHIFT;
    return rc ? "its first page tables are refused" : NULL;
}

static void set_registers(const struct builder *b)
{
    struct vcpu *v = b->d->vcpu[0];

    v->regs = (struct cpu_regs){
        .rip = b->elf.entry,
        .cs = HV_SEL_CS64_RING3,
        .rflags = X86_RFLAGS_IF | X86_RFLAGS_ONE,
        .rsp = b->elf.virt_base + (b->at.stack + 1) * PAGE_BYTES,
        .ss = HV_SEL_SS_RING3,
        .rsi = b->elf.virt_base + b->at.start_info * PAGE_BYTES,
    };
    v->pv.kernel_sp = v->regs.rsp;
    v->pv.is_initialised = true;
}

const char *hv_domain_build(struct domain *d, const struct hv_domain_config *cfg, const void *kernel,
                            size_t kernel_bytes, const void *initrd, size_t initrd_bytes)
{
    struct builder b = {.d = d, .initrd = initrd, .initrd_bytes = initrd_bytes, .n_pages = cfg->memory_mib * 256ul};
    const char *why = hv_elf_parse(&b.elf, kernel, kernel_bytes);

    if (why)
        return why;
    why = plan(&b);
    if (!why)
        why = check_plan(&b);
    if (!why)
        why = give_memory(&b);
    if (why)
        return why;
    load(&b);
    write_p2m(&b);
    write_start_info(&b, cfg->cmdline);
    write_tables(&b);
    why = pin_tables(&b);
    if (!why)
        set_registers(&b);
    return why;
}
