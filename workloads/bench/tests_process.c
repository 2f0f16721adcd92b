/* SPDX-License-Identifier: Apache-2.0 */
/* guest-tests: several processes: fork, wait, copy on write, exec, pipes, scheduling. */
#include "tests.h"

#define ECHILD 10

static int exit_7(void)
{
    return 7;
}

static int exit_0(void)
{
    return 0;
}

bool test_fork_status(void)
{
    return test_in_child(exit_7) == STATUS_EXIT(7) && test_in_child(exit_0) == STATUS_EXIT(0);
}

static int do_ud2(void)
{
    __asm__ volatile("ud2");
    return 0;
}

static int do_int3(void)
{
    __asm__ volatile("int3");
    return 0;
}

static int do_divide(void)
{
    __asm__ volatile("xor %%eax, %%eax\n xor %%edx, %%edx\n xor %%ecx, %%ecx\n div %%ecx" ::
                         : "eax", "ecx", "edx", "cc");
    return 0;
}

static int do_hlt(void)
{
    __asm__ volatile("hlt");
    return 0;
}

bool test_fork_signals(void)
{
    enum { SIGILL = 4, SIGTRAP = 5, SIGFPE = 8 };

    return test_in_child(do_ud2) == STATUS_SIGNAL(SIGILL) && test_in_child(do_int3) == STATUS_SIGNAL(SIGTRAP) &&
           test_in_child(do_divide) == STATUS_SIGNAL(SIGFPE) && test_in_child(do_hlt) == STATUS_SIGNAL(SIGSEGV);
}

bool test_wait_errors(void)
{
    int status;

    return SYSCALL4(wait4, -1, &status, 0, 0) == -ECHILD && SYSCALL4(wait4, 12345678, &status, 1, 0) == -ECHILD;
}

static volatile uint64_t shared_word = 1;

static int change_shared(void)
{
    if (shared_word != 1)
        return 1;
    shared_word = 2;
    return shared_word == 2 ? 0 : 1;
}

bool test_cow_isolation(void)
{
    bool ok = test_in_child(change_shared) == STATUS_EXIT(0) && shared_word == 1;
    long pid = bench_fork();

    if (!pid) {
        SYSCALL0(sched_yield); /* the parent writes first, or not: both must work */
        bench_exit(shared_word == 1 ? 0 : 1);
    }
    shared_word = 3;
    ok = ok && bench_wait(pid) == STATUS_EXIT(0) && shared_word == 3;
    shared_word = 1;
    return ok;
}

/* A grandchild and its parent change the same page; each sees its own value. */
static int cow_middle(void)
{
    shared_word = 10;
    long pid = bench_fork();
    if (!pid) {
        bool ok = shared_word == 10;
        shared_word = 11;
        bench_exit(ok && shared_word == 11 ? 0 : 1);
    }
    bool ok = bench_wait(pid) == STATUS_EXIT(0) && shared_word == 10;
    return ok ? 0 : 1;
}

bool test_cow_chain(void)
{
    return test_in_child(cow_middle) == STATUS_EXIT(0) && shared_word == 1;
}

static uint8_t target[4096] __attribute__((aligned(4096))) = {1};

static int read_into_target(void)
{
    long fd = SYSCALL3(open, "/dev/zero", 0, 0);

    return SYSCALL3(read, fd, target, 8) == 8 && target[0] == 0 ? 0 : 1;
}

/* The kernel's own write to a shared page must copy it as well. */
bool test_cow_into_kernel(void)
{
    return test_in_child(read_into_target) == STATUS_EXIT(0) && target[0] == 1;
}

bool test_pid_unique(void)
{
    long pids[20], self = SYSCALL0(getpid);
    bool ok = true;

    for (unsigned i = 0; i < 20; i++) {
        pids[i] = bench_fork();
        if (!pids[i])
            bench_exit(SYSCALL0(getpid) != self && SYSCALL0(getppid) == self ? 0 : 1);
        for (unsigned k = 0; k < i; k++)
            ok = ok && pids[k] != pids[i];
    }
    for (unsigned i = 0; i < 20; i++)
        ok = bench_wait(pids[i]) == STATUS_EXIT(0) && ok;
    return ok;
}

bool test_many_processes(void)
{
    int status, seen = 0;

    for (int i = 0; i < 50; i++)
        if (!bench_fork()) {
            volatile uint64_t *p = bench_map(4 * PAGE_SIZE);
            p[0] = p[512] = (uint64_t)i;
            SYSCALL0(sched_yield);
            bench_exit(p[0] == (uint64_t)i && p[512] == (uint64_t)i ? i : 99);
        }
    for (int i = 0; i < 50; i++) {
        status = -1;
        if (SYSCALL4(wait4, -1, &status, 0, 0) <= 0)
            return false;
        seen += status >> 8;
    }
    return seen == 49 * 50 / 2;
}

static int leave_orphan(void)
{
    if (!bench_fork()) {
        SYSCALL0(sched_yield);
        bench_exit(0);
    }
    return 5;
}

bool test_orphans(void)
{
    for (unsigned i = 0; i < 5; i++)
        if (test_in_child(leave_orphan) != STATUS_EXIT(5))
            return false;
    /* As process 1 we inherit them: not a mistake, but to be reaped, or wait-errors would see them. */
    int status;
    for (unsigned i = 0; SYSCALL0(getpid) == 1 && i < 5; i++)
        if (SYSCALL4(wait4, -1, &status, 0, 0) <= 0)
            return false;
    return true;
}

