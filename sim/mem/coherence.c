/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens between agents: a node asks for a line, others supply it or give it up, lines leave nodes and L3s.
 *
 * Serial use of a line: a transaction that moves the line or changes who owns it keeps the directory entry busy until
 * the requester has the data. Whoever comes meanwhile waits in order of arrival, so N cores that write one line get it
 * one transfer time after the other: the throughput of a hot line is 1 / transfer time, whatever N is. A read that the
 * owner merely answers (O, or a dirty line in another L3) keeps it busy for the time on the link. Reads of clean shared
 * lines, from L3 or memory, do not serialise.
 *
 * Waiting means that nothing has happened yet: neither states nor data. Were a queued write carried out when it is
 * asked for, cores would see each other's writes long before the line could have travelled, and a compare-and-exchange
 * loop would lose against cores that stand behind it in the queue.
 *
 * The hold: after a write's data has arrived, the line stays for the time that the next request's probe needs to get
 * there, which is what lets the retry of a failed compare-and-exchange succeed. A request that was queued had its probe
 * sent at arrival, so its own latency is shorter by that time: the service time is the transfer time either way.
 *
 * The queue: a core that must wait is told when to ask again: when the line will be free at the earliest, given those
 * before it. If it is busy then all the same, the core keeps its place; who comes new goes behind all that wait. Places
 * are numbered, so that of two cores that ask at the same time the one that came first is served: by their numbers as
 * cores the last one would wait for ever. A core that does not come back when it was told to has given up its place.
 *
 * Who supplies: the own group's L3, else an owner (M, O, E) in another cache, else memory. Clean shared copies in other
 * cores do not supply (K8 and the front-side bus read such lines from memory).
 *
 * Attribution: MEM_SRC_REMOTE if another core supplied the line, had to give it up, or was being served first.
 */
#include "sim/mem/mem_internal.h"

void client_line_lost(struct mem_sys *m, unsigned core, uint32_t slot, bool keep_read)
{
    if (m->client && m->client->line_lost)
        m->client->line_lost(m->client_opaque, core, slot, keep_read);
}

void client_fetch_lost(struct mem_sys *m, unsigned core, uint32_t slot)
{
    if (m->client && m->client->fetch_lost)
        m->client->fetch_lost(m->client_opaque, core, slot);
}

static bool is_dirty(enum line_state st)
{
    return st == LINE_M || st == LINE_O;
}

static bool agent_is_l3(const struct mem_sys *m, unsigned agent)
{
    return agent >= m->n_nodes;
}

/* A core that stands where the agent is, for distances. */
static unsigned agent_core(const struct mem_sys *m, unsigned agent)
{
    return agent_is_l3(m, agent) ? (agent - m->n_nodes) * m->cfg.l3_cores : agent * m->cfg.l2_cores;
}

static unsigned node_end(const struct mem_sys *m, unsigned node)
{
    unsigned end = (node + 1) * m->cfg.l2_cores;
    return end < m->cfg.n_cores ? end : m->cfg.n_cores;
}

/* ---- probes ---------------------------------------------------------------------------------------------------- */
static bool drop_l1(struct mem_sys *m, unsigned core, uint32_t line)
{
    uint32_t d = cache_find(&m->l1d[core], line), i = cache_find(&m->l1i[core], line);
    if (d != NO_SLOT) {
        client_line_lost(m, core, d, false);
        cache_drop(&m->l1d[core], d);
    }
    if (i != NO_SLOT) {
        client_fetch_lost(m, core, i);
        cache_drop(&m->l1i[core], i);
    }
    return d != NO_SLOT || i != NO_SLOT;
}

static void node_invalidate(struct mem_sys *m, unsigned node, uint32_t line)
{
    bool l1_had_it = false;
    for (unsigned core = node * m->cfg.l2_cores; core < node_end(m, node); core++)
        if (drop_l1(m, core, line)) {
            m->stats[core].invalidated++;
            l1_had_it = true;
        }
    uint32_t s = cache_find(&m->l2[node], line);
    if (s == NO_SLOT)
        return;
    cache_drop(&m->l2[node], s);
    if (!l1_had_it)
        m->stats[node * m->cfg.l2_cores].invalidated++;
}

