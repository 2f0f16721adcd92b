/* SPDX-License-Identifier: Apache-2.0 */
/* One tag array: construction, and the exact renormalisation of its ages. The rest is inline in mem_internal.h. */
#include <string.h>
#include <glib.h>
#include "sim/mem/mem_internal.h"

void cache_init(struct cache *c, const struct mem_cache_cfg *cfg)
{
    *c = (struct cache){.sets = 1, .is_pow2 = true, .latency_cyc = cfg->latency_cyc};
    if (cfg->size_bytes == 0)
        return;
    c->ways = cfg->ways;
    c->sets = cfg->size_bytes / SIM_LINE_BYTES / cfg->ways;
    c->is_pow2 = (c->sets & (c->sets - 1)) == 0;
    c->set_mask = c->sets - 1;
    size_t n = (size_t)c->sets * c->ways;
    c->tag = g_new(uint32_t, n);
    memset(c->tag, 0xff, n * sizeof *c->tag); /* NO_LINE */
    c->age = g_new0(uint32_t, n);
    c->state = g_new0(uint8_t, n);
}

void cache_destroy(struct cache *c)
{
    g_free(c->tag);
    g_free(c->age);
    g_free(c->state);
}

/*
 * Replacement compares ages within one set only, so each set's ages may be replaced by their ranks 1..ways. Ages are
 * unique within an array: the order, and with it every later victim, stays the same.
 */
void cache_renormalise(struct cache *c)
{
    uint32_t *rank = g_new(uint32_t, c->ways);
    for (uint32_t s = 0; s < c->sets; s++) {
        uint32_t *age = c->age + (size_t)s * c->ways;
        for (uint32_t w = 0; w < c->ways; w++) {
            rank[w] = 0;
            for (uint32_t v = 0; v < c->ways; v++)
                rank[w] += age[w] && age[v] && age[v] <= age[w];
        }
        memcpy(age, rank, c->ways * sizeof *age);
    }
    c->tick = c->ways;
    g_free(rank);
}
