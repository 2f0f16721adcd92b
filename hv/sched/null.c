/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The null scheduler: every vCPU on the CPU it is pinned to, and the context switch.
 *
 * The loaded context (hv_ctx_vcpu) and the current vCPU are two things: a CPU that goes idle keeps the guest's
 * registers at the top of its stack and its page tables in CR3, so that waking the same vCPU costs neither a copy nor a
 * flush.
 */
#include "hv/core/entry.h"
#include "hv/include/count.h"
#include "hv/include/domain.h"
#include "hv/include/lapic.h"
#include "hv/include/softirq.h"
#include "hv/include/string.h"
#include "hv/include/trap.h"
#include "hv/include/x86_insn.h"

HV_PERCPU(struct hv_runq, hv_sched_runq);
HV_PERCPU(struct vcpu *, hv_ctx_vcpu);

struct slice {
    struct hv_timer timer;
    bool ended; /* the running vCPU's turn is over */
};
static HV_PERCPU(struct vcpu, idle_vcpu);
static HV_PERCPU(struct slice, slice);
static struct domain idle_domain = {.domain_id = HV_MARK_DOM_IDLE, .name = "idle"};

static struct vcpu *vcpu_of(struct hv_sched_vcpu *s)
{
    return (struct vcpu *)(void *)((char *)s - offsetof(struct vcpu, sched));
}

static void slice_over(void *unused)
{
    (void)unused;
    hv_this(slice).ended = true;
    hv_softirq_raise(HV_SOFTIRQ_SCHEDULE);
}

void hv_sched_init_cpu(void)
{
    struct vcpu *idle = &hv_this(idle_vcpu);

    idle->vcpu_id = idle->processor = hv_cpu();
    idle->domain = &idle_domain;
    idle->is_idle = true;
    hv_timer_init(&hv_this(slice).timer, hv_cpu(), slice_over, NULL);
    hv_cpu_info()->current = idle;
    hv_mark_context(idle);
}

static void poll_over(void *argument)
{
    hv_sched_wake(argument);
}
static void singleshot_over(void *argument)
{
    hv_event_send_virq(argument, VIRQ_TIMER);
}

void hv_sched_vcpu_init(struct vcpu *v, unsigned cpu)
{
    v->processor = cpu;
    v->sched.state = HV_SCHED_DOWN;
    hv_timer_init(&v->sched.deadline, cpu, poll_over, v);
    hv_timer_init(&v->singleshot, cpu, singleshot_over, v);
}

static struct hv_runq *lock_runq(struct vcpu *v, uint64_t *flags)
{
    struct hv_runq *rq = &hv_per_cpu(hv_sched_runq, v->processor);

    *flags = hv_spin_lock_irqsave(&rq->lock);
    return rq;
}

static void unlock_runq(struct vcpu *v, struct hv_runq *rq, uint64_t flags, bool schedule)
{
    hv_spin_unlock_irqrestore(&rq->lock, flags);
    if (schedule)
        hv_softirq_raise_cpu(v->processor, HV_SOFTIRQ_SCHEDULE);
}

void hv_sched_wake(struct vcpu *v)
{
    uint64_t flags;
    struct hv_runq *rq = lock_runq(v, &flags);

    unlock_runq(v, rq, flags, hv_runq_wake(rq, &v->sched));
}

void hv_sched_up(struct vcpu *v)
{
    uint64_t flags;
    struct hv_runq *rq = lock_runq(v, &flags);
    bool schedule = false;

    if (v->sched.state == HV_SCHED_DOWN) {
        v->sched.state = HV_SCHED_BLOCKED;
        schedule = hv_runq_wake(rq, &v->sched);
    }
    unlock_runq(v, rq, flags, schedule);
}

void hv_sched_down(struct vcpu *v)
{
    uint64_t flags;
    struct hv_runq *rq = lock_runq(v, &flags);

    unlock_runq(v, rq, flags, hv_runq_stop(rq, &v->sched, HV_SCHED_DOWN));
    hv_timer_stop(&v->singleshot);
    hv_timer_stop(&v->sched.deadline);
}

/* Down, and no CPU is still executing it. */
bool hv_sched_is_down(const struct vcpu *v)
{
    return __atomic_load_n(&v->sched.state, __ATOMIC_ACQUIRE) == HV_SCHED_DOWN &&
           __atomic_load_n(&hv_per_cpu(hv_sched_runq, v->processor).running, __ATOMIC_ACQUIRE) != &v->sched;
}

/*
 * No wakeup is lost: the sender of an event sets the pending flag and then looks whether the vCPU is blocked; here the
 * vCPU is blocked first and then the flag is looked at. Locked operations on both sides keep that order.
 */
static void block_unless(struct vcpu *v, bool (*reason)(const struct vcpu *v, const void *data), const void *data)
{
    uint64_t flags;
    struct hv_runq *rq = lock_runq(v, &flags);
    bool schedule = v->sched.state == HV_SCHED_RUNNABLE && hv_runq_stop(rq, &v->sched, HV_SCHED_BLOCKED);

    unlock_runq(v, rq, flags, schedule);
    if (reason(v, data))
        hv_sched_wake(v);
}

