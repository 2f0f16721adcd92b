/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory system looked at as a whole: a hash of its full state, and a check of the invariants in mem_internal.h.
 * Neither is for hot paths.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <glib.h>
#include "sim/mem/mem_internal.h"

/* ---- the hash ------------------------------------------------------------------------------------------------------
 */
static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static uint64_t hash_cache(uint64_t h, const struct cache *c)
{
    h = mix(h, c->tick);
    for (uint32_t i = 0; i < c->sets * c->ways; i++)
        h = mix(mix(h, (uint64_t)c->age[i] << 32 | c->tag[i]), c->state[i]);
    return h;
}

/* A sum over the entries: the order of the table's slots is no part of the state. */
static uint64_t hash_directory(const struct dir *d)
{
    uint64_t sum = d->count;
    for (uint32_t i = 0; i <= d->mask; i++) {
        const struct dir_entry *e = dir_at(d, i);
        if (e->line == NO_LINE)
            continue;
        uint64_t h = mix(mix(mix(e->line, e->owner), e->last_core), e->busy_until + 3 * e->promised + 5 * e->hold_cyc);
        for (unsigned w = 0; w < d->words; w++)
            h = mix(h, e->agents[w]);
        sum += h;
    }
    return sum;
}

uint64_t mem_state_hash(const struct mem_sys *m, uint64_t seed)
{
    uint64_t h = mix(seed, hash_directory(&m->dir));
    for (unsigned i = 0; i < m->cfg.n_cores; i++) {
        h = hash_cache(hash_cache(h, &m->l1i[i]), &m->l1d[i]);
        h = mix(mix(mix(h, m->place[i].line), m->place[i].at), m->place[i].ticket);
        const uint64_t *stats = (const uint64_t *)&m->stats[i];
        for (size_t s = 0; s < sizeof m->stats[i] / sizeof *stats; s++)
            h = mix(h, stats[s]);
    }
    for (unsigned i = 0; i < m->n_nodes; i++)
        h = hash_cache(h, &m->l2[i]);
    for (unsigned i = 0; i < m->n_groups; i++)
        h = hash_cache(h, &m->l3[i]);
    for (unsigned i = 0; i < m->n_dies; i++)
        h = mix(h, m->link_until[i]);
    for (unsigned i = 0; i < m->n_sockets * m->cfg.dram_channels; i++)
        h = mix(h, m->dram_until[i]);
    return h;
}

/* ---- the invariants
 * -------------------------------------------------------------------------------------------------- */
struct checker {
    const struct mem_sys *m;
    char *why;
    size_t why_bytes;
    bool ok;
};

__attribute__((format(printf, 2, 3))) static void fail(struct checker *k, const char *fmt, ...)
{
    if (!k->ok)
        return; /* the first one is the interesting one */
    va_list args;
    va_start(args, fmt);
    vsnprintf(k->why, k->why_bytes, fmt, args);
    va_end(args);
    k->ok = false;
}

static bool holds(const struct cache *c, uint32_t line)
{
    return cache_find(c, line) != NO_SLOT;
}

/* The state of a node as the arrays say. */
static enum line_state node_state(const struct checker *k, unsigned node, uint32_t line)
{
    const struct mem_sys *m = k->m;
    uint32_t s = cache_find(&m->l2[node], line);
    if (s != NO_SLOT)
        return m->l2[node].state[s];
    if (!m->l1_has_state)
        return LINE_I;
    s = cache_find(&m->l1d[node], line);
    if (s != NO_SLOT)
        return m->l1d[node].state[s];
    return holds(&m->l1i[node], line) ? LINE_S : LINE_I;
}

static enum line_state agent_state(const struct checker *k, unsigned agent, uint32_t line)
{
    const struct mem_sys *m = k->m;
    if (agent < m->n_nodes)
        return node_state(k, agent, line);
    uint32_t s = cache_find(&m->l3[agent - m->n_nodes], line);
    return s == NO_SLOT ? LINE_I : m->l3[agent - m->n_nodes].state[s];
}

