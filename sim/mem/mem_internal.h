/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the memory system. Includable only from sim/mem/ and its tests.
 *
 * Words: a *node* is what lies behind one L2 (one core, or l2_cores of them); a *group* is what shares one L3. The
 * directory knows *agents*: agent i < n_nodes is node i, agent n_nodes + g is the L3 of group g.
 *
 * Where a node keeps a line's state:
 *   inclusive L2:  the L2 entry is authoritative; every L1 line is in L2 too; an L1D entry is S or M, and M ("may be
 *                  written without asking") only if L2 says M and no other L1D of the node has the line.
 *   exclusive L2,  a line is in L1D or in L2, never in both, and its state with it. L1I entries carry no state: a line
 *   or no L2:      that is nowhere else in the node is shared (S) by the node. A copy in L1I may exist beside the
 *                  others. A line that leaves L2 leaves L1I as well.
 * Invariants (check.c): an agent's bit is set in the directory exactly when it holds the line; the owner is the agent
 * in state E, O or M, if there is one; E and M exclude all other agents. The L1I of a core and its own L1D may both
 * hold a line in any state: the core's own stores do not take its L1I copy away, other cores' stores do.
 */
#pragma once
#include "sim/mem/mem.h"

enum line_state { LINE_I, LINE_S, LINE_E, LINE_O, LINE_M };

#define NO_LINE  UINT32_MAX
#define NO_SLOT  UINT32_MAX
#define NO_AGENT UINT16_MAX
#define NO_CORE  UINT16_MAX
/* Ages are renormalised when a tick has come this far; mem_ages_check() leaves the cpu 2^30 hits between two calls. */
#define AGE_LIMIT 0xC0000000u

/* ---- one tag array (cache.c) -------------------------------------------------------------------------------------
 * A slot is set * ways + way. An empty slot has tag NO_LINE and age 0, so "least age" prefers empty slots and then is
 * exact LRU: ages of one array are unique. An absent level has ways = 0 and never finds anything.
 */
struct cache {
    uint32_t *tag; /* line number = hpa >> 6: 32 bits reach 256 GiB */
    uint32_t *age;
    uint8_t *state; /* enum line_state */
    uint32_t sets, ways, set_mask;
    bool is_pow2;
    uint32_t tick;
    uint32_t latency_cyc;
};

void cache_init(struct cache *c, const struct mem_cache_cfg *cfg);
void cache_destroy(struct cache *c);
void cache_renormalise(struct cache *c);

static inline uint32_t cache_set(const struct cache *c, uint32_t line)
{
    return c->is_pow2 ? line & c->set_mask : line % c->sets;
}
static inline uint32_t cache_find(const struct cache *c, uint32_t line)
{
    uint32_t base = cache_set(c, line) * c->ways;
    for (uint32_t w = 0; w < c->ways; w++)
        if (c->tag[base + w] == line)
            return base + w;
    return NO_SLOT;
}
/* cache_victim() - where @line would go: an empty slot or the least recently used. NO_SLOT if the level is absent. */
static inline uint32_t cache_victim(const struct cache *c, uint32_t line)
{
    uint32_t base = cache_set(c, line) * c->ways;
    uint64_t oldest = UINT64_MAX; /* age and slot in one number: a minimum without branches */
    for (uint32_t i = base; i < base + c->ways; i++) {
        uint64_t v = (uint64_t)c->age[i] << 32 | i;
        oldest = v < oldest ? v : oldest;
    }
    return (uint32_t)oldest;
}
static inline void cache_touch(struct cache *c, uint32_t slot)
{
    if (__builtin_expect(c->tick >= AGE_LIMIT, 0))
        cache_renormalise(c);
    c->age[slot] = ++c->tick;
}
static inline void cache_put(struct cache *c, uint32_t slot, uint32_t line, enum line_state st)
{
    c->tag[slot] = line;
    c->state[slot] = (uint8_t)st;
    cache_touch(c, slot);
}
static inline void cache_drop(struct cache *c, uint32_t slot)
{
    c->tag[slot] = NO_LINE;
    c->state[slot] = LINE_I;
    c->age[slot] = 0;
}

/* ---- the directory (directory.c) -----------------------------------------------------------------------------------
 * One entry for each line that any agent holds; open addressing, linear probing, deletion by shifting back (no
 * tombstones). An entry's address is valid until the next dir_get() or dir_remove().
 */
struct dir_entry {
    uint32_t line;
    uint16_t owner;     /* agent in state E, O or M; NO_AGENT */
    uint16_t last_core; /* whose transaction made it busy */
    uint32_t hold_cyc;  /* the last part of it: the data is there, a queued request's probe is on its way */
    cyc_t busy_until;
    cyc_t promised;    /* when the last core in the queue is to ask again; before now: nobody waits */
    uint64_t agents[]; /* bit set of holders, dir.words words */
};
struct dir {
    uint8_t *slots;
    size_t stride;
    uint32_t mask, count;
    unsigned words;
    unsigned shift; /* of the hash: 32 - log2(slots) */
};
static inline struct dir_entry *dir_at(const struct dir *d, uint32_t i)
{
    return (struct dir_entry *)(void *)(d->slots + i * d->stride);
}
/* dir_home() - the slot where the search for @line begins. */
static inline uint32_t dir_home(const struct dir *d, uint32_t line)
{
    return (line * 2654435769u) >> d->shift; /* Fibonacci hashing: 2^32 / golden ratio */
}
void dir_init(struct dir *d, unsigned n_agents);
void dir_destroy(struct dir *d);
struct dir_entry *dir_find(const struct dir *d, uint32_t line);
struct dir_entry *dir_get(struct dir *d, uint32_t line); /* made empty if new */
void dir_remove(struct dir *d, struct dir_entry *e);
static inline void dir_set(struct dir_entry *e, unsigned agent)
{
    e->agents[agent / 64] |= 1ull << (agent % 64);
}
static inline void dir_clear(struct dir_entry *e, unsigned agent)
{
    e->agents[agent / 64] &= ~(1ull << (agent % 64));
}
static inline bool dir_has(const struct dir_entry *e, unsigned agent)
{
    return e->agents[agent / 64] >> (agent % 64) & 1;
}
/* Does any agent hold it, @but (or NO_AGENT) not counted? */
bool dir_any_but(const struct dir *d, const struct dir_entry *e, unsigned but);

/* A core's place in the queue for a line: it is to ask again at that time. Lower tickets go first. */
struct place {
    uint32_t line, service_cyc; /* at least so long it will have the line */
    cyc_t at;
    uint64_t ticket;
};

/* ---- everything ----------------------------------------------------------------------------------------------------
 */
struct mem_sys {
    struct mem_cfg cfg;
    bool l1_has_state; /* exclusive or absent L2 */
    bool has_l3;
    unsigned n_nodes, n_groups, n_dies, n_sockets;
    struct cache *l1i, *l1d;                           /* by core */
    struct cache *l2, *l3;                             /* by node, by group */
    uint16_t *node_of, *group_of, *die_of, *socket_of; /* by core */
    struct dir dir;
    struct place *place; /* by core */
    uint64_t tickets;    /* the last one given */
    cyc_t *link_until;   /* by die: its way out; with a bus only [0], the bus */
    cyc_t *dram_until;   /* by socket * channels + channel */
    struct mem_stats *stats;
    const struct mem_client_ops *client;
    void *client_opaque;
};

/* queues.c: all book at the time of the request, see there. */
uint32_t queue_xfer_cyc(const struct mem_sys *m, unsigned core_a, unsigned core_b);      /* uncontended, by distance */
uint32_t queue_link(struct mem_sys *m, unsigned from_core, unsigned to_core, cyc_t now); /* waiting, cycles */
uint32_t queue_dram_read(struct mem_sys *m, unsigned core, uint32_t line, cyc_t now);    /* latency, waiting included */
void queue_dram_write(struct mem_sys *m, unsigned core, uint32_t line, cyc_t now);
uint32_t queue_home_cyc(const struct mem_sys *m, unsigned core, uint32_t line); /* asking the home, no data */

/* coherence.c */
struct request {
    unsigned core, node;
    uint32_t line;
    enum mem_op op;
    cyc_t now;
    /* out; the caller clears them */
    uint32_t latency_cyc;
    uint32_t busy_cyc; /* how long the line is busy; 0: as it was */
    uint8_t source;
};
/* The node gets the line in a state that will do for r->op; @held: what it has now. Other agents are probed. The own
 * arrays are left to the caller. Return: the node's new state. */
enum line_state coherence_acquire(struct mem_sys *m, struct request *r, enum line_state held);
/* Until when @core has to leave the line alone because another core's transaction has it; 0: it need not. A place in
 * the queue is taken. */
cyc_t coherence_wait(struct mem_sys *m, unsigned core, uint32_t line, enum mem_op op, cyc_t now);
/* A line leaves a node, which held it in @st and no longer has it in L1D or L2. */
void coherence_depart(struct mem_sys *m, unsigned node, uint32_t line, enum line_state st, cyc_t now);
/* Other cores of the same node give up the line (write), or the right to write it (read). Return: was one disturbed? */
bool coherence_peers(struct mem_sys *m, unsigned core, uint32_t line, bool is_write, bool *others_hold);

/* The transfer that such a disturbance costs, at least @least_cyc. Return: its latency. */
uint32_t coherence_peer_transfer(struct mem_sys *m, unsigned core, uint32_t line, bool is_write, cyc_t now,
                                 uint32_t least_cyc);

void client_line_lost(struct mem_sys *m, unsigned core, uint32_t slot, bool keep_read);
void client_fetch_lost(struct mem_sys *m, unsigned core, uint32_t slot);

/* check.c: do all the invariants in the head hold? For tests; writes one line to @why when not. */
bool mem_check(const struct mem_sys *m, char *why, size_t why_bytes);
