/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of addresses: functions and objects of the loaded image, by physical and by virtual address. Sorted by
 * (address, size descending, name), so that equal addresses always give the same name.
 */
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include "sim/machine/machine_internal.h"

struct symbols {
    char *names; /* one block; symbol.name points into it */
    size_t n;
    struct symbol *by_pa, *by_va;
};

static int compare(uint64_t a, uint64_t b, const struct symbol *x, const struct symbol *y)
{
    if (a != b)
        return a < b ? -1 : 1;
    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int order_pa(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;

    return compare(x->pa, y->pa, x, y);
}

static int order_va(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;

    return compare(x->va, y->va, x, y);
}

/* The segments say where a virtual address was loaded; an address in none is its own physical address. */
static uint64_t physical(Elf *elf, uint64_t va)
{
    size_t n = 0;

    elf_getphdrnum(elf, &n);
    for (size_t i = 0; i < n; i++) {
        GElf_Phdr ph;

        if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_LOAD && va >= ph.p_vaddr && va - ph.p_vaddr < ph.p_memsz)
            return va - ph.p_vaddr + ph.p_paddr;
    }
    return va;
}

static void collect(Elf *elf, Elf_Scn *section, const GElf_Shdr *sh, GArray *out, GString *names)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t n = sh->sh_entsize ? sh->sh_size / sh->sh_entsize : 0;

    for (size_t i = 0; data && i < n; i++) {
        GElf_Sym s;

        if (!gelf_getsym(data, (int)i, &s) || s.st_shndx == SHN_UNDEF || s.st_shndx >= SHN_LORESERVE)
            continue;
        unsigned type = GELF_ST_TYPE(s.st_info);
        const char *name = elf_strptr(elf, sh->sh_link, s.st_name);
        if (type > STT_FUNC || !name || !*name) /* NOTYPE, OBJECT, FUNC */
            continue;
        struct symbol symbol = {s.st_value, physical(elf, s.st_value), s.st_size, GSIZE_TO_POINTER(names->len)};
        g_string_append_len(names, name, (gssize)strlen(name) + 1);
        g_array_append_val(out, symbol);
    }
}

static void finish(struct symbols *t, GArray *found, GString *names)
{
    t->n = found->len;
    t->names = g_string_free(names, FALSE);
    t->by_pa = (struct symbol *)(void *)g_array_free(found, FALSE);
    for (size_t i = 0; i < t->n; i++) /* offsets become addresses now that the block stands still */
        t->by_pa[i].name = t->names + GPOINTER_TO_SIZE(t->by_pa[i].name);
    t->by_va = g_new(struct symbol, t->n);
    if (!t->n)
        return;
    memcpy(t->by_va, t->by_pa, t->n * sizeof(struct symbol));
    qsort(t->by_pa, t->n, sizeof(struct symbol), order_pa);
    qsort(t->by_va, t->n, sizeof(struct symbol), order_va);
}

struct symbols *symbols_new(const void *image, size_t bytes)
{
    struct symbols *t = g_new0(struct symbols, 1);
    GArray *found = g_array_new(FALSE, FALSE, sizeof(struct symbol));
    GString *names = g_string_new(NULL);
    char *copy = g_memdup2(image, bytes); /* libelf wants it writable */

    elf_version(EV_CURRENT);
    Elf *elf = elf_memory(copy, bytes);
    for (Elf_Scn *s = NULL; elf && (s = elf_nextscn(elf, s));) {
        GElf_Shdr sh;

        if (gelf_getshdr(s, &sh) && sh.sh_type == SHT_SYMTAB)
            collect(elf, s, &sh, found, names);
    }
    elf_end(elf);
    g_free(copy);
    finish(t, found, names);
    return t;
}

void symbols_free(struct symbols *s)
{
    if (!s)
        return;
    g_free(s->names);
    g_free(s->by_pa);
    g_free(s->by_va);
    g_free(s);
}

const struct symbol *symbols_named(const struct symbols *s, const char *name)
{
    for (size_t i = 0; s && i < s->n; i++)
        if (strcmp(s->by_pa[i].name, name) == 0)
            return &s->by_pa[i];
    return NULL;
}

static uint64_t key(const struct symbol *s, bool va)
{
    return va ? s->va : s->pa;
}

/* Number of symbols at or below @a. */
static size_t upper_bound(const struct symbol *v, size_t n, bool va, uint64_t a)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t mid = (low + high) / 2;

        if (key(&v[mid], va) <= a)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/*
 * The last symbol at or below @a that covers it. One without a size (assembly) reaches to the next symbol. Not far
 * back: objects do not nest.
 */
static const struct symbol *covering(const struct symbol *v, size_t n, bool va, uint64_t a)
{
    enum { LOOK_BACK = 16 };
    size_t above = upper_bound(v, n, va, a);

    for (size_t i = above, tries = 0; i-- > 0 && tries < LOOK_BACK; tries++)
        if (v[i].bytes ? a - key(&v[i], va) < v[i].bytes : i + 1 == above)
            return &v[i];
    return NULL;
}

const struct symbol *symbols_at_pa(const struct symbols *s, uint64_t pa)
{
    return s ? covering(s->by_pa, s->n, false, pa) : NULL;
}

const struct symbol *symbols_at_va(const struct symbols *s, uint64_t va)
{
    return s ? covering(s->by_va, s->n, true, va) : NULL;
}

const struct symbol *symbols_in_line(const struct symbols *s, uint64_t pa)
{
    uint64_t line = pa & ~(uint64_t)(SIM_LINE_BYTES - 1);

    if (!s)
        return NULL;
    size_t i = line ? upper_bound(s->by_pa, s->n, false, line - 1) : 0;
    return i < s->n && s->by_pa[i].pa < line + SIM_LINE_BYTES ? &s->by_pa[i] : NULL;
}