static void check_entry(struct checker *k, const struct dir_entry *e)
{
    const struct mem_sys *m = k->m;
    unsigned n_agents = m->n_nodes + (m->has_l3 ? m->n_groups : 0), holders = 0;
    uint16_t owner = NO_AGENT;
    bool is_exclusive = false;
    for (unsigned a = 0; a < n_agents; a++) {
        enum line_state st = agent_state(k, a, e->line);
        if (dir_has(e, a) != (st != LINE_I))
            fail(k, "line %#x: the directory says agent %u holds it: %d, its caches: %d", e->line, a, dir_has(e, a),
                 st);
        holders += st != LINE_I;
        if (st == LINE_E || st == LINE_O || st == LINE_M) {
            if (owner != NO_AGENT)
                fail(k, "line %#x: agents %u and %u both own it", e->line, owner, a);
            owner = (uint16_t)a;
        }
        is_exclusive |= st == LINE_E || st == LINE_M;
    }
    if (owner != e->owner)
        fail(k, "line %#x: owner %u by the directory, %u by the caches", e->line, e->owner, owner);
    if (holders == 0 || (is_exclusive && holders != 1))
        fail(k, "line %#x: %u holders, exclusive %d", e->line, holders, is_exclusive);
}

static void check_cache(struct checker *k, const struct cache *c, const char *name)
{
    for (uint32_t i = 0; i < c->sets * c->ways; i++) {
        uint32_t line = c->tag[i];
        if (line == NO_LINE) {
            if (c->age[i] || c->state[i])
                fail(k, "%s slot %u: empty with age %u, state %u", name, i, c->age[i], c->state[i]);
            continue;
        }
        if (c->age[i] == 0 || c->age[i] > c->tick || c->state[i] == LINE_I)
            fail(k, "%s slot %u: age %u of tick %u, state %u", name, i, c->age[i], c->tick, c->state[i]);
        if (cache_find(c, line) != i)
            fail(k, "%s slot %u: line %#x stands twice", name, i, line);
        if (!dir_find(&k->m->dir, line))
            fail(k, "%s slot %u: line %#x is unknown to the directory", name, i, line);
    }
}

static void check_l1_against_l2(struct checker *k, unsigned core)
{
    const struct mem_sys *m = k->m;
    const struct cache *l1d = &m->l1d[core], *l1i = &m->l1i[core], *l2 = &m->l2[m->node_of[core]];
    for (uint32_t i = 0; i < l1d->sets * l1d->ways; i++) {
        uint32_t line = l1d->tag[i];
        if (line == NO_LINE)
            continue;
        if (holds(l2, line) == m->l1_has_state)
            fail(k, "core %u: L1D line %#x %s in L2", core, line, m->l1_has_state ? "also" : "not");
        else if (!m->l1_has_state && l1d->state[i] == LINE_M && l2->state[cache_find(l2, line)] != LINE_M)
            fail(k, "core %u: line %#x is M in L1D but not in L2", core, line);
        for (unsigned p = 0; p < m->cfg.n_cores; p++)
            if (p != core && l1d->state[i] == LINE_M && (holds(&m->l1d[p], line) || holds(&m->l1i[p], line)))
                fail(k, "line %#x is M in core %u and also in core %u", line, core, p);
    }
    for (uint32_t i = 0; i < l1i->sets * l1i->ways; i++)
        if (!m->l1_has_state && l1i->tag[i] != NO_LINE && !holds(l2, l1i->tag[i]))
            fail(k, "core %u: L1I line %#x not in L2", core, l1i->tag[i]);
}

bool mem_check(const struct mem_sys *m, char *why, size_t why_bytes)
{
    struct checker k = {m, why, why_bytes, true};
    for (unsigned i = 0; i < m->cfg.n_cores; i++) {
        check_cache(&k, &m->l1d[i], "L1D");
        check_cache(&k, &m->l1i[i], "L1I");
        check_l1_against_l2(&k, i);
    }
    for (unsigned i = 0; i < m->n_nodes; i++)
        check_cache(&k, &m->l2[i], "L2");
    for (unsigned i = 0; i < m->n_groups; i++)
        check_cache(&k, &m->l3[i], "L3");
    for (uint32_t i = 0; i <= m->dir.mask; i++)
        if (dir_at(&m->dir, i)->line != NO_LINE)
            check_entry(&k, dir_at(&m->dir, i));
    return k.ok;
}