static void l1d_downgrade(struct mem_sys *m, unsigned core, uint32_t line, enum line_state to)
{
    struct cache *c = &m->l1d[core];
    uint32_t s = cache_find(c, line);
    if (s == NO_SLOT)
        return;
    if (c->state[s] == LINE_M)
        client_line_lost(m, core, s, true);
    c->state[s] = (uint8_t)(m->l1_has_state ? to : LINE_S);
}

/* The state an owner is left in when another agent reads its line. */
static enum line_state after_read(const struct mem_sys *m, unsigned agent, enum line_state st)
{
    bool keeps_dirty =
        m->cfg.moesi || agent_is_l3(m, agent); /* a shared level may hold a dirty line that others read */
    return is_dirty(st) && keeps_dirty ? LINE_O : LINE_S;
}

static enum line_state owner_state(const struct mem_sys *m, unsigned agent, uint32_t line)
{
    const struct cache *c = agent_is_l3(m, agent) ? &m->l3[agent - m->n_nodes] : &m->l2[agent];
    uint32_t s = cache_find(c, line);
    if (s == NO_SLOT && !agent_is_l3(m, agent)) { /* exclusive: then it is in the one core's L1D */
        c = &m->l1d[agent * m->cfg.l2_cores];
        s = cache_find(c, line);
    }
    return s == NO_SLOT ? LINE_I : (enum line_state)c->state[s];
}

static void agent_downgrade(struct mem_sys *m, unsigned agent, uint32_t line, enum line_state to)
{
    struct cache *c = agent_is_l3(m, agent) ? &m->l3[agent - m->n_nodes] : &m->l2[agent];
    if (!agent_is_l3(m, agent))
        for (unsigned core = agent * m->cfg.l2_cores; core < node_end(m, agent); core++)
            l1d_downgrade(m, core, line, to);
    uint32_t s = cache_find(c, line);
    if (s != NO_SLOT)
        c->state[s] = (uint8_t)to;
}

static void agent_invalidate(struct mem_sys *m, unsigned agent, uint32_t line)
{
    if (!agent_is_l3(m, agent)) {
        node_invalidate(m, agent, line);
        return;
    }
    struct cache *c = &m->l3[agent - m->n_nodes];
    uint32_t s = cache_find(c, line);
    if (s != NO_SLOT)
        cache_drop(c, s);
}

bool coherence_peers(struct mem_sys *m, unsigned core, uint32_t line, bool is_write, bool *others_hold)
{
    bool disturbed = false;
    *others_hold = false;
    for (unsigned p = m->node_of[core] * m->cfg.l2_cores; p < node_end(m, m->node_of[core]); p++) {
        if (p == core)
            continue;
        uint32_t s = cache_find(&m->l1d[p], line);
        if (is_write) {
            bool dropped = drop_l1(m, p, line);
            m->stats[p].invalidated += dropped;
            disturbed |= dropped;
            continue;
        }
        if (s != NO_SLOT) {
            disturbed |= m->l1d[p].state[s] == LINE_M;
            l1d_downgrade(m, p, line, LINE_S);
        }
        *others_hold |= s != NO_SLOT || cache_find(&m->l1i[p], line) != NO_SLOT;
    }
    return disturbed;
}

/* ---- a node asks ------------------------------------------------------------------------------------------------- */
static void own_l3_gives_up(struct mem_sys *m, struct dir_entry *e, unsigned group, uint32_t slot)
{
    dir_clear(e, m->n_nodes + group);
    cache_drop(&m->l3[group], slot);
}

/* Read or fetch of a line that the own L3 holds. It keeps what others share and what was fetched, and hands over the
 * rest: a victim cache. */
