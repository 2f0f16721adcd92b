/* SPDX-License-Identifier: Apache-2.0 */
/* Processes and threads: birth, program change, death and its report. See proc.h for the states. */
#include "kernel/proc.h"
#include "kernel/elf.h"
#include "kernel/futex.h"
#include "kernel/lib.h"
#include "kernel/page.h"

/* Linux's flags of clone ("linux/sched.h"). */
#define CLONE_VM             0x100u
#define CLONE_FILES          0x400u
#define CLONE_SIGHAND        0x800u
#define CLONE_VFORK          0x4000u
#define CLONE_THREAD         0x10000u
#define CLONE_SETTLS         0x80000u
#define CLONE_PARENT_SETTID  0x100000u
#define CLONE_CHILD_CLEARTID 0x200000u
#define CLONE_CHILD_SETTID   0x1000000u

static struct proc table[PROC_MAX];
static int last_pid;
struct proc *proc_current;

struct proc *proc_table(unsigned i)
{
    return &table[i];
}

struct proc *proc_find(int pid)
{
    for (unsigned i = 0; i < PROC_MAX; i++)
        if (table[i].pid == pid && table[i].state != PROC_FREE && table[i].mm)
            return &table[i];
    return NULL;
}

static struct proc *new_proc(void)
{
    static unsigned hint;

    for (unsigned i = 0; i < PROC_MAX; i++) {
        struct proc *p = &table[(hint + i) % PROC_MAX];
        if (p->state != PROC_FREE && p->state != PROC_DEAD)
            continue;
        if (p->state == PROC_DEAD)
            page_free(p->kstack);
        memset(p, 0, sizeof(*p));
        p->kstack = page_alloc();
        if (!p->kstack)
            return NULL;
        hint = (unsigned)(p - table) + 1;
        p->pid = ++last_pid;
        p->leader = p;
        p->nr_threads = 1;
        return p;
    }
    return NULL;
}

static void set_name(struct proc *p, const char *path)
{
    const char *name = path;

    for (const char *c = path; *c; c++)
        if (*c == '/')
            name = c + 1;
    size_t n = MIN(strlen(name), PROC_NAME - 1);
    memcpy(p->name, name, n);
    p->name[n] = 0;
}

static void adopt(struct proc *parent, struct proc *child)
{
    child->parent = parent;
    child->next_sibling = parent->first_child;
    parent->first_child = child;
}

/* ---- Process 1 ---- */

static void open_standard_files(struct files *files, bool has_input)
{
    int64_t rc = 0;

    if (has_input)
        rc = file_open(files, tmpfs_root(), "/dev/stdin", 0, 0);
    else
        rc = file_open(files, tmpfs_root(), "/dev/console", O_RDWR, 0);
    if (rc != 0 || file_open(files, tmpfs_root(), "/dev/stdout", O_RDWR, 0) != 1 ||
        file_open(files, tmpfs_root(), "/dev/stderr", O_RDWR, 0) != 2)
        panic("no standard files for process 1");
}

void proc_start_first(const char *path, const struct proc_args *args, bool has_input)
{
    struct proc *p = new_proc();
    struct trap_frame f;
    int rc;

    if (!p || !(p->files = files_new()))
        panic("no memory for process 1");
    open_standard_files(p->files, has_input);
    proc_current = p;
    p->state = PROC_RUNNING;
    p->slice = sched_slice(p->nice);
    struct inode *exe = tmpfs_find(tmpfs_root(), path, true, &rc);
    if (exe)
        rc = proc_exec(&f, exe, path, args);
    if (rc)
        no_start("cannot start %s: error %d%s", path, -rc,
                 rc == -ENOEXEC  ? " (not a static x86-64 program, or damaged)"
                 : rc == -ENOMEM ? " (not enough memory)"
                                 : "");
    plat_prepare(p, &f);
    sched_start();
    plat_switch(NULL, p);
    panic("process 1 was not started");
}

/* ---- Birth ---- */

/* The child's number at @child_tid of its memory: in a copy by writing it before the copy is made, and then back. */
static bool share_memory(struct proc *child, uint64_t flags, uint64_t child_tid)
{
    uint32_t old = 0;
    bool has_tid = child_tid && !user_copy_in(&old, child_tid, sizeof(old));

    if (has_tid)
        user_copy_out(child_tid, &child->pid, sizeof(child->pid));
    child->mm = (flags & CLONE_VM) ? mm_get(proc_current->mm) : mm_fork(proc_current->mm);
    if (has_tid && !(flags & CLONE_VM))
        user_copy_out(child_tid, &old, sizeof(old));
    return child->mm;
}

