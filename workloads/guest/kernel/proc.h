/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes and the scheduler.
 *
 * States: FREE -> (fork) READY <-> RUNNING -> BLOCKED -> READY ..., RUNNING -> (exit) ZOMBIE -> (parent's wait4) FREE.
 * READY processes are on the run queue, first in, first out. BLOCKED ones are on one wait queue, or sleep until
 * wake_ns, or both. There is no idle process: a process that finds nothing to run waits on its own kernel stack; that
 * holds for a zombie too, whose stack is freed only by its parent, which runs only after the zombie has been switched
 * away.
 */
#pragma once

#include "kernel/file.h"
#include "kernel/mm.h"
#include "kernel/platform.h"

#define PROC_MAX      128u
#define PROC_NAME     16u
#define SCHED_TICK_NS 10000000ul /* 100 Hz, the rate of Xen's Linux in 2006 */

enum proc_state { PROC_FREE, PROC_READY, PROC_RUNNING, PROC_BLOCKED, PROC_ZOMBIE };

/* Processes waiting for one thing to happen, linked by proc.wait_next. */
struct wait_queue {
    struct proc *head;
};

struct proc {
    uint64_t saved_sp; /* first: the kernel stack pointer while not running (entry.S) */
    int pid;
    enum proc_state state;
    struct mm *mm; /* NULL once it is a zombie */
    void *kstack;
    uint64_t fs_base, gs_base;
    uint64_t wake_ns; /* 0: does not sleep */
    unsigned slice;   /* ticks left */
    int nice;         /* -20..19, as Linux has it: the higher, the shorter the slices */
    int wait_status;  /* of a zombie, as wait4 reports it */
    struct proc *run_next;
    struct wait_queue *waits_on;
    struct proc *wait_next;
    struct proc *parent, *first_child, *next_sibling;
    struct wait_queue child_died;
    const struct file_image *exe;
    struct file *files[FILE_MAX];
    char name[PROC_NAME];
};

extern struct proc *proc_current;

/* Starts process 1 from an initrd program with @argv, and runs it; on failure the machine ends. */
_Noreturn void proc_start_first(const struct file_image *exe, unsigned argc, char *const argv[]);

int64_t proc_fork(const struct trap_frame *f);
/* Replaces the current program; on success @f is the new program's first state. */
int proc_exec(struct trap_frame *f, const struct file_image *exe, char *strings, unsigned argc);
_Noreturn void proc_exit(int wait_status);
/* One dead child's status; @pid -1 for any. 0 if none is dead and @no_hang, else its pid, or -ECHILD. */
int64_t proc_wait(int pid, bool no_hang, int *wait_status);

/* ---- Scheduler (sched.c) ---- */
void sched_ready(struct proc *p);                          /* to the end of the run queue */
void sched_yield(void);                                    /* others first */
void sched_block(struct wait_queue *q, uint64_t until_ns); /* q may be NULL, until_ns 0 = for ever */
void sched_wake_all(struct wait_queue *q);
unsigned sched_slice(int nice);      /* ticks */
void sched_start(void);              /* the first tick */
void sched_preempt(void);            /* on the way back to user mode */
_Noreturn void sched_exit(void);     /* the current process, a zombie, runs no more */
struct proc *proc_table(unsigned i); /* for the scheduler's scan of sleepers; i < PROC_MAX */
