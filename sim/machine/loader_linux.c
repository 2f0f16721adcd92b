/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux bzImage: the protected-mode part at 1 MiB, the boot parameters ("zero page") filled in, the real-mode part not
 * run. Entered by the 64-bit boot protocol if the image has it, else by the 32-bit one. One initial file system:
 * several modules are laid one behind another, as the kernel takes several archives. Source: Linux kernel
 * documentation, "The Linux/x86 Boot Protocol" and "Zero Page".
 */
#include <inttypes.h>
#include <string.h>
#include "sim/machine/firmware.h"
#include "sim/machine/loader.h"

enum { LOAD_AT = 1 << 20, ZERO_PAGE_BYTES = 4096, SECTOR = 512, LEAST_VERSION = 0x0202, NO_VERSION_BELOW = 0x0200 };
/* Offsets in the file and in the zero page alike. */
enum {
    ACPI_RSDP = 0x070,
    ALT_MEM_K = 0x1e0,
    E820_ENTRIES = 0x1e8,
    SETUP_SECTS = 0x1f1,
    SYSSIZE = 0x1f4,
    BOOT_FLAG = 0x1fe,
    JUMP_END = 0x201,
    HEADER = 0x202,
    VERSION = 0x206,
    TYPE_OF_LOADER = 0x210,
    LOADFLAGS = 0x211,
    CODE32_START = 0x214,
    RAMDISK = 0x218,
    RAMDISK_SIZE = 0x21c,
    CMD_LINE_PTR = 0x228,
    INITRD_ADDR_MAX = 0x22c,
    XLOADFLAGS = 0x236,
    CMDLINE_SIZE = 0x238,
    PREF_ADDRESS = 0x258,
    INIT_SIZE = 0x260,
    HEADER_END = 0x290,
    E820_TABLE = 0x2d0
};
enum { LOADED_HIGH = 1, KERNEL_64 = 1, UNKNOWN_LOADER = 0xff, ENTRY_64 = 0x200, E820_ROW_BYTES = 20 };

static bool recognises(struct image *im)
{
    return im->size > HEADER_END && loader_get(im, BOOT_FLAG, 2) == 0xaa55 && memcmp(im->data + HEADER, "HdrS", 4) == 0;
}

/* Memory that the kernel uses before it reads the memory map ends here. */
static uint64_t kernel_end(const struct image *im)
{
    uint64_t end = LOAD_AT + im->seg[0].bytes;

    if (loader_get(im, VERSION, 2) < 0x020a)
        return end;
    uint64_t need = loader_get(im, PREF_ADDRESS, 8), init = loader_get(im, INIT_SIZE, 4);
    return need < 1ull << 32 && need + init > end ? need + init : end;
}

static bool check(struct image *im)
{
    uint64_t version = loader_get(im, VERSION, 2), sects = loader_get(im, SETUP_SECTS, 1);
    uint64_t setup_bytes = (sects ? sects + 1 : 5) * SECTOR;
    uint64_t longest = version >= 0x0206 ? loader_get(im, CMDLINE_SIZE, 4) : 255;
    uint64_t initrd_max = version >= 0x0203 ? loader_get(im, INITRD_ADDR_MAX, 4) : 0x37ffffff;

    if (version < LEAST_VERSION || !(loader_get(im, LOADFLAGS, 1) & LOADED_HIGH))
        return loader_refuse(im, "Linux boot protocol %" PRIu64 ".%02" PRIu64 "; allowed: a bzImage of 2.02 or later",
                             version >> 8, version & 0xff);
    if (setup_bytes >= im->size)
        return loader_refuse(im, "truncated: the kernel begins at byte %" PRIu64 " of %zu", setup_bytes, im->size);
    if (strlen(im->cmdline) > longest)
        return loader_refuse(im, "command line of %zu bytes; this kernel takes %" PRIu64, strlen(im->cmdline), longest);
    struct segment s = {LOAD_AT, setup_bytes, im->size - setup_bytes, im->size - setup_bytes};
    if (!loader_add_segment(im, &s))
        return false;
    uint64_t end = kernel_end(im), top = im->m->phys->low_end - BOARD_ACPI_BYTES;
    if (end > top)
        return loader_refuse(im,
                             "the kernel needs memory up to %" PRIu64 " MiB; this machine has %" PRIu64 " bytes there",
                             (end >> 20) + 1, top);
    return loader_check_strings(im, ZERO_PAGE_BYTES + 64) && loader_place_modules(im, end, initrd_max + 1);
}

/* The kernel wants one range: the gaps up to the next page are zero bytes of it, which it skips. */
static void put_initrd(struct image *im, uint8_t *zero)
{
    uint64_t start, end;

    if (!im->n_modules)
        return;
    start = im->module_at[0];
    end = im->module_at[im->n_modules - 1] + im->modules[im->n_modules - 1].bytes;
    memcpy(zero + RAMDISK, &start, 4);
    uint64_t bytes = end - start;
    memcpy(zero + RAMDISK_SIZE, &bytes, 4);
}

static void put_map(struct image *im, uint8_t *zero)
{
    struct loader_map_row rows[LOADER_MAX_MAP];
    unsigned n = loader_map(im->m, rows);
    uint32_t upper_kib = (uint32_t)((im->m->phys->low_end - BOARD_ACPI_BYTES - (1u << 20)) >> 10);

    memcpy(zero + ALT_MEM_K, &upper_kib, 4);
    zero[E820_ENTRIES] = (uint8_t)n;
    for (unsigned i = 0; i < n; i++) {
        uint8_t *row = zero + E820_TABLE + i * E820_ROW_BYTES;

        memcpy(row, &rows[i].at, 8);
        memcpy(row + 8, &rows[i].bytes, 8);
        memcpy(row + 16, &rows[i].type, 4);
    }
}

static uint32_t put_zero_page(struct image *im)
{
    uint8_t zero[ZERO_PAGE_BYTES] = {0};
    uint64_t end = HEADER + loader_get(im, JUMP_END, 1), rsdp = BOARD_RSDP;
    uint32_t at = (uint32_t)im->next, cmdline, load_at = LOAD_AT;

    memcpy(zero + SETUP_SECTS, im->data + SETUP_SECTS, MIN(end, HEADER_END) - SETUP_SECTS);
    im->next += sizeof(zero);
    cmdline = (uint32_t)loader_put_string(im, im->cmdline);
    zero[TYPE_OF_LOADER] = UNKNOWN_LOADER;
    memcpy(zero + CODE32_START, &load_at, 4);
    memcpy(zero + CMD_LINE_PTR, &cmdline, 4);
    memcpy(zero + ACPI_RSDP, &rsdp, 8);
    put_initrd(im, zero);
    put_map(im, zero);
    phys_copy_in(im->m->phys, (hpa_t){at}, zero, sizeof(zero));
    return at;
}

static bool load(struct image *im)
{
    if (!check(im))
        return false;
    bool is_64 = loader_get(im, VERSION, 2) >= 0x020c && loader_get(im, XLOADFLAGS, 2) & KERNEL_64;
    loader_copy(im);
    firmware_start(im->m, &(struct firmware_start){.kind = is_64 ? FIRMWARE_LONG64 : FIRMWARE_FLAT32,
                                                   .entry = LOAD_AT + (is_64 ? ENTRY_64 : 0),
                                                   .r = {[FIRMWARE_SI] = put_zero_page(im)}});
    return true;
}

const struct loader loader_linux = {"Linux bzImage", recognises, load};