static int exec_self(void)
{
    const char *argv[] = {"guest-tests", TEST_EXEC_WORD, NULL};
    const char *envp[] = {NULL};

    SYSCALL3(execve, "/proc/self/exe", argv, envp);
    return 1;
}

bool test_exec(void)
{
    return test_in_child(exec_self) == STATUS_EXIT(TEST_EXEC_CODE);
}

bool test_exec_errors(void)
{
    const char *argv[] = {"x", NULL};

    return SYSCALL3(execve, "/none-such", argv, argv + 1) == -2 && SYSCALL3(execve, 8, argv, argv + 1) == -14;
}

bool test_pipe(void)
{
    int fds[2];
    char text[8] = {0};

    if (SYSCALL1(pipe, fds))
        return false;
    long pid = bench_fork();
    if (!pid) {
        SYSCALL1(close, fds[0]);
        bench_exit(SYSCALL3(write, fds[1], "hello", 5) == 5 ? 0 : 1);
    }
    SYSCALL1(close, fds[1]);
    bool ok = SYSCALL3(read, fds[0], text, 8) == 5 && bench_equal(text, "hello");
    ok = bench_wait(pid) == STATUS_EXIT(0) && ok;
    ok = ok && SYSCALL3(read, fds[0], text, 8) == 0; /* no writer left: end of file */
    SYSCALL1(close, fds[0]);
    return ok;
}

/* Far more than a pipe holds: both sides have to wait for each other. */
static int write_large(int fd)
{
    uint8_t *p = bench_map(PAGE_SIZE);

    for (unsigned i = 0; i < 100; i++) {
        memset(p, (int)i, PAGE_SIZE);
        if (SYSCALL3(write, fd, p, 1000 + i) != 1000 + i)
            return 1;
    }
    return 0;
}

bool test_pipe_large(void)
{
    static uint8_t chunk[777];
    uint64_t sum = 0, expected = 0;
    int fds[2];
    long n;

    if (SYSCALL1(pipe, fds))
        return false;
    long pid = bench_fork();
    if (!pid)
        bench_exit(write_large(fds[1]));
    SYSCALL1(close, fds[1]);
    while ((n = SYSCALL3(read, fds[0], chunk, sizeof(chunk))) > 0)
        for (long i = 0; i < n; i++)
            sum += chunk[i];
    SYSCALL1(close, fds[0]);
    for (uint64_t i = 0; i < 100; i++)
        expected += i * (1000 + i);
    return bench_wait(pid) == STATUS_EXIT(0) && sum == expected;
}

/* Two processes pass a counter back and forth: each step is a context switch. */
bool test_ping_pong(void)
{
    enum { ROUNDS = 200 };
    int there[2], back[2];
    uint64_t v = 0;

    if (SYSCALL1(pipe, there) || SYSCALL1(pipe, back))
        return false;
    long pid = bench_fork();
    if (!pid) {
        for (unsigned i = 0; i < ROUNDS; i++) {
            if (SYSCALL3(read, there[0], &v, 8) != 8)
                bench_exit(1);
            v++;
            SYSCALL3(write, back[1], &v, 8);
        }
        bench_exit(0);
    }
    bool ok = true;
    for (unsigned i = 0; ok && i < ROUNDS; i++) {
        SYSCALL3(write, there[1], &v, 8);
        uint64_t sent = v;
        ok = SYSCALL3(read, back[0], &v, 8) == 8 && v == sent + 1;
    }
    for (unsigned i = 0; i < 2; i++) {
        SYSCALL1(close, there[i]);
        SYSCALL1(close, back[i]);
    }
    return bench_wait(pid) == STATUS_EXIT(0) && ok && v == ROUNDS;
}

static int64_t now_ns(void)
{
    int64_t t[2] = {0, 0};

    SYSCALL2(clock_gettime, 1 /* CLOCK_MONOTONIC */, t);
    return t[0] * 1000000000 + t[1];
}

static uint64_t read_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* Spins for @ns without a system call, and a little longer, so that an interrupt that is due gets in. */
static void spin(uint64_t ns)
{
    int64_t nap[2] = {0, 2000000}, start_ns = now_ns();
    uint64_t start = read_tsc();

    SYSCALL2(nanosleep, nap, 0);
    uint64_t cycles = (read_tsc() - start) * ns / (uint64_t)(now_ns() - start_ns);
    start = read_tsc();
    while (read_tsc() - start < cycles)
        ;
    for (volatile unsigned i = 0; i < 100000; i++)
        ;
}

/*
 * A process that makes no system call must share the CPU all the same: its child is done when it stops spinning. At
 * nice 19 a slice is 5 ms on Linux, one tick of 10 ms on the guest kernel.
 */
static int be_preempted(void)
{
    if (SYSCALL3(setpriority, 0, 0, 19) || SYSCALL2(getpriority, 0, 0) != 1)
        return 2;
    long pid = bench_fork();

    if (!pid)
        bench_exit(3);
    spin(16000000);
    int status = -1;
    return SYSCALL4(wait4, pid, &status, 1 /* WNOHANG */, 0) == pid && status == STATUS_EXIT(3) ? 0 : 1;
}

bool test_preemption(void)
{
    return test_in_child(be_preempted) == STATUS_EXIT(0);
}
