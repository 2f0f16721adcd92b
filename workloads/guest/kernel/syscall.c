/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls: number in RAX, result or negated error number in RAX ("System V Application Binary Interface, AMD64
 * Architecture Processor Supplement", Linux conventions). The table is syscall.def. Here are the dispatch and the calls
 * on memory; the others are in sys_file.c, sys_name.c, sys_proc.c, sys_time.c, signal.c and futex.c.
 */
#include "kernel/syscall.h"
#include "kernel/layout.h"
#include "kernel/lib.h"
#include "kernel/proc.h"

typedef int64_t syscall_fn(struct trap_frame *f);
static syscall_fn *const syscall_table[] = {
#define SYSCALL(nr, name, handler) [nr] = sys_##handler,
#include "kernel/syscall.def"
#undef SYSCALL
};

/* The last place stands for all greater numbers. */
static int64_t unknown(uint64_t nr)
{
    static uint64_t seen[8];
    unsigned n = nr < 511 ? (unsigned)nr : 511;

    if (!(seen[n / 64] >> n % 64 & 1))
        kprintf("guest: system call %lu is not implemented (%s)\n", nr, proc_current->name);
    seen[n / 64] |= 1ul << n % 64;
    return -ENOSYS;
}

void syscall_dispatch(struct trap_frame *f)
{
    syscall_fn *fn = f->rax < ARRAY_SIZE(syscall_table) ? syscall_table[f->rax] : NULL;

    f->error = f->rax; /* for a restart */
    f->rax = fn ? (uint64_t)fn(f) : (uint64_t)unknown(f->rax);
    if (proc_current->has_signal)
        signal_deliver(f);
}

int64_t sys_nothing(struct trap_frame *f)
{
    (void)f;
    return 0;
}

int64_t sys_absent(struct trap_frame *f)
{
    (void)f;
    return -ENOSYS;
}

/* ---- Memory ---- */

int64_t sys_mmap(struct trap_frame *f)
{
    unsigned prot = (unsigned)f->rdx, flags = (unsigned)f->r10;

    if (flags & MAP_ANONYMOUS)
        return mm_mmap(proc_current->mm, f->rdi, f->rsi, prot, flags);
    const struct file *file = file_at(proc_current->files, (unsigned)f->r8);
    if (!file)
        return -EBADF;
    if (!file->inode || (file->inode->mode & S_IFMT) != S_IFREG)
        return -ENODEV;
    return mm_mmap_file(proc_current->mm, f->rdi, f->rsi, prot, flags, file->inode, f->r9);
}

int64_t sys_munmap(struct trap_frame *f)
{
    return mm_munmap(proc_current->mm, f->rdi, f->rsi);
}

int64_t sys_mprotect(struct trap_frame *f)
{
    return mm_mprotect(proc_current->mm, f->rdi, f->rsi, (unsigned)f->rdx);
}

int64_t sys_mremap(struct trap_frame *f)
{
    return mm_mremap(proc_current->mm, f->rdi, f->rsi, f->rdx, (unsigned)f->r10);
}

int64_t sys_brk(struct trap_frame *f)
{
    return (int64_t)mm_brk(proc_current->mm, f->rdi);
}
