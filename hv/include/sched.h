/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scheduling. The null scheduler pins each vCPU to its CPU; where several share a CPU they take turns of
 * HV_SCHED_SLICE_NS. A vCPU is DOWN (not started, or ended), BLOCKED, or RUNNABLE (then queued or running).
 *
 * There is one stack a CPU and the guest's registers stand at its top, so a vCPU only ever stops running in softirq
 * context right before the return to the guest: hv_sched_block() and its like mark the vCPU and come back to the
 * caller.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "hv/include/percpu.h"
#include "hv/include/spinlock.h"
#include "hv/include/time.h"

#define HV_SCHED_SLICE_NS 10000000u

struct vcpu;
enum hv_sched_state { HV_SCHED_DOWN, HV_SCHED_BLOCKED, HV_SCHED_RUNNABLE };

struct hv_sched_vcpu {
    struct hv_sched_vcpu *next; /* in its run queue */
    enum hv_sched_state state;
    bool queued;              /* in the run queue: runnable and not running */
    bool polling;             /* blocked in SCHEDOP_poll: any event of its domain wakes it */
    struct hv_timer deadline; /* of SCHEDOP_poll */
};

/* A CPU's run queue: the pure part of the scheduler, tested on the host. The lock is taken by the callers. */
struct hv_runq {
    struct hv_spinlock lock;
    struct hv_sched_vcpu *head, *tail; /* waiting, first come first served */
    struct hv_sched_vcpu *running;     /* NULL: idle */
};
/* hv_runq_wake() - BLOCKED -> RUNNABLE and queued. True if that changed something: the CPU should schedule. */
bool hv_runq_wake(struct hv_runq *rq, struct hv_sched_vcpu *v);
/* hv_runq_stop() - to BLOCKED or DOWN, wherever it is. True if it was running: the CPU should schedule. */
bool hv_runq_stop(struct hv_runq *rq, struct hv_sched_vcpu *v, enum hv_sched_state state);
/* hv_runq_next() - who runs now; @rotate: the running one goes to the end first. NULL: nobody. */
struct hv_sched_vcpu *hv_runq_next(struct hv_runq *rq, bool rotate);

void hv_sched_init_cpu(void); /* makes the idle vCPU current */
void hv_sched_vcpu_init(struct vcpu *v, unsigned cpu);
void hv_sched_up(struct vcpu *v); /* DOWN -> RUNNABLE */
void hv_sched_wake(struct vcpu *v);
void hv_sched_block(struct vcpu *v); /* the current one; stays runnable if an event is deliverable */
void hv_sched_yield(void);
void hv_sched_down(struct vcpu *v); /* any CPU may call; a remote vCPU stops within one IPI */
bool hv_sched_is_down(const struct vcpu *v);
/* hv_sched_poll() - the current vCPU waits until one of @ports is pending or @deadline_ns (0: none) has passed. */
int hv_sched_poll(const uint32_t *ports, unsigned n, uint64_t deadline_ns);
void hv_sched_kick(struct vcpu *v); /* something changed for v: make it pass the return path */
/* hv_sched_sync_lazy() - interrupts off: if this CPU idles with a vCPU's context loaded, saves and drops it. */
bool hv_sched_sync_lazy(void);
void hv_sched_softirq(void);
void hv_sched_idle_loop(void) __attribute__((noreturn));

HV_PERCPU_DECLARE(struct hv_runq, hv_sched_runq);
HV_PERCPU_DECLARE(struct vcpu *, hv_ctx_vcpu); /* whose registers and page tables are loaded; NULL: nobody's */
