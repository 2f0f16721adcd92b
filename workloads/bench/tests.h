/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of guest-tests, one function a row of tests.def: true is a pass. */
#pragma once

#include "lib/bench.h"

#define TEST_EXEC_WORD "exec-me" /* as first argument, the program just exits with: */
#define TEST_EXEC_CODE 42

#define TEST(name, fn) bool fn(void);
#include "tests.def"
#undef TEST

/* The status wait4 reports for a child that exited, or died by a signal (the core bit aside). */
#define STATUS_EXIT(code) ((code) << 8)
#define STATUS_SIGNAL(s)  ((s)&0x7f)
#define SIGSEGV           11

/* Runs @fn in a child, which exits with its result; the child's status. */
static inline int test_in_child(int (*fn)(void))
{
    long pid = bench_fork();

    if (!pid)
        bench_exit(fn());
    return bench_wait(pid) & ~0x80;
}
