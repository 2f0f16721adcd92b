/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory system's call: an access walks L1, then the node's L2, then asks the other agents (coherence.c).
 *
 * mem_access() decides first, by looking only, whether the access stays private; a shared action that is not allowed
 * returns before the first change. Then everything happens at once: states and tags change now, the latency says when
 * the data is there.
 */
#include <glib.h>
#include "sim/core/fault.h"
#include "sim/mem/mem_internal.h"

/* ---- construction --------------------------------------------------------------------------------------------------
 */
static const char *cache_error(const struct mem_cache_cfg *c)
{
    if (c->size_bytes == 0)
        return NULL;
    if (c->ways == 0 || c->size_bytes % (c->ways * SIM_LINE_BYTES))
        return "a cache's size must be a multiple of ways x 64 bytes";
    return NULL;
}

const char *mem_cfg_error(const struct mem_cfg *cfg)
{
    const struct mem_cache_cfg *levels[] = {&cfg->l1i, &cfg->l1d, &cfg->l2, &cfg->l3};
    for (size_t i = 0; i < G_N_ELEMENTS(levels); i++)
        if (cache_error(levels[i]))
            return cache_error(levels[i]);
    if (cfg->n_cores < 1 || cfg->n_cores > SIM_MAX_CORES)
        return "cores must be 1..256";
    if (cfg->l1i.size_bytes == 0 || cfg->l1d.size_bytes == 0)
        return "L1I and L1D are needed";
    if (cfg->l1i.size_bytes / SIM_LINE_BYTES > UINT16_MAX || cfg->l1d.size_bytes / SIM_LINE_BYTES > UINT16_MAX)
        return "a first-level cache may have at most 65535 lines";
    if (cfg->l2_cores > 1 && (cfg->l2_exclusive || cfg->l2.size_bytes == 0))
        return "an L2 that several cores share must be there, and inclusive";
    if (cfg->l3.size_bytes != 0 && cfg->l3_cores > 1 && cfg->l2_cores > 1 && cfg->l3_cores % cfg->l2_cores)
        return "the cores of an L3 must be whole L2s";
    if (cfg->dram_channels == 0)
        return "at least one DRAM channel is needed";
    return NULL;
}

static void make_caches(struct mem_sys *m)
{
    const struct mem_cfg *cfg = &m->cfg;
    m->l1i = g_new(struct cache, cfg->n_cores);
    m->l1d = g_new(struct cache, cfg->n_cores);
    m->l2 = g_new(struct cache, m->n_nodes);
    m->l3 = g_new(struct cache, m->n_groups);
    for (unsigned i = 0; i < cfg->n_cores; i++) {
        cache_init(&m->l1i[i], &cfg->l1i);
        cache_init(&m->l1d[i], &cfg->l1d);
    }
    for (unsigned i = 0; i < m->n_nodes; i++)
        cache_init(&m->l2[i], &cfg->l2);
    for (unsigned i = 0; i < m->n_groups; i++)
        cache_init(&m->l3[i], &cfg->l3);
}

static void make_places(struct mem_sys *m)
{
    unsigned n = m->cfg.n_cores;
    m->node_of = g_new(uint16_t, n);
    m->group_of = g_new(uint16_t, n);
    m->die_of = g_new(uint16_t, n);
    m->socket_of = g_new(uint16_t, n);
    for (unsigned i = 0; i < n; i++) {
        m->node_of[i] = (uint16_t)(i / m->cfg.l2_cores);
        m->group_of[i] = (uint16_t)(i / m->cfg.l3_cores);
        m->die_of[i] = (uint16_t)(i / m->cfg.cores_per_die);
        m->socket_of[i] = (uint16_t)(m->die_of[i] / m->cfg.dies_per_socket);
    }
    m->n_nodes = m->node_of[n - 1] + 1u;
    m->n_groups = m->group_of[n - 1] + 1u;
    m->n_dies = m->die_of[n - 1] + 1u;
    m->n_sockets = m->socket_of[n - 1] + 1u;
}

/* "0 cores share it" in a plain config means the natural default. */
static void set_if_zero(unsigned *v, unsigned to)
{
    if (*v == 0)
        *v = to;
}

