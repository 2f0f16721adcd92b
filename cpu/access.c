/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data accesses, the whole way: segment, translation, caches, memory or device.
 *
 * An access is opened as a span of one or two pieces (it may cross a line, and then perhaps a page). Opening does all
 * that can fault or wait, for all pieces, first translations, then lines; only then are bytes moved. So an access is
 * all or nothing. Any opening may be refused: the turn is not this core's, or, also within its turn, another core's
 * transaction has the line. So whoever stores more than once acquires all places before the first store; what is
 * acquired can be stored to without fail, for no other core runs during an instruction.
 *
 * Reading a device cannot be undone. An instruction that did it, and then has to wait for another access, is given the
 * same value when it runs again.
 *
 * Memory types are not modelled: all RAM is write-back, all else is a device and is reached in time order.
 */
#include "cpu/access.h"
#include "cpu/code.h"
#include "cpu/lapic.h"
#include "cpu/pipeline.h"
#include "cpu/segment.h"
#include "cpu/shortcut.h"

#define LINE_MASK ((uint64_t)SIM_LINE_BYTES - 1)

/* ---- segments
 * -------------------------------------------------------------------------------------------------------- */
static struct cpu_event seg_fault(unsigned seg)
{
    return CPU_EV_FAULT_ERR(seg == CPU_SEG_SS ? 12 : 13, 0);
}

/* SDM vol. 3A, "Limit Checking" and "Type Checking": bits of .attr: 3 code, 2 expand down or conforming, 1 writable or
 * readable. */
static bool seg_allows(const struct cpu_seg *s, uint64_t off, unsigned n, enum mmu_access access)
{
    bool code = s->attr & 8;
    if (s->attr & CPU_SEG_UNUSABLE)
        return false;
    if (access == MMU_WRITE ? code || !(s->attr & 2) : code && !(s->attr & 2))
        return false;
    uint64_t last = off + n - 1;
    if (!code && (s->attr & 4)) /* expand down */
        return off > s->limit && last <= (s->attr & 0x400 ? 0xffffffffu : 0xffffu);
    return last <= s->limit;
}

struct cpu_event cpu_linear(struct cpu *c, unsigned seg, uint64_t off, unsigned n, enum mmu_access access, uint64_t *la)
{
    uint64_t a = c->seg_base[seg] + off;
    if (c->code_size == 8) {
        if (!cpu_is_canonical(c, a) || !cpu_is_canonical(c, a + n - 1))
            return seg_fault(seg);
    } else {
        if (!seg_allows(&c->seg[seg], off, n, access))
            return seg_fault(seg);
        a = (uint32_t)a;
    }
    *la = a;
    return CPU_OK;
}

/* ---- opening
 * ---------------------------------------------------------------------------------------------------------- */
static struct cpu_event piece_translate(struct cpu *c, const struct access *a, struct access_piece *p)
{
    struct translate_cost cost = {0};
    bool ac = !a->implicit && (c->rflags & CPU_RFLAGS_AC);
    struct cpu_event ev = translate(c, TLB_DATA, p->la, a->kind, a->user, ac, &p->t, &cost);
    if (cost.tlb_cyc || cost.walk_cyc) {
        c->acc.tlb_cyc += cost.tlb_cyc;
        c->acc.walk_cyc += cost.walk_cyc;
        c->acc.any = 1;
    }
    p->host = phys_host(c->phys, p->t.a);
    return ev;
}

static void note_latency(struct cpu *c, const struct access *a, const struct access_piece *p,
                         const struct mem_result *r)
{
    if (r->source == MEM_SRC_L1 && r->latency_cyc == c->l1_cyc)
        return;
    struct cpu_acc *acc = &c->acc;
    acc->any = 1;
    uint32_t *cyc = a->as_load ? &acc->load_cyc : &acc->store_cyc;
    if (r->latency_cyc <= *cyc)
        return;
    *cyc = r->latency_cyc;
    *(a->as_load ? &acc->load_source : &acc->store_source) = r->source;
    *(a->as_load ? &acc->load_line : &acc->store_line) = hpa_line(p->t.a);
}

/* May a store through this translation be taken without asking? */
static bool may_shortcut_write(struct cpu *c, const struct access *a, const struct translation *t)
{
    uint32_t error;
    if (!(t->perm & TLB_DIRTY) || !mmu_allowed(&c->mmu, t->perm, MMU_WRITE, a->user, false, &error))
        return false;
    return !(c->phys->frame_flags[t->a.v >> 12] & PHYS_HAS_CODE) || !code_in_line(c->code, t->a);
}

