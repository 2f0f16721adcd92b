/* SPDX-License-Identifier: Apache-2.0 */
/* The decode cache: see code.h. Not here: decoding itself (decode.c), and which page execution stands in (fetch.c). */
#include <stdlib.h>
#include <sys/mman.h>
#include "cpu/code.h"
#include "cpu/shortcut.h"
#include "sim/core/fault.h"

#define RUN_MAX     32u   /* instructions decoded ahead */
#define GARBAGE_MAX 1024u /* invalid records before a page is given up */

struct code_cache {
    struct phys *phys;
    unsigned users;
    struct code_page **table; /* open addressing by (frame, mode); size a power of two */
    unsigned size, n;
    struct code_page *reclaim;
};

static unsigned slot_of(const struct code_cache *k, uint64_t pfn, unsigned mode)
{
    return (unsigned)((pfn * 4 + mode / 4) * 0x9e3779b97f4a7c15ull >> 40) & (k->size - 1);
}

static struct code_page **find(const struct code_cache *k, uint64_t pfn, unsigned mode)
{
    unsigned s = slot_of(k, pfn, mode);
    while (k->table[s] && (k->table[s]->pfn != pfn || k->table[s]->mode != mode))
        s = (s + 1) & (k->size - 1);
    return &k->table[s];
}

struct code_cache *code_new(struct phys *phys)
{
    struct code_cache *k = calloc(1, sizeof *k);
    k->phys = phys;
    k->users = 1;
    k->size = 64;
    k->table = calloc(k->size, sizeof(struct code_page *));
    return k;
}

struct code_cache *code_share(struct code_cache *k)
{
    k->users++;
    return k;
}

static void page_free(struct code_page *p)
{
    munmap(p, sizeof *p);
}

void code_reclaim(struct code_cache *k)
{
    while (k->reclaim) {
        struct code_page *p = k->reclaim;
        k->reclaim = p->reclaim;
        page_free(p);
    }
}

void code_free(struct code_cache *k)
{
    if (--k->users)
        return;
    code_reclaim(k);
    for (unsigned s = 0; s < k->size; s++)
        if (k->table[s])
            page_free(k->table[s]);
    free(k->table);
    free(k);
}

static void grow(struct code_cache *k)
{
    struct code_page **old = k->table;
    unsigned n = k->size;
    k->size *= 2;
    k->table = calloc(k->size, sizeof(struct code_page *));
    for (unsigned s = 0; s < n; s++)
        if (old[s])
            *find(k, old[s]->pfn, old[s]->mode) = old[s];
    free(old);
}

/* A page is mostly untouched: mapped, not allocated, so that the host spends memory only on records that exist. */
static struct code_page *page_new(uint64_t pfn, unsigned mode)
{
    struct code_page *p =
        mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        sim_bug("no host memory for decoded instructions");
    p->pfn = pfn;
    p->mode = (uint8_t)mode;
    return p;
}

struct code_page *code_page_get(struct code_cache *k, hpa_t a, unsigned mode)
{
    struct code_page **at = find(k, a.v >> 12, mode);
    if (*at)
        return *at;
    if (++k->n * 2 > k->size) {
        grow(k);
        at = find(k, a.v >> 12, mode);
    }
    return *at = page_new(a.v >> 12, mode);
}

bool code_in_line(const struct code_cache *k, hpa_t a)
{
    uint64_t bit = 1ull << (a.v >> SIM_LINE_SHIFT & 63);
    for (unsigned mode = 2; mode <= 8; mode *= 2) {
        const struct code_page *p = *find(k, a.v >> 12, mode);
        if (p && (p->lines & bit))
            return true;
    }
    return false;
}

/* ---- decoding -------------------------------------------------------------------------------------------------------
 */
/* Lines that hold code from now on: every core stops storing to them without asking. */
static void mark_lines(struct cpu *c, struct code_page *p, uint64_t lines)
{
    lines &= ~p->lines;
    if (!lines)
        return;
    p->lines |= lines;
    c->phys->frame_flags[p->pfn] |= PHYS_HAS_CODE;
    const uint8_t *host = c->phys->base + (p->pfn << 12);
    if (!c->n_peers)
        shortcut_drop_writes(c, host, lines);
    for (unsigned k = 0; k < c->n_peers; k++)
        shortcut_drop_writes(c->peers[k], host, lines);
}