struct mem_sys *mem_new(const struct mem_cfg *cfg)
{
    const char *error = mem_cfg_error(cfg);
    if (error)
        sim_bug("mem_new: %s", error);
    struct mem_sys *m = g_new0(struct mem_sys, 1);
    m->cfg = *cfg;
    set_if_zero(&m->cfg.l2_cores, 1);
    set_if_zero(&m->cfg.l3_cores, cfg->n_cores);
    set_if_zero(&m->cfg.cores_per_die, cfg->n_cores);
    set_if_zero(&m->cfg.dies_per_socket, 1);
    m->l1_has_state = cfg->l2_exclusive || cfg->l2.size_bytes == 0;
    m->has_l3 = cfg->l3.size_bytes != 0;
    make_places(m);
    make_caches(m);
    dir_init(&m->dir, m->n_nodes + (m->has_l3 ? m->n_groups : 0));
    m->link_until = g_new0(cyc_t, m->n_dies);
    m->dram_until = g_new0(cyc_t, (size_t)m->n_sockets * cfg->dram_channels);
    m->stats = g_new0(struct mem_stats, cfg->n_cores);
    m->place = g_new(struct place, cfg->n_cores);
    for (unsigned i = 0; i < cfg->n_cores; i++)
        m->place[i] = (struct place){.line = NO_LINE};
    return m;
}

static void free_caches(struct cache *c, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        cache_destroy(&c[i]);
    g_free(c);
}

void mem_free(struct mem_sys *m)
{
    if (!m)
        return;
    free_caches(m->l1i, m->cfg.n_cores);
    free_caches(m->l1d, m->cfg.n_cores);
    free_caches(m->l2, m->n_nodes);
    free_caches(m->l3, m->n_groups);
    dir_destroy(&m->dir);
    g_free(m->node_of);
    g_free(m->group_of);
    g_free(m->die_of);
    g_free(m->socket_of);
    g_free(m->link_until);
    g_free(m->dram_until);
    g_free(m->stats);
    g_free(m->place);
    g_free(m);
}

void mem_set_client(struct mem_sys *m, const struct mem_client_ops *ops, void *opaque)
{
    m->client = ops;
    m->client_opaque = opaque;
}

struct mem_l1_view mem_l1d_view(struct mem_sys *m, unsigned core)
{
    return (struct mem_l1_view){m->l1d[core].age, &m->l1d[core].tick};
}

struct mem_l1_view mem_l1i_view(struct mem_sys *m, unsigned core)
{
    return (struct mem_l1_view){m->l1i[core].age, &m->l1i[core].tick};
}

void mem_ages_check(struct mem_sys *m, unsigned core)
{
    if (m->l1d[core].tick >= AGE_LIMIT)
        cache_renormalise(&m->l1d[core]);
    if (m->l1i[core].tick >= AGE_LIMIT)
        cache_renormalise(&m->l1i[core]);
}

cyc_t mem_lookahead_cyc(const struct mem_sys *m)
{
    const struct mem_cfg *c = &m->cfg;
    uint32_t least = MIN(MIN(c->probe_cyc, c->xfer_die_cyc), MIN(c->xfer_socket_cyc, c->xfer_remote_cyc));
    return MAX(least, 1u);
}

const struct mem_stats *mem_core_stats(const struct mem_sys *m, unsigned core)
{
    return &m->stats[core];
}

/* ---- the access ----------------------------------------------------------------------------------------------------
 */
/* What a miss found in its own node, before anything changes. */
struct found {
    uint32_t s1, s2;    /* slots in the L1 of the access's side, and in L2 */
    enum line_state st; /* the node's state */
};

static struct found look(const struct mem_sys *m, unsigned core, uint32_t line, enum mem_op op)
{
    const struct cache *l1d = &m->l1d[core], *l1i = &m->l1i[core], *l2 = &m->l2[m->node_of[core]];
    uint32_t d = cache_find(l1d, line);
    struct found f = {op == MEM_FETCH ? cache_find(l1i, line) : d, cache_find(l2, line), LINE_I};
    if (f.s2 != NO_SLOT)
        f.st = l2->state[f.s2];
    else if (m->l1_has_state && d != NO_SLOT)
        f.st = l1d->state[d];
    else if (m->l1_has_state && cache_find(l1i, line) != NO_SLOT)
        f.st = LINE_S;
    return f;
}

/* Exclusive L2: does a fill from L2 take the line out of it? A fetched line that this core owns stays: L1I has no
 * place for its state. */
static bool leaves_l2(const struct found *f, enum mem_op op)
{
    return f->s2 != NO_SLOT && (op != MEM_FETCH || f->st == LINE_S);
}

/* Would an L1 fill from within the node push some line out of the node? Only a victim L2 can; then it is a shared
 * action. */
static bool fill_pushes_out(const struct mem_sys *m, unsigned core, uint32_t line, enum mem_op op,
                            const struct found *f)
{
    if (!m->l1_has_state || f->s1 != NO_SLOT)
        return false;
    const struct cache *l1 = op == MEM_FETCH ? &m->l1i[core] : &m->l1d[core], *l2 = &m->l2[m->node_of[core]];
    uint32_t victim = l1->tag[cache_victim(l1, line)];
    if (victim == NO_LINE)
        return false;
    if (op == MEM_FETCH && (cache_find(&m->l1d[core], victim) != NO_SLOT || cache_find(l2, victim) != NO_SLOT))
        return false;
    if (l2->ways == 0)
        return true;
    if (leaves_l2(f, op) && cache_set(l2, victim) == cache_set(l2, line))
        return false;
    return l2->tag[cache_victim(l2, victim)] != NO_LINE;
}

