/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF loading: see elf.h. Segments are copied, not shared with the file; fork shares them afterwards. Everything in
 * the file is checked before use: a damaged program is refused, it does not hurt the kernel.
 */
#include "kernel/elf.h"
#include "kernel/layout.h"
#include "kernel/lib.h"
#include "kernel/page.h"
#include "kernel/tmpfs.h"

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

#define ET_EXEC       2
#define ET_DYN        3 /* position-independent; without PT_INTERP: a static one */
#define EM_X86_64     62
#define PT_LOAD       1
#define PT_INTERP     3
#define PF_X          1u
#define PF_W          2u
#define PF_R          4u
#define SEGMENTS_MAX  32u
#define DYN_LOAD_BIAS 0x0000555555554000ul

/* What was read of the file's head. */
struct program {
    const struct inode *exe;
    struct elf_header h;
    struct elf_segment seg[SEGMENTS_MAX];
    uint64_t bias;
    uint64_t phdr; /* user address of the program headers; 0: not loaded */
};

static bool read_program(struct program *p)
{
    static const uint8_t ident[5] = {0x7f, 'E', 'L', 'F', 2 /* 64-bit */};
    const struct elf_header *h = &p->h;

    if (tmpfs_read(p->exe, 0, &p->h, sizeof(p->h)) != sizeof(p->h) || memcmp(h->ident, ident, sizeof(ident)) != 0)
        return false;
    if ((h->type != ET_EXEC && h->type != ET_DYN) || h->machine != EM_X86_64 || h->phnum > SEGMENTS_MAX ||
        h->phentsize != sizeof(struct elf_segment))
        return false;
    p->bias = h->type == ET_DYN ? DYN_LOAD_BIAS : 0;
    size_t bytes = h->phnum * sizeof(struct elf_segment);
    return h->phoff <= p->exe->bytes && tmpfs_read(p->exe, h->phoff, p->seg, bytes) == bytes;
}

static bool is_segment_sound(const struct program *p, const struct elf_segment *s)
{
    uint64_t va = s->vaddr + p->bias;

    return s->offset <= p->exe->bytes && s->filesz <= p->exe->bytes - s->offset && s->filesz <= s->memsz && s->memsz &&
           s->vaddr < USER_MMAP_END && va >= USER_MIN && va < USER_MMAP_END && s->memsz <= USER_MMAP_END - va;
}

static int load_segment(struct mm *mm, struct program *p, const struct elf_segment *s)
{
    uint64_t base = s->vaddr + p->bias, start = PAGE_DOWN(base), end = PAGE_UP(base + s->memsz);
    unsigned prot = ((s->flags & PF_R) ? PROT_READ : 0) | ((s->flags & PF_W) ? PROT_WRITE : 0) |
                    ((s->flags & PF_X) ? PROT_EXEC : 0);

    for (unsigned i = 0; i < mm->nr_areas; i++)
        if (mm->areas[i].start < end && mm->areas[i].end > start)
            return -ENOEXEC;
    if (mm_add_area(mm, start, end, prot))
        return -ENOMEM;
    for (uint64_t done = 0; done < s->filesz;) {
        uint64_t va = base + done, n = MIN(PAGE_SIZE - (va & PAGE_MASK), s->filesz - done);
        uint8_t *page = mm_populate(mm, PAGE_DOWN(va), prot);
        if (!page)
            return -ENOMEM;
        tmpfs_read(p->exe, s->offset + done, page + (va & PAGE_MASK), n);
        done += n;
    }
    if (p->h.phoff >= s->offset && p->h.phoff - s->offset < s->filesz)
        p->phdr = base + (p->h.phoff - s->offset);
    if (end > mm->brk_start)
        mm->brk_start = mm->brk = end;
    return 0;
}

/* ---- The stack, written upwards through the kernel's addresses of its pages ---- */

struct stack {
    struct mm *mm;
    uint64_t at;
    bool is_full; /* no memory, or it does not fit */
};

static void put_bytes(struct stack *w, const void *from, size_t n)
{
    const uint8_t *s = from;

    while (n && !w->is_full) {
        size_t part = MIN(n, PAGE_SIZE - (w->at & PAGE_MASK));
        uint8_t *page = mm_populate(w->mm, PAGE_DOWN(w->at), PROT_READ | PROT_WRITE);
        w->is_full = !page;
        if (page)
            memcpy(page + (w->at & PAGE_MASK), s, part);
        w->at += part;
        s += part;
        n -= part;
    }
}

