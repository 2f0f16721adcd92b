/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiboot 2: a header of tags in the first 32 KiB, an ELF file (32 or 64-bit) or the address tag; entered in flat
 * 32-bit mode with the magic number in EAX and the list of information tags in EBX. Requests for EFI, a console or a
 * framebuffer are not fulfilled; a required tag or information of an unknown type is refused. The image is loaded where
 * it was linked, also if it says that it can be moved. Source: Multiboot2 Specification version 2.0.
 */
#include <inttypes.h>
#include <string.h>
#include "sim/machine/firmware.h"
#include "sim/machine/loader.h"

#define MAGIC        0xe85250d6u
#define LOADER_MAGIC 0x36d76289u
enum { SEARCH_BYTES = 32768, HEADER_BYTES = 16, OPTIONAL = 1, RSDP_V1_BYTES = 20, RSDP_BYTES = 36 };
enum header_tag {
    TAG_END,
    TAG_REQUEST,
    TAG_ADDRESS,
    TAG_ENTRY,
    TAG_CONSOLE,
    TAG_FRAMEBUFFER,
    TAG_MODULE_ALIGN,
    TAG_EFI,
    TAG_ENTRY_EFI32,
    TAG_ENTRY_EFI64,
    TAG_RELOCATABLE,
    TAGS
};
enum info_tag {
    INFO_END,
    INFO_CMDLINE,
    INFO_NAME,
    INFO_MODULE,
    INFO_MEMORY,
    INFO_MAP = 6,
    INFO_RSDP_OLD = 14,
    INFO_RSDP_NEW = 15,
    INFO_LOAD_BASE = 21
};

static bool recognises(struct image *im)
{
    for (uint64_t at = 0; at < SEARCH_BYTES && loader_has(im, at, HEADER_BYTES); at += 8) {
        uint32_t arch = (uint32_t)loader_get(im, at + 4, 4), bytes = (uint32_t)loader_get(im, at + 8, 4);

        if (loader_get(im, at, 4) != MAGIC || arch != 0 || MAGIC + bytes + (uint32_t)loader_get(im, at + 12, 4) != 0)
            continue;
        im->header = at;
        return true;
    }
    return false;
}

/* ---- the header's tags: @at of each kind, 0 if absent ---- */
struct tags {
    uint64_t at[TAGS];
};

static bool check_request(struct image *im, uint64_t at, uint64_t bytes)
{
    const uint64_t known = 1ull << INFO_CMDLINE | 1ull << INFO_NAME | 1ull << INFO_MODULE | 1ull << INFO_MEMORY |
                           1ull << INFO_MAP | 1ull << INFO_RSDP_OLD | 1ull << INFO_RSDP_NEW | 1ull << INFO_LOAD_BASE;

    for (uint64_t k = 8; k + 4 <= bytes; k += 4) {
        uint64_t type = loader_get(im, at + k, 4);

        if (type > INFO_LOAD_BASE || !(known >> type & 1))
            return loader_refuse(im, "Multiboot 2 header: required information of type %" PRIu64 " is not here", type);
    }
    return true;
}

static bool read_tag(struct image *im, struct tags *t, uint64_t at, uint64_t bytes)
{
    static const uint8_t least[TAGS] = {[TAG_ADDRESS] = 24, [TAG_ENTRY] = 12};
    unsigned type = (unsigned)loader_get(im, at, 2);
    bool is_optional = loader_get(im, at + 2, 2) & OPTIONAL;

    if (type >= TAGS)
        return is_optional || loader_refuse(im, "Multiboot 2 header: required tag of unknown type %u", type);
    if (bytes < least[type])
        return loader_refuse(im, "Multiboot 2 header: tag of type %u has %" PRIu64 " bytes; it needs %u", type, bytes,
                             least[type]);
    t->at[type] = at;
    return type != TAG_REQUEST || is_optional || check_request(im, at, bytes);
}

static bool read_tags(struct image *im, struct tags *t)
{
    uint64_t at = im->header + HEADER_BYTES, end = im->header + loader_get(im, im->header + 8, 4);

    if (!loader_has(im, im->header, end - im->header))
        return loader_refuse(im, "truncated: the Multiboot 2 header ends at byte %" PRIu64 " of %zu", end, im->size);
    while (at + 8 <= end) {
        uint64_t bytes = loader_get(im, at + 4, 4);

        if (loader_get(im, at, 2) == TAG_END)
            return true;
        if (bytes < 8 || bytes > end - at)
            return loader_refuse(im, "Multiboot 2 header: tag of %" PRIu64 " bytes at byte %" PRIu64, bytes, at);
        if (!read_tag(im, t, at, bytes))
            return false;
        at += (bytes + 7) & ~7ull;
    }
    return true;
}