static void install(struct cpu *c, const struct access *a, const struct access_piece *p, const struct mem_result *r)
{
    const struct translation *t = &p->t;
    if (t->slot == TRANSLATE_NO_SLOT || a->n_pieces != 1)
        return;
    if (!a->user && c->mmu.smap && (t->perm & TLB_U))
        return; /* allowed only while RFLAGS.AC stands */
    shortcut_data(c, p->la, a->user, p->host - (p->la & LINE_MASK), r->writable && may_shortcut_write(c, a, t), r->slot,
                  t->slot, t->shift);
}

static struct cpu_event piece_acquire(struct cpu *c, const struct access *a, struct access_piece *p)
{
    if (!p->host)
        return lapic_owns(c, p->t.a) && lapic_is_private(c, p->t.a, a->kind == MMU_WRITE) ? CPU_OK : cpu_need_turn(c);
    struct mem_result r = {.writable = 1};
    if (c->mode == CPU_TIMING) {
        enum mem_op op = a->kind == MMU_WRITE ? MEM_WRITE : MEM_READ;
        if (!mem_access(c->mem, c->core, p->t.a, op, c->now, c->now < c->share_limit, &r))
            return cpu_line_wait(c, p->t.a, &r);
        if (r.source == MEM_SRC_L1 && (!c->l1_cyc || r.latency_cyc < c->l1_cyc))
            c->l1_cyc = r.latency_cyc;
        bool comes = pipeline_line(c, p->t.a, a->as_load, 0, &r);
        note_latency(c, a, p, &r);
        if (comes || r.latency_cyc != c->l1_cyc)
            return CPU_OK;
    }
    install(c, a, p, &r);
    return CPU_OK;
}

struct cpu_event access_open(struct cpu *c, struct access *a)
{
    unsigned in_first = SIM_LINE_BYTES - (unsigned)(a->la & LINE_MASK);
    a->n_pieces = a->n > in_first ? 2 : 1;
    a->piece[0] = (struct access_piece){.la = a->la, .n = a->n_pieces == 2 ? in_first : a->n};
    uint64_t second = a->la + in_first;
    if (c->code_size != 8)
        second = (uint32_t)second;
    a->piece[1] = (struct access_piece){.la = second, .n = a->n_pieces == 2 ? a->n - in_first : 0};
    for (unsigned k = 0; k < a->n_pieces; k++)
        CPU_TRY(piece_translate(c, a, &a->piece[k]));
    for (unsigned k = 0; k < a->n_pieces; k++)
        CPU_TRY(piece_acquire(c, a, &a->piece[k]));
    return CPU_OK;
}

/* ---- moving bytes
 * ------------------------------------------------------------------------------------------------------ */
/* The read, if this instruction has made it already and then had to wait for something else. */
static bool was_read(struct cpu *c, hpa_t a, unsigned n, uint64_t *v)
{
    struct cpu_acc *acc = &c->acc;
    if (acc->io_at >= acc->io_n)
        return false;
    const struct cpu_io_seen *seen = &c->io_seen[acc->io_at];
    if (seen->a.v != a.v || seen->n != n) {
        acc->io_n = acc->io_at; /* what led here has changed meanwhile */
        return false;
    }
    acc->io_at++;
    *v = seen->v;
    return true;
}

static uint64_t device_read(struct cpu *c, hpa_t a, unsigned n)
{
    uint32_t lat = 0;
    uint64_t v;
    if (was_read(c, a, n, &v))
        return v;
    c->stats.io_accesses++;
    if (lapic_owns(c, a)) {
        lat = c->cfg->lat[TC_SYS];
        v = lapic_mmio_read(c, (unsigned)(a.v & 0xfff));
    } else {
        v = c->ops->mmio_read(c->opaque, c->core, a, n, c->now, &lat);
    }
    c->acc.io_cyc += lat;
    c->acc.any = 1;
    if (c->acc.io_n < CPU_IO_SEEN) {
        c->io_seen[c->acc.io_n] = (struct cpu_io_seen){a, v, n};
        c->acc.io_at = ++c->acc.io_n;
    }
    return v;
}

static void device_write(struct cpu *c, hpa_t a, unsigned n, uint64_t v)
{
    uint32_t lat = 0;
    c->stats.io_accesses++;
    if (lapic_owns(c, a)) {
        lat = c->cfg->lat[TC_SYS];
        lapic_mmio_write(c, (unsigned)(a.v & 0xfff), (uint32_t)v);
    } else {
        c->ops->mmio_write(c->opaque, c->core, a, n, v, c->now, &lat);
    }
    c->acc.io_cyc += lat;
    c->acc.any = 1;
}

