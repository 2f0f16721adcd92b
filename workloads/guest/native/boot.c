/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start of day on a bare machine: start_info of the PVH boot protocol says where memory, the boot module and the
 * command line are ("xen/include/public/arch-x86/hvm/start_info.h"). The kernel uses one run of memory, the longest
 * free one above its image within the first GiB; the module stays where the loader put it.
 */
#include "kernel/layout.h"
#include "kernel/lib.h"
#include "kernel/page.h"
#include "native/native.h"

#include <xen/arch-x86/hvm/start_info.h>

extern const char native_image_end[];

struct range {
    uint64_t start, end;
};

static const void *at_physical(uint64_t pa)
{
    if (pa >= KERNEL_MAP_BYTES)
        panic("the loader put something at 0x%lx: only the first GiB is mapped, use less memory", pa);
    return (const void *)(KERNEL_BASE + pa);
}

static void take_longer(struct range *best, uint64_t start, uint64_t end)
{
    if (end > start && end - start > best->end - best->start)
        *best = (struct range){start, end};
}

/* What is left of a range of RAM, the longer side, where a module is taken out of it. */
static void add_ram(struct range *best, struct range ram, const struct hvm_modlist_entry *modules, unsigned nr)
{
    uint64_t image_end = PAGE_UP((uint64_t)native_image_end - KERNEL_BASE);

    ram.start = PAGE_UP(ram.start < image_end ? image_end : ram.start);
    ram.end = PAGE_DOWN(MIN(ram.end, KERNEL_MAP_BYTES));
    for (unsigned i = 0; i < nr; i++) {
        uint64_t start = PAGE_DOWN(modules[i].paddr), end = PAGE_UP(modules[i].paddr + modules[i].size);
        struct range longer = {0, 0};
        if (end <= ram.start || start >= ram.end)
            continue;
        take_longer(&longer, ram.start, start);
        take_longer(&longer, end, ram.end);
        ram = longer;
    }
    take_longer(best, ram.start, ram.end);
}

static struct range find_memory(const struct hvm_start_info *info, const struct hvm_modlist_entry *modules)
{
    const struct hvm_memmap_table_entry *map = at_physical(info->memmap_paddr);
    struct range best = {0, 0};

    if (info->version < 1 || !info->memmap_paddr)
        panic("start_info has no memory map");
    for (unsigned i = 0; i < info->memmap_entries; i++)
        if (map[i].type == XEN_HVM_MEMMAP_TYPE_RAM)
            add_ram(&best, (struct range){map[i].addr, map[i].addr + map[i].size}, modules, info->nr_modules);
    return best;
}

void native_main(uint64_t start_info)
{
    const struct hvm_start_info *info = (const void *)(KERNEL_BASE + start_info);
    const struct hvm_modlist_entry *modules = NULL;
    struct boot_info boot = {.cmdline = ""};

    native_console_init();
    native_cpu_init();
    if (info->magic != XEN_HVM_START_MAGIC_VALUE)
        panic("no start_info: magic 0x%x", info->magic);
    if (info->nr_modules)
        modules = at_physical(info->modlist_paddr);
    if (info->cmdline_paddr)
        boot.cmdline = at_physical(info->cmdline_paddr);
    if (modules) {
        boot.initrd = at_physical(modules[0].paddr);
        boot.initrd_bytes = modules[0].size;
    }
    struct range memory = find_memory(info, modules);
    page_init(memory.start >> PAGE_SHIFT, memory.end >> PAGE_SHIFT);
    native_time_init();
    kernel_main(&boot);
}
