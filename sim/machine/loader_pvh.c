/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PVH boot: an ELF executable whose note XEN_ELFNOTE_PHYS32_ENTRY names a 32-bit entry point; EBX points to the
 * start_info. Source: Xen's public headers elfnote.h and arch-x86/hvm/start_info.h.
 */
#include <inttypes.h>
#include <string.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/elfnote.h>
#include "sim/machine/firmware.h"
#include "sim/machine/loader.h"

#define NO_ENTRY UINT64_MAX

static bool pvh_note(struct image *im, const struct loader_note *n)
{
    if (n->type != XEN_ELFNOTE_PHYS32_ENTRY || n->name_bytes != 4 || memcmp(n->name, "Xen", 4) != 0)
        return true;
    if (n->desc_bytes != 4 && n->desc_bytes != 8)
        return loader_refuse(im, "the PVH note holds %" PRIu64 " bytes; allowed: 4 or 8", n->desc_bytes);
    im->header = loader_get(im, n->desc_at, (unsigned)n->desc_bytes);
    return true;
}

static bool recognises(struct image *im)
{
    struct image probe = *im;
    GError *error = NULL;

    probe.error = &error;
    probe.header = NO_ENTRY;
    bool yes = loader_is_elf(im) && loader_elf_notes(&probe, pvh_note) && probe.header != NO_ENTRY;
    g_clear_error(&error);
    return yes;
}

static bool check(struct image *im)
{
    im->header = NO_ENTRY;
    if (!loader_elf_notes(im, pvh_note) || !loader_elf_segments(im))
        return false;
    if (im->header == NO_ENTRY)
        return loader_refuse(im, "no PVH entry: an ELF note of owner Xen, type %d (XEN_ELFNOTE_PHYS32_ENTRY) is needed",
                             XEN_ELFNOTE_PHYS32_ENTRY);
    im->entry = im->header;
    if (!loader_in_segment(im, im->entry))
        return loader_refuse(im, "the PVH entry %#" PRIx64 " is in no segment", im->entry);
    return loader_place_modules(im, loader_segments_end(im), UINT64_MAX) &&
           loader_check_strings(im, sizeof(struct hvm_start_info) +
                                        LOADER_MAX_MAP * sizeof(struct hvm_memmap_table_entry) +
                                        LOADER_MAX_MODULES * sizeof(struct hvm_modlist_entry) + 64);
}

static uint64_t put_map(struct image *im, struct hvm_start_info *info)
{
    struct loader_map_row rows[LOADER_MAX_MAP];
    struct hvm_memmap_table_entry map[LOADER_MAX_MAP];

    info->memmap_entries = loader_map(im->m, rows);
    for (unsigned i = 0; i < info->memmap_entries; i++)
        map[i] = (struct hvm_memmap_table_entry){rows[i].at, rows[i].bytes, rows[i].type, 0};
    return loader_put(im, map, info->memmap_entries * sizeof(map[0]));
}

static uint64_t put_modules(struct image *im)
{
    struct hvm_modlist_entry list[LOADER_MAX_MODULES] = {{0}};

    for (size_t i = 0; i < im->n_modules; i++) {
        const char *s = im->modules[i].cmdline;

        list[i] =
            (struct hvm_modlist_entry){im->module_at[i], im->modules[i].bytes, s ? loader_put_string(im, s) : 0, 0};
    }
    im->next = (im->next + 7) & ~7ull;
    return im->n_modules ? loader_put(im, list, im->n_modules * sizeof(list[0])) : 0;
}

static bool load(struct image *im)
{
    struct hvm_start_info info = {.magic = XEN_HVM_START_MAGIC_VALUE, .version = 1, .rsdp_paddr = BOARD_RSDP};

    if (!check(im))
        return false;
    loader_copy(im);
    im->next += sizeof(info);
    info.nr_modules = (uint32_t)im->n_modules;
    info.memmap_paddr = put_map(im, &info);
    info.modlist_paddr = put_modules(im);
    info.cmdline_paddr = loader_put_string(im, im->cmdline);
    phys_copy_in(im->m->phys, (hpa_t){BOARD_START_INFO}, &info, sizeof(info));
    firmware_start(im->m, &(struct firmware_start){
                              .kind = FIRMWARE_FLAT32, .entry = im->entry, .r = {[FIRMWARE_BX] = BOARD_START_INFO}});
    return true;
}

const struct loader loader_pvh = {"PVH", recognises, load};
