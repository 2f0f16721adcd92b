/* SPDX-License-Identifier: Apache-2.0 */
/* System calls on processes and threads, and on what a program asks of its surroundings. */
#include "kernel/layout.h"
#include "kernel/lib.h"
#include "kernel/page.h"
#include "kernel/proc.h"
#include "kernel/syscall.h"

int64_t sys_getpid(struct trap_frame *f)
{
    (void)f;
    return proc_current->leader->pid;
}

int64_t sys_gettid(struct trap_frame *f)
{
    (void)f;
    return proc_current->pid;
}

int64_t sys_getppid(struct trap_frame *f)
{
    const struct proc *parent = proc_current->leader->parent;

    (void)f;
    return parent ? parent->pid : 0;
}

int64_t sys_sched_yield(struct trap_frame *f)
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

int64_t sys_getpriority(struct trap_frame *f)
{
    return is_own_priority(f) ? 20 - proc_current->nice : -EINVAL;
}

int64_t sys_setpriority(struct trap_frame *f)
{
    int nice = (int)f->rdx;

    if (!is_own_priority(f))
        return -EINVAL;
    proc_current->nice = nice < -20 ? -20 : MIN(nice, 19);
    proc_current->slice = sched_slice(proc_current->nice);
    return 0;
}

int64_t sys_sched_getaffinity(struct trap_frame *f)
{
    uint64_t mask = 1;

    if (f->rsi < sizeof(mask))
        return -EINVAL;
    return user_copy_out(f->rdx, &mask, sizeof(mask)) ? -EFAULT : (int64_t)sizeof(mask);
}

/* ---- Birth and death ---- */

int64_t sys_fork(struct trap_frame *f)
{
    return proc_clone(f, SIGCHLD, 0, 0, 0, 0);
}

int64_t sys_vfork(struct trap_frame *f)
{
    return proc_clone(f, 0x4100 /* CLONE_VFORK | CLONE_VM */ | SIGCHLD, 0, 0, 0, 0);
}

int64_t sys_clone(struct trap_frame *f)
{
    return proc_clone(f, f->rdi, f->rsi, f->rdx, f->r10, f->r8);
}

/* Adds the strings of a user's pointer array to @strings; their number or a negated error. */
static int64_t gather(uint64_t user_array, char *strings, size_t *used)
{
    for (unsigned n = 0;; n++) {
        uint64_t s = 0;
        if (user_array && user_copy_in(&s, user_array + n * 8ul, 8))
            return -EFAULT;
        if (!s)
            return n;
        int bytes = user_copy_string(strings + *used, s, ARGS_BYTES - *used);
        if (bytes < 0)
            return bytes == -ENAMETOOLONG ? -E2BIG : bytes;
        *used += (size_t)bytes + 1;
    }
}

/* The path of a program from the root on, for /proc/self/exe. */
static const char *absolute(const struct tmpfs_place *at)
{
    static char path[2 * PATH_BYTES];
    char *dir = tmpfs_path(at->dir, path, PATH_BYTES);
    size_t n = dir ? strlen(dir) : 0;

    if (!dir)
        return "/";
    memmove(path, dir, n);
    if (path[n - 1] != '/')
        path[n++] = '/';
    memcpy(path + n, at->name, at->name_bytes);
    path[n + at->name_bytes] = 0;
    return path;
}

int64_t sys_execve(struct trap_frame *f)
{
    static char path[PATH_BYTES], strings[ARGS_BYTES];
    struct proc_args args = {.strings = strings};
    struct tmpfs_place at;
    int rc = user_copy_string(path, f->rdi, sizeof(path));

    if (rc < 0)
        return rc;
    bool is_self = !strcmp(path, "/proc/self/exe");
    rc = tmpfs_walk(proc_current->files->cwd, is_self ? proc_current->mm->exe_path : path, true, &at);
    if (rc || !at.inode)
        return rc ? rc : -ENOENT;
    if ((at.inode->mode & S_IFMT) != S_IFREG || !(at.inode->mode & 0111))
        return -EACCES;
    int64_t n = gather(f->rsi, strings, &args.bytes);
    args.argc = (unsigned)n;
    if (n >= 0)
        n = gather(f->rdx, strings, &args.bytes);
    args.envc = (unsigned)n;
    return n < 0 ? n : proc_exec(f, at.inode, absolute(&at), &args);
}

