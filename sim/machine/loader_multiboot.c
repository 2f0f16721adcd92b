/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiboot 1: a header in the first 8 KiB, an ELF file (32 or 64-bit) or the header's own addresses ("a.out kludge"),
 * entered in flat 32-bit mode with the magic number in EAX and the information structure in EBX. The first word of the
 * command line is the file's name, as GRUB legacy and QEMU give it. A request for a video mode is not fulfilled, which
 * the specification allows. Source: Multiboot Specification version 0.6.96.
 */
#include <inttypes.h>
#include <string.h>
#include "sim/machine/firmware.h"
#include "sim/machine/loader.h"

enum { SEARCH_BYTES = 8192, MAGIC = 0x1badb002, LOADER_MAGIC = 0x2badb002 };
enum { HEADER_ADDR = 12, LOAD_ADDR = 16, LOAD_END = 20, BSS_END = 24, ENTRY = 28, HEADER_BYTES = 32 };
enum { WANTS_UNKNOWN = 0xfff8, HAS_ADDRESSES = 1 << 16 };
enum { INFO_MEMORY = 1, INFO_CMDLINE = 4, INFO_MODULES = 8, INFO_MAP = 64, INFO_NAME = 512 };

struct info {
    uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4], mmap_length, mmap_addr,
        drives_length, drives_addr, config_table, boot_loader_name, apm_table;
};
struct module {
    uint32_t start, end, string, reserved;
};
struct __attribute__((packed)) map_row {
    uint32_t size; /* of what follows */
    uint64_t base, length;
    uint32_t type;
};

static bool recognises(struct image *im)
{
    for (uint64_t at = 0; at < SEARCH_BYTES && loader_has(im, at, 12); at += 4) {
        uint32_t flags = (uint32_t)loader_get(im, at + 4, 4), sum = (uint32_t)loader_get(im, at + 8, 4);

        if (loader_get(im, at, 4) != MAGIC || (uint32_t)(MAGIC + flags + sum) != 0)
            continue;
        im->header = at;
        return true;
    }
    return false;
}

static bool kludge(struct image *im)
{
    uint64_t h = im->header, load = loader_get(im, h + LOAD_ADDR, 4), header = loader_get(im, h + HEADER_ADDR, 4);
    uint64_t load_end = loader_get(im, h + LOAD_END, 4), bss_end = loader_get(im, h + BSS_END, 4);

    if (!loader_has(im, h, HEADER_BYTES))
        return loader_refuse(im, "truncated: the Multiboot header's addresses end at byte %" PRIu64 " of %zu",
                             h + HEADER_BYTES, im->size);
    if (header < load || header - load > h)
        return loader_refuse(im,
                             "Multiboot header: header_addr %#" PRIx64 " and load_addr %#" PRIx64
                             " do not fit a header at byte %" PRIu64,
                             header, load, h);
    struct segment s = {.pa = load, .file_at = h - (header - load)};
    if (load_end && load_end < load)
        return loader_refuse(im, "Multiboot header: load_end_addr %#" PRIx64 " is below load_addr %#" PRIx64, load_end,
                             load);
    s.file_bytes = load_end ? load_end - load : im->size - s.file_at;
    s.bytes = bss_end > load + s.file_bytes ? bss_end - load : s.file_bytes;
    im->entry = loader_get(im, h + ENTRY, 4);
    return loader_add_segment(im, &s);
}

static bool check(struct image *im)
{
    uint32_t flags = (uint32_t)loader_get(im, im->header + 4, 4);

    if (flags & WANTS_UNKNOWN)
        return loader_refuse(im, "Multiboot header: flags %#x ask for something unknown; allowed bits: 0, 1, 2, 16",
                             flags);
    if (!(flags & HAS_ADDRESSES ? kludge(im) : loader_elf_segments(im)))
        return false;
    if (!loader_in_segment(im, im->entry))
        return loader_refuse(im, "the Multiboot entry %#" PRIx64 " is in no segment", im->entry);
    return loader_place_modules(im, loader_segments_end(im), UINT64_MAX) &&
           loader_check_strings(im, sizeof(struct info) + LOADER_MAX_MAP * sizeof(struct map_row) +
                                        LOADER_MAX_MODULES * sizeof(struct module) + strlen(im->path) + 128);
}

static void put_modules(struct image *im, struct info *info)
{
    struct module list[LOADER_MAX_MODULES] = {{0}};

    for (size_t i = 0; i < im->n_modules; i++) {
        const char *s = im->modules[i].cmdline;

        list[i].start = (uint32_t)im->module_at[i];
        list[i].end = (uint32_t)(im->module_at[i] + im->modules[i].bytes);
        list[i].string = (uint32_t)loader_put_string(im, s ? s : "");
    }
    im->next = (im->next + 7) & ~7ull;
    info->mods_count = (uint32_t)im->n_modules;
    info->mods_addr = (uint32_t)loader_put(im, list, im->n_modules * sizeof(list[0]));
}

static void put_map(struct image *im, struct info *info)
{
    struct loader_map_row rows[LOADER_MAX_MAP];
    struct map_row map[LOADER_MAX_MAP];
    unsigned n = loader_map(im->m, rows);

    for (unsigned i = 0; i < n; i++)
        map[i] = (struct map_row){sizeof(map[i]) - 4, rows[i].at, rows[i].bytes, rows[i].type};
    info->mmap_length = (uint32_t)(n * sizeof(map[0]));
    info->mmap_addr = (uint32_t)loader_put(im, map, info->mmap_length);
}

static bool load(struct image *im)
{
    struct info info = {.flags = INFO_MEMORY | INFO_CMDLINE | INFO_MODULES | INFO_MAP | INFO_NAME};

    if (!check(im))
        return false;
    loader_copy(im);
    im->next += sizeof(info);
    info.mem_lower = BOARD_LOW_RESERVED >> 10;
    info.mem_upper = (uint32_t)((im->m->phys->low_end - BOARD_ACPI_BYTES - (1u << 20)) >> 10);
    put_map(im, &info);
    put_modules(im, &info);
    char *words = g_strconcat(im->path, " ", im->cmdline, NULL);
    info.cmdline = (uint32_t)loader_put_string(im, words);
    g_free(words);
    info.boot_loader_name = (uint32_t)loader_put_string(im, "vmscale");
    phys_copy_in(im->m->phys, (hpa_t){BOARD_START_INFO}, &info, sizeof(info));
    firmware_start(im->m,
                   &(struct firmware_start){.kind = FIRMWARE_FLAT32,
                                            .entry = im->entry,
                                            .r = {[FIRMWARE_AX] = LOADER_MAGIC, [FIRMWARE_BX] = BOARD_START_INFO}});
    return true;
}

const struct loader loader_multiboot = {"Multiboot 1", recognises, load};
