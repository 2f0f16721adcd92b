/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show-files WORD [ARGS]: small things with files and streams, for tests of how a program is started and ended.
 *
 *     show FILES     their contents; 1 if one is missing      copy       standard input to standard output
 *     append FILE    adds a line, then shows it               streams    lines on both outputs
 *     env            the environment                          unknown    two system calls that do not exist
 *     exit N         exits so    fault, kill  ends by a signal    spin   never ends
 *     pause          waits for ever                       hog        takes all memory
 */
#include "lib/bench.h"

static char buffer[4096];

static bool copy(long fd)
{
    long n;

    while ((n = SYSCALL3(read, fd, buffer, sizeof(buffer))) > 0)
        if (SYSCALL3(write, 1, buffer, n) != n)
            return false;
    return n == 0;
}

static int show(char **paths)
{
    for (; *paths; paths++) {
        long fd = SYSCALL3(open, *paths, 0, 0);
        if (fd < 0 || !copy(fd))
            return 1;
        SYSCALL1(close, fd);
    }
    return 0;
}

static int append(char **paths)
{
    long fd = SYSCALL3(open, paths[0], 02001 /* O_WRONLY | O_APPEND */, 0);

    return SYSCALL3(write, fd, "more\n", 5) == 5 ? show(paths) : 1;
}

static int streams(void)
{
    SYSCALL3(write, 1, "out\n", 4);
    SYSCALL3(write, 2, "err\n", 4);
    SYSCALL3(write, 1, "out again\n", 10);
    return 0;
}

static int env(char **words)
{
    while (*words++)
        ;
    for (; *words; words++) {
        bench_put(*words);
        bench_end_line();
    }
    return 0;
}

static int unknown(void)
{
    for (unsigned i = 0; i < 2; i++) {
        bench_put("-");
        bench_put_number((uint64_t)-syscall6(450, 0, 0, 0, 0, 0, 0), 10);
        bench_end_line();
    }
    return 0;
}

static _Noreturn void spin(void)
{
    for (;;)
        __asm__ volatile("pause");
}

static _Noreturn void hog(void)
{
    for (;;)
        *(volatile uint64_t *)bench_map(PAGE_SIZE) = 1;
}

static int fault(void)
{
    uintptr_t nowhere = 8;

    __asm__ volatile("" : "+r"(nowhere));
    return *(volatile int *)nowhere;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";

    if (bench_equal(word, "show"))
        return show(argv + 2);
    if (bench_equal(word, "append"))
        return append(argv + 2);
    if (bench_equal(word, "copy"))
        return copy(0) ? 0 : 1;
    if (bench_equal(word, "streams"))
        return streams();
    if (bench_equal(word, "env"))
        return env(argv);
    if (bench_equal(word, "unknown"))
        return unknown();
    if (bench_equal(word, "exit"))
        return argv[2][0] - '0';
    if (bench_equal(word, "fault"))
        return fault();
    if (bench_equal(word, "kill"))
        return (int)SYSCALL2(kill, SYSCALL0(getpid), 9);
    if (bench_equal(word, "spin"))
        spin();
    if (bench_equal(word, "pause"))
        return (int)SYSCALL0(pause);
    if (bench_equal(word, "hog"))
        hog();
    return 99;
}
