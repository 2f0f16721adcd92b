/* SPDX-License-Identifier: Apache-2.0 */
/* Reader of ELF PV kernels; see elf_image.h. Layouts: "ELF-64 Object File Format"; notes: Xen's elfnote.h. */
#include "hv/domain/elf_image.h"
#include <xen/elfnote.h>
#include "hv/include/string.h"

#define MAX_IMAGE_BYTES (UINT64_C(1) << 40)

struct ehdr {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct phdr {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
struct shdr {
    uint32_t name, type;
    uint64_t flags, addr, offset, size;
    uint32_t link, info;
    uint64_t addralign, entsize;
};
struct nhdr {
    uint32_t namesz, descsz, type;
};

#define ET_EXEC   2
#define EM_X86_64 62
#define PT_LOAD   1
#define PT_NOTE   4
#define SHT_NOTE  7

static bool in_file(const struct hv_elf_image *e, uint64_t offset, uint64_t bytes)
{
    return offset <= e->bytes && bytes <= e->bytes - offset;
}

/* Copies, since nothing in a file is known to be aligned. */
static void header(const struct hv_elf_image *e, struct ehdr *h)
{
    memcpy(h, e->file, sizeof(*h));
}

static bool program_header(const struct hv_elf_image *e, unsigned i, struct phdr *p)
{
    struct ehdr h;

    header(e, &h);
    if (i >= h.phnum)
        return false;
    memcpy(p, e->file + h.phoff + (size_t)i * sizeof(*p), sizeof(*p));
    return true;
}

static uint64_t note_number(const uint8_t *desc, uint32_t bytes)
{
    uint64_t v = 0;

    memcpy(&v, desc, bytes < sizeof(v) ? bytes : sizeof(v));
    return v;
}

/* A number that a note gives; a second note may repeat it, not change it. */
static void take_number(struct hv_elf_image *e, uint32_t type, uint64_t *to, uint64_t v)
{
    uint32_t bit = 1u << type;

    e->contradicts |= (e->notes_seen & bit) && *to != v;
    e->notes_seen |= bit;
    *to = v;
}

static void take_note(struct hv_elf_image *e, uint32_t type, const uint8_t *desc, uint32_t bytes)
{
    uint64_t v = note_number(desc, bytes);

    e->has_pv_note |= type != XEN_ELFNOTE_PHYS32_ENTRY; /* that one alone makes a PVH kernel */
    switch (type) {
    case XEN_ELFNOTE_ENTRY:
        take_number(e, type, &e->entry, v);
        break;
    case XEN_ELFNOTE_HYPERCALL_PAGE:
        take_number(e, type, &e->hypercall_page, v);
        break;
    case XEN_ELFNOTE_VIRT_BASE:
        take_number(e, type, &e->virt_base, v);
        break;
    case XEN_ELFNOTE_PADDR_OFFSET:
        take_number(e, type, &e->paddr_offset, v);
        break;
    case XEN_ELFNOTE_INIT_P2M:
        take_number(e, type, &e->init_p2m, v);
        break;
    case XEN_ELFNOTE_MOD_START_PFN:
        e->mod_start_pfn = v != 0;
        break;
    default:
        break;
    }
}

static void read_notes(struct hv_elf_image *e, uint64_t at, uint64_t bytes)
{
    struct nhdr n;

    if (!in_file(e, at, bytes))
        return;
    for (uint64_t end = at + bytes; end - at >= sizeof(n);) {
        memcpy(&n, e->file + at, sizeof(n));
        uint64_t name = at + sizeof(n), desc = name + ((n.namesz + 3ull) & ~3ull);
        uint64_t next = desc + ((n.descsz + 3ull) & ~3ull);
        if (desc + n.descsz > end)
            return;
        if (n.namesz == 4 && memcmp(e->file + name, "Xen", 4) == 0)
            take_note(e, n.type, e->file + desc, n.descsz);
        if (next >= end)
            return;
        at = next;
    }
}

/* Kernels whose notes are in no program header have them in sections. */
static void read_note_sections(struct hv_elf_image *e)
{
    struct ehdr h;
    struct shdr s;

    header(e, &h);
    if (h.shentsize != sizeof(s) || !in_file(e, h.shoff, (uint64_t)h.shnum * sizeof(s)))
        return;
    for (unsigned i = 0; i < h.shnum; i++) {
        memcpy(&s, e->file + h.shoff + (size_t)i * sizeof(s), sizeof(s));
        if (s.type == SHT_NOTE)
            read_notes(e, s.offset, s.size);
    }
}

static const char *check_header(const struct hv_elf_image *e, const struct ehdr *h)
{
    static const uint8_t magic[] = {0x7f, 'E', 'L', 'F', 2, 1};

    if (e->bytes < sizeof(*h))
        return "shorter than an ELF header";
    if (memcmp(h->ident, magic, sizeof(magic)) != 0)
        return "not a 64-bit little-endian ELF file";
    if (h->machine != EM_X86_64)
        return "not for x86-64";
    if (h->type != ET_EXEC)
        return "not an executable (ET_EXEC)";
    if (h->phentsize != sizeof(struct phdr) || !in_file(e, h->phoff, (uint64_t)h->phnum * sizeof(struct phdr)))
        return "program headers outside the file";
    return NULL;
}

/* Segments in the file, in range, apart from each other. */
static const char *check_segments(struct hv_elf_image *e)
{
    uint64_t place, file_bytes, mem_bytes, place2, file_bytes2, mem_bytes2;
    const uint8_t *data;

    for (unsigned i = 0; hv_elf_segment(e, i, &place, &data, &file_bytes, &mem_bytes); i++) {
        if (!in_file(e, (uint64_t)(data - e->file), file_bytes))
            return "truncated: a segment is outside the file";
        if (file_bytes > mem_bytes || place > MAX_IMAGE_BYTES || mem_bytes > MAX_IMAGE_BYTES)
            return "a segment is out of range";
        for (unsigned j = 0; j < i; j++)
            if (hv_elf_segment(e, j, &place2, &data, &file_bytes2, &mem_bytes2) && place < place2 + mem_bytes2 &&
                place2 < place + mem_bytes)
                return "segments overlap";
        if (place + mem_bytes > e->end)
            e->end = place + mem_bytes;
    }
    return e->end ? NULL : "no segment to load";
}

const char *hv_elf_parse(struct hv_elf_image *image, const void *file, size_t bytes)
{
    struct ehdr h = {0};
    struct phdr p;

    *image = (struct hv_elf_image){
        .file = file, .bytes = bytes, .hypercall_page = HV_ELF_NO_ADDRESS, .init_p2m = HV_ELF_NO_ADDRESS};
    if (bytes >= sizeof(h))
        header(image, &h);
    const char *why = check_header(image, &h);
    if (why)
        return why;
    image->entry = h.entry;
    for (unsigned i = 0; program_header(image, i, &p); i++)
        if (p.type == PT_NOTE)
            read_notes(image, p.offset, p.filesz);
    if (!image->has_pv_note)
        read_note_sections(image);
    if (!image->has_pv_note)
        return "no Xen notes: not a PV kernel";
    if (image->contradicts)
        return "its Xen notes contradict each other";
    return check_segments(image);
}

bool hv_elf_segment(const struct hv_elf_image *image, unsigned i, uint64_t *place, const uint8_t **data,
                    uint64_t *file_bytes, uint64_t *mem_bytes)
{
    struct phdr p;

    for (unsigned n = 0; program_header(image, n, &p); n++) {
        if (p.type != PT_LOAD || p.memsz == 0 || i-- > 0)
            continue;
        *place = p.paddr - image->paddr_offset;
        *data = image->file + (p.offset <= image->bytes ? p.offset : image->bytes);
        *file_bytes = p.offset <= image->bytes ? p.filesz : UINT64_MAX;
        *mem_bytes = p.memsz;
        return true;
    }
    return false;
}
