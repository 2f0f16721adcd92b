/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes, their threads, and the scheduler.
 *
 * What is scheduled is a struct proc, a thread. Threads of one process have the same leader, whose pid is the
 * process's; they share mm, files and actions by reference counts. Only leaders are children of somebody and can be
 * waited for.
 *
 * States: FREE -> (fork) READY <-> RUNNING -> BLOCKED -> READY ..., RUNNING -> (exit) DEAD or ZOMBIE -> FREE. READY
 * ones are on the run queue, first in, first out. BLOCKED ones are on one wait queue, or sleep until wake_ns, or both.
 * The last thread that exits makes the leader a ZOMBIE until the parent's wait4; other threads are DEAD and their slots
 * and stacks are taken again when one is needed. There is no idle process: a process that finds nothing to run waits on
 * its own kernel stack; that holds for a dead one too, whose stack is given away only by somebody who runs.
 */
#pragma once

#include "kernel/file.h"
#include "kernel/mm.h"
#include "kernel/platform.h"
#include "kernel/signal.h"

#define PROC_MAX      128u
#define PROC_NAME     16u
#define SCHED_TICK_NS 10000000ul /* 100 Hz, the rate of Xen's Linux in 2006 */

enum proc_state { PROC_FREE, PROC_READY, PROC_RUNNING, PROC_BLOCKED, PROC_ZOMBIE, PROC_DEAD };

/* Processes waiting for one thing to happen, linked by proc.wait_next. */
struct wait_queue {
    struct proc *head;
};

struct proc {
    uint64_t saved_sp; /* first: the kernel stack pointer while not running (entry.S) */
    int pid;
    enum proc_state state;
    bool has_signal;
    struct mm *mm; /* NULL once it is dead */
    void *kstack;
    uint64_t fs_base, gs_base;
    uint64_t wake_ns; /* 0: does not sleep */
    unsigned slice;   /* ticks left */
    int nice;         /* -20..19, as Linux has it: the higher, the shorter the slices */
    struct proc *run_next;
    struct wait_queue *waits_on;
    struct proc *wait_next;
    struct files *files;
    struct proc *leader;
    char name[PROC_NAME];

    /* Of a leader: the process. */
    struct proc *parent, *first_child, *next_sibling;
    struct wait_queue child_died, thread_died;
    unsigned nr_threads;
    bool is_ending;  /* all threads have to end, with wait_status */
    int wait_status; /* as wait4 reports it */
    uint64_t group_pending;
    uint64_t alarm_ns, alarm_period_ns; /* ITIMER_REAL; 0: off */
    unsigned exit_signal;

    /* Of each thread. */
    struct signal_actions *actions; /* NULL: all default */
    uint64_t blocked, pending;
    uint64_t saved_mask; /* of sigsuspend, until the handler returns */
    bool has_saved_mask;
    uint64_t stack_base, stack_bytes; /* sigaltstack; 0 bytes: none */
    uint64_t fault_address;
    unsigned fault_signal;
    uint64_t clear_tid; /* user address: zeroed and woken at exit; 0: none */
    uint64_t futex_key; /* what it waits for in futex.c */
    uint32_t futex_mask;
    struct proc *vfork_parent; /* sleeps until this one has left its memory */
    bool is_vfork_waiting;
};

extern struct proc *proc_current;

/* What a program is started with: @argc strings, then @envc strings, each with its zero, one behind the other. */
struct proc_args {
    const char *strings;
    size_t bytes;
    unsigned argc, envc;
};
#define ARGS_BYTES 65536u

/* Starts process 1 from the file @path and runs it; on failure the machine ends. @has_input: /dev/stdin is there. */
_Noreturn void proc_start_first(const char *path, const struct proc_args *args, bool has_input);

/* The system call clone; @f is the parent's state. */
int64_t proc_clone(const struct trap_frame *f, uint64_t flags, uint64_t stack, uint64_t parent_tid, uint64_t child_tid,
                   uint64_t tls);
/* Replaces the current program; on success @f is the new program's first state. */
int proc_exec(struct trap_frame *f, struct inode *exe, const char *path, const struct proc_args *args);
_Noreturn void proc_exit_thread(int code);
_Noreturn void proc_exit_group(int wait_status);
/* One dead child's status; @pid -1 for any. 0 if none is dead and @no_hang, else its pid, -ECHILD or -ERESTARTSYS. */
int64_t proc_wait(int pid, bool no_hang, int *wait_status);
struct proc *proc_find(int pid); /* a thread that lives, or NULL */
struct proc *proc_table(unsigned i);

/* ---- Scheduler (sched.c) ---- */
void sched_ready(struct proc *p);                          /* to the end of the run queue */
void sched_yield(void);                                    /* others first */
void sched_block(struct wait_queue *q, uint64_t until_ns); /* q may be NULL, until_ns 0 = for ever */
void sched_wake(struct proc *p);                           /* if it is blocked */
void sched_wake_all(struct wait_queue *q);
unsigned sched_slice(int nice);                                            /* ticks */
void sched_start(void);                                                    /* the first tick */
void sched_preempt(void);                                                  /* on the way back to user mode */
_Noreturn void sched_exit(void);                                           /* the current process, dead, runs no more */
void sched_alarm(struct proc *leader, uint64_t at_ns, uint64_t period_ns); /* SIGALRM then; 0: never */