/* A line that L1 threw out goes into the victim L2. */
static void keep_victim(struct mem_sys *m, unsigned core, uint32_t line, enum line_state st, bool is_fetch, cyc_t now)
{
    struct cache *l2 = &m->l2[m->node_of[core]];
    if (is_fetch && (cache_find(&m->l1d[core], line) != NO_SLOT || cache_find(l2, line) != NO_SLOT))
        return;
    if (l2->ways == 0) {
        coherence_depart(m, m->node_of[core], line, st, now);
        return;
    }
    uint32_t s = cache_victim(l2, line);
    if (l2->tag[s] != NO_LINE) {
        uint32_t out = l2->tag[s];
        enum line_state out_st = l2->state[s];
        cache_drop(l2, s);
        coherence_depart(m, m->node_of[core], out, out_st, now);
    }
    cache_put(l2, s, line, st);
}

static uint32_t fill_l1(struct mem_sys *m, unsigned core, uint32_t line, enum mem_op op, enum line_state st, cyc_t now)
{
    bool is_fetch = op == MEM_FETCH;
    struct cache *l1 = is_fetch ? &m->l1i[core] : &m->l1d[core];
    uint32_t s = cache_victim(l1, line), out = l1->tag[s];
    if (out != NO_LINE) {
        enum line_state out_st = is_fetch ? LINE_S : (enum line_state)l1->state[s];
        if (is_fetch)
            client_fetch_lost(m, core, s);
        else
            client_line_lost(m, core, s, false);
        cache_drop(l1, s);
        if (m->l1_has_state)
            keep_victim(m, core, out, out_st, is_fetch, now);
    }
    cache_put(l1, s, line, is_fetch ? LINE_S : st);
    return s;
}

static void fill_l2(struct mem_sys *m, unsigned node, uint32_t line, enum line_state st, cyc_t now)
{
    struct cache *l2 = &m->l2[node];
    uint32_t s = cache_victim(l2, line);
    if (l2->tag[s] != NO_LINE) {
        uint32_t out = l2->tag[s];
        enum line_state out_st = l2->state[s];
        coherence_depart(m, node, out, out_st, now); /* tells the L1s before they lose it */
        cache_drop(l2, s);
    }
    cache_put(l2, s, line, st);
}

/* The node has the line in state @st, sufficient for @op: bring it into L1. Return: its slot there. */
static uint32_t settle_exclusive(struct mem_sys *m, unsigned core, uint32_t line, enum mem_op op, const struct found *f,
                                 enum line_state st, cyc_t now)
{
    struct cache *l2 = &m->l2[m->node_of[core]];
    if (f->s1 != NO_SLOT) {
        m->l1d[core].state[f->s1] = (uint8_t)st;
        cache_touch(&m->l1d[core], f->s1);
        return f->s1;
    }
    if (leaves_l2(f, op))
        cache_drop(l2, f->s2);
    else if (f->s2 != NO_SLOT)
        cache_touch(l2, f->s2);
    return fill_l1(m, core, line, op, st, now);
}

static uint32_t settle_inclusive(struct mem_sys *m, unsigned core, uint32_t line, enum mem_op op, const struct found *f,
                                 enum line_state st, bool others_hold, cyc_t now)
{
    struct cache *l2 = &m->l2[m->node_of[core]];
    if (f->s2 == NO_SLOT) {
        fill_l2(m, m->node_of[core], line, st, now);
    } else {
        l2->state[f->s2] = (uint8_t)st;
        if (f->s1 == NO_SLOT)
            cache_touch(l2, f->s2);
    }
    enum line_state l1_st = st == LINE_M && !others_hold ? LINE_M : LINE_S;
    if (f->s1 == NO_SLOT)
        return fill_l1(m, core, line, op, l1_st, now);
    m->l1d[core].state[f->s1] = (uint8_t)l1_st;
    cache_touch(&m->l1d[core], f->s1);
    return f->s1;
}

static void count(struct mem_sys *m, unsigned core, enum mem_op op, const struct found *f, const struct mem_result *out)
{
    struct mem_stats *st = &m->stats[core];
    if (f->s1 == NO_SLOT) {
        if (op == MEM_FETCH)
            st->l1i_misses++;
        else
            st->l1d_misses++;
        st->l2_misses += f->st == LINE_I;
    }
    if (out->source == MEM_SRC_REMOTE)
        st->coherence_cyc += out->latency_cyc;
}