static bool addresses(struct image *im, uint64_t tag)
{
    uint64_t header = loader_get(im, tag + 8, 4), load = loader_get(im, tag + 12, 4);
    uint64_t load_end = loader_get(im, tag + 16, 4), bss_end = loader_get(im, tag + 20, 4);
    bool has_start = load == UINT32_MAX; /* the file's first byte is meant */

    load = has_start ? header - im->header : load;
    if (header < load || header - load > im->header || (load_end && load_end < load))
        return loader_refuse(im,
                             "Multiboot 2 header: addresses %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64
                             " do not fit a header at byte %" PRIu64,
                             header, load, load_end, im->header);
    struct segment s = {.pa = load, .file_at = im->header - (header - load)};
    s.file_bytes = load_end ? load_end - load : im->size - s.file_at;
    s.bytes = bss_end > load + s.file_bytes ? bss_end - load : s.file_bytes;
    return loader_add_segment(im, &s);
}

static size_t info_bytes(const struct image *im)
{
    return 512 + LOADER_MAX_MAP * 24 + im->n_modules * 24;
}

static bool check(struct image *im)
{
    struct tags t = {{0}};

    if (!read_tags(im, &t) || !(t.at[TAG_ADDRESS] ? addresses(im, t.at[TAG_ADDRESS]) : loader_elf_segments(im)))
        return false;
    if (t.at[TAG_ENTRY])
        im->entry = loader_get(im, t.at[TAG_ENTRY] + 8, 4);
    if (!loader_in_segment(im, im->entry))
        return loader_refuse(im, "the Multiboot 2 entry %#" PRIx64 " is in no segment", im->entry);
    return loader_place_modules(im, loader_segments_end(im), UINT64_MAX) && loader_check_strings(im, info_bytes(im));
}

/* ---- the information tags ---- */
struct words {
    uint32_t w[12];
    unsigned n;
};

static void put_tag(struct image *im, enum info_tag type, const struct words *head, const void *tail, size_t bytes)
{
    size_t head_bytes = head->n * sizeof(head->w[0]);
    const uint32_t start[] = {type, (uint32_t)(8 + head_bytes + bytes)};

    im->next = (im->next + 7) & ~7ull;
    phys_copy_in(im->m->phys, (hpa_t){im->next}, start, sizeof(start));
    phys_copy_in(im->m->phys, (hpa_t){im->next + 8}, head->w, head_bytes);
    if (bytes)
        phys_copy_in(im->m->phys, (hpa_t){im->next + 8 + head_bytes}, tail, bytes);
    im->next = (im->next + start[1] + 7) & ~7ull;
}

static void put_text(struct image *im, enum info_tag type, const struct words *head, const char *s)
{
    put_tag(im, type, head, s, strlen(s) + 1);
}

static void put_map(struct image *im)
{
    struct loader_map_row rows[LOADER_MAX_MAP];
    struct {
        uint64_t base, length;
        uint32_t type, reserved;
    } map[LOADER_MAX_MAP] = {{0}};
    unsigned n = loader_map(im->m, rows);

    for (unsigned i = 0; i < n; i++) {
        map[i].base = rows[i].at;
        map[i].length = rows[i].bytes;
        map[i].type = rows[i].type;
    }
    put_tag(im, INFO_MAP, &(struct words){{sizeof(map[0]), 0}, 2}, map, n * sizeof(map[0]));
}

static void put_info(struct image *im)
{
    const struct words none = {.n = 0};
    uint32_t upper_kib = (uint32_t)((im->m->phys->low_end - BOARD_ACPI_BYTES - (1u << 20)) >> 10);
    uint8_t rsdp[RSDP_BYTES];

    im->next += 8;
    put_text(im, INFO_CMDLINE, &none, im->cmdline);
    put_text(im, INFO_NAME, &none, "vmscale");
    for (size_t i = 0; i < im->n_modules; i++) {
        uint32_t start = (uint32_t)im->module_at[i], end = (uint32_t)(start + im->modules[i].bytes);

        put_text(im, INFO_MODULE, &(struct words){{start, end}, 2},
                 im->modules[i].cmdline ? im->modules[i].cmdline : "");
    }
    put_tag(im, INFO_MEMORY, &(struct words){{BOARD_LOW_RESERVED >> 10, upper_kib}, 2}, NULL, 0);
    put_map(im);
    phys_copy_out(im->m->phys, rsdp, (hpa_t){BOARD_RSDP}, sizeof(rsdp));
    put_tag(im, INFO_RSDP_OLD, &none, rsdp, RSDP_V1_BYTES);
    put_tag(im, INFO_RSDP_NEW, &none, rsdp, RSDP_BYTES);
    put_tag(im, INFO_END, &none, NULL, 0);
    const uint32_t start[] = {(uint32_t)(im->next - BOARD_START_INFO), 0};
    phys_copy_in(im->m->phys, (hpa_t){BOARD_START_INFO}, start, sizeof(start));
}

static bool load(struct image *im)
{
    if (!check(im))
        return false;
    loader_copy(im);
    put_info(im);
    firmware_start(im->m,
                   &(struct firmware_start){.kind = FIRMWARE_FLAT32,
                                            .entry = im->entry,
                                            .r = {[FIRMWARE_AX] = LOADER_MAGIC, [FIRMWARE_BX] = BOARD_START_INFO}});
    return true;
}

const struct loader loader_multiboot2 = {"Multiboot 2", recognises, load};
