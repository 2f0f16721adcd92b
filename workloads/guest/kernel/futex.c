/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Futexes ("futex(2)"): see futex.h. There is one queue for all words; whoever waits says in its futex_key for which. A
 * wake takes the longest waiting ones. One CPU that does not switch inside the kernel: looking at the word and going to
 * sleep is one step.
 */
#include "kernel/futex.h"
#include "kernel/lib.h"
#include "kernel/proc.h"
#include "kernel/syscall.h"

enum {
    FUTEX_WAIT,
    FUTEX_WAKE,
    FUTEX_REQUEUE = 3,
    FUTEX_CMP_REQUEUE,
    FUTEX_WAKE_OP,
    FUTEX_WAIT_BITSET = 9,
    FUTEX_WAKE_BITSET
};
#define FUTEX_CLOCK_REALTIME 256u
#define FUTEX_COMMAND        0x7fu

static struct wait_queue waiters; /* the latest first */

static bool is_waiting(const struct proc *p, uint64_t address, uint32_t mask)
{
    return p->futex_key == address && p->mm == proc_current->mm && (p->futex_mask & mask);
}

static struct proc *longest_waiting(uint64_t address, uint32_t mask)
{
    struct proc *found = NULL;

    for (struct proc *p = waiters.head; p; p = p->wait_next)
        if (is_waiting(p, address, mask))
            found = p;
    return found;
}

int64_t futex_wake(uint64_t address, unsigned count, uint32_t mask)
{
    int64_t woken = 0;

    for (struct proc *p; count && (p = longest_waiting(address, mask)); count--, woken++) {
        p->futex_key = 0;
        sched_wake(p);
    }
    return woken;
}

static int64_t requeue(uint64_t from, uint64_t to, unsigned count)
{
    int64_t moved = 0;

    for (struct proc *p; count && (p = longest_waiting(from, ~0u)); count--, moved++)
        p->futex_key = to;
    return moved;
}

/* When a wait ends; 0: never. Relative for FUTEX_WAIT, absolute for the bit set kind. */
static int deadline(const struct trap_frame *f, unsigned command, uint64_t *until_ns)
{
    uint64_t ns;

    *until_ns = 0;
    if (!f->r10)
        return 0;
    int rc = syscall_time_in(f->r10, &ns);
    if (rc)
        return rc;
    uint64_t now_ns = plat_time_ns();
    if (command == FUTEX_WAIT)
        ns += now_ns;
    else if (f->rsi & FUTEX_CLOCK_REALTIME)
        ns = ns > plat_wall_ns() ? ns - plat_wall_ns() + now_ns : 0;
    *until_ns = ns ? ns : 1;
    return 0;
}

static int64_t wait(const struct trap_frame *f, unsigned command)
{
    struct proc *p = proc_current;
    uint64_t until_ns;
    uint32_t value;
    int rc = deadline(f, command, &until_ns);

    if (rc)
        return rc;
    if (user_copy_in(&value, f->rdi, sizeof(value)))
        return -EFAULT;
    if (value != (uint32_t)f->rdx)
        return -EAGAIN;
    if (until_ns && until_ns <= plat_time_ns())
        return -ETIMEDOUT;
    p->futex_key = f->rdi;
    p->futex_mask = command == FUTEX_WAIT_BITSET ? (uint32_t)f->r9 : ~0u;
    sched_block(&waiters, until_ns);
    if (!p->futex_key)
        return 0;
    p->futex_key = 0;
    if (p->has_signal)
        return until_ns ? -EINTR : -ERESTARTSYS;
    return -ETIMEDOUT;
}

int64_t sys_futex(struct trap_frame *f)
{
    unsigned command = (unsigned)f->rsi & FUTEX_COMMAND;
    uint32_t value;

    if (f->rdi & 3)
        return -EINVAL;
    switch (command) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
        return wait(f, command);
    case FUTEX_WAKE:
        return futex_wake(f->rdi, (unsigned)f->rdx, ~0u);
    case FUTEX_WAKE_BITSET:
        return futex_wake(f->rdi, (unsigned)f->rdx, (uint32_t)f->r9);
    case FUTEX_CMP_REQUEUE:
        if (user_copy_in(&value, f->rdi, sizeof(value)))
            return -EFAULT;
        if (value != (uint32_t)f->r9)
            return -EAGAIN;
        break;
    case FUTEX_REQUEUE:
        break;
    default:
        return -ENOSYS;
    }
    int64_t woken = futex_wake(f->rdi, (unsigned)f->rdx, ~0u);
    return woken + requeue(f->rdi, f->r8, (unsigned)f->r10);
}
