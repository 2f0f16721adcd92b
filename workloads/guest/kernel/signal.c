/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals: see signal.h. The frame a handler finds on its stack is Linux's for x86-64 ("asm/sigcontext.h",
 * "asm/ucontext.h"): return address, ucontext, siginfo, and above them the x87 and SSE state as FXSAVE writes it.
 */
#include "kernel/signal.h"
#include "kernel/kmem.h"
#include "kernel/layout.h"
#include "kernel/lib.h"
#include "kernel/page.h"
#include "kernel/proc.h"
#include "kernel/syscall.h"

#define SA_SIGINFO   4ul
#define SA_RESTORER  0x04000000ul
#define SA_ONSTACK   0x08000000ul
#define SA_RESTART   0x10000000ul
#define SA_NODEFER   0x40000000ul
#define SA_RESETHAND 0x80000000ul

#define SS_ONSTACK 1u
#define SS_DISABLE 2u

#define SIG_UNBLOCKABLE (1ul << (SIGKILL - 1) | 1ul << (SIGSTOP - 1))
#define RFLAGS_USER     0x40dd5ul /* what a program may set: the arithmetic flags, DF, TF, AC */
#define RED_ZONE        128u

struct signal_frame {
    uint64_t restorer;
    struct {
        uint64_t flags, link;
        uint64_t stack_base;
        uint32_t stack_flags, stack_pad;
        uint64_t stack_bytes;
        uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
        uint16_t cs, gs, fs, ss;
        uint64_t error, trap, old_mask, cr2;
        uint64_t fpu;
        uint64_t reserved[8];
        uint64_t mask;
    } uc;
    struct {
        int32_t signal, error, code, pad;
        uint64_t address;
        uint64_t rest[13];
    } info;
};
_Static_assert(sizeof(struct signal_frame) == 8 + 304 + 128, "Linux's layout");

static uint8_t fpu_buffer[PLAT_FPU_BYTES] __attribute__((aligned(16)));

/* ---- Actions ---- */

static const struct signal_action *action_of(const struct proc *p, unsigned signal)
{
    static const struct signal_action fallback;

    return p->actions ? &p->actions->of[signal - 1] : &fallback;
}

static bool is_ignored_by_default(unsigned signal)
{
    static const uint64_t ignored = 1ul << (SIGCHLD - 1) | 1ul << (SIGCONT - 1) | 1ul << (SIGURG - 1) |
                                    1ul << (SIGWINCH - 1) | 1ul << (SIGTSTP - 1) | 1ul << (SIGTTIN - 1) |
                                    1ul << (SIGTTOU - 1) | 1ul << (SIGSTOP - 1); /* stopping is not here */

    return ignored & signal_bit(signal);
}

struct signal_actions *signal_own_actions(void)
{
    struct proc *p = proc_current;

    if (!p->actions) {
        p->actions = page_alloc_zeroed();
        if (p->actions)
            p->actions->refs = 1;
    }
    return p->actions;
}

void signal_put_actions(struct signal_actions *a)
{
    if (--a->refs == 0)
        page_free(a);
}

void signal_exec(struct proc *p)
{
    for (unsigned i = 0; p->actions && i < SIG_COUNT; i++)
        p->actions->of[i] = (struct signal_action){.handler = p->actions->of[i].handler == SIG_IGN ? SIG_IGN : SIG_DFL};
}

/* ---- Sending ---- */

void signal_update(struct proc *p)
{
    p->has_signal = p->leader->is_ending || ((p->pending | p->leader->group_pending) & ~p->blocked);
}

static void wake_for(struct proc *p)
{
    signal_update(p);
    if (p->has_signal && !p->is_vfork_waiting)
        sched_wake(p);
}

