/* SPDX-License-Identifier: Apache-2.0 */
/* A set-associative LRU cache as anybody would write it down: each set a list, most recent first. For tests. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { MAX_WAYS = 16, MAX_SETS = 32 };
struct naive {
    uint32_t line[MAX_SETS][MAX_WAYS], n[MAX_SETS]; /* [0] is the most recent */
    uint32_t sets, ways;
};

static inline void to_front(uint32_t *list, uint32_t from, uint32_t line)
{
    memmove(list + 1, list, from * sizeof *list);
    list[0] = line;
}

/* Return: hit? *evicted: the line thrown out, or UINT32_MAX. */
static inline bool naive_access(struct naive *n, uint32_t line, uint32_t *evicted)
{
    uint32_t set = line % n->sets, *list = n->line[set];
    *evicted = UINT32_MAX;
    for (uint32_t i = 0; i < n->n[set]; i++)
        if (list[i] == line) {
            to_front(list, i, line);
            return true;
        }
    if (n->n[set] == n->ways)
        *evicted = list[--n->n[set]];
    to_front(list, n->n[set]++, line);
    return false;
}

static inline void naive_remove(struct naive *n, uint32_t line)
{
    uint32_t set = line % n->sets, *list = n->line[set];
    for (uint32_t i = 0; i < n->n[set]; i++)
        if (list[i] == line) {
            memmove(list + i, list + i + 1, (n->n[set] - i - 1) * sizeof *list);
            n->n[set]--;
            return;
        }
}

static inline bool naive_has(const struct naive *n, uint32_t line)
{
    for (uint32_t i = 0; i < n->n[line % n->sets]; i++)
        if (n->line[line % n->sets][i] == line)
            return true;
    return false;
}
