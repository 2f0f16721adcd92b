/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loaders share. Includable only from sim/machine and its tests.
 *
 * A loader is a row of the table in loader.c: it recognises a file by its content and puts it into memory. It works in
 * two halves: first everything is read and checked and nothing is written (segments are collected in struct image),
 * then everything is copied. A refused file so leaves the machine as it was. All bytes of the file are untrusted: they
 * are read through loader_get(), which knows the end of the file, or from offsets that were compared with im->size.
 *
 * Layout: segments where the file wants them; modules page-aligned, downwards from the ACPI range at the top of low
 * RAM; what is handed to the kernel (information structures, memory map, strings) in the arena at BOARD_START_INFO,
 * which every memory map reserves; the entry code at BOARD_FIRMWARE (firmware.c).
 */
#pragma once
#include "sim/machine/machine_internal.h"

enum { LOADER_MAX_SEGMENTS = 64, LOADER_MAX_MODULES = 32, LOADER_MAX_MAP = 8, LOADER_ARENA_BYTES = 0x8000 };

struct segment {
    uint64_t pa, file_at, file_bytes, bytes;
};

struct image {
    struct machine *m;
    const char *path;
    uint8_t *data;
    size_t size;
    const char *cmdline; /* never NULL */
    const struct machine_module *modules;
    size_t n_modules;
    uint64_t module_at[LOADER_MAX_MODULES];
    struct segment seg[LOADER_MAX_SEGMENTS];
    unsigned n_seg;
    uint64_t entry;  /* as the format's header says */
    uint64_t next;   /* first free byte of the arena */
    uint64_t header; /* where the recognised header is in the file */
    GError **error;
};

/* loader_refuse() - "path: text" as the user's error. Return: false, so that it can be returned. */
bool loader_refuse(struct image *im, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* loader_get() - @bytes (1..8) of the file at @at, little-endian; 0 beyond its end. */
uint64_t loader_get(const struct image *im, uint64_t at, unsigned bytes);
/* loader_has() - the file holds @bytes at @at. */
bool loader_has(const struct image *im, uint64_t at, uint64_t bytes);
/* loader_add_segment() - checks it against file, memory and the other segments. */
bool loader_add_segment(struct image *im, const struct segment *s);
bool loader_in_segment(const struct image *im, uint64_t pa);
uint64_t loader_segments_end(const struct image *im); /* first address above all segments, at least 1 MiB */
/* loader_place_modules() - addresses for all modules between @floor and @top; the ACPI range is never used. */
bool loader_place_modules(struct image *im, uint64_t floor, uint64_t top);
/* loader_check_strings() - command lines fit the arena, beside @fixed_bytes of structures. */
bool loader_check_strings(struct image *im, size_t fixed_bytes);
void loader_copy(struct image *im); /* segments, modules, symbols */
/* The arena: what the kernel is given. Return: the address. */
uint64_t loader_put(struct image *im, const void *data, size_t bytes);
uint64_t loader_put_string(struct image *im, const char *s);

/* The memory map, as every boot protocol has it. */
enum loader_map_type { LOADER_MAP_RAM = 1, LOADER_MAP_RESERVED = 2, LOADER_MAP_ACPI = 3 };
struct loader_map_row {
    uint64_t at, bytes;
    uint32_t type;
};
unsigned loader_map(const struct machine *m, struct loader_map_row rows[LOADER_MAX_MAP]);

/* ---- loader_elf.c: program headers of 32 and 64-bit ELF executables ---- */
bool loader_is_elf(const struct image *im);
struct loader_note {
    uint32_t type;
    const char *name;
    size_t name_bytes;
    uint64_t desc_at, desc_bytes;
};
/* loader_elf_notes() - calls @note for every note until it returns false. */
bool loader_elf_notes(struct image *im, bool (*note)(struct image *im, const struct loader_note *n));
/* loader_elf_segments() - collects what is to be loaded, and the physical address of the entry. */
bool loader_elf_segments(struct image *im);

/* ---- the loaders: rows of the table in loader.c ---- */
struct loader {
    const char *name;
    bool (*recognises)(struct image *im);
    bool (*load)(struct image *im);
};
extern const struct loader loader_pvh, loader_multiboot, loader_multiboot2, loader_linux, loader_sector;