static bool share_files(struct proc *child, uint64_t flags)
{
    struct files *files = proc_current->files;

    if (flags & CLONE_FILES)
        files->refs++;
    child->files = (flags & CLONE_FILES) ? files : files_copy(files);
    return child->files;
}

/* Actions are one table for threads, a copy of it for processes; nobody has one before somebody sets an action. */
static bool share_actions(struct proc *child, uint64_t flags)
{
    struct signal_actions *a = (flags & CLONE_SIGHAND) ? signal_own_actions() : proc_current->actions;

    if (!a)
        return !(flags & CLONE_SIGHAND);
    if (flags & CLONE_SIGHAND) {
        a->refs++;
        child->actions = a;
        return true;
    }
    child->actions = page_alloc();
    if (child->actions) {
        memcpy(child->actions, a, sizeof(*a));
        child->actions->refs = 1;
    }
    return child->actions;
}

static void unmake(struct proc *child)
{
    if (child->actions)
        signal_put_actions(child->actions);
    if (child->files)
        files_put(child->files);
    page_free(child->kstack);
    child->state = PROC_FREE;
    child->mm = NULL;
}

static void join_family(struct proc *child, uint64_t flags)
{
    struct proc *parent = proc_current;

    child->fs_base = parent->fs_base;
    child->gs_base = parent->gs_base;
    child->nice = parent->nice;
    child->blocked = parent->blocked;
    memcpy(child->name, parent->name, PROC_NAME);
    if (flags & CLONE_THREAD) {
        child->leader = parent->leader;
        child->leader->nr_threads++;
    } else {
        child->exit_signal = flags & 0xff;
        adopt(parent->leader, child);
    }
    if (!(flags & CLONE_VM)) {
        child->stack_base = parent->stack_base;
        child->stack_bytes = parent->stack_bytes;
    }
}

/* A child that runs in our memory until it execs or exits: the rest of it is frozen meanwhile. */
static void wait_for_vfork(struct proc *child)
{
    proc_current->is_vfork_waiting = true;
    child->vfork_parent = proc_current;
    while (proc_current->is_vfork_waiting)
        sched_block(NULL, 0);
}

static void end_vfork(struct proc *p)
{
    if (!p->vfork_parent)
        return;
    p->vfork_parent->is_vfork_waiting = false;
    sched_wake(p->vfork_parent);
    p->vfork_parent = NULL;
}

int64_t proc_clone(const struct trap_frame *f, uint64_t flags, uint64_t stack, uint64_t parent_tid, uint64_t child_tid,
                   uint64_t tls)
{
    bool is_thread = flags & CLONE_THREAD;
    struct trap_frame frame = *f;

    if ((is_thread && !(flags & CLONE_SIGHAND)) || ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM)))
        return -EINVAL;
    struct proc *child = new_proc();
    if (!child)
        return -EAGAIN;
    if (!share_actions(child, flags) || !share_files(child, flags) ||
        !share_memory(child, flags, (flags & CLONE_CHILD_SETTID) ? child_tid : 0)) {
        unmake(child);
        return -ENOMEM;
    }
    join_family(child, flags);
    frame.rax = 0;
    frame.vector = TRAP_EVENT;
    if (stack)
        frame.rsp = stack;
    if (flags & CLONE_SETTLS)
        child->fs_base = tls;
    if (flags & CLONE_CHILD_CLEARTID)
        child->clear_tid = child_tid;
    plat_fpu_fork(child);
    plat_prepare(child, &frame);
    int pid = child->pid;
    if (flags & CLONE_PARENT_SETTID)
        user_copy_out(parent_tid, &pid, sizeof(pid));
    sched_ready(child);
    if (flags & CLONE_VFORK)
        wait_for_vfork(child);
    return pid;
}

/* ---- A new program ---- */

/* The other threads of the process end; they do so on their own, when they are on their way to user mode. */
static void end_other_threads(struct proc *leader)
{
    for (unsigned i = 0; i < PROC_MAX; i++) {
        struct proc *p = &table[i];
        if (p == proc_current || p->leader != leader || !p->mm)
            continue;
        p->has_signal = true;
        if (!p->is_vfork_waiting)
            sched_wake(p);
    }
}

