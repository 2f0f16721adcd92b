/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals, as far as C libraries and shells use them: actions, masks, an alternate stack, handlers with siginfo and
 * ucontext. A signal is pending once or not at all; there are no queues and no stopped processes.
 *
 * proc.has_signal says that something deliverable is pending or that the process has to end; who sleeps is woken and
 * leaves with -ERESTARTSYS or -EINTR, and the way back to user mode calls signal_deliver().
 */
#pragma once

#include "kernel/platform.h"

struct proc;

struct signal_action { /* Linux's struct kernel_sigaction */
    uint64_t handler, flags, restorer, mask;
};

struct signal_actions {
    unsigned refs;
    struct signal_action of[SIG_COUNT];
};

#define SIG_DFL 0ul
#define SIG_IGN 1ul

static inline uint64_t signal_bit(unsigned signal)
{
    return 1ul << (signal - 1);
}

/* Sends to a thread, or to its group (@to_group). Signals that would do nothing are dropped. */
void signal_send(struct proc *p, unsigned signal, bool to_group);
/* A fault of the current thread: the handler runs, or the group ends. @address: si_addr. */
void signal_force(unsigned signal, uint64_t address);
/* Sets has_signal anew after a change of the mask. */
void signal_update(struct proc *p);
/* On the way back to user mode, if has_signal. */
void signal_deliver(struct trap_frame *f);
/* exec: handlers are gone, what is ignored stays so. */
void signal_exec(struct proc *p);
void signal_put_actions(struct signal_actions *a);
/* Own table of actions of the current process, made if there was none; NULL without memory. */
struct signal_actions *signal_own_actions(void);
