/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory system: address and time in, latency out. Tags, states and queues; no data (phys.h) and no events.
 *
 * Per core: L1I, L1D and a private (or, by profile, pairwise shared) L2; optionally a shared L3; a coherence directory
 * (MESI or MOESI by profile) that knows for each cached line its owner, its sharers and until when it is busy; links
 * between dies and sockets; DRAM channels. Queues are "busy until" times, so a hot line, a hot link and a
 * full DRAM channel cost what they should without any number being written down for them.
 *
 * Order: an access that a core's own caches can satisfy in their present state is private and may be made at any time.
 * Everything else is a shared action and must be made in time order; when the caller says may_share = false such an
 * access returns false and has changed nothing at all (see docs/adr/0001).
 *
 * Replacement: true LRU by age stamps. A hit is fully described by "age[slot] = ++tick", which is why the cpu may take
 * a hit without calling here (docs/adr/0003): it must do just that.
 */
#pragma once
#include "sim/core/types.h"

enum mem_op {
    MEM_READ,  /* data read: any valid state will do */
    MEM_WRITE, /* data write, and a locked read-modify-write: needs sole ownership (M) */
    MEM_FETCH, /* instruction fetch, through L1I */
};
enum mem_source { MEM_SRC_L1, MEM_SRC_L2, MEM_SRC_L3, MEM_SRC_DRAM, MEM_SRC_REMOTE /* another core had it */ };

struct mem_cache_cfg {
    uint32_t size_bytes, ways, latency_cyc; /* latency: load-to-use of a hit at this level; size 0: level absent */
};
struct mem_cfg {
    unsigned n_cores;                      /* 1..256 */
    struct mem_cache_cfg l1i, l1d, l2, l3; /* l3: per l3_cores cores */
    unsigned l2_cores, l3_cores;           /* cores that share one L2 (1: private) or L3 */
    bool l2_exclusive;                     /* victim cache of L1 (K8) instead of inclusive */
    bool moesi;                            /* owned state: a dirty line is supplied without write-back */
    unsigned cores_per_die, dies_per_socket;
    bool bus; /* all sockets on one front-side bus instead of point-to-point links */
    uint32_t xfer_die_cyc, xfer_socket_cyc, xfer_remote_cyc; /* cache-to-cache: one way total, by distance */
    uint32_t probe_cyc;               /* a probe's way to another core; with xfer_*, the lookahead */
    uint32_t hop_cyc;                 /* one link hop added to DRAM of another socket */
    uint32_t link_busy_cyc;           /* occupancy of a link or the bus by one line */
    uint32_t dram_cyc, dram_busy_cyc; /* latency from the core's view; occupancy of a channel by one line */
    unsigned dram_channels;           /* per socket (or in all, with a bus) */
};

struct mem_result {
    uint32_t latency_cyc; /* from now until the data (or the right to write) is there */
    uint8_t source;       /* enum mem_source */
    uint8_t writable;     /* line is M in this core's L1D: a write may be taken without calling here */
    uint16_t slot;        /* its slot in L1D (or L1I for a fetch): index of the age stamp */
    cyc_t wait_until;     /* on false only, see mem_access() */
};

/*
 * What the memory system tells a core. line_lost: the L1D slot @slot of @core no longer holds its line (@keep_read =
 * false) or may no longer be written without asking (@keep_read = true). Called before the state changes.
 * fetch_lost: the L1I slot was replaced or invalidated.
 */
struct mem_client_ops {
    void (*line_lost)(void *opaque, unsigned core, unsigned slot, bool keep_read);
    void (*fetch_lost)(void *opaque, unsigned core, unsigned slot);
};

/* mem_cfg_error() - NULL, or what is wrong with @cfg in one sentence (a profile is user input). */
const char *mem_cfg_error(const struct mem_cfg *cfg);

struct mem_sys;
/* mem_new() - @cfg is copied; it must be one that mem_cfg_error() accepts. */
struct mem_sys *mem_new(const struct mem_cfg *cfg);
void mem_free(struct mem_sys *m);
void mem_set_client(struct mem_sys *m, const struct mem_client_ops *ops, void *opaque);

/**
 * mem_access() - one access to one line.
 * @core: 0..n_cores-1.  @a: any address in the line; RAM only.  @now: the core's time, cycles.
 * @may_share: this core is first in time order.  @out: written whole on true; on false only out->wait_until.
 * Return: false when the access cannot be made now, and then no cache has changed:
 *   wait_until = 0: a shared action is needed and this core is not first in time order;
 *   wait_until > now: another core's transaction has the line. Ask again then: the place in the queue is kept.
 * Charges nobody: the caller does.
 */
bool mem_access(struct mem_sys *m, unsigned core, hpa_t a, enum mem_op op, cyc_t now, bool may_share,
                struct mem_result *out);

/*
 * Age stamps of a core's L1D / L1I: a hit taken by the cpu itself is age[slot] = ++*tick and nothing else, see head.
 * mem_access() renormalises ages and tick before they wrap; a cpu that takes hits itself calls mem_ages_check() at
 * least once in 2^30 hits (once a turn will do). Order, and so every later replacement, is unchanged by it.
 */
struct mem_l1_view {
    uint32_t *age; /* one a slot */
    uint32_t *tick;
};
struct mem_l1_view mem_l1d_view(struct mem_sys *m, unsigned core);
struct mem_l1_view mem_l1i_view(struct mem_sys *m, unsigned core);
void mem_ages_check(struct mem_sys *m, unsigned core);

/* mem_lookahead_cyc() - least cycles before anything one core does can be felt by another: the least of probe_cyc and
 * the xfer_*, whatever their order in the profile; at least 1. */
cyc_t mem_lookahead_cyc(const struct mem_sys *m);

/* mem_state_hash() - of every tag, state, age, directory entry, queue and counter. For determinism tests. */
uint64_t mem_state_hash(const struct mem_sys *m, uint64_t seed);

#include "sim/core/stats.h"
struct mem_stats {
#define STAT(sym, unit, text) uint64_t sym;
#include "sim/mem/stats.def"
#undef STAT
};
const struct mem_stats *mem_core_stats(const struct mem_sys *m, unsigned core);
