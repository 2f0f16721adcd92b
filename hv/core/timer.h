/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of timers, apart from clock and interrupt: sorted by time, equal times in the order of setting. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "hv/include/time.h"

void hv_timer_program(uint64_t delta_ns); /* time.c */

/* timer_insert() - true if @t is the new first one. */
static inline bool timer_insert(struct hv_timer **queue, struct hv_timer *t)
{
    struct hv_timer **at = queue;

    while (*at != NULL && (*at)->expires_ns <= t->expires_ns)
        at = &(*at)->next;
    t->next = *at;
    *at = t;
    t->queued = true;
    return at == queue;
}

static inline void timer_remove(struct hv_timer **queue, struct hv_timer *t)
{
    for (struct hv_timer **at = queue; *at != NULL; at = &(*at)->next) {
        if (*at == t) {
            *at = t->next;
            t->queued = false;
            return;
        }
    }
}

/* timer_take_due() - removes and returns the first timer that is due at @now, or NULL. */
static inline struct hv_timer *timer_take_due(struct hv_timer **queue, uint64_t now)
{
    struct hv_timer *t = *queue;

    if (t == NULL || t->expires_ns > now)
        return NULL;
    *queue = t->next;
    t->queued = false;
    return t;
}
