/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads PVH's start_info (arch-x86/hvm/start_info.h) into hv_boot. The loader's structures lie somewhere in memory that
 * will soon be handed out, so all of it is copied, and nothing in it is believed beyond its bounds.
 */
#include "hv/boot/boot.h"
#include "hv/include/printk.h"
#include "hv/include/string.h"
#include "hv/include/xen.h"
#include <xen/arch-x86/hvm/start_info.h>

struct hv_boot_info hv_boot;

static void read_cmdline(uint64_t phys)
{
    const char *line;

    if (phys == 0)
        return;
    hv_boot_map(phys, sizeof(hv_boot.cmdline));
    line = hv_phys_to_virt(phys);
    memcpy(hv_boot.cmdline, line, strnlen(line, sizeof(hv_boot.cmdline) - 1));
}

static void read_module(const struct hvm_start_info *info)
{
    const struct hvm_modlist_entry *module;

    if (info->nr_modules == 0)
        return;
    hv_boot_map(info->modlist_paddr, sizeof(*module));
    module = hv_phys_to_virt(info->modlist_paddr);
    if (module->size == 0 || module->paddr + module->size < module->paddr)
        return;
    hv_boot.module_phys = module->paddr;
    hv_boot.module_bytes = module->size;
    hv_boot_map(module->paddr, module->size);
}

/* Keeps the rows ascending: firmware sorts its map, but nothing says it must. */
static void add_ram(uint64_t start, uint64_t end)
{
    unsigned i;

    if (end <= start || hv_boot.n_ram == HV_BOOT_MAX_RANGES)
        return;
    for (i = hv_boot.n_ram++; i > 0 && hv_boot.ram[i - 1].start_phys > start; i--)
        hv_boot.ram[i] = hv_boot.ram[i - 1];
    hv_boot.ram[i] = (struct hv_boot_range){start, end};
}

static void read_memory_map(const struct hvm_start_info *info)
{
    const struct hvm_memmap_table_entry *row;

    if (info->version < 1 || info->memmap_entries == 0)
        hv_panic("the boot loader gives no memory map: PVH start_info version %u", info->version);
    hv_boot_map(info->memmap_paddr, info->memmap_entries * sizeof(*row));
    row = hv_phys_to_virt(info->memmap_paddr);
    for (uint32_t i = 0; i < info->memmap_entries; i++) {
        if (row[i].type == XEN_HVM_MEMMAP_TYPE_RAM)
            add_ram(row[i].addr, row[i].addr + row[i].size);
    }
}

void hv_boot_read_info(uint64_t start_info_phys)
{
    const struct hvm_start_info *info;

    hv_boot_map(start_info_phys, sizeof(*info));
    info = hv_phys_to_virt(start_info_phys);
    if (info->magic != XEN_HVM_START_MAGIC_VALUE)
        hv_panic("not started by a PVH boot loader: magic %#x", info->magic);
    read_cmdline(info->cmdline_paddr);
    read_memory_map(info);
    read_module(info);
    hv_boot.rsdp_phys = info->rsdp_paddr;
    for (unsigned i = 0; i < hv_boot.n_ram; i++)
        hv_boot_map(hv_boot.ram[i].start_phys, hv_boot.ram[i].end_phys - hv_boot.ram[i].start_phys);
}
