/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers: a sorted list a CPU and the one-shot APIC timer set to its head. There is no periodic tick: a CPU without
 * timers is not interrupted. A timer is set on its own CPU and may be stopped from any.
 */
#include "hv/core/timer.h"
#include "hv/core/entry.h"
#include "hv/include/domain.h"
#include "hv/include/percpu.h"
#include "hv/include/printk.h"
#include "hv/include/softirq.h"

struct timer_cpu {
    struct hv_spinlock lock;
    struct hv_timer *queue;
} __attribute__((aligned(64)));
static HV_PERCPU(struct timer_cpu, timer_cpu);

void hv_timer_init(struct hv_timer *t, unsigned cpu, void (*function)(void *), void *argument)
{
    *t = (struct hv_timer){.cpu = cpu, .function = function, .argument = argument};
}

/* A deadline that has passed still goes through the interrupt: one way for a timer to fire. */
static void program_first(const struct timer_cpu *tc)
{
    uint64_t now;

    if (tc->queue == NULL)
        return;
    now = hv_time_ns();
    hv_timer_program(tc->queue->expires_ns > now ? tc->queue->expires_ns - now : 0);
}

void hv_timer_set(struct hv_timer *t, uint64_t expires_ns)
{
    struct timer_cpu *tc = &hv_this(timer_cpu);
    uint64_t flags;

    HV_ASSERT(t->cpu == hv_cpu());
    flags = hv_spin_lock_irqsave(&tc->lock);
    if (t->queued)
        timer_remove(&tc->queue, t);
    t->expires_ns = expires_ns;
    if (timer_insert(&tc->queue, t))
        program_first(tc);
    hv_spin_unlock_irqrestore(&tc->lock, flags);
}

/* The APIC timer stays as it is: at worst one interrupt finds nothing due. */
void hv_timer_stop(struct hv_timer *t)
{
    struct timer_cpu *tc = &hv_per_cpu(timer_cpu, t->cpu);
    uint64_t flags = hv_spin_lock_irqsave(&tc->lock);

    if (t->queued)
        timer_remove(&tc->queue, t);
    hv_spin_unlock_irqrestore(&tc->lock, flags);
}

void hv_timer_softirq(void)
{
    struct timer_cpu *tc = &hv_this(timer_cpu);
    struct hv_timer *t;
    uint64_t flags = hv_spin_lock_irqsave(&tc->lock);

    while ((t = timer_take_due(&tc->queue, hv_time_ns())) != NULL) {
        hv_spin_unlock_irqrestore(&tc->lock, flags);
        t->function(t->argument);
        flags = hv_spin_lock_irqsave(&tc->lock);
    }
    program_first(tc);
    hv_spin_unlock_irqrestore(&tc->lock, flags);
}

void hv_timer_set_vcpu(struct vcpu *v, uint64_t expires_ns)
{
    if (expires_ns == 0)
        hv_timer_stop(&v->singleshot);
    else
        hv_timer_set(&v->singleshot, expires_ns);
}