void signal_send(struct proc *p, unsigned signal, bool to_group)
{
    const struct signal_action *a = action_of(p, signal);
    bool is_idle = a->handler == SIG_IGN || (a->handler == SIG_DFL && is_ignored_by_default(signal));

    if (!p->mm && !(to_group && p->nr_threads))
        return;
    if (is_idle && !(p->blocked & signal_bit(signal)))
        return;
    if (!to_group) {
        p->pending |= signal_bit(signal);
        wake_for(p);
        return;
    }
    p->leader->group_pending |= signal_bit(signal);
    for (unsigned i = 0; i < PROC_MAX; i++) {
        struct proc *t = proc_table(i);
        if (t->leader == p->leader && t->mm && !(t->blocked & signal_bit(signal))) {
            wake_for(t);
            return;
        }
    }
}

void signal_force(unsigned signal, uint64_t address)
{
    struct proc *p = proc_current;
    uint64_t handler = action_of(p, signal)->handler;

    if (handler == SIG_DFL || handler == SIG_IGN || (p->blocked & signal_bit(signal)))
        proc_exit_group((int)signal);
    p->fault_signal = signal;
    p->fault_address = address;
    p->pending |= signal_bit(signal);
    p->has_signal = true;
}

/* ---- Delivery ---- */

static bool is_on_stack(const struct proc *p, uint64_t rsp)
{
    return rsp - p->stack_base < p->stack_bytes;
}

static void fill_context(struct signal_frame *s, const struct trap_frame *f, const struct proc *p)
{
    s->uc.stack_base = p->stack_base;
    s->uc.stack_bytes = p->stack_bytes;
    s->uc.stack_flags = !p->stack_bytes ? SS_DISABLE : is_on_stack(p, f->rsp) ? SS_ONSTACK : 0;
    s->uc.r8 = f->r8, s->uc.r9 = f->r9, s->uc.r10 = f->r10, s->uc.r11 = f->r11;
    s->uc.r12 = f->r12, s->uc.r13 = f->r13, s->uc.r14 = f->r14, s->uc.r15 = f->r15;
    s->uc.rdi = f->rdi, s->uc.rsi = f->rsi, s->uc.rbp = f->rbp, s->uc.rbx = f->rbx;
    s->uc.rdx = f->rdx, s->uc.rax = f->rax, s->uc.rcx = f->rcx, s->uc.rsp = f->rsp;
    s->uc.rip = f->rip, s->uc.rflags = f->rflags;
    s->uc.cs = (uint16_t)f->cs, s->uc.ss = (uint16_t)f->ss;
    s->uc.error = f->vector < 32 ? f->error : 0;
    s->uc.trap = f->vector < 32 ? f->vector : 0;
    s->uc.cr2 = p->fault_address;
    s->uc.mask = p->has_saved_mask ? p->saved_mask : p->blocked;
}

/* False: the stack cannot take the frame. */
static bool push_frame(struct trap_frame *f, unsigned signal, const struct signal_action *a)
{
    static struct signal_frame s;
    struct proc *p = proc_current;
    bool is_fault = p->fault_signal == signal;
    uint64_t sp = f->rsp - RED_ZONE;

    memset(&s, 0, sizeof(s));
    fill_context(&s, f, p);
    if ((a->flags & SA_ONSTACK) && p->stack_bytes && !is_on_stack(p, f->rsp))
        sp = p->stack_base + p->stack_bytes;
    if (plat_fpu_get(fpu_buffer)) {
        sp = (sp - PLAT_FPU_BYTES) & ~63ul;
        s.uc.fpu = sp;
        if (user_copy_out(sp, fpu_buffer, PLAT_FPU_BYTES))
            return false;
    }
    sp = ((sp - sizeof(s)) & ~15ul) - 8; /* as behind a call */
    s.restorer = a->restorer;
    s.info.signal = (int32_t)signal;
    s.info.code = is_fault ? 1 : 0;
    s.info.address = is_fault ? p->fault_address : 0;
    if (!(a->flags & SA_RESTORER) || user_copy_out(sp, &s, sizeof(s)))
        return false;
    f->rdi = signal;
    f->rsi = sp + offsetof(struct signal_frame, info);
    f->rdx = sp + offsetof(struct signal_frame, uc);
    f->rax = 0;
    f->rip = a->handler;
    f->rsp = sp;
    f->rflags &= ~0x500ul; /* DF, TF */
    f->vector = TRAP_EVENT;
    return true;
}

