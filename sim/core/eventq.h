/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event queue: callbacks at a cycle, ties in order of posting (sequence number). Owned by sim/machine alone; mem,
 * tlb, mmu and the pipeline never see it. Handles are small integers; an event may be cancelled or moved.
 * The torture option shuffle_ties orders equal times by a seeded random number instead of the sequence number.
 */
#pragma once
#include "sim/core/types.h"

struct eventq;
typedef void eventq_fn(void *opaque, uint64_t arg, cyc_t when);
typedef uint32_t eventq_id; /* 0 = no event */

struct eventq *eventq_new(void);
void eventq_free(struct eventq *q);
/* eventq_post() - call fn(@opaque, @arg, @when) once the machine's time reaches @when. */
eventq_id eventq_post(struct eventq *q, cyc_t when, eventq_fn *fn, void *opaque, uint64_t arg);
/* eventq_cancel() - forget it; 0 or an event that already ran is allowed and does nothing. */
void eventq_cancel(struct eventq *q, eventq_id id);
cyc_t eventq_next(const struct eventq *q); /* time of the first event, CYC_NEVER when empty */
void eventq_run_one(struct eventq *q);     /* takes out the first event and calls it */
void eventq_shuffle_ties(struct eventq *q, uint64_t seed);
