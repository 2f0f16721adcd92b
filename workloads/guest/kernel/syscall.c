/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls: number in RAX, arguments in RDI RSI RDX R10 R8 R9, result or negated error number in RAX ("System V
 * Application Binary Interface, AMD64 Architecture Processor Supplement", Linux conventions). Handlers take the saved
 * registers; the table is syscall.def.
 */
#include "kernel/elf.h"
#include "kernel/layout.h"
#include "kernel/lib.h"
#include "kernel/page.h"
#include "kernel/proc.h"

#define PATH_BYTES 128u
#define NS_PER_S   1000000000ul

struct timespec {
    int64_t tv_sec, tv_nsec;
};

#define SYSCALL(nr, name) static int64_t sys_##name(struct trap_frame *f);
#include "kernel/syscall.def"
#undef SYSCALL

typedef int64_t syscall_fn(struct trap_frame *f);
static syscall_fn *const syscall_table[] = {
#define SYSCALL(nr, name) [nr] = sys_##name,
#include "kernel/syscall.def"
#undef SYSCALL
};

void syscall_dispatch(struct trap_frame *f)
{
    syscall_fn *fn = f->rax < ARRAY_SIZE(syscall_table) ? syscall_table[f->rax] : NULL;

    f->rax = fn ? (uint64_t)fn(f) : (uint64_t)-ENOSYS;
}

/* ---- Files ---- */

static int64_t sys_read(struct trap_frame *f)
{
    return file_read(proc_current->files, (unsigned)f->rdi, f->rsi, f->rdx);
}

static int64_t sys_write(struct trap_frame *f)
{
    return file_write(proc_current->files, (unsigned)f->rdi, f->rsi, f->rdx);
}

static int64_t sys_open(struct trap_frame *f)
{
    char path[PATH_BYTES];
    int rc = user_copy_string(path, f->rdi, sizeof(path));

    return rc < 0 ? rc : file_open(proc_current->files, path);
}

static int64_t sys_close(struct trap_frame *f)
{
    return file_close(proc_current->files, (unsigned)f->rdi);
}

static int64_t sys_dup2(struct trap_frame *f)
{
    return file_dup2(proc_current->files, (unsigned)f->rdi, (unsigned)f->rsi);
}

static int64_t sys_pipe(struct trap_frame *f)
{
    int fds[2];
    int64_t rc = file_pipe(proc_current->files, fds);

    if (!rc && user_copy_out(f->rdi, fds, sizeof(fds))) {
        file_close(proc_current->files, (unsigned)fds[0]);
        file_close(proc_current->files, (unsigned)fds[1]);
        rc = -EFAULT;
    }
    return rc;
}

/* ---- Memory ---- */

static int64_t sys_mmap(struct trap_frame *f)
{
    if (!(f->r10 & MAP_ANONYMOUS))
        return -EINVAL;
    return mm_mmap(proc_current->mm, f->rdi, f->rsi, (unsigned)f->rdx, (unsigned)f->r10);
}

static int64_t sys_munmap(struct trap_frame *f)
{
    return mm_munmap(proc_current->mm, f->rdi, f->rsi);
}

static int64_t sys_mprotect(struct trap_frame *f)
{
    return mm_mprotect(proc_current->mm, f->rdi, f->rsi, (unsigned)f->rdx);
}

static int64_t sys_brk(struct trap_frame *f)
{
    return (int64_t)mm_brk(proc_current->mm, f->rdi);
}

/* ---- Processes ---- */

static int64_t sys_getpid(struct trap_frame *f)
{
    (void)f;
    return proc_current->pid;
}

static int64_t sys_getppid(struct trap_frame *f)
{
    (void)f;
    return proc_current->parent ? proc_current->parent->pid : 0;
}

static int64_t sys_sched_yield(struct trap_frame *f)
{
    (void)f;
    sched_yield();
    return 0;
}

/* Of the calling process only: PRIO_PROCESS with 0 or its own number. */
static bool is_own_priority(const struct trap_frame *f)
{
    return f->rdi == 0 && (!f->rsi || (int)f->rsi == proc_current->pid);
}

static int64_t sys_getpriority(struct trap_frame *f)
{
    return is_own_priority(f) ? 20 - proc_current->nice : -EINVAL;
}

static int64_t sys_setpriority(struct trap_frame *f)
{
    int nice = (int)f->rdx;

    if (!is_own_priority(f))
        return -EINVAL;
    proc_current->nice = nice < -20 ? -20 : MIN(nice, 19);
    proc_current->slice = sched_slice(proc_current->nice);
    return 0;
}

static int64_t sys_fork(struct trap_frame *f)
{
    struct trap_frame child = *f;

    child.rax = 0;
    return proc_fork(&child);
}

/* Gathers the strings of a user argv into @strings; their number or a negated error. */
static int64_t gather_args(uint64_t user_argv, char *strings)
{
    size_t used = 0;

    for (unsigned argc = 0; argc < ELF_ARGS_MAX; argc++) {
        uint64_t arg = 0;
        if (user_argv && user_copy_in(&arg, user_argv + argc * 8, 8))
            return -EFAULT;
        if (!arg)
            return argc;
        int n = user_copy_string(strings + used, arg, ELF_ARGS_BYTES - used);
        if (n < 0)
            return n == -ENAMETOOLONG ? -E2BIG : n;
        used += (size_t)n + 1;
    }
    return -E2BIG;
}

static int64_t sys_execve(struct trap_frame *f)
{
    char path[PATH_BYTES];
    int rc = user_copy_string(path, f->rdi, sizeof(path));
    const struct file_image *exe = rc < 0 ? NULL : file_find_image(path);
    char *strings = exe ? page_alloc() : NULL;

    if (!strings)
        return rc < 0 ? rc : exe ? -ENOMEM : -ENOENT;
    int64_t result = gather_args(f->rsi, strings);
    if (result >= 0)
        result = proc_exec(f, exe, strings, (unsigned)result);
    page_free(strings);
    return result;
}

static int64_t sys_exit(struct trap_frame *f)
{
    proc_exit((int)(f->rdi & 0xff) << 8);
}

static int64_t sys_exit_group(struct trap_frame *f)
{
    proc_exit((int)(f->rdi & 0xff) << 8);
}

static int64_t sys_wait4(struct trap_frame *f)
{
    enum { WNOHANG = 1 };
    int status = 0;
    int64_t pid = proc_wait((int)f->rdi, f->rdx & WNOHANG, &status);

    if (pid > 0 && f->rsi && user_copy_out(f->rsi, &status, sizeof(status)))
        return -EFAULT;
    return pid;
}

static int64_t sys_arch_prctl(struct trap_frame *f)
{
    enum { ARCH_SET_FS = 0x1002, ARCH_GET_FS = 0x1003 };

    if (f->rdi == ARCH_GET_FS)
        return user_copy_out(f->rsi, &proc_current->fs_base, 8);
    if (f->rdi != ARCH_SET_FS)
        return -EINVAL;
    if (f->rsi >= USER_END)
        return -EPERM;
    proc_current->fs_base = f->rsi;
    plat_set_fs(f->rsi);
    return 0;
}

static int64_t sys_uname(struct trap_frame *f)
{
    struct {
        char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
    } u = {"Linux", "guest", "2.6.16", "vmscale guest kernel", "x86_64", ""};

    return user_copy_out(f->rdi, &u, sizeof(u));
}

/* ---- Time ---- */

static int64_t sys_nanosleep(struct trap_frame *f)
{
    struct timespec t;

    if (user_copy_in(&t, f->rdi, sizeof(t)))
        return -EFAULT;
    if (t.tv_sec < 0 || t.tv_sec > 1000000000 || t.tv_nsec < 0 || t.tv_nsec >= (int64_t)NS_PER_S)
        return -EINVAL;
    sched_block(NULL, plat_time_ns() + (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec);
    return 0;
}

static int64_t sys_clock_gettime(struct trap_frame *f)
{
    enum { CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1 };
    uint64_t ns;

    if (f->rdi == CLOCK_REALTIME)
        ns = plat_wall_ns();
    else if (f->rdi == CLOCK_MONOTONIC)
        ns = plat_time_ns();
    else
        return -EINVAL;
    struct timespec t = {(int64_t)(ns / NS_PER_S), (int64_t)(ns % NS_PER_S)};
    return user_copy_out(f->rsi, &t, sizeof(t));
}
