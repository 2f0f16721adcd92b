/* SPDX-License-Identifier: Apache-2.0 */
/* See bench.h. */
#include "lib/bench.h"

static char line[256];
static size_t line_len;

void *memset(void *dst, int byte, size_t n)
{
    void *d = dst;

    __asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(byte) : "memory");
    return dst;
}

void *memcpy(void *dst, const void *src, size_t n)
{
    void *d = dst;

    __asm__ volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(n)::"memory");
    return dst;
}

void bench_exit(int code)
{
    for (;;)
        SYSCALL1(exit_group, code);
}

void bench_put(const char *s)
{
    while (*s && line_len < sizeof(line) - 1)
        line[line_len++] = *s++;
}

void bench_put_number(uint64_t v, unsigned base)
{
    char digits[32];
    unsigned at = sizeof(digits) - 1;

    digits[at] = 0;
    do {
        digits[--at] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    bench_put(&digits[at]);
}

void bench_end_line(void)
{
    line[line_len++] = '\n';
    for (size_t done = 0; done < line_len;) {
        long n = SYSCALL3(write, 1, line + done, line_len - done);
        if (n <= 0)
            bench_exit(2);
        done += (size_t)n;
    }
    line_len = 0;
}

void bench_result(const char *name, uint64_t value, unsigned base, const char *unit)
{
    bench_put("@result ");
    bench_put(name);
    bench_put(" ");
    bench_put_number(value, base);
    bench_put(" ");
    bench_put(unit);
    bench_end_line();
}

void bench_test(const char *name, bool is_pass)
{
    bench_put("@test ");
    bench_put(name);
    bench_put(is_pass ? " pass" : " fail");
    bench_end_line();
}

void bench_die(const char *why)
{
    bench_put("error: ");
    bench_put(why);
    bench_end_line();
    bench_exit(2);
}

void *bench_map_at(void *where, size_t bytes)
{
    long p = syscall6(SYS_mmap, (long)where, (long)bytes, PROT_READ_WRITE, MAP_PRIVATE_ANON | (where ? MAP_FIXED : 0),
                      -1, 0);

    if (p < 0 && p > -4096)
        bench_die("mmap failed");
    return (void *)p;
}

void *bench_map(size_t bytes)
{
    return bench_map_at(NULL, bytes);
}

void bench_unmap(void *where, size_t bytes)
{
    if (SYSCALL2(munmap, where, bytes))
        bench_die("munmap failed");
}

long bench_fork(void)
{
    long pid = SYSCALL0(fork);

    if (pid < 0)
        bench_die("fork failed");
    return pid;
}

int bench_wait(long pid)
{
    int status = -1;

    if (SYSCALL4(wait4, pid, &status, 0, 0) != pid)
        bench_die("wait4 failed");
    return status;
}

bool bench_equal(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* The part of @word behind "NAME=", or NULL. */
static const char *option_value(const char *word, const char *name)
{
    while (*name && *word == *name) {
        word++;
        name++;
    }
    return !*name && *word == '=' ? word + 1 : NULL;
}

uint64_t bench_option(int argc, char **argv, const char *name, uint64_t fallback)
{
    uint64_t v = fallback;

    for (int i = 1; i < argc; i++) {
        const char *digits = option_value(argv[i], name);
        if (!digits)
            continue;
        if (!*digits)
            bench_die("an option has no number");
        for (v = 0; *digits; digits++) {
            if (*digits < '0' || *digits > '9')
                bench_die("an option is not a decimal number");
            v = v * 10 + (uint64_t)(*digits - '0');
        }
    }
    return v;
}

void bench_start(long *stack)
{
    bench_exit(main((int)stack[0], (char **)(stack + 1)));
}
