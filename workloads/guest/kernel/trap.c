/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults. A page fault the address space can resolve is run again; one inside the user_copy routines makes them return
 * -EFAULT; any other fault of user mode is the matching signal, and of the kernel ends the
 * machine.
 */
#include "kernel/lib.h"
#include "kernel/layout.h"
#include "kernel/proc.h"

#define PF_WRITE 2u /* of the error code */

/* usercopy.S: a fault between begin and end goes on at fixup, which returns -EFAULT to the caller. */
extern const char user_copy_begin[], user_copy_end[], user_copy_fixup[];

static bool fix_up(struct trap_frame *f)
{
    if (trap_from_user(f) || f->rip < (uintptr_t)user_copy_begin || f->rip >= (uintptr_t)user_copy_end)
        return false;
    f->rip = (uintptr_t)user_copy_fixup;
    return true;
}

static _Noreturn void kernel_fault(const struct trap_frame *f, uint64_t va)
{
    panic("kernel fault: vector %lu error 0x%lx rip 0x%lx rsp 0x%lx address 0x%lx", f->vector, f->error, f->rip, f->rsp,
          va);
}

void trap_page_fault(struct trap_frame *f, uint64_t va)
{
    int rc = -EFAULT;

    if (va < USER_END && proc_current && proc_current->mm)
        rc = mm_fault(proc_current->mm, va, f->error & PF_WRITE);
    if (!rc || fix_up(f))
        return;
    if (!trap_from_user(f))
        kernel_fault(f, va);
    if (rc == -ENOMEM)
        proc_exit_group(SIGKILL);
    signal_force(SIGSEGV, va);
    signal_deliver(f);
}

void trap_exception(struct trap_frame *f)
{
    static const uint8_t signals[20] = {
        [0] = SIGFPE,   [1] = SIGTRAP, [3] = SIGTRAP, [4] = SIGSEGV,  [5] = SIGSEGV, [6] = SIGILL,  [7] = SIGFPE,
        [10] = SIGSEGV, [11] = SIGBUS, [12] = SIGBUS, [13] = SIGSEGV, [16] = SIGFPE, [17] = SIGBUS, [19] = SIGFPE};

    if (fix_up(f))
        return;
    if (!trap_from_user(f))
        kernel_fault(f, 0);
    signal_force(f->vector < ARRAY_SIZE(signals) && signals[f->vector] ? signals[f->vector] : SIGKILL, f->rip);
    signal_deliver(f);
}

void trap_return_from_event(struct trap_frame *f)
{
    if (!trap_from_user(f))
        return;
    sched_preempt();
    if (proc_current->has_signal)
        signal_deliver(f);
}