static uint64_t lines_of(unsigned off, unsigned len)
{
    uint64_t first = off / SIM_LINE_BYTES, last = (off + len - 1) / SIM_LINE_BYTES;
    return 1ull << first | 1ull << last;
}

/* Decode ahead from @off: straight on until control goes elsewhere, something known, or the end of the page. Behind a
 * conditional branch is where it falls through. */
static void decode_run(struct cpu *c, struct code_page *p, unsigned off)
{
    const uint8_t *bytes = c->phys->base + (p->pfn << 12);
    struct cpu_insn *before = NULL;
    uint64_t lines = 0;
    for (unsigned k = 0; k < RUN_MAX && off < SIM_PAGE_BYTES && p->n < CODE_PAGE_RECORDS && !p->at[off]; k++) {
        struct cpu_insn *i = &p->insn[p->n];
        memset(i, 0, sizeof *i);
        unsigned len = cpu_decode(bytes + off, SIM_PAGE_BYTES - off, p->mode, i);
        if (!len)
            break;
        i->next = 0;
        p->at[off] = (uint16_t)++p->n;
        if (before)
            before->next = 1;
        lines |= lines_of(off, len);
        off += len;
        c->stats.decoded++;
        if ((i->flags & CPU_I_END) && !(i->flags & CPU_I_COND))
            break;
        before = i;
    }
    mark_lines(c, p, lines);
}

static void give_up(struct cpu *c, struct code_page *p)
{
    struct code_cache *k = c->code;
    if (!c->n_peers)
        shortcut_drop_page(c, p);
    for (unsigned n = 0; n < c->n_peers; n++)
        shortcut_drop_page(c->peers[n], p);
    struct code_page **at = find(k, p->pfn, p->mode);
    *at = page_new(p->pfn, p->mode); /* the key stays in the table: open addressing knows no holes */
    (*at)->lines = p->lines;         /* no shortcut knows that they are code no more, but none is needed either */
    p->reclaim = k->reclaim;
    k->reclaim = p;
}

const struct cpu_insn *code_insn(struct cpu *c, struct code_page *page, unsigned off)
{
    unsigned at = page->at[off];
    if (cpu_likely(at))
        return &page->insn[at - 1];
    if (page->n == CODE_PAGE_RECORDS) {
        uint64_t a = page->pfn << 12;
        give_up(c, page);
        page = code_page_get(c->code, (hpa_t){a}, page->mode);
        c->fetch_page = page;
    }
    decode_run(c, page, off);
    at = page->at[off];
    return at ? &page->insn[at - 1] : NULL;
}

/* ---- stores to code
 * --------------------------------------------------------------------------------------------------- */
static void forget(struct code_page *p, unsigned off)
{
    unsigned n = p->at[off] - 1u;
    p->at[off] = 0;
    p->garbage++;
    if (n)
        p->insn[n - 1].next = 0; /* whoever ran on into it must look again */
}

static void page_written(struct cpu *c, struct code_page *p, unsigned off, unsigned n)
{
    if (!(p->lines & lines_of(off, n)))
        return;
    c->stats.code_writes++;
    for (unsigned o = off >= 15 ? off - 14 : 0; o < off + n && o < SIM_PAGE_BYTES; o++)
        if (p->at[o] && o + p->insn[p->at[o] - 1].len > off)
            forget(p, o);
    if (p->garbage > GARBAGE_MAX)
        give_up(c, p);
}

void cpu_code_written(struct cpu *c, hpa_t a, unsigned n)
{
    for (unsigned mode = 2; mode <= 8; mode *= 2) {
        struct code_page *p = *find(c->code, a.v >> 12, mode);
        if (p)
            page_written(c, p, (unsigned)(a.v & (SIM_PAGE_BYTES - 1)), n);
    }
}