static enum line_state read_from_l3(struct mem_sys *m, struct request *r, struct dir_entry *e, uint32_t slot)
{
    unsigned group = m->group_of[r->core], agent = m->n_nodes + group;
    struct cache *c = &m->l3[group];
    enum line_state st = c->state[slot];
    r->latency_cyc = c->latency_cyc;
    r->source = MEM_SRC_L3;
    dir_set(e, r->node);
    if (r->op == MEM_READ && (st == LINE_E || st == LINE_M)) {
        own_l3_gives_up(m, e, group, slot);
        e->owner = (uint16_t)r->node;
        return st;
    }
    c->state[slot] = (uint8_t)after_read(m, agent, st);
    if (e->owner == agent && c->state[slot] == LINE_S)
        e->owner = NO_AGENT;
    cache_touch(c, slot);
    return LINE_S;
}

static enum line_state read_from_owner(struct mem_sys *m, struct request *r, struct dir_entry *e)
{
    unsigned owner = e->owner, from = agent_core(m, owner);
    enum line_state st = owner_state(m, owner, r->line), left = after_read(m, owner, st);
    r->latency_cyc = queue_xfer_cyc(m, from, r->core) + queue_link(m, from, r->core, r->now);
    r->source = MEM_SRC_REMOTE;
    agent_downgrade(m, owner, r->line, left);
    if (is_dirty(st) && left == LINE_S)
        queue_dram_write(m, from, r->line, r->now);
    if (left == LINE_S)
        e->owner = NO_AGENT;
    dir_set(e, r->node);
    m->stats[r->core].remote_reads++;
    r->busy_cyc = st == left ? m->cfg.link_busy_cyc : r->latency_cyc;
    return LINE_S;
}

static void read_from_dram(struct mem_sys *m, struct request *r)
{
    r->latency_cyc = queue_dram_read(m, r->core, r->line, r->now);
    r->source = MEM_SRC_DRAM;
    m->stats[r->core].dram_reads++;
}

static enum line_state acquire_read(struct mem_sys *m, struct request *r, struct dir_entry *e)
{
    uint32_t s3 = m->has_l3 ? cache_find(&m->l3[m->group_of[r->core]], r->line) : NO_SLOT;
    if (s3 != NO_SLOT)
        return read_from_l3(m, r, e, s3);
    m->stats[r->core].l3_misses += m->has_l3;
    if (e->owner != NO_AGENT)
        return read_from_owner(m, r, e);
    bool is_shared = r->op == MEM_FETCH || dir_any_but(&m->dir, e, r->node);
    read_from_dram(m, r);
    dir_set(e, r->node);
    if (is_shared)
        return LINE_S;
    e->owner = (uint16_t)r->node;
    r->busy_cyc = r->latency_cyc;
    return LINE_E;
}

/* All other agents give the line up, in parallel. Return: was it anybody but our own L3? */
static bool invalidate_others(struct mem_sys *m, struct request *r, struct dir_entry *e)
{
    unsigned own_l3 = m->has_l3 ? m->n_nodes + m->group_of[r->core] : NO_AGENT;
    bool others = false;
    for (unsigned w = 0; w < m->dir.words; w++)
        for (uint64_t bits = e->agents[w]; bits; bits &= bits - 1) {
            unsigned agent = w * 64 + (unsigned)__builtin_ctzll(bits);
            if (agent == r->node)
                continue;
            agent_invalidate(m, agent, r->line);
            dir_clear(e, agent);
            bool is_own = agent == own_l3;
            uint32_t cyc =
                is_own ? m->l3[m->group_of[r->core]].latency_cyc : queue_xfer_cyc(m, agent_core(m, agent), r->core);
            if (cyc > r->latency_cyc) {
                r->latency_cyc = cyc;
                r->source = is_own ? MEM_SRC_L3 : MEM_SRC_REMOTE;
            }
            others |= !is_own;
        }
    return others;
}

/* Where a write miss gets its data. Return: waiting for the link, which comes before a transfer from an owner. */
static uint32_t data_for_write(struct mem_sys *m, struct request *r, const struct dir_entry *e)
{
    if (m->has_l3 && cache_find(&m->l3[m->group_of[r->core]], r->line) != NO_SLOT) {
        r->latency_cyc = m->l3[m->group_of[r->core]].latency_cyc;
        r->source = MEM_SRC_L3;
        return 0;
    }
    m->stats[r->core].l3_misses += m->has_l3;
    if (e->owner == NO_AGENT) {
        read_from_dram(m, r);
        return 0;
    }
    m->stats[r->core].remote_reads++;
    return queue_link(m, agent_core(m, e->owner), r->core, r->now);
}

