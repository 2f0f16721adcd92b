/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF loading: see elf.h. Segments are copied, not shared with the initrd; fork shares them afterwards. Everything in
 * the file is checked before use: a damaged program is refused, it does not hurt the kernel.
 */
#include "kernel/elf.h"
#include "kernel/layout.h"
#include "kernel/lib.h"
#include "kernel/page.h"

/* "Executable and Linkable Format", 64-bit. */
struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

#define ET_EXEC   2
#define EM_X86_64 62
#define PT_LOAD   1
#define PF_X      1u
#define PF_W      2u
#define PF_R      4u

static bool is_program(const struct file_image *exe)
{
    static const uint8_t ident[5] = {0x7f, 'E', 'L', 'F', 2 /* 64-bit */};
    const struct elf_header *h = exe->data;

    return exe->bytes >= sizeof(*h) && !memcmp(h->ident, ident, sizeof(ident)) && h->type == ET_EXEC &&
           h->machine == EM_X86_64 && h->phentsize == sizeof(struct elf_segment) && h->phnum <= 16 &&
           h->phoff <= exe->bytes && h->phnum * sizeof(struct elf_segment) <= exe->bytes - h->phoff;
}

static bool is_segment_sound(const struct file_image *exe, const struct elf_segment *s)
{
    return s->offset <= exe->bytes && s->filesz <= exe->bytes - s->offset && s->filesz <= s->memsz && s->memsz &&
           s->vaddr >= USER_MIN && s->vaddr < USER_MMAP_END && s->memsz <= USER_MMAP_END - s->vaddr;
}

static int load_segment(struct mm *mm, const struct file_image *exe, const struct elf_segment *s)
{
    uint64_t start = PAGE_DOWN(s->vaddr), end = PAGE_UP(s->vaddr + s->memsz);
    unsigned prot = ((s->flags & PF_R) ? PROT_READ : 0) | ((s->flags & PF_W) ? PROT_WRITE : 0) |
                    ((s->flags & PF_X) ? PROT_EXEC : 0);
    const uint8_t *from = (const uint8_t *)exe->data + s->offset;

    for (unsigned i = 0; i < mm->nr_areas; i++)
        if (mm->areas[i].start < end && mm->areas[i].end > start)
            return -ENOEXEC;
    if (mm_add_area(mm, start, end, prot))
        return -ENOMEM;
    for (uint64_t done = 0; done < s->filesz;) {
        uint64_t va = s->vaddr + done, n = MIN(PAGE_SIZE - (va & PAGE_MASK), s->filesz - done);
        uint8_t *page = mm_populate(mm, PAGE_DOWN(va), prot);
        if (!page)
            return -ENOMEM;
        memcpy(page + (va & PAGE_MASK), from + done, n);
        done += n;
    }
    if (end > mm->brk_start)
        mm->brk_start = mm->brk = end;
    return 0;
}

/* Writes words upwards through the kernel's address of the stack page. */
struct stack_words {
    uint64_t *at;
};

static void put_word(struct stack_words *w, uint64_t v)
{
    *w->at++ = v;
}

static void put_aux(struct stack_words *w, uint64_t type, uint64_t v)
{
    put_word(w, type);
    put_word(w, v);
}

/* The topmost page: strings at its end, the vectors below them. */
static int build_stack(struct mm *mm, const char *strings, unsigned argc, const struct elf_header *h, uint64_t *sp)
{
    enum { AT_NULL = 0, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_ENTRY = 9, AT_RANDOM = 25 };
    uint64_t page_va = USER_STACK_END - PAGE_SIZE;
    size_t bytes = 0;

    if (argc > ELF_ARGS_MAX)
        return -E2BIG;
    for (unsigned i = 0; i < argc; i++)
        bytes += strlen(strings + bytes) + 1;
    if (bytes > ELF_ARGS_BYTES)
        return -E2BIG;
    if (mm_add_area(mm, USER_STACK_END - STACK_MAX_BYTES, USER_STACK_END, PROT_READ | PROT_WRITE))
        return -ENOMEM;
    uint8_t *page = mm_populate(mm, page_va, PROT_READ | PROT_WRITE);
    if (!page)
        return -ENOMEM;

    size_t strings_at = PAGE_SIZE - 16 - bytes; /* the last 16 bytes, zero, serve as AT_RANDOM */
    size_t words = 1 + argc + 1 + 1 + 2 * 7;
    size_t vector_at = (strings_at - words * 8) & ~15ul;
    struct stack_words w = {(uint64_t *)(void *)(page + vector_at)};
    uint64_t string_va = page_va + strings_at;

    memcpy(page + strings_at, strings, bytes);
    put_word(&w, argc);
    for (unsigned i = 0; i < argc; i++) {
        put_word(&w, string_va);
        string_va += strlen(strings) + 1;
        strings += strlen(strings) + 1;
    }
    put_word(&w, 0);
    put_word(&w, 0);
    put_aux(&w, AT_PHDR, mm->areas[0].start + h->phoff);
    put_aux(&w, AT_PHENT, sizeof(struct elf_segment));
    put_aux(&w, AT_PHNUM, h->phnum);
    put_aux(&w, AT_PAGESZ, PAGE_SIZE);
    put_aux(&w, AT_ENTRY, h->entry);
    put_aux(&w, AT_RANDOM, page_va + PAGE_SIZE - 16);
    put_aux(&w, AT_NULL, 0);
    *sp = page_va + vector_at;
    return 0;
}

int elf_load(struct mm *mm, const struct file_image *exe, const char *strings, unsigned argc, struct elf_start *start)
{
    const struct elf_header *h = exe->data;

    if (!is_program(exe))
        return -ENOEXEC;
    const struct elf_segment *s = (const void *)((const uint8_t *)exe->data + h->phoff);
    for (unsigned i = 0; i < h->phnum; i++) {
        if (s[i].type != PT_LOAD)
            continue;
        int rc = is_segment_sound(exe, &s[i]) ? load_segment(mm, exe, &s[i]) : -ENOEXEC;
        if (rc)
            return rc;
    }
    if (!mm->nr_areas)
        return -ENOEXEC;
    start->entry = h->entry;
    return build_stack(mm, strings, argc, h, &start->stack);
}