int proc_exec(struct trap_frame *f, struct inode *exe, const char *path, const struct proc_args *args)
{
    struct proc *p = proc_current;
    struct mm *old = p->mm, *mm = mm_new();
    struct elf_start start;

    if (p->leader != p || p->nr_threads != 1) {
        if (mm)
            mm_put(mm);
        return -EAGAIN; /* a process of several threads cannot exec here */
    }
    if (!mm)
        return -ENOMEM;
    int rc = elf_load(mm, exe, path, args, &start);
    if (rc) {
        mm_put(mm);
        return rc;
    }
    mm_set_exe(mm, exe, path);
    plat_pt_make_live(&mm->pt);
    p->mm = mm;
    p->fs_base = p->gs_base = p->clear_tid = 0;
    p->stack_bytes = 0;
    set_name(p, path);
    files_exec(p->files);
    signal_exec(p);
    plat_load_pt(&mm->pt);
    plat_set_fs(0);
    plat_set_gs(0);
    plat_fpu_reset();
    end_vfork(p);
    if (old)
        mm_put(old);
    plat_user_frame(f, start.entry, start.stack);
    f->vector = TRAP_EVENT;
    return 0;
}

/* ---- Death ---- */

/* Process 1 inherits the children of the dead; those that are dead already it can wait for as well. */
static void orphan_children(struct proc *p)
{
    struct proc *init = &table[0];

    while (p->first_child) {
        struct proc *child = p->first_child;
        p->first_child = child->next_sibling;
        adopt(init, child);
        if (child->state == PROC_ZOMBIE)
            sched_wake_all(&init->child_died);
    }
}

/* As a shell has it: 128 and the signal for a program that a signal ended. */
static unsigned exit_code(int wait_status)
{
    return (wait_status & 0x7f) ? 128u + (wait_status & 0x7f) : (unsigned)wait_status >> 8 & 0xff;
}

static _Noreturn void end_machine(const struct proc *p)
{
    log_line("guest: process 1 (%s) ended with status 0x%x\n", p->name, (unsigned)p->wait_status);
    plat_shutdown(p->wait_status ? PLAT_END_FAILED : PLAT_END_POWEROFF, exit_code(p->wait_status));
}

static void leave_memory(struct proc *p)
{
    struct mm *mm = p->mm;

    if (p->clear_tid) {
        static const uint32_t zero;
        user_copy_out(p->clear_tid, &zero, sizeof(zero));
        futex_wake(p->clear_tid, 1, ~0u);
    }
    end_vfork(p);
    plat_load_pt(NULL);
    p->mm = NULL;
    mm_put(mm);
}

static void tell_parent(struct proc *leader)
{
    struct proc *parent = leader->parent;

    leader->state = PROC_ZOMBIE;
    if (leader->exit_signal)
        signal_send(parent, leader->exit_signal, true);
    sched_wake_all(&parent->child_died);
}

void proc_exit_thread(int code)
{
    struct proc *p = proc_current, *leader = p->leader;

    if (leader->nr_threads == 1 && !leader->is_ending)
        leader->wait_status = code << 8;
    if (leader->pid == 1 && leader->nr_threads == 1)
        end_machine(leader);
    files_put(p->files);
    if (p->actions)
        signal_put_actions(p->actions);
    leave_memory(p);
    p->state = p == leader ? PROC_BLOCKED : PROC_DEAD; /* a leader stays until all are gone */
    p->wake_ns = 0;
    p->has_signal = false;
    p->actions = NULL;
    if (--leader->nr_threads == 0) {
        sched_alarm(leader, 0, 0);
        orphan_children(leader);
        tell_parent(leader);
    }
    sched_exit();
}

void proc_exit_group(int wait_status)
{
    struct proc *leader = proc_current->leader;

    if (!leader->is_ending) {
        leader->is_ending = true;
        leader->wait_status = wait_status;
        if (leader->pid == 1)
            end_machine(leader);
        if (leader->nr_threads > 1)
            end_other_threads(leader);
    }
    proc_exit_thread(0);
}

static int reap(struct proc **link, int *wait_status)
{
    struct proc *p = *link;

    *link = p->next_sibling;
    *wait_status = p->wait_status;
    page_free(p->kstack);
    p->state = PROC_FREE;
    return p->pid;
}

int64_t proc_wait(int pid, bool no_hang, int *wait_status)
{
    struct proc *p = proc_current->leader;

    for (;;) {
        bool has_match = false;
        for (struct proc **link = &p->first_child; *link; link = &(*link)->next_sibling) {
            if (pid > 0 && (*link)->pid != pid)
                continue;
            has_match = true;
            if ((*link)->state == PROC_ZOMBIE)
                return reap(link, wait_status);
        }
        if (!has_match)
            return -ECHILD;
        if (no_hang)
            return 0;
        sched_block(&p->child_died, 0);
        if (proc_current->has_signal)
            return -ERESTARTSYS;
    }
}