/* An interrupted system call: again, unless a handler runs that does not want it so. */
static void restart(struct trap_frame *f, const struct signal_action *a)
{
    if (f->vector != TRAP_SYSCALL || f->rax != (uint64_t)-ERESTARTSYS)
        return;
    f->vector = TRAP_EVENT;
    if (a && !(a->flags & SA_RESTART)) {
        f->rax = (uint64_t)-EINTR;
        return;
    }
    f->rax = f->error; /* the number, see syscall_dispatch() */
    f->rip -= 2;
}

static void run_handler(struct trap_frame *f, unsigned signal)
{
    struct proc *p = proc_current;
    struct signal_action a = *action_of(p, signal);

    restart(f, &a);
    if (a.flags & SA_RESETHAND)
        p->actions->of[signal - 1].handler = SIG_DFL;
    if (!push_frame(f, signal, &a))
        proc_exit_group(SIGSEGV);
    p->fault_signal = 0;
    p->has_saved_mask = false;
    p->blocked = (p->blocked | a.mask | ((a.flags & SA_NODEFER) ? 0 : signal_bit(signal))) & ~SIG_UNBLOCKABLE;
}

static unsigned take_signal(struct proc *p)
{
    for (unsigned signal = 1; signal <= SIG_COUNT; signal++) {
        uint64_t bit = signal_bit(signal);
        if (!((p->pending | p->leader->group_pending) & ~p->blocked & bit))
            continue;
        if (p->pending & bit)
            p->pending &= ~bit;
        else
            p->leader->group_pending &= ~bit;
        return signal;
    }
    return 0;
}

void signal_deliver(struct trap_frame *f)
{
    struct proc *p = proc_current;
    unsigned signal;

    if (p->leader->is_ending)
        proc_exit_thread(0);
    while ((signal = take_signal(p))) {
        uint64_t handler = action_of(p, signal)->handler;
        if (handler != SIG_DFL && handler != SIG_IGN && signal != SIGKILL) {
            run_handler(f, signal);
            break;
        }
        if (signal == SIGKILL || (handler == SIG_DFL && !is_ignored_by_default(signal)))
            proc_exit_group((int)signal);
    }
    restart(f, NULL);
    if (p->has_saved_mask && !signal) {
        p->blocked = p->saved_mask;
        p->has_saved_mask = false;
    }
    signal_update(p);
}

/* ---- System calls ---- */

int64_t sys_rt_sigreturn(struct trap_frame *f)
{
    static struct signal_frame s;
    struct proc *p = proc_current;

    if (user_copy_in(&s, f->rsp - 8, sizeof(s)) || s.uc.rip >= USER_END ||
        (s.uc.fpu && user_copy_in(fpu_buffer, s.uc.fpu, PLAT_FPU_BYTES)))
        proc_exit_group(SIGSEGV);
    f->r8 = s.uc.r8, f->r9 = s.uc.r9, f->r10 = s.uc.r10, f->r11 = s.uc.r11;
    f->r12 = s.uc.r12, f->r13 = s.uc.r13, f->r14 = s.uc.r14, f->r15 = s.uc.r15;
    f->rdi = s.uc.rdi, f->rsi = s.uc.rsi, f->rbp = s.uc.rbp, f->rbx = s.uc.rbx;
    f->rdx = s.uc.rdx, f->rcx = s.uc.rcx, f->rsp = s.uc.rsp, f->rip = s.uc.rip;
    f->rflags = (f->rflags & ~RFLAGS_USER) | (s.uc.rflags & RFLAGS_USER);
    f->vector = TRAP_EVENT;
    if (s.uc.fpu)
        plat_fpu_set(fpu_buffer);
    p->blocked = s.uc.mask & ~SIG_UNBLOCKABLE;
    signal_update(p);
    return (int64_t)s.uc.rax;
}

