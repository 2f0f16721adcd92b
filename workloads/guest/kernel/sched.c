/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler: round robin. A slice is counted only while somebody else is ready, and is as long as Linux's was in
 * 2006 (100 ms at nice 0, 5 ms at 19, but a tick at least). So time decides an order only among processes that compute
 * for long; what a short one does, down to the number of switches, is the same on a fast and on a slow machine.
 *
 * A fork does not switch; the parent goes on (it is about to wait anyway): a fork, exit and wait costs two switches.
 */
#include "kernel/lib.h"
#include "kernel/proc.h"

static struct proc *run_head, *run_tail;
static bool is_resched_wanted;
static unsigned nr_sleepers, nr_alarms;

void sched_ready(struct proc *p)
{
    p->state = PROC_READY;
    p->run_next = NULL;
    if (run_head)
        run_tail->run_next = p;
    else
        run_head = p;
    run_tail = p;
}

static struct proc *pick(void)
{
    struct proc *p = run_head;

    if (p)
        run_head = p->run_next;
    return p;
}

static void leave_queue(struct proc *p)
{
    struct wait_queue *q = p->waits_on;

    if (!q)
        return;
    for (struct proc **link = &q->head; *link; link = &(*link)->wait_next)
        if (*link == p) {
            *link = p->wait_next;
            break;
        }
    p->waits_on = NULL;
}

static void wake(struct proc *p)
{
    leave_queue(p);
    if (p->wake_ns)
        nr_sleepers--;
    p->wake_ns = 0;
    sched_ready(p);
}

void sched_wake(struct proc *p)
{
    if (p->state == PROC_BLOCKED)
        wake(p);
}

void sched_wake_all(struct wait_queue *q)
{
    while (q->head)
        wake(q->head);
}

static void wake_sleepers(void)
{
    uint64_t now_ns = nr_sleepers || nr_alarms ? plat_time_ns() : 0;

    for (unsigned i = 0; (nr_sleepers || nr_alarms) && i < PROC_MAX; i++) {
        struct proc *p = proc_table(i);
        if (p->state == PROC_BLOCKED && p->wake_ns && p->wake_ns <= now_ns)
            wake(p);
        if (p->alarm_ns && p->alarm_ns <= now_ns) {
            sched_alarm(p, p->alarm_period_ns ? now_ns + p->alarm_period_ns : 0, p->alarm_period_ns);
            signal_send(p, SIGALRM, true);
        }
    }
}

void sched_alarm(struct proc *leader, uint64_t at_ns, uint64_t period_ns)
{
    nr_alarms = nr_alarms - (leader->alarm_ns != 0) + (at_ns != 0);
    leader->alarm_ns = at_ns;
    leader->alarm_period_ns = period_ns;
}

/* Nothing is ready: the next timer interrupt is that of the first sleeper. */
static void arm_for_sleepers(void)
{
    uint64_t first_ns = ~0ul;

    for (unsigned i = 0; (nr_sleepers || nr_alarms) && i < PROC_MAX; i++) {
        const struct proc *p = proc_table(i);
        if (p->state == PROC_BLOCKED && p->wake_ns)
            first_ns = MIN(first_ns, p->wake_ns);
        if (p->alarm_ns)
            first_ns = MIN(first_ns, p->alarm_ns);
    }
    if (first_ns == ~0ul) { /* the programs' mistake, not the kernel's */
        kprintf("guest: every process waits for ever\n");
        plat_shutdown(PLAT_END_FAILED, PLAT_PANIC_CODE);
    }
    plat_timer_arm(first_ns);
}

static void arm_tick(void)
{
    plat_timer_arm(plat_time_ns() + SCHED_TICK_NS);
}

/* The current process is on the run queue, blocked or a zombie; another one (or it again) goes on. */
static void schedule(void)
{
    struct proc *prev = proc_current, *next;
    bool was_idle = false;

    while (!(next = pick())) {
        was_idle = true;
        arm_for_sleepers();
        plat_idle();
        wake_sleepers();
    }
    if (was_idle)
        arm_tick();
    is_resched_wanted = false;
    next->state = PROC_RUNNING;
    next->slice = sched_slice(next->nice);
    if (next != prev) {
        proc_current = next;
        plat_switch(prev, next);
    }
}

unsigned sched_slice(int nice)
{
    unsigned ns = (unsigned)(20 - nice) * (nice < 0 ? 20000000u : 5000000u);

    return ns < SCHED_TICK_NS ? 1 : ns / (unsigned)SCHED_TICK_NS;
}

void sched_yield(void)
{
    sched_ready(proc_current);
    schedule();
}

void sched_block(struct wait_queue *q, uint64_t until_ns)
{
    struct proc *p = proc_current;

    p->state = PROC_BLOCKED;
    p->wake_ns = until_ns;
    nr_sleepers += until_ns != 0;
    p->waits_on = q;
    if (q) {
        p->wait_next = q->head;
        q->head = p;
    }
    schedule();
}

void sched_exit(void)
{
    schedule();
    panic("a dead process was scheduled");
}

void sched_start(void)
{
    arm_tick();
}

void sched_timer(void)
{
    wake_sleepers();
    if (!proc_current || proc_current->state != PROC_RUNNING)
        return; /* idle: schedule() arms the timer */
    arm_tick();
    if (run_head && (!proc_current->slice || !--proc_current->slice))
        is_resched_wanted = true;
}

void sched_preempt(void)
{
    if (is_resched_wanted)
        sched_yield();
}
