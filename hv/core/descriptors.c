/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each CPU's GDT page, TSS and SYSCALL MSRs (manual: "Task Management in 64-bit Mode", "SYSCALL and SYSRET").
 *
 * The hypervisor's descriptors stand at selector 0xe000, behind 14 pages that belong to the guest. While no guest is
 * loaded those pages are one shared page of zeros, so that a selector in them faults cleanly.
 */
#include "hv/boot/boot.h"
#include "hv/core/entry.h"
#include "hv/include/smp.h"
#include "hv/include/trap.h"
#include "hv/include/x86.h"
#include "hv/include/x86_insn.h"

struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, io_bitmap; /* beyond the limit: no bitmap */
} __attribute__((packed));
_Static_assert(sizeof(struct tss) == 104, "64-bit TSS");
/* The CPU wants the fields aligned to 8; they sit at 4 modulo 8, so the TSS starts there. */
struct tss_line {
    uint32_t pad;
    struct tss tss;
} __attribute__((aligned(64)));

struct pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

HV_PERCPU(struct hv_gdt_page, hv_gdt_page);
static HV_PERCPU(struct tss_line, tss_line);
static uint8_t zero_page[X86_PAGE_BYTES] __attribute__((aligned(4096)));

#define GDT_SLOT(selector) (((selector)-HV_GDT_RESERVED_OFF) / 8)
#define FIX_FLAGS          (X86_PTE_PRESENT | X86_PTE_ACCESSED | X86_PTE_GLOBAL | X86_PTE_NX)
#define LSTAR_STUB_BYTES   32

/* Where a CPU's copy of a per-CPU object is in memory: the boot CPU's is in the image, the others' in the direct map.
 */
static uint64_t percpu_phys(const void *p)
{
    return (uint64_t)p >= HV_DIRECTMAP_BASE ? hv_virt_to_phys(p) : hv_image_to_phys(p);
}

static void fill_gdt(uint64_t *gdt, const struct tss *tss)
{
    uint64_t base = (uint64_t)tss;

    gdt[GDT_SLOT(HV_SEL_CS)] = X86_DESC_CODE64_RING0;
    gdt[GDT_SLOT(HV_SEL_SS)] = X86_DESC_DATA_RING0;
    gdt[GDT_SLOT(HV_SEL_CS32_RING3)] = X86_DESC_CODE32_RING3;
    gdt[GDT_SLOT(HV_SEL_SS_RING3)] = X86_DESC_DATA_RING3;
    gdt[GDT_SLOT(HV_SEL_CS64_RING3)] = X86_DESC_CODE64_RING3;
    gdt[GDT_SLOT(HV_SEL_TSS)] = (sizeof(*tss) - 1) | (base & 0xffffff) << 16 | (uint64_t)X86_DESC_TYPE_TSS64 << 40 |
                                UINT64_C(1) << 47 | (base >> 24 & 0xff) << 56;
    gdt[GDT_SLOT(HV_SEL_TSS) + 1] = base >> 32;
}

/* Called on the boot CPU for every CPU: it makes page-table entries. */
void hv_descriptors_prepare(unsigned cpu, void *stack)
{
    struct hv_gdt_page *gdt = &hv_per_cpu(hv_gdt_page, cpu);
    struct tss *tss = &hv_per_cpu(tss_line, cpu).tss;
    uint64_t window = HV_FIX_GDT(cpu), end_of_frame = (uint64_t)stack + HV_STACK_BYTES - CPUINFO_BYTES + REGS_BYTES;

    for (unsigned i = 0; i < HV_GDT_GUEST_PAGES; i++)
        hv_boot_fix_map(window + i * X86_PAGE_BYTES, hv_image_to_phys(zero_page), FIX_FLAGS);
    hv_boot_fix_map(window + HV_GDT_RESERVED_OFF, percpu_phys(gdt), FIX_FLAGS | X86_PTE_WRITE | X86_PTE_DIRTY);
    fill_gdt(gdt->entry, tss);
    tss->rsp[0] = end_of_frame;
    for (unsigned i = 0; i < HV_IST_STACKS; i++)
        tss->ist[i] = (uint64_t)stack + (i + 1) * X86_PAGE_BYTES;
    tss->io_bitmap = sizeof(*tss);
    hv_syscall_stack[cpu].end_of_frame = end_of_frame;
}

void hv_gdt_load_idle(void)
{
    struct pointer gdtr = {HV_GDT_LIMIT, HV_FIX_GDT((uint64_t)hv_cpu())};

    __asm__ volatile("lgdt %0" ::"m"(gdtr));
}

static void load_selectors(void)
{
    __asm__ volatile("push %0\n"
                     "lea 1f(%%rip), %%rax\n"
                     "push %%rax\n"
                     "lretq\n"
                     "1: mov %1, %%ss\n"
                     "ltr %w2\n" ::"i"(HV_SEL_CS),
                     "r"(HV_SEL_SS), "r"(HV_SEL_TSS)
                     : "rax", "memory");
}

void hv_descriptors_init_cpu(unsigned cpu)
{
    hv_gdt_load_idle();
    load_selectors();
    hv_trap_load_idt();
    hv_wrmsr(X86_MSR_STAR, (uint64_t)HV_SEL_CS32_RING3 << 48 | (uint64_t)HV_SEL_CS << 32);
    hv_wrmsr(X86_MSR_LSTAR, (uint64_t)hv_syscall_stubs + (uint64_t)cpu * LSTAR_STUB_BYTES);
    hv_wrmsr(X86_MSR_CSTAR, (uint64_t)hv_syscall32_entry);
    hv_wrmsr(X86_MSR_FMASK, X86_RFLAGS_TF | X86_RFLAGS_IF | X86_RFLAGS_DF | X86_RFLAGS_IOPL | X86_RFLAGS_NT |
                                X86_RFLAGS_RF | X86_RFLAGS_AC);
}
