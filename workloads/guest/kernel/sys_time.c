/* SPDX-License-Identifier: Apache-2.0 */
/* System calls on time: clocks, sleeping, the interval timer. */
#include "kernel/lib.h"
#include "kernel/proc.h"
#include "kernel/syscall.h"

struct timeval {
    int64_t tv_sec, tv_usec;
};

int syscall_time_in(uint64_t user, uint64_t *ns)
{
    struct timespec t;

    if (user_copy_in(&t, user, sizeof(t)))
        return -EFAULT;
    if (t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= (int64_t)NS_PER_S)
        return -EINVAL;
    *ns = MIN((uint64_t)t.tv_sec, 4000000000ul) * NS_PER_S + (uint64_t)t.tv_nsec;
    return 0;
}

int syscall_time_out(uint64_t user, uint64_t ns)
{
    struct timespec t = {(int64_t)(ns / NS_PER_S), (int64_t)(ns % NS_PER_S)};

    return user_copy_out(user, &t, sizeof(t));
}

static int clock_now(uint64_t clock, uint64_t *ns)
{
    enum {
        REALTIME,
        MONOTONIC,
        PROCESS_CPUTIME,
        THREAD_CPUTIME,
        MONOTONIC_RAW,
        REALTIME_COARSE,
        MONOTONIC_COARSE,
        BOOTTIME
    };

    if (clock > BOOTTIME)
        return -EINVAL;
    *ns = clock == REALTIME || clock == REALTIME_COARSE ? plat_wall_ns() : plat_time_ns();
    return 0;
}

int64_t sys_clock_gettime(struct trap_frame *f)
{
    uint64_t ns;
    int rc = clock_now(f->rdi, &ns);

    return rc ? rc : syscall_time_out(f->rsi, ns);
}

int64_t sys_clock_getres(struct trap_frame *f)
{
    uint64_t ns;
    int rc = clock_now(f->rdi, &ns);

    return rc || !f->rsi ? rc : syscall_time_out(f->rsi, 1);
}

int64_t sys_gettimeofday(struct trap_frame *f)
{
    uint64_t ns = plat_wall_ns();
    struct timeval t = {(int64_t)(ns / NS_PER_S), (int64_t)(ns % NS_PER_S / 1000)};

    return f->rdi ? user_copy_out(f->rdi, &t, sizeof(t)) : 0;
}

int64_t sys_time(struct trap_frame *f)
{
    int64_t seconds = (int64_t)(plat_wall_ns() / NS_PER_S);

    return f->rdi && user_copy_out(f->rdi, &seconds, sizeof(seconds)) ? -EFAULT : seconds;
}

int64_t sys_times(struct trap_frame *f)
{
    int64_t ticks = (int64_t)(plat_time_ns() / 10000000), t[4] = {ticks, 0, 0, 0};

    return f->rdi && user_copy_out(f->rdi, t, sizeof(t)) ? -EFAULT : ticks;
}

static int64_t sleep_until(uint64_t until_ns, uint64_t user_rest)
{
    while (plat_time_ns() < until_ns && !proc_current->has_signal)
        sched_block(NULL, until_ns);
    uint64_t now_ns = plat_time_ns();
    if (now_ns >= until_ns)
        return 0;
    return user_rest && syscall_time_out(user_rest, until_ns - now_ns) ? -EFAULT : -EINTR;
}

int64_t sys_nanosleep(struct trap_frame *f)
{
    uint64_t ns;
    int rc = syscall_time_in(f->rdi, &ns);

    return rc ? rc : sleep_until(plat_time_ns() + ns, f->rsi);
}

int64_t sys_clock_nanosleep(struct trap_frame *f)
{
    enum { TIMER_ABSTIME = 1 };
    uint64_t now_ns, ns;
    int rc = clock_now(f->rdi, &now_ns);

    if (!rc)
        rc = syscall_time_in(f->rdx, &ns);
    if (rc)
        return rc;
    if (f->rsi & TIMER_ABSTIME)
        return ns > now_ns ? sleep_until(plat_time_ns() + (ns - now_ns), 0) : 0;
    return sleep_until(plat_time_ns() + ns, f->r10);
}

/* ---- The interval timer: ITIMER_REAL alone; precise to the tick ---- */

struct itimerval {
    struct timeval interval, value;
};

static uint64_t timeval_ns(const struct timeval *t)
{
    return (uint64_t)t->tv_sec * NS_PER_S + (uint64_t)t->tv_usec * 1000;
}

static struct timeval ns_timeval(uint64_t ns)
{
    return (struct timeval){(int64_t)(ns / NS_PER_S), (int64_t)(ns % NS_PER_S / 1000)};
}

static uint64_t alarm_rest(const struct proc *leader)
{
    uint64_t now_ns = plat_time_ns();

    return leader->alarm_ns > now_ns ? leader->alarm_ns - now_ns : 0;
}

int64_t sys_getitimer(struct trap_frame *f)
{
    const struct proc *p = proc_current->leader;
    struct itimerval t = {ns_timeval(p->alarm_period_ns), ns_timeval(alarm_rest(p))};

    return f->rdi ? -EINVAL : user_copy_out(f->rsi, &t, sizeof(t));
}

int64_t sys_setitimer(struct trap_frame *f)
{
    struct proc *p = proc_current->leader;
    struct itimerval t, old = {ns_timeval(p->alarm_period_ns), ns_timeval(alarm_rest(p))};

    if (f->rdi)
        return -EINVAL;
    if (user_copy_in(&t, f->rsi, sizeof(t)) || (f->rdx && user_copy_out(f->rdx, &old, sizeof(old))))
        return -EFAULT;
    uint64_t ns = timeval_ns(&t.value);
    sched_alarm(p, ns ? plat_time_ns() + ns : 0, timeval_ns(&t.interval));
    return 0;
}

int64_t sys_alarm(struct trap_frame *f)
{
    struct proc *p = proc_current->leader;
    uint64_t rest = alarm_rest(p), ns = (f->rdi & 0xffffffff) * NS_PER_S;

    sched_alarm(p, ns ? plat_time_ns() + ns : 0, 0);
    return (int64_t)((rest + NS_PER_S - 1) / NS_PER_S);
}
