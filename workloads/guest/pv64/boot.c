/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start of day under Xen: the domain starts in long mode on page tables that Xen built; start_info says where things
 * are. Here the rest of memory gets mapped, and then the neutral kernel takes over.
 *
 * Order of the initial space, from KERNEL_BASE (= frame 0): image, initrd, p2m list, start_info, page tables, one page
 * of stack, then free memory up to a 4 MiB border; only that is mapped ("xen/include/public/xen.h", start of day).
 */
#include "kernel/layout.h"
#include "kernel/lib.h"
#include "kernel/page.h"
#include "pv64/hypercall.h"

struct start_info *pv64_start;
uint64_t *pv64_boot_root;

static uint64_t *table_of(uint64_t entry)
{
    return page_address(plat_pte_frame(entry));
}

static uint64_t kernel_pte(unsigned long frame)
{
    return (uint64_t)pv64_mfn(frame) << PAGE_SHIFT | PV64_PTE_KERNEL;
}

/* Completes the part of the table of level 1 at @frame that Xen left empty. */
static void fill_table(const uint64_t *table, unsigned long frame, unsigned long end)
{
    for (unsigned i = 0; i < PT_ENTRIES && frame + i < end; i++)
        if (!(table[i] & PTE_P) &&
            hv_update_va_mapping((uint64_t)page_address(frame + i), kernel_pte(frame + i), UVMF_NONE))
            panic("cannot map frame %lx", frame + i);
}

/* Makes the page @table, which is mapped and free, the kernel's page table for the frames from @frame on. */
static void add_table(uint64_t *slot, uint64_t *table, unsigned long frame, unsigned long end)
{
    for (unsigned i = 0; i < PT_ENTRIES; i++)
        table[i] = frame + i < end ? kernel_pte(frame + i) : 0;
    struct mmu_update link = {
        .ptr = pv64_machine_address(slot) | MMU_NORMAL_PT_UPDATE,
        .val = kernel_pte(page_frame(table)),
    };
    uint64_t read_only = (uint64_t)pv64_mfn(page_frame(table)) << PAGE_SHIFT | PV64_PTE_KERNEL_RO;
    if (hv_update_va_mapping((uint64_t)table, read_only, UVMF_INVLPG) || hv_mmu_update(&link, 1))
        panic("cannot map memory from frame %lx on", frame);
}

unsigned long pv64_memory_init(unsigned long *end_frame)
{
    unsigned long end = MIN(pv64_start->nr_pages, KERNEL_MAP_BYTES >> PAGE_SHIFT);
    unsigned long next = page_frame((void *)pv64_start->pt_base) + pv64_start->nr_pt_frames + 1;

    pv64_boot_root = (uint64_t *)pv64_start->pt_base;
    uint64_t *level3 = table_of(pv64_boot_root[PT_ENTRIES - 1]);
    uint64_t *level2 = table_of(level3[PT_ENTRIES - 2]);
    for (unsigned long frame = 0; frame < end; frame += PT_ENTRIES) {
        uint64_t *slot = &level2[frame / PT_ENTRIES];
        if (*slot & PTE_P)
            fill_table(table_of(*slot), frame, end);
        else
            add_table(slot, page_address(next++), frame, end);
    }
    *end_frame = end;
    return next;
}

static void map_shared_info(void)
{
    if (hv_update_va_mapping((uint64_t)&pv64_shared_info, pv64_start->shared_info | PV64_PTE_KERNEL, UVMF_INVLPG))
        panic("cannot map the shared info page");
}

void pv64_main(struct start_info *start)
{
    unsigned long end_frame;

    pv64_start = start;
    map_shared_info();
    pv64_trap_init();
    unsigned long first_frame = pv64_memory_init(&end_frame);
    page_init(first_frame, end_frame);
    pv64_time_init();
    kprintf("guest: %s, %lu frames, initrd of %lu bytes\n", start->magic, start->nr_pages, start->mod_len);
    struct boot_info boot = {
        .cmdline = pv64_kernel_words((const char *)start->cmd_line),
        .initrd = (const void *)start->mod_start,
        .initrd_bytes = start->mod_len,
    };
    kernel_main(&boot);
}

void plat_console_write(enum plat_channel to, const char *s, size_t n)
{
    (void)to;
    hv_console_write(s, n);
}

void plat_console_split(void)
{
}

void plat_shutdown(enum plat_end why, unsigned code)
{
    (void)code;
    struct sched_shutdown arg = {.reason = why == PLAT_END_POWEROFF ? SHUTDOWN_poweroff : SHUTDOWN_crash};

    for (;;)
        hv_sched_op(SCHEDOP_shutdown, &arg);
}