/* Cores of one node meet in their L2: a transfer between two L1s, serial like any other. */
static bool settle_peers(struct mem_sys *m, unsigned core, uint32_t line, enum mem_op op, cyc_t now,
                         struct mem_result *out)
{
    bool others_hold = false;
    if (m->cfg.l2_cores == 1 || !coherence_peers(m, core, line, op == MEM_WRITE, &others_hold))
        return others_hold;
    out->latency_cyc = coherence_peer_transfer(m, core, line, op == MEM_WRITE, now, out->latency_cyc);
    out->source = MEM_SRC_REMOTE;
    return others_hold;
}

/*
 * Host memory that a miss will touch, asked for early: the directory entry of the line that will leave the node, and
 * on the way the L2 set where the L1 victim goes. Changes nothing in the model.
 */
static void prefetch_for_miss(const struct mem_sys *m, unsigned core, uint32_t line, enum mem_op op)
{
    const struct cache *l1 = op == MEM_FETCH ? &m->l1i[core] : &m->l1d[core], *l2 = &m->l2[m->node_of[core]];
    if (l2->ways == 0)
        return;
    uint32_t into = m->l1_has_state ? l1->tag[cache_victim(l1, line)] : line;
    uint32_t leaves = into == NO_LINE ? NO_LINE : l2->tag[cache_victim(l2, into)];
    if (leaves != NO_LINE)
        __builtin_prefetch(dir_at(&m->dir, dir_home(&m->dir, leaves)), 1);
}

static bool slow_access(struct mem_sys *m, unsigned core, uint32_t line, enum mem_op op, cyc_t now, bool may_share,
                        struct mem_result *out)
{
    __builtin_prefetch(dir_at(&m->dir, dir_home(&m->dir, line)), 1);
    struct found f = look(m, core, line, op);
    bool enough = op == MEM_WRITE ? f.st == LINE_E || f.st == LINE_M : f.st != LINE_I;
    out->wait_until = 0;
    if (!may_share && (!enough || m->cfg.l2_cores > 1 || fill_pushes_out(m, core, line, op, &f)))
        return false;
    if (!enough || m->cfg.l2_cores > 1) {
        out->wait_until = coherence_wait(m, core, line, op, now);
        if (out->wait_until)
            return false;
    }
    enum line_state st = f.st;
    bool others_hold = false;
    if (enough) {
        bool in_l1 = f.s1 != NO_SLOT || m->l2[m->node_of[core]].ways == 0;
        out->latency_cyc = in_l1 ? m->l1d[core].latency_cyc : m->l2[m->node_of[core]].latency_cyc;
        out->source = in_l1 ? MEM_SRC_L1 : MEM_SRC_L2;
        others_hold = settle_peers(m, core, line, op, now, out);
        if (op == MEM_WRITE)
            st = LINE_M;
    } else {
        prefetch_for_miss(m, core, line, op);
        struct request r = {.core = core, .node = m->node_of[core], .line = line, .op = op, .now = now};
        st = coherence_acquire(m, &r, f.st);
        out->latency_cyc = r.latency_cyc;
        out->source = r.source;
    }
    if (m->place[core].line == line)
        m->place[core].line = NO_LINE; /* served */
    out->slot = (uint16_t)(m->l1_has_state ? settle_exclusive(m, core, line, op, &f, st, now)
                                           : settle_inclusive(m, core, line, op, &f, st, others_hold, now));
    out->writable = op != MEM_FETCH && m->l1d[core].state[out->slot] == LINE_M;
    count(m, core, op, &f, out);
    return true;
}

bool mem_access(struct mem_sys *m, unsigned core, hpa_t a, enum mem_op op, cyc_t now, bool may_share,
                struct mem_result *out)
{
    if (__builtin_expect(a.v >> SIM_LINE_SHIFT >= NO_LINE, 0))
        sim_unmodelled("physical memory at %#llx: the memory system reaches 256 GiB", (unsigned long long)a.v);
    uint32_t line = (uint32_t)(a.v >> SIM_LINE_SHIFT);
    struct cache *l1 = op == MEM_FETCH ? &m->l1i[core] : &m->l1d[core];
    uint32_t s = cache_find(l1, line);
    if (__builtin_expect(s == NO_SLOT || (op == MEM_WRITE && l1->state[s] != LINE_M), 0))
        return slow_access(m, core, line, op, now, may_share, out);
    cache_touch(l1, s);
    *out = (struct mem_result){.latency_cyc = l1->latency_cyc,
                               .source = MEM_SRC_L1,
                               .writable = op != MEM_FETCH && l1->state[s] == LINE_M,
                               .slot = (uint16_t)s};
    return true;
}
