/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CPU's run queue: who waits, in which order, and who runs. Pure list work under the caller's lock.
 *
 * Invariants: queued => RUNNABLE and not running; the running one is never queued, and may be BLOCKED or DOWN until the
 * CPU schedules; RUNNABLE => queued or running.
 */
#include <stddef.h>
#include "hv/include/sched.h"

static void append(struct hv_runq *rq, struct hv_sched_vcpu *v)
{
    v->next = NULL;
    v->queued = true;
    if (rq->tail != NULL)
        rq->tail->next = v;
    else
        rq->head = v;
    rq->tail = v;
}

static void unlink(struct hv_runq *rq, struct hv_sched_vcpu *v)
{
    struct hv_sched_vcpu *before = NULL;

    for (struct hv_sched_vcpu *at = rq->head; at != v; at = at->next)
        before = at;
    if (before != NULL)
        before->next = v->next;
    else
        rq->head = v->next;
    if (rq->tail == v)
        rq->tail = before;
    v->queued = false;
}

bool hv_runq_wake(struct hv_runq *rq, struct hv_sched_vcpu *v)
{
    if (v->state != HV_SCHED_BLOCKED)
        return false;
    v->state = HV_SCHED_RUNNABLE;
    if (rq->running == v) /* it blocked and was woken before the CPU came to schedule */
        return false;
    append(rq, v);
    return rq->running == NULL || rq->running->state != HV_SCHED_RUNNABLE || rq->head == v;
}

bool hv_runq_stop(struct hv_runq *rq, struct hv_sched_vcpu *v, enum hv_sched_state state)
{
    if (v->queued)
        unlink(rq, v);
    v->state = state;
    return rq->running == v;
}

struct hv_sched_vcpu *hv_runq_next(struct hv_runq *rq, bool rotate)
{
    struct hv_sched_vcpu *v = rq->running;

    if (v != NULL && v->state == HV_SCHED_RUNNABLE) {
        if (!rotate || rq->head == NULL)
            return v;
        append(rq, v);
    }
    v = rq->head;
    if (v != NULL)
        unlink(rq, v);
    rq->running = v;
    return v;
}
