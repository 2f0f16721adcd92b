/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a personality has to supply (pv64/, native/), and what the neutral kernel supplies to it.
 *
 * A personality is chosen by linking it, not by function pointers: each one makes its own image. It owns the boot, the
 * console, the clock, the entry points, the context switch, and the way a page-table entry is written. The kernel never
 * writes a table entry itself, it only reads them.
 *
 * There is one virtual CPU, and the kernel runs with interrupts masked except in plat_idle(); so no locks.
 */
#pragma once

#include "kernel/types.h"

/* Registers of an interrupted context, as entry.S saves them: the hardware's frame is at the end. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct trap_frame) == 22 * 8, "entry.S builds this");

/* Vectors beyond the CPU's 32 exceptions. */
#define TRAP_SYSCALL 0x100
#define TRAP_EVENT   0x101

static inline bool trap_from_user(const struct trap_frame *f)
{
    return (f->cs & 3) == 3;
}

/* ---- Console and end ---- */
/* The kernel's words, the program's standard output, its standard error: a personality may keep them apart. */
enum plat_channel { PLAT_LOG, PLAT_OUT, PLAT_ERR };
void plat_console_write(enum plat_channel to, const char *s, size_t n);
void plat_console_split(void); /* from now on the streams must stay apart, if the machine can do that */
enum plat_end {
    PLAT_END_POWEROFF,
    PLAT_END_FAILED,   /* process 1, by its status */
    PLAT_END_NO_START, /* there is no process 1: the boot module is not what it should be */
    PLAT_END_CRASH,
};
#define PLAT_PANIC_CODE 255u
_Noreturn void plat_shutdown(enum plat_end why, unsigned code); /* code: for a machine that can hand it on */

/* ---- Time ---- */
uint64_t plat_time_ns(void);         /* monotonic, since the machine's start */
uint64_t plat_wall_ns(void);         /* since 1970; 0-based where the machine has no clock */
void plat_timer_arm(uint64_t at_ns); /* one timer interrupt at plat_time_ns() >= at_ns; replaces the former request */
void plat_idle(void);                /* waits with interrupts on until at least one has been handled */

/* ---- Page tables ---- */
/*
 * struct pt is one process's tree of 4 levels (level 4 is the root). A tree is built by plain stores while it is not
 * live; plat_pt_make_live() hands it to the machine (PV: its pages turn read-only and it is pinned), from when on every
 * change goes through plat_pt_write(), which may queue; plat_pt_commit() applies what is queued, in order.
 */
struct pt {
    uint64_t *root;      /* kernel and user half */
    uint64_t *user_root; /* user half only, if the personality runs user mode on a root of its own, else NULL */
    bool is_live;
};

#define PT_ENTRIES 512u
#define PT_WRITE   1u
#define PT_USER    2u
#define PTE_P      1ul
#define PTE_W      2ul
#define PTE_HELD   0x100ul /* in an entry that is not present: it still owns its frame (the area allows no access) */

uint64_t plat_pte(unsigned long frame, unsigned flags);
unsigned long plat_pte_frame(uint64_t pte);

/* Allocates the root(s) with the kernel half filled in; -ENOMEM. plat_pt_free_roots() gives them back. */
int plat_pt_new_roots(struct pt *pt);
void plat_pt_free_roots(struct pt *pt);

/* A zeroed table page that is about to be linked into a live tree. */
void plat_pt_prepare_table(uint64_t *table);

/* Sets an entry of a table of @level; @va is an address it covers. A tree not live is written at once. */
void plat_pt_write(struct pt *pt, unsigned level, uint64_t *slot, uint64_t va, uint64_t value);
void plat_pt_flush_page(uint64_t va); /* queued as well, in order with the writes; of the current address space */
void plat_pt_flush_all(void);
void plat_pt_commit(void);

void plat_pt_make_live(struct pt *pt);
void plat_pt_make_dead(struct pt *pt); /* it must not be loaded; its tables may then be written and freed */

/* ---- Processes ---- */
struct proc;
/* Loads an address space (NULL: the kernel's own, without user half). */
void plat_load_pt(struct pt *pt);
/* Switches stacks and address spaces; returns when @prev is switched to again. */
void plat_switch(struct proc *prev, struct proc *next);
/* Prepares a new process's kernel stack so that the first switch to it enters user mode with @f. */
void plat_prepare(struct proc *p, const struct trap_frame *f);
/* Register state of a fresh program. */
void plat_user_frame(struct trap_frame *f, uint64_t rip, uint64_t rsp);
/* The FS or GS base of the current process changed. */
void plat_set_fs(uint64_t base);
void plat_set_gs(uint64_t base);

/* ---- x87 and SSE state, in FXSAVE's format; none where the CPU has no FXSR ---- */
#define PLAT_FPU_BYTES 512u
uint32_t plat_hwcap(void);              /* EDX of CPUID leaf 1 */
void plat_fpu_fork(struct proc *child); /* the child gets the current process's state */
void plat_fpu_reset(void);              /* the current process starts a fresh program */
bool plat_fpu_get(uint8_t *state);      /* 16-byte aligned; false: there is no such state */
void plat_fpu_set(uint8_t *state);      /* user data: reserved bits are cleared in it */

/* ---- What the personality calls ---- */
struct boot_info {
    const char *cmdline;
    const void *initrd;
    size_t initrd_bytes;
};
_Noreturn void kernel_main(const struct boot_info *boot);
void trap_page_fault(struct trap_frame *f, uint64_t va);
void trap_exception(struct trap_frame *f);
void trap_return_from_event(struct trap_frame *f);
void syscall_dispatch(struct trap_frame *f);
void sched_timer(void);