/* The data and the invalidations travel beside each other: the slowest counts. */
static enum line_state acquire_write(struct mem_sys *m, struct request *r, struct dir_entry *e, enum line_state held)
{
    uint32_t link_cyc = 0;
    r->source = MEM_SRC_DRAM;
    if (held == LINE_I)
        link_cyc = data_for_write(m, r, e);
    else if (!dir_any_but(&m->dir, e, r->node))
        r->latency_cyc = queue_home_cyc(m, r->core, r->line);
    if (invalidate_others(m, r, e)) {
        r->source = MEM_SRC_REMOTE;
        m->stats[r->core].upgrades++;
    }
    r->latency_cyc += link_cyc;
    r->busy_cyc = r->latency_cyc;
    dir_set(e, r->node);
    e->owner = (uint16_t)r->node;
    return LINE_M;
}

/* Is @core back at the time it was given for @line? */
static bool is_due(const struct mem_sys *m, unsigned core, uint32_t line, cyc_t now)
{
    return m->place[core].line == line && m->place[core].at == now;
}

/* How long the cores that wait for the line and came before @core will have it at least; 0: there are none. */
static cyc_t time_ahead(const struct mem_sys *m, const struct dir_entry *e, unsigned core, cyc_t now)
{
    cyc_t sum = 0;
    if (e->promised < now)
        return 0;
    uint64_t mine = is_due(m, core, e->line, now) ? m->place[core].ticket : UINT64_MAX;
    for (unsigned c = 0; c < m->cfg.n_cores; c++) {
        const struct place *p = &m->place[c];
        if (p->line == e->line && p->at >= now && p->ticket < mine && c != core)
            sum += p->service_cyc;
    }
    return sum;
}

/* A core does not wait for its own transaction while that is under way (it is the same miss), nor out its own hold when
 * nobody is behind it. A free line is left to those who stand in the queue. */
static bool must_wait(const struct dir_entry *e, unsigned core, cyc_t ahead, cyc_t now)
{
    if (e->busy_until > now)
        return e->last_core != core || (now >= e->busy_until - e->hold_cyc && ahead);
    return ahead;
}

static cyc_t later(cyc_t a, cyc_t b)
{
    return a > b ? a : b;
}

cyc_t coherence_wait(struct mem_sys *m, unsigned core, uint32_t line, enum mem_op op, cyc_t now)
{
    struct dir_entry *e = dir_find(&m->dir, line);
    if (!e)
        return 0;
    cyc_t ahead = time_ahead(m, e, core, now);
    if (!must_wait(e, core, ahead, now))
        return 0;
    struct place *p = &m->place[core];
    cyc_t until = later(later(e->busy_until, now) + ahead, now + 1);
    uint32_t service_cyc = op == MEM_WRITE ? m->cfg.xfer_die_cyc : m->cfg.link_busy_cyc;
    uint64_t ticket = is_due(m, core, line, now) ? p->ticket : ++m->tickets;
    *p = (struct place){line, service_cyc ? service_cyc : 1, until, ticket};
    e->promised = later(e->promised, until);
    m->stats[core].coherence_cyc += until - now;
    return until;
}

/* The line is busy with @core's transaction, which takes @cyc from @now; @is_write: it is held for a while after. */
static void make_busy(const struct mem_sys *m, struct dir_entry *e, unsigned core, cyc_t now, uint32_t cyc,
                      bool is_write)
{
    uint32_t half = m->cfg.xfer_die_cyc / 2, probes = 2 * m->cfg.probe_cyc;
    e->hold_cyc = !is_write ? 0 : probes < half ? probes : half;
    e->busy_until = now + cyc + e->hold_cyc;
    e->last_core = (uint16_t)core;
}

/* The part of the latency that passed while the request stood in the queue: its probe was on its way. */
static uint32_t head_start(const struct mem_sys *m, const struct dir_entry *e, unsigned core, uint32_t latency_cyc,
                           cyc_t now)
{
    if (!is_due(m, core, e->line, now))
        return 0;
    return e->hold_cyc < latency_cyc ? e->hold_cyc : latency_cyc - 1;
}

