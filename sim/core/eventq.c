/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A binary heap of small records over a table of slots. The heap holds slot numbers; a slot knows its place in the
 * heap, so cancelling costs one sift. A handle is slot and generation: the generation changes when the slot is given
 * back, which makes a stale handle harmless.
 *
 * Order: (when, tie), where tie is the sequence number of posting, or a random number in the torture mode; equal random
 * numbers fall back on the sequence number. So the order never depends on the shape of the heap.
 */
#include "sim/core/eventq.h"
#include "sim/core/fault.h"
#include "sim/core/rng.h"
#include <glib.h>

enum { SLOT_BITS = 16, MAX_SLOTS = 1 << SLOT_BITS };
#define NOT_QUEUED UINT32_MAX

struct event {
    cyc_t when;
    uint64_t tie, seq;
    eventq_fn *fn;
    void *opaque;
    uint64_t arg;
    uint32_t place;      /* in the heap, or NOT_QUEUED */
    uint32_t generation; /* 1..65535, so that no handle is 0 */
};

struct eventq {
    GArray *slots; /* struct event */
    GArray *free;  /* uint32_t: slot numbers */
    GArray *heap;  /* uint32_t: slot numbers */
    uint64_t seq;
    bool shuffle;
    struct rng rng;
};

static struct event *slot_of(const struct eventq *q, uint32_t slot)
{
    return &g_array_index(q->slots, struct event, slot);
}

static uint32_t *heap_at(const struct eventq *q, uint32_t place)
{
    return &g_array_index(q->heap, uint32_t, place);
}

struct eventq *eventq_new(void)
{
    struct eventq *q = g_new0(struct eventq, 1);

    q->slots = g_array_new(FALSE, FALSE, sizeof(struct event));
    q->free = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    q->heap = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    return q;
}

void eventq_free(struct eventq *q)
{
    if (!q)
        return;
    g_array_free(q->slots, TRUE);
    g_array_free(q->free, TRUE);
    g_array_free(q->heap, TRUE);
    g_free(q);
}

static bool before(const struct eventq *q, uint32_t slot_a, uint32_t slot_b)
{
    const struct event *a = slot_of(q, slot_a), *b = slot_of(q, slot_b);

    if (a->when != b->when)
        return a->when < b->when;
    return a->tie != b->tie ? a->tie < b->tie : a->seq < b->seq;
}

static void put(struct eventq *q, uint32_t place, uint32_t slot)
{
    *heap_at(q, place) = slot;
    slot_of(q, slot)->place = place;
}

static void sift_up(struct eventq *q, uint32_t place, uint32_t slot)
{
    while (place > 0) {
        uint32_t parent = (place - 1) / 2;

        if (!before(q, slot, *heap_at(q, parent)))
            break;
        put(q, place, *heap_at(q, parent));
        place = parent;
    }
    put(q, place, slot);
}

static void sift_down(struct eventq *q, uint32_t place, uint32_t slot)
{
    uint32_t n = q->heap->len;

    for (;;) {
        uint32_t child = 2 * place + 1;

        if (child >= n)
            break;
        if (child + 1 < n && before(q, *heap_at(q, child + 1), *heap_at(q, child)))
            child++;
        if (!before(q, *heap_at(q, child), slot))
            break;
        put(q, place, *heap_at(q, child));
        place = child;
    }
    put(q, place, slot);
}

static uint32_t take_slot(struct eventq *q)
{
    if (q->free->len) {
        uint32_t slot = g_array_index(q->free, uint32_t, q->free->len - 1);

        g_array_set_size(q->free, q->free->len - 1);
        return slot;
    }
    if (q->slots->len == MAX_SLOTS)
        sim_bug("more than %d events pending", MAX_SLOTS);
    struct event fresh = {.generation = 1};
    g_array_append_val(q->slots, fresh);
    return q->slots->len - 1;
}

static void give_back(struct eventq *q, uint32_t slot)
{
    struct event *e = slot_of(q, slot);

    e->place = NOT_QUEUED;
    e->generation = e->generation == MAX_SLOTS - 1 ? 1 : e->generation + 1;
    g_array_append_val(q->free, slot);
}

eventq_id eventq_post(struct eventq *q, cyc_t when, eventq_fn *fn, void *opaque, uint64_t arg)
{
    uint32_t slot = take_slot(q);
    struct event *e = slot_of(q, slot);

    e->when = when;
    e->seq = q->seq++;
    e->tie = q->shuffle ? rng_next(&q->rng) : e->seq;
    e->fn = fn;
    e->opaque = opaque;
    e->arg = arg;
    g_array_append_val(q->heap, slot);
    sift_up(q, q->heap->len - 1, slot);
    return e->generation << SLOT_BITS | slot;
}

static void take_out(struct eventq *q, uint32_t slot)
{
    uint32_t place = slot_of(q, slot)->place;
    uint32_t last = *heap_at(q, q->heap->len - 1);

    g_array_set_size(q->heap, q->heap->len - 1);
    if (last != slot) {
        sift_down(q, place, last);
        sift_up(q, slot_of(q, last)->place, last); /* it came from another branch: it may also belong higher */
    }
    give_back(q, slot);
}

void eventq_cancel(struct eventq *q, eventq_id id)
{
    uint32_t slot = id & (MAX_SLOTS - 1);

    if (id == 0 || slot >= q->slots->len || slot_of(q, slot)->generation != id >> SLOT_BITS ||
        slot_of(q, slot)->place == NOT_QUEUED)
        return;
    take_out(q, slot);
}

cyc_t eventq_next(const struct eventq *q)
{
    return q->heap->len ? slot_of(q, *heap_at(q, 0))->when : CYC_NEVER;
}

void eventq_run_one(struct eventq *q)
{
    if (!q->heap->len)
        sim_bug("eventq_run_one on an empty queue");
    uint32_t slot = *heap_at(q, 0);
    struct event e = *slot_of(q, slot);

    take_out(q, slot); /* before the call: it may post, and its own handle is stale by then */
    e.fn(e.opaque, e.arg, e.when);
}

void eventq_shuffle_ties(struct eventq *q, uint64_t seed)
{
    q->shuffle = true;
    rng_seed(&q->rng, seed);
}
