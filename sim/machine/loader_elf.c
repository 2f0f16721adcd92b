/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Program headers of an ELF executable, 32 or 64-bit: segments to load, notes. Only what a loader needs, every offset
 * compared with the size of the file before use. Source: Tool Interface Standard, "Executable and Linking Format".
 */
#include <elf.h>
#include <inttypes.h>
#include <string.h>
#include "sim/machine/loader.h"

struct program_header {
    uint32_t type;
    uint64_t at, va, pa, file_bytes, bytes, align;
};

bool loader_is_elf(const struct image *im)
{
    return im->size >= EI_NIDENT && memcmp(im->data, ELFMAG, SELFMAG) == 0;
}

static bool is_64(const struct image *im)
{
    return im->data[EI_CLASS] == ELFCLASS64;
}

#define FIELD(im, at, type32, type64, field)                                                                           \
    loader_get(im, (at) + (is_64(im) ? offsetof(type64, field) : offsetof(type32, field)),                             \
               is_64(im) ? sizeof(((type64 *)0)->field) : sizeof(((type32 *)0)->field))

static struct program_header header_at(const struct image *im, uint64_t at)
{
    return (struct program_header){
        .type = (uint32_t)FIELD(im, at, Elf32_Phdr, Elf64_Phdr, p_type),
        .at = FIELD(im, at, Elf32_Phdr, Elf64_Phdr, p_offset),
        .va = FIELD(im, at, Elf32_Phdr, Elf64_Phdr, p_vaddr),
        .pa = FIELD(im, at, Elf32_Phdr, Elf64_Phdr, p_paddr),
        .file_bytes = FIELD(im, at, Elf32_Phdr, Elf64_Phdr, p_filesz),
        .bytes = FIELD(im, at, Elf32_Phdr, Elf64_Phdr, p_memsz),
        .align = FIELD(im, at, Elf32_Phdr, Elf64_Phdr, p_align),
    };
}

static bool check_header(struct image *im)
{
    if (!loader_is_elf(im))
        return loader_refuse(im, "not an ELF file; a kernel is a 64-bit x86 ELF executable with a PVH note");
    unsigned class = im->data[EI_CLASS];
    if (im->size < (class == ELFCLASS64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
        return loader_refuse(im, "truncated ELF header (%zu bytes)", im->size);
    unsigned machine = (unsigned)FIELD(im, 0, Elf32_Ehdr, Elf64_Ehdr, e_machine);
    unsigned type = (unsigned)FIELD(im, 0, Elf32_Ehdr, Elf64_Ehdr, e_type);
    bool is_x86 = class == ELFCLASS64 ? machine == EM_X86_64 : class == ELFCLASS32 && machine == EM_386;
    if (!is_x86 || im->data[EI_DATA] != ELFDATA2LSB)
        return loader_refuse(im,
                             "wrong machine (ELF class %d, machine %u); allowed: ELF64 for x86-64 (machine %d), "
                             "ELF32 for 386 (machine %d)",
                             class == ELFCLASS64 ? 64 : 32, machine, EM_X86_64, EM_386);
    if (type != ET_EXEC && type != ET_DYN)
        return loader_refuse(im, "ELF type %u is not an executable", type);
    return true;
}

static uint64_t rounded(uint64_t v, uint64_t to)
{
    return (v + to - 1) & ~(to - 1);
}

static bool read_notes(struct image *im, const struct program_header *ph,
                       bool (*note)(struct image *im, const struct loader_note *n))
{
    uint64_t align = ph->align == 8 ? 8 : 4, end = ph->at + ph->file_bytes;

    if (!loader_has(im, ph->at, ph->file_bytes))
        return loader_refuse(im, "truncated: notes end at byte %" PRIu64 " of %zu", end, im->size);
    for (uint64_t at = ph->at; end - at >= sizeof(Elf64_Nhdr);) {
        uint64_t name = loader_get(im, at, 4), desc = loader_get(im, at + 4, 4);
        uint64_t desc_at = at + sizeof(Elf64_Nhdr) + rounded(name, align), next = desc_at + rounded(desc, align);
        struct loader_note n = {(uint32_t)loader_get(im, at + 8, 4), (const char *)im->data + at + sizeof(Elf64_Nhdr),
                                name, desc_at, desc};

        if (desc_at + desc > end) /* sums of 32-bit sizes and file offsets: they cannot wrap */
            break;
        if (!note(im, &n))
            return false;
        if (next > end)
            break;
        at = next;
    }
    return true;
}

struct table {
    uint64_t at, n, stride;
};

static bool find_table(struct image *im, struct table *t)
{
    if (!check_header(im))
        return false;
    t->at = FIELD(im, 0, Elf32_Ehdr, Elf64_Ehdr, e_phoff);
    t->n = FIELD(im, 0, Elf32_Ehdr, Elf64_Ehdr, e_phnum);
    t->stride = FIELD(im, 0, Elf32_Ehdr, Elf64_Ehdr, e_phentsize);
    if (t->n && t->stride < (is_64(im) ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
        return loader_refuse(im, "program headers of %" PRIu64 " bytes", t->stride);
    if (!loader_has(im, t->at, t->n * t->stride))
        return loader_refuse(im, "truncated: program headers end at byte %" PRIu64 " of %zu", t->at + t->n * t->stride,
                             im->size);
    return true;
}

bool loader_elf_notes(struct image *im, bool (*note)(struct image *im, const struct loader_note *n))
{
    struct table t;

    if (!find_table(im, &t))
        return false;
    for (uint64_t i = 0; i < t.n; i++) {
        struct program_header ph = header_at(im, t.at + i * t.stride);

        if (ph.type == PT_NOTE && !read_notes(im, &ph, note))
            return false;
    }
    return true;
}

bool loader_elf_segments(struct image *im)
{
    struct table t;

    if (!find_table(im, &t))
        return false;
    uint64_t entry = FIELD(im, 0, Elf32_Ehdr, Elf64_Ehdr, e_entry);
    im->entry = entry;
    for (uint64_t i = 0; i < t.n; i++) {
        struct program_header ph = header_at(im, t.at + i * t.stride);
        struct segment s = {ph.pa, ph.at, ph.file_bytes, ph.bytes};

        if (ph.type != PT_LOAD || !ph.bytes)
            continue;
        if (!loader_add_segment(im, &s))
            return false;
        if (entry >= ph.va && entry - ph.va < ph.bytes) /* a virtual address: where its segment lies */
            im->entry = ph.pa + (entry - ph.va);
    }
    return true;
}