int64_t sys_exit(struct trap_frame *f)
{
    proc_exit_thread((int)(f->rdi & 0xff));
}

int64_t sys_exit_group(struct trap_frame *f)
{
    proc_exit_group((int)(f->rdi & 0xff) << 8);
}

int64_t sys_wait4(struct trap_frame *f)
{
    enum { WNOHANG = 1 };
    int status = 0;
    int64_t pid = proc_wait((int)f->rdi, f->rdx & WNOHANG, &status);

    if (pid > 0 && f->rsi && user_copy_out(f->rsi, &status, sizeof(status)))
        return -EFAULT;
    if (pid > 0 && f->r10 && user_clear(f->r10, 144 /* struct rusage */))
        return -EFAULT;
    return pid;
}

int64_t sys_set_tid_address(struct trap_frame *f)
{
    proc_current->clear_tid = f->rdi;
    return proc_current->pid;
}

int64_t sys_arch_prctl(struct trap_frame *f)
{
    enum { ARCH_SET_GS = 0x1001, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS };
    struct proc *p = proc_current;

    if (f->rdi == ARCH_GET_FS || f->rdi == ARCH_GET_GS)
        return user_copy_out(f->rsi, f->rdi == ARCH_GET_FS ? &p->fs_base : &p->gs_base, 8);
    if (f->rdi != ARCH_SET_FS && f->rdi != ARCH_SET_GS)
        return -EINVAL;
    if (f->rsi >= USER_END)
        return -EPERM;
    if (f->rdi == ARCH_SET_FS)
        plat_set_fs(p->fs_base = f->rsi);
    else
        plat_set_gs(p->gs_base = f->rsi);
    return 0;
}

/* ---- Surroundings ---- */

int64_t sys_uname(struct trap_frame *f)
{
    static const struct {
        char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
    } u = {"Linux", "guest", "6.1.0", "vmscale guest kernel", "x86_64", "(none)"};

    return user_copy_out(f->rdi, &u, sizeof(u));
}

int64_t sys_getrandom(struct trap_frame *f)
{
    return user_random(f->rdi, f->rsi) ? -EFAULT : (int64_t)f->rsi;
}

int64_t sys_prctl(struct trap_frame *f)
{
    enum { PR_SET_NAME = 15, PR_GET_NAME = 16 };

    if (f->rdi == PR_GET_NAME)
        return user_copy_out(f->rsi, proc_current->name, PROC_NAME);
    return f->rdi == PR_SET_NAME ? 0 : -EINVAL;
}

int64_t sys_getrusage(struct trap_frame *f)
{
    uint64_t usage[18] = {0}, ns = plat_time_ns();

    usage[0] = ns / NS_PER_S;
    usage[1] = ns % NS_PER_S / 1000;
    return user_copy_out(f->rsi, usage, sizeof(usage));
}

int64_t sys_sysinfo(struct trap_frame *f)
{
    struct {
        int64_t uptime;
        uint64_t loads[3], total, free, shared, buffer, total_swap, free_swap;
        uint16_t procs, pad;
        uint64_t total_high, free_high;
        uint32_t unit;
        uint32_t pad2;
    } s = {.uptime = (int64_t)(plat_time_ns() / NS_PER_S), .unit = 1, .procs = 1};

    s.total = page_total_count() * PAGE_SIZE;
    s.free = page_free_count() * PAGE_SIZE;
    return user_copy_out(f->rdi, &s, sizeof(s));
}

static void limit_of(uint64_t resource, uint64_t limit[2])
{
    enum { RLIMIT_STACK = 3, RLIMIT_NPROC = 6, RLIMIT_NOFILE = 7 };

    limit[0] = resource == RLIMIT_STACK    ? STACK_MAX_BYTES
               : resource == RLIMIT_NOFILE ? FILE_MAX
               : resource == RLIMIT_NPROC  ? PROC_MAX
                                           : ~0ul;
    limit[1] = limit[0];
}

int64_t sys_getrlimit(struct trap_frame *f)
{
    uint64_t limit[2];

    limit_of(f->rdi, limit);
    return user_copy_out(f->rsi, limit, sizeof(limit));
}

int64_t sys_prlimit64(struct trap_frame *f)
{
    uint64_t limit[2];

    limit_of(f->rsi, limit);
    return f->r10 ? user_copy_out(f->r10, limit, sizeof(limit)) : 0;
}
