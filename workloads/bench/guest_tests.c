/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest-tests: does the kernel below keep its promises? Each test prints "@test NAME pass|fail"; the exit code is the
 * number of failures. Runs on a host Linux too, where everything must pass: that checks the tests themselves.
 *
 *     guest-tests [only=N]        the N-th test of the table alone, counted from 1
 *
 * How it could lie: a test that ends the program early would hide the rest, so the last line says how many were run;
 * and "stale" can only fail where a TLB entry really survives, which needs user entries to outlive the system call
 * (global user mappings, or a kernel that shares its page tables with user mode) and a TLB with room for it.
 */
#include "hv/abi/marker.h"
#include "lib/bench.h"
#include "tests.h"

static const struct {
    const char *name;
    bool (*run)(void);
} tests[] = {
#define TEST(name, fn) {name, fn},
#include "tests.def"
#undef TEST
};

int main(int argc, char **argv)
{
    uint64_t only = bench_option(argc, argv, "only", 0);
    unsigned nr_tests = sizeof(tests) / sizeof(tests[0]);
    uint64_t failed = 0, run = 0;

    if (argc > 1 && bench_equal(argv[1], TEST_EXEC_WORD))
        bench_exit(TEST_EXEC_CODE);
    HV_MARK(HV_MARK_ROI_BEGIN, 0);
    for (unsigned i = 0; i < nr_tests; i++) {
        if (only && only != i + 1)
            continue;
        bool is_pass = tests[i].run();
        bench_test(tests[i].name, is_pass);
        failed += !is_pass;
        run++;
        HV_MARK(HV_MARK_OPS, 1);
    }
    HV_MARK(HV_MARK_ROI_END, 0);
    bench_result("guest-tests.run", run, 10, "tests");
    bench_result("guest-tests.failed", failed, 10, "tests");
    return (int)failed;
}
