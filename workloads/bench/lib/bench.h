/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The little a benchmark program stands on: Linux system calls and lines on standard output. No C library, no SSE, no
 * thread-local storage, so that a program runs alike on a host Linux and in the guest kernel, under any hypervisor.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- System calls: number, then what the kernel returned (a negated error number below 0) ---- */
enum {
    SYS_read = 0,
    SYS_write = 1,
    SYS_open = 2,
    SYS_close = 3,
    SYS_fstat = 5,
    SYS_lstat = 6,
    SYS_poll = 7,
    SYS_lseek = 8,
    SYS_mmap = 9,
    SYS_mprotect = 10,
    SYS_munmap = 11,
    SYS_brk = 12,
    SYS_rt_sigaction = 13,
    SYS_pread64 = 17,
    SYS_writev = 20,
    SYS_access = 21,
    SYS_pipe = 22,
    SYS_sched_yield = 24,
    SYS_mremap = 25,
    SYS_dup = 32,
    SYS_dup2 = 33,
    SYS_pause = 34,
    SYS_nanosleep = 35,
    SYS_getpid = 39,
    SYS_clone = 56,
    SYS_fork = 57,
    SYS_execve = 59,
    SYS_exit = 60,
    SYS_wait4 = 61,
    SYS_kill = 62,
    SYS_uname = 63,
    SYS_fcntl = 72,
    SYS_ftruncate = 77,
    SYS_getcwd = 79,
    SYS_chdir = 80,
    SYS_rename = 82,
    SYS_mkdir = 83,
    SYS_rmdir = 84,
    SYS_unlink = 87,
    SYS_symlink = 88,
    SYS_readlink = 89,
    SYS_getppid = 110,
    SYS_sigaltstack = 131,
    SYS_getpriority = 140,
    SYS_setpriority = 141,
    SYS_arch_prctl = 158,
    SYS_gettid = 186,
    SYS_futex = 202,
    SYS_getdents64 = 217,
    SYS_clock_gettime = 228,
    SYS_exit_group = 231,
};

static inline long syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#define SYSCALL0(nr)             syscall6(SYS_##nr, 0, 0, 0, 0, 0, 0)
#define SYSCALL1(nr, a)          syscall6(SYS_##nr, (long)(a), 0, 0, 0, 0, 0)
#define SYSCALL2(nr, a, b)       syscall6(SYS_##nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define SYSCALL3(nr, a, b, c)    syscall6(SYS_##nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define SYSCALL4(nr, a, b, c, d) syscall6(SYS_##nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

#define PAGE_SIZE 4096ul

#define PROT_READ_WRITE  3
#define MAP_PRIVATE_ANON 0x22
#define MAP_FIXED        0x10

/* Fresh private zero pages anywhere, or at @where; ends the program with a message if the kernel has none. */
void *bench_map(size_t bytes);
void *bench_map_at(void *where, size_t bytes);
void bench_unmap(void *where, size_t bytes);

/* fork, and wait for one child: its status as wait4 reports it. Both end the program if the kernel refuses. */
long bench_fork(void);
int bench_wait(long pid);
_Noreturn void bench_exit(int code);

/* ---- Output: a line is gathered and written by one system call ---- */
void bench_put(const char *s);
void bench_put_number(uint64_t v, unsigned base);
void bench_end_line(void);

/* "@result NAME VALUE UNIT"; base 10 or 16. */
void bench_result(const char *name, uint64_t value, unsigned base, const char *unit);
/* "@test NAME pass|fail". */
void bench_test(const char *name, bool is_pass);
/* Says why on standard output and exits with 2. */
_Noreturn void bench_die(const char *why);

/* ---- Arguments ---- */
/* The decimal number of a word "NAME=number"; @fallback if no such word is there; bad words end the program. */
uint64_t bench_option(int argc, char **argv, const char *name, uint64_t fallback);

bool bench_equal(const char *a, const char *b);
void *memset(void *dst, int byte, size_t n);
void *memcpy(void *dst, const void *src, size_t n);

int main(int argc, char **argv);
_Noreturn void bench_start(long *stack);