static void put_word(struct stack *w, uint64_t v)
{
    put_bytes(w, &v, sizeof(v));
}

static const char *put_pointers(struct stack *w, const char *strings, unsigned count, uint64_t *va)
{
    for (unsigned i = 0; i < count; i++) {
        size_t n = strlen(strings) + 1;
        put_word(w, *va);
        *va += n;
        strings += n;
    }
    put_word(w, 0);
    return strings;
}

static void put_aux(struct stack *w, const struct program *p, uint64_t random_va, uint64_t path_va,
                    uint64_t platform_va)
{
    const uint64_t aux[][2] = {
        {3 /* AT_PHDR */, p->phdr},
        {4 /* AT_PHENT */, sizeof(struct elf_segment)},
        {5 /* AT_PHNUM */, p->h.phnum},
        {6 /* AT_PAGESZ */, PAGE_SIZE},
        {7 /* AT_BASE */, 0},
        {8 /* AT_FLAGS */, 0},
        {9 /* AT_ENTRY */, p->h.entry + p->bias},
        {11 /* AT_UID */, 0},
        {12 /* AT_EUID */, 0},
        {13 /* AT_GID */, 0},
        {14 /* AT_EGID */, 0},
        {15 /* AT_PLATFORM */, platform_va},
        {16 /* AT_HWCAP */, plat_hwcap()},
        {17 /* AT_CLKTCK */, 100},
        {23 /* AT_SECURE */, 0},
        {25 /* AT_RANDOM */, random_va},
        {31 /* AT_EXECFN */, path_va},
        {0 /* AT_NULL */, 0},
    };
    put_bytes(w, aux, sizeof(aux));
}

/* From the end down: 16 random bytes, platform, path, strings; then the vectors, the stack pointer at their start. */
static int build_stack(struct mm *mm, const struct program *p, const char *path, const struct proc_args *args,
                       uint64_t *sp)
{
    static const char platform[] = "x86_64";
    enum { AUX_WORDS = 2 * 18 };
    const uint64_t random[2] = {random_next(), random_next()};
    uint64_t random_va = USER_STACK_END - sizeof(random), platform_va = random_va - sizeof(platform);
    uint64_t path_va = platform_va - strlen(path) - 1, strings_va = path_va - args->bytes;
    uint64_t words = 1 + args->argc + 1 + args->envc + 1 + AUX_WORDS;

    if (args->argc + args->envc > ELF_ARGS_MAX || args->bytes > ARGS_BYTES)
        return -E2BIG;
    if (mm_add_area(mm, USER_STACK_END - STACK_MAX_BYTES, USER_STACK_END, PROT_READ | PROT_WRITE))
        return -ENOMEM;
    struct stack w = {mm, strings_va, false};
    put_bytes(&w, args->strings, args->bytes);
    put_bytes(&w, path, strlen(path) + 1);
    put_bytes(&w, platform, sizeof(platform));
    put_bytes(&w, random, sizeof(random));
    *sp = w.at = (strings_va - words * 8) & ~15ul;
    put_word(&w, args->argc);
    const char *env = put_pointers(&w, args->strings, args->argc, &strings_va);
    put_pointers(&w, env, args->envc, &strings_va);
    put_aux(&w, p, random_va, path_va, platform_va);
    return w.is_full ? -ENOMEM : 0;
}

int elf_load(struct mm *mm, const struct inode *exe, const char *path, const struct proc_args *args,
             struct elf_start *start)
{
    static struct program p; /* too large for the stack; nothing here sleeps */

    p = (struct program){.exe = exe};
    if ((exe->mode & S_IFMT) != S_IFREG || !read_program(&p))
        return -ENOEXEC;
    for (unsigned i = 0; i < p.h.phnum; i++) {
        if (p.seg[i].type == PT_INTERP)
            return -ENOEXEC;
        if (p.seg[i].type != PT_LOAD)
            continue;
        int rc = is_segment_sound(&p, &p.seg[i]) ? load_segment(mm, &p, &p.seg[i]) : -ENOEXEC;
        if (rc)
            return rc;
    }
    if (!mm->nr_areas)
        return -ENOEXEC;
    start->entry = p.h.entry + p.bias;
    return build_stack(mm, &p, path, args, &start->stack);
}
