/* SPDX-License-Identifier: Apache-2.0 */
/* guest-tests: threads, futexes, vfork. */
#include "tests.h"

#define CLONE_THREAD_FLAGS 0x50f00ul  /* VM FS FILES SIGHAND THREAD SYSVSEM */
#define CLONE_TIDS         0x300000ul /* PARENT_SETTID CHILD_CLEARTID */
#define CLONE_VFORK_FLAGS  (0x4100ul | 17)
#define FUTEX_WAIT         0
#define FUTEX_WAKE         1
#define THREADS            8u
#define STACK_BYTES        8192u

struct thread {
    uint32_t tid;
    void (*run)(struct thread *t);
    uint64_t number;
};

static struct thread threads[THREADS];
static uint32_t lock; /* 0 free, 1 taken, 2 taken and somebody may wait ("Futexes Are Tricky") */
static volatile uint64_t counter;

/* clone() and then @run on the new stack, which holds @t and @run; the parent gets the number. */
long test_clone(uint64_t flags, void *stack, void *parent_tid, void *child_tid);
__asm__("test_clone:\n mov %rcx, %r10\n mov $56, %eax\n syscall\n test %rax, %rax\n jnz 1f\n"
        "xor %ebp, %ebp\n pop %rdi\n pop %rax\n call *%rax\n xor %edi, %edi\n mov $60, %eax\n syscall\n1: ret\n");

static long start(struct thread *t, uint64_t flags)
{
    uint64_t *sp = (uint64_t *)((uint8_t *)bench_map(STACK_BYTES) + STACK_BYTES) - 2;

    sp[0] = (uint64_t)t;
    sp[1] = (uint64_t)t->run;
    return test_clone(flags, sp, &t->tid, &t->tid);
}

static void join(struct thread *t)
{
    uint32_t tid;

    while ((tid = *(volatile uint32_t *)&t->tid))
        SYSCALL4(futex, &t->tid, FUTEX_WAIT, tid, 0);
}

static void take(void)
{
    uint32_t was = 0;

    if (__atomic_compare_exchange_n(&lock, &was, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    while (__atomic_exchange_n(&lock, 2, __ATOMIC_ACQUIRE))
        SYSCALL4(futex, &lock, FUTEX_WAIT, 2, 0);
}

static void give(void)
{
    if (__atomic_exchange_n(&lock, 0, __ATOMIC_RELEASE) == 2)
        SYSCALL3(futex, &lock, FUTEX_WAKE, 1);
}

/* Yields inside the lock, so that the others meet it taken. */
static void count(struct thread *t)
{
    for (unsigned i = 0; i < 50; i++) {
        take();
        uint64_t seen = counter;
        SYSCALL0(sched_yield);
        counter = seen + t->number;
        give();
    }
}

bool test_threads(void)
{
    uint64_t expected = 0;
    bool ok = true;

    counter = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        threads[i] = (struct thread){.run = count, .number = i + 1};
        expected += 50 * (i + 1);
        ok = start(&threads[i], CLONE_THREAD_FLAGS | CLONE_TIDS) > 0 && ok;
    }
    for (unsigned i = 0; i < THREADS; i++)
        join(&threads[i]);
    uint32_t word = 5;
    return ok && counter == expected && SYSCALL4(futex, &word, FUTEX_WAIT, 4, 0) == -11;
}

static void sleep_for_ever(struct thread *t)
{
    SYSCALL4(futex, &t->number, FUTEX_WAIT, 0, 0);
}

static void end_all(struct thread *t)
{
    (void)t;
    SYSCALL0(sched_yield);
    SYSCALL1(exit_group, 6);
}

/* One thread ends the process while others sleep, its first one too. */
static int end_from_thread(void)
{
    for (unsigned i = 0; i < 4; i++) {
        threads[i] = (struct thread){.run = i == 3 ? end_all : sleep_for_ever};
        if (start(&threads[i], CLONE_THREAD_FLAGS) <= 0)
            return 1;
    }
    sleep_for_ever(&threads[0]);
    return 2;
}

bool test_thread_exit(void)
{
    return test_in_child(end_from_thread) == STATUS_EXIT(6);
}

static void change_and_exec(struct thread *t)
{
    const char *argv[] = {"guest-tests", TEST_EXEC_WORD, NULL}, *envp[] = {NULL};

    t->number = 11;
    SYSCALL3(execve, "/proc/self/exe", argv, envp);
    bench_exit(1);
}

/* The child runs in our memory, and we wait until it has another program. */
bool test_vfork(void)
{
    threads[0] = (struct thread){.run = change_and_exec};
    long pid = start(&threads[0], CLONE_VFORK_FLAGS);

    return pid > 0 && threads[0].number == 11 && bench_wait(pid) == STATUS_EXIT(TEST_EXEC_CODE);
}