enum line_state coherence_acquire(struct mem_sys *m, struct request *r, enum line_state held)
{
    struct dir_entry *e = dir_get(&m->dir, r->line);
    bool others_hold, peers = false;
    if (r->op == MEM_WRITE && m->cfg.l2_cores > 1)
        peers = coherence_peers(m, r->core, r->line, true, &others_hold);
    enum line_state st = r->op == MEM_WRITE ? acquire_write(m, r, e, held) : acquire_read(m, r, e);
    uint32_t early_cyc = r->source == MEM_SRC_REMOTE ? head_start(m, e, r->core, r->latency_cyc, r->now) : 0;
    r->latency_cyc -= early_cyc;
    if (r->busy_cyc)
        make_busy(m, e, r->core, r->now, r->busy_cyc - (early_cyc < r->busy_cyc ? early_cyc : 0), r->op == MEM_WRITE);
    if (peers)
        r->source = MEM_SRC_REMOTE;
    return st;
}

uint32_t coherence_peer_transfer(struct mem_sys *m, unsigned core, uint32_t line, bool is_write, cyc_t now,
                                 uint32_t least_cyc)
{
    struct dir_entry *e = dir_find(&m->dir, line);
    uint32_t cyc = m->cfg.xfer_die_cyc > least_cyc ? m->cfg.xfer_die_cyc : least_cyc;
    cyc -= head_start(m, e, core, cyc, now);
    make_busy(m, e, core, now, cyc, is_write);
    return cyc;
}

/* ---- lines leave ---------------------------------------------------------------------------------------------------
 */
static void l3_evict(struct mem_sys *m, unsigned group, uint32_t slot, cyc_t now)
{
    struct cache *c = &m->l3[group];
    uint32_t line = c->tag[slot];
    unsigned agent = m->n_nodes + group, core = agent_core(m, agent);
    struct dir_entry *e = dir_find(&m->dir, line);
    if (is_dirty(c->state[slot])) {
        queue_dram_write(m, core, line, now);
        m->stats[core].writebacks++;
    }
    cache_drop(c, slot);
    dir_clear(e, agent);
    if (e->owner == agent)
        e->owner = NO_AGENT;
    if (!dir_any_but(&m->dir, e, NO_AGENT))
        dir_remove(&m->dir, e);
}

/* The line goes into the group's L3, which makes room first: that may move directory entries. */
static uint32_t l3_slot_for(struct mem_sys *m, unsigned group, uint32_t line, cyc_t now)
{
    struct cache *c = &m->l3[group];
    uint32_t s = cache_find(c, line);
    if (s != NO_SLOT)
        return s;
    s = cache_victim(c, line);
    if (c->tag[s] != NO_LINE)
        l3_evict(m, group, s, now);
    return s;
}

void coherence_depart(struct mem_sys *m, unsigned node, uint32_t line, enum line_state st, cyc_t now)
{
    unsigned core = node * m->cfg.l2_cores, group = m->group_of[core];
    for (unsigned c = core; c < node_end(m, node); c++)
        drop_l1(m, c, line);
    uint32_t s3 = m->has_l3 ? l3_slot_for(m, group, line, now) : NO_SLOT;
    struct dir_entry *e = dir_find(&m->dir, line);
    bool was_owner = e->owner == node;
    dir_clear(e, node);
    if (was_owner)
        e->owner = NO_AGENT;
    if (s3 != NO_SLOT) {
        struct cache *c = &m->l3[group];
        bool is_new = c->tag[s3] == NO_LINE;
        cache_put(c, s3, line, is_new || was_owner ? st : (enum line_state)c->state[s3]);
        dir_set(e, m->n_nodes + group);
        if (was_owner)
            e->owner = (uint16_t)(m->n_nodes + group);
        return;
    }
    if (is_dirty(st)) {
        queue_dram_write(m, core, line, now);
        m->stats[core].writebacks++;
    }
    if (!dir_any_but(&m->dir, e, NO_AGENT))
        dir_remove(&m->dir, e);
}
