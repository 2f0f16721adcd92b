/* SPDX-License-Identifier: Apache-2.0 */
/* guest-tests: signal handlers. */
#include "tests.h"

#define SIGUSR1     10
#define SA_SIGINFO  0x4ul
#define SA_RESTORER 0x04000000ul
#define SA_ONSTACK  0x08000000ul
#define SA_RESTART  0x10000000ul

struct action {
    void (*handler)(int signal, void *info, void *context);
    uint64_t flags;
    void (*restorer)(void);
    uint64_t mask;
};

void test_signal_return(void);
__asm__("test_signal_return: mov $15, %eax\n syscall\n");

static volatile int seen_signal;
static volatile uint64_t seen_address, seen_stack;

static void note(int signal, void *info, void *context)
{
    (void)context;
    seen_signal = signal;
    seen_address = ((uint64_t *)info)[2];
    seen_stack = (uint64_t)__builtin_frame_address(0);
    if (signal == SIGSEGV)
        SYSCALL3(mprotect, seen_address & ~(PAGE_SIZE - 1), PAGE_SIZE, PROT_READ_WRITE);
}

static bool handle(int signal, uint64_t flags)
{
    struct action a = {note, flags | SA_SIGINFO | SA_RESTORER, test_signal_return, 0};

    seen_signal = 0;
    return SYSCALL4(rt_sigaction, signal, &a, 0, 8) == 0;
}

static bool unhandle(int signal)
{
    struct action a = {0};

    return SYSCALL4(rt_sigaction, signal, &a, 0, 8) == 0;
}

/* The handler runs before kill returns, and every register survives it. */
bool test_signal_handler(void)
{
    uint64_t sum;

    if (!handle(SIGUSR1, 0))
        return false;
    __asm__ volatile("mov $0x11, %%ebx\n mov $0x22, %%r12d\n mov $0x33, %%r13d\n mov $0x44, %%r8d\n mov $0x55, %%r9d\n"
                     "mov $0x66, %%r10d\n mov $62, %%eax\n syscall\n"
                     "add %%r12, %%rbx\n add %%r13, %%rbx\n add %%r8, %%rbx\n add %%r9, %%rbx\n add %%r10, %%rbx\n"
                     "add %%rbx, %%rax\n"
                     : "=a"(sum)
                     : "D"(SYSCALL0(getpid)), "S"((long)SIGUSR1)
                     : "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "memory");
    return seen_signal == SIGUSR1 && sum == 0x11 + 0x22 + 0x33 + 0x44 + 0x55 + 0x66 && unhandle(SIGUSR1);
}

/* A handler that mends the fault: the access is made again. */
bool test_signal_fault(void)
{
    volatile uint64_t *p = bench_map(PAGE_SIZE);

    if (!handle(SIGSEGV, 0) || SYSCALL3(mprotect, p, PAGE_SIZE, 1))
        return false;
    p[3] = 77;
    bool ok = seen_signal == SIGSEGV && seen_address == (uint64_t)&p[3] && p[3] == 77;
    bench_unmap((void *)(uintptr_t)p, PAGE_SIZE);
    return unhandle(SIGSEGV) && ok;
}

/* What a read that waits returns when a signal comes, and what comes after it. */
static long interrupted_read(uint64_t flags)
{
    int64_t nap[2] = {0, 20000000};
    long parent = SYSCALL0(getpid), n;
    int fds[2];
    char byte;

    if (!handle(SIGUSR1, flags) || SYSCALL1(pipe, fds))
        return -1;
    long pid = bench_fork();
    if (!pid) {
        SYSCALL2(nanosleep, nap, 0);
        SYSCALL2(kill, parent, SIGUSR1);
        SYSCALL2(nanosleep, nap, 0);
        bench_exit(SYSCALL3(write, fds[1], "x", 1) == 1 ? 0 : 1);
    }
    n = SYSCALL3(read, fds[0], &byte, 1);
    int status;
    while (SYSCALL4(wait4, pid, &status, 0, 0) == -4) /* the signal may come as late as this */
        ;
    SYSCALL1(close, fds[0]);
    SYSCALL1(close, fds[1]);
    return seen_signal == SIGUSR1 && status == 0 ? n : -1;
}

bool test_signal_restart(void)
{
    return interrupted_read(0) == -4 && interrupted_read(SA_RESTART) == 1 && unhandle(SIGUSR1);
}

bool test_signal_stack(void)
{
    static uint8_t stack[16384];
    struct {
        void *base;
        uint64_t flags;
        size_t bytes;
    } s = {stack, 0, sizeof(stack)}, off = {0, 2 /* SS_DISABLE */, 0};
    bool ok = SYSCALL2(sigaltstack, &s, 0) == 0 && handle(SIGUSR1, SA_ONSTACK);

    SYSCALL2(kill, SYSCALL0(getpid), SIGUSR1);
    ok = ok && seen_stack - (uint64_t)stack < sizeof(stack);
    return SYSCALL2(sigaltstack, &off, 0) == 0 && unhandle(SIGUSR1) && ok;
}