int64_t sys_rt_sigaction(struct trap_frame *f)
{
    unsigned signal = (unsigned)f->rdi;
    struct signal_action a;

    if (!signal || signal > SIG_COUNT || f->r10 != 8)
        return -EINVAL;
    if (f->rdx && user_copy_out(f->rdx, action_of(proc_current, signal), sizeof(a)))
        return -EFAULT;
    if (!f->rsi)
        return 0;
    if (user_copy_in(&a, f->rsi, sizeof(a)))
        return -EFAULT;
    if (signal == SIGKILL || signal == SIGSTOP)
        return -EINVAL;
    if (!signal_own_actions())
        return -ENOMEM;
    proc_current->actions->of[signal - 1] = a;
    return 0;
}

int64_t sys_rt_sigprocmask(struct trap_frame *f)
{
    enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };
    struct proc *p = proc_current;
    uint64_t set;

    if (f->r10 != 8)
        return -EINVAL;
    if (f->rdx && user_copy_out(f->rdx, &p->blocked, 8))
        return -EFAULT;
    if (!f->rsi)
        return 0;
    if (user_copy_in(&set, f->rsi, 8))
        return -EFAULT;
    if (f->rdi > SIG_SETMASK)
        return -EINVAL;
    set &= ~SIG_UNBLOCKABLE;
    p->blocked = f->rdi == SIG_BLOCK ? p->blocked | set : f->rdi == SIG_UNBLOCK ? p->blocked & ~set : set;
    signal_update(p);
    return 0;
}

int64_t sys_rt_sigpending(struct trap_frame *f)
{
    uint64_t set = (proc_current->pending | proc_current->leader->group_pending) & proc_current->blocked;

    return user_copy_out(f->rdi, &set, 8);
}

static int64_t sleep_for_signal(void)
{
    while (!proc_current->has_signal)
        sched_block(NULL, 0);
    return -EINTR;
}

int64_t sys_pause(struct trap_frame *f)
{
    (void)f;
    return sleep_for_signal();
}

int64_t sys_rt_sigsuspend(struct trap_frame *f)
{
    struct proc *p = proc_current;
    uint64_t set;

    if (user_copy_in(&set, f->rdi, 8))
        return -EFAULT;
    p->saved_mask = p->blocked;
    p->has_saved_mask = true;
    p->blocked = set & ~SIG_UNBLOCKABLE;
    signal_update(p);
    return sleep_for_signal();
}

int64_t sys_sigaltstack(struct trap_frame *f)
{
    struct {
        uint64_t base;
        uint32_t flags, pad;
        uint64_t bytes;
    } s, old = {.base = proc_current->stack_base, .bytes = proc_current->stack_bytes};
    struct proc *p = proc_current;

    old.flags = !p->stack_bytes ? SS_DISABLE : is_on_stack(p, f->rsp) ? SS_ONSTACK : 0;
    if (f->rdi && user_copy_in(&s, f->rdi, sizeof(s)))
        return -EFAULT;
    if (f->rsi && user_copy_out(f->rsi, &old, sizeof(old)))
        return -EFAULT;
    if (!f->rdi)
        return 0;
    if (old.flags == SS_ONSTACK)
        return -EPERM;
    p->stack_base = s.base;
    p->stack_bytes = (s.flags & SS_DISABLE) ? 0 : s.bytes;
    return 0;
}

static int64_t send_to(struct proc *p, unsigned signal, bool to_group)
{
    if (!p)
        return -ESRCH;
    if (signal > SIG_COUNT)
        return -EINVAL;
    if (signal)
        signal_send(p, signal, to_group);
    return 0;
}

int64_t sys_kill(struct trap_frame *f)
{
    int pid = (int)f->rdi;

    return send_to(pid > 0 ? proc_find(pid) : proc_current, (unsigned)f->rsi, true);
}

int64_t sys_tkill(struct trap_frame *f)
{
    return send_to(proc_find((int)f->rdi), (unsigned)f->rsi, false);
}

int64_t sys_tgkill(struct trap_frame *f)
{
    return send_to(proc_find((int)f->rsi), (unsigned)f->rdx, false);
}