static bool event_deliverable(const struct vcpu *v, const void *data)
{
    (void)data;
    return hv_event_pending(v);
}

void hv_sched_block(struct vcpu *v)
{
    block_unless(v, event_deliverable, NULL);
}

struct port_list {
    const uint32_t *port;
    unsigned n;
};
static bool port_pending(const struct vcpu *v, const void *data)
{
    const struct port_list *list = data;

    for (unsigned i = 0; i < list->n; i++) {
        if (hv_event_port_pending(v->domain, list->port[i]))
            return true;
    }
    return hv_event_pending(v);
}

int hv_sched_poll(const uint32_t *ports, unsigned n, uint64_t deadline_ns)
{
    struct vcpu *v = hv_current();
    struct port_list list = {ports, n};

    if (deadline_ns != 0)
        hv_timer_set(&v->sched.deadline, deadline_ns);
    __atomic_store_n(&v->sched.polling, true, __ATOMIC_SEQ_CST);
    block_unless(v, port_pending, &list);
    return 0;
}

void hv_sched_yield(void)
{
    hv_this(slice).ended = true;
    hv_softirq_raise(HV_SOFTIRQ_SCHEDULE);
}

void hv_sched_kick(struct vcpu *v)
{
    uint64_t flags;
    struct hv_runq *rq = lock_runq(v, &flags);
    bool schedule = hv_runq_wake(rq, &v->sched);
    bool running = rq->running == &v->sched;

    unlock_runq(v, rq, flags, schedule);
    if (!schedule && running && v->processor != hv_cpu())
        hv_lapic_send_ipi(v->processor, HV_VECTOR_EVENT);
}

static void save_loaded(void)
{
    struct vcpu *v = hv_this(hv_ctx_vcpu);

    v->regs = *hv_guest_regs();
    hv_pv_ctx_save(v);
}

bool hv_sched_sync_lazy(void)
{
    if (!hv_current()->is_idle || hv_this(hv_ctx_vcpu) == NULL)
        return false;
    save_loaded();
    hv_this(hv_ctx_vcpu) = NULL;
    hv_pv_ctx_switch_to_idle();
    return true;
}

/* Interrupts off. Makes @next current and loads its context, unless that is the one still there. */
static void enter_context(struct vcpu *next)
{
    bool loaded = hv_this(hv_ctx_vcpu) == next;

    if (!loaded && hv_this(hv_ctx_vcpu) != NULL)
        save_loaded();
    hv_cpu_info()->current = next;
    hv_mark_context(next);
    if (loaded)
        return;
    *hv_guest_regs() = next->regs;
    hv_this(hv_ctx_vcpu) = next;
    hv_pv_ctx_switch_to(next);
}

static void switch_to(struct vcpu *next)
{
    HV_COUNT(context_switches);
    if (next->is_idle) {
        hv_cpu_info()->current = next;
        hv_mark_context(next);
        hv_jump_on_fresh_stack(hv_sched_idle_loop);
    }
    enter_context(next);
    hv_time_update_vcpu(next);
    hv_exit_to_guest();
}

/* A turn has an end only where there is somebody to take turns with; a turn that runs already is not made longer. */
static void arm_slice(const struct hv_runq *rq, bool new_turn)
{
    struct hv_timer *timer = &hv_this(slice).timer;

    if (rq->running != NULL && rq->head != NULL && (new_turn || !timer->queued))
        hv_timer_set(timer, hv_time_ns() + HV_SCHED_SLICE_NS);
}

void hv_sched_softirq(void)
{
    struct hv_runq *rq = &hv_this(hv_sched_runq);
    struct slice *turn = &hv_this(slice);
    struct hv_sched_vcpu *chosen;
    struct vcpu *next;
    uint64_t flags = hv_spin_lock_irqsave(&rq->lock);

    chosen = hv_runq_next(rq, turn->ended);
    turn->ended = false;
    hv_spin_unlock(
        &rq->lock); /* interrupts stay off: who sees "running" change may send an IPI and find the switch done */
    next = chosen != NULL ? vcpu_of(chosen) : &hv_this(idle_vcpu);
    if (chosen != NULL && chosen->polling) {
        chosen->polling = false;
        hv_timer_stop(&chosen->deadline);
    }
    arm_slice(rq, next != hv_current());
    if (next != hv_current())
        switch_to(next);
    hv_irq_restore(flags);
}

void hv_sched_idle_loop(void)
{
    for (;;) {
        hv_irq_disable();
        if (hv_softirq_pending()) {
            hv_irq_enable();
            hv_softirq_run();
        } else {
            __asm__ volatile("sti; hlt"); /* STI holds interrupts off until HLT has begun */
        }
    }
}