static uint64_t span_read(struct cpu *c, const struct access *a)
{
    uint64_t v = 0;
    unsigned shift = 0;
    for (unsigned k = 0; k < a->n_pieces; k++) {
        const struct access_piece *p = &a->piece[k];
        uint64_t part = 0;
        if (p->host)
            memcpy(&part, p->host, p->n);
        else
            part = device_read(c, p->t.a, p->n);
        v |= part << shift;
        shift += 8 * p->n;
    }
    return v;
}

static void span_write(struct cpu *c, const struct access *a, uint64_t v)
{
    for (unsigned k = 0; k < a->n_pieces; k++) {
        const struct access_piece *p = &a->piece[k];
        if (p->host) {
            memcpy(p->host, &v, p->n);
            if (c->phys->frame_flags[p->t.a.v >> 12] & PHYS_HAS_CODE)
                cpu_code_written(c, p->t.a, p->n);
        } else {
            device_write(c, p->t.a, p->n, v);
        }
        if (p->n < 8)
            v >>= 8 * p->n;
    }
}

/* ---- what handlers call
 * -------------------------------------------------------------------------------------------------- */
struct cpu_event cpu_load_slow(struct cpu *c, unsigned seg, uint64_t off, unsigned size, uint64_t *out)
{
    struct access a = {.n = size, .kind = MMU_READ, .user = c->user, .as_load = true};
    CPU_TRY(cpu_linear(c, seg, off, size, MMU_READ, &a.la));
    CPU_TRY(access_open(c, &a));
    *out = span_read(c, &a);
    return CPU_OK;
}

struct cpu_event cpu_load_lock(struct cpu *c, unsigned seg, uint64_t off, unsigned size, uint64_t *out)
{
    uint64_t la = c->seg_base[seg] + off;
    const struct cpu_sc *e = &c->sc[(la >> SIM_LINE_SHIFT) & (CPU_SC_N - 1)];
    unsigned in_line = (unsigned)(la & LINE_MASK);
    if (e->wtag == ((la - in_line) | c->user) && in_line + size <= SIM_LINE_BYTES && (c->seg_fast >> seg & 1)) {
        cpu_sc_stamp(c, e);
        *out = cpu_host_read(e->host + in_line, size);
        return CPU_OK;
    }
    struct access a = {.n = size, .kind = MMU_WRITE, .user = c->user, .as_load = true};
    CPU_TRY(cpu_linear(c, seg, off, size, MMU_WRITE, &a.la));
    CPU_TRY(access_open(c, &a));
    *out = span_read(c, &a);
    return CPU_OK;
}

struct cpu_event cpu_store_slow(struct cpu *c, unsigned seg, uint64_t off, unsigned size, uint64_t v)
{
    struct access a = {.n = size, .kind = MMU_WRITE, .user = c->user};
    CPU_TRY(cpu_linear(c, seg, off, size, MMU_WRITE, &a.la));
    CPU_TRY(access_open(c, &a));
    span_write(c, &a, v);
    return CPU_OK;
}

/* Line by line; in a device's page there is nothing to own but the turn. */
static struct cpu_event acquire(struct cpu *c, uint64_t la, unsigned n, bool user, bool implicit)
{
    for (unsigned done = 0; done < n;) {
        unsigned piece = SIM_LINE_BYTES - (unsigned)((la + done) & LINE_MASK);
        if (piece > n - done)
            piece = n - done;
        struct access a = {.la = la + done, .n = piece, .kind = MMU_WRITE, .user = user, .implicit = implicit};
        CPU_TRY(access_open(c, &a));
        done += piece;
    }
    return CPU_OK;
}

struct cpu_event cpu_acquire(struct cpu *c, unsigned seg, uint64_t off, unsigned n)
{
    uint64_t la;
    CPU_TRY(cpu_linear(c, seg, off, n, MMU_WRITE, &la));
    return acquire(c, la, n, c->user, false);
}

struct cpu_event cpu_sys_load(struct cpu *c, uint64_t la, unsigned size, uint64_t *out)
{
    struct access a = {.la = la, .n = size, .kind = MMU_READ, .as_load = true, .implicit = true};
    CPU_TRY(access_open(c, &a));
    *out = span_read(c, &a);
    return CPU_OK;
}

struct cpu_event cpu_sys_store(struct cpu *c, uint64_t la, unsigned size, uint64_t v)
{
    struct access a = {.la = la, .n = size, .kind = MMU_WRITE, .implicit = true};
    CPU_TRY(access_open(c, &a));
    span_write(c, &a, v);
    return CPU_OK;
}

struct cpu_event cpu_sys_acquire(struct cpu *c, uint64_t la, unsigned n)
{
    return acquire(c, la, n, false, true);
}
