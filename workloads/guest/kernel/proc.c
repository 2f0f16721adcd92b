/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: birth, program change, death and its report. See proc.h for the states. */
#include "kernel/proc.h"
#include "kernel/elf.h"
#include "kernel/lib.h"
#include "kernel/page.h"

static struct proc table[PROC_MAX];
static int last_pid;
struct proc *proc_current;

struct proc *proc_table(unsigned i)
{
    return &table[i];
}

static struct proc *new_proc(void)
{
    static unsigned hint;

    for (unsigned i = 0; i < PROC_MAX; i++) {
        struct proc *p = &table[(hint + i) % PROC_MAX];
        if (p->state != PROC_FREE)
            continue;
        memset(p, 0, sizeof(*p));
        p->kstack = page_alloc();
        if (!p->kstack)
            return NULL;
        hint = (unsigned)(p - table) + 1;
        p->pid = ++last_pid;
        return p;
    }
    return NULL;
}

static void set_name(struct proc *p, const char *name)
{
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

void proc_start_first(const struct file_image *exe, unsigned argc, char *const argv[])
{
    static char strings[ELF_ARGS_BYTES];
    struct proc *p = new_proc();
    struct trap_frame f;
    size_t used = 0;

    for (unsigned i = 0; i < argc; i++) {
        size_t n = strlen(argv[i]) + 1;
        if (used + n > sizeof(strings))
            panic("the command line is too long");
        memcpy(strings + used, argv[i], n);
        used += n;
    }
    if (!p || file_open_console(p->files))
        panic("no memory for process 1");
    proc_current = p;
    p->state = PROC_RUNNING;
    p->slice = sched_slice(p->nice);
    int rc = proc_exec(&f, exe, strings, argc);
    if (rc)
        panic("cannot start %s: error %d", exe->name, -rc);
    plat_prepare(p, &f);
    sched_start();
    plat_switch(NULL, p);
    panic("process 1 was not started");
}

int64_t proc_fork(const struct trap_frame *f)
{
    struct proc *parent = proc_current, *child = new_proc();

    if (!child)
        return -EAGAIN;
    child->mm = mm_fork(parent->mm);
    if (!child->mm) {
        page_free(child->kstack);
        return -ENOMEM;
    }
    child->fs_base = parent->fs_base;
    child->nice = parent->nice;
    child->exe = parent->exe;
    memcpy(child->name, parent->name, PROC_NAME);
    file_share_all(child->files, parent->files);
    adopt(parent, child);
    plat_prepare(child, f);
    sched_ready(child);
    return child->pid;
}

int proc_exec(struct trap_frame *f, const struct file_image *exe, char *strings, unsigned argc)
{
    struct proc *p = proc_current;
    struct mm *old = p->mm, *mm = mm_new();
    struct elf_start start;

    if (!mm)
        return -ENOMEM;
    int rc = elf_load(mm, exe, strings, argc, &start);
    if (rc) {
        mm_free(mm);
        return rc;
    }
    plat_pt_make_live(&mm->pt);
    p->mm = mm;
    p->exe = exe;
    p->fs_base = 0;
    set_name(p, argc ? strings : exe->name);
    plat_load_pt(&mm->pt);
    plat_set_fs(0);
    if (old)
        mm_free(old);
    plat_user_frame(f, start.entry, start.stack);
    return 0;
}

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

void proc_exit(int wait_status)
{
    struct proc *p = proc_current;
    struct mm *mm = p->mm;

    if (p->pid == 1) {
        kprintf("guest: process 1 (%s) ended with status 0x%x\n", p->name, (unsigned)wait_status);
        plat_shutdown(wait_status ? PLAT_END_FAILED : PLAT_END_POWEROFF, exit_code(wait_status));
    }
    file_close_all(p->files);
    plat_load_pt(NULL);
    p->mm = NULL;
    mm_free(mm);
    orphan_children(p);
    p->wait_status = wait_status;
    p->state = PROC_ZOMBIE;
    sched_wake_all(&p->parent->child_died);
    sched_exit();
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
    struct proc *p = proc_current;

    for (;;) {
        bool has_match = false;
        for (struct proc **link = &p->first_child; *link; link = &(*link)->next_sibling) {
            if (pid != -1 && (*link)->pid != pid)
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
    }
}
