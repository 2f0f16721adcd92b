/* SPDX-License-Identifier: Apache-2.0 */
/* Formatted output against the host's own snprintf. Could lie: only the formats that printk.h promises are compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "hv/include/printk.h"

#define SAME(...)                                                                                                      \
    do {                                                                                                               \
        char ours[128], theirs[128];                                                                                   \
        int n = hv_snprintf(ours, sizeof(ours), __VA_ARGS__);                                                          \
        int m = snprintf(theirs, sizeof(theirs), __VA_ARGS__);                                                         \
        assert_string_equal(ours, theirs);                                                                             \
        assert_int_equal(n, m);                                                                                        \
    } while (0)

static void test_like_the_host(void **state)
{
    (void)state;
    SAME("plain %% text");
    SAME("%d %d %d %i", 0, -1, INT32_MIN, INT32_MAX);
    SAME("%u %x %X", UINT32_MAX, 0xdeadbeefu, 0xdeadbeefu);
    SAME("%lu %ld %lx %llu", UINT64_MAX, INT64_MIN, UINT64_MAX, 5ull);
    SAME("%zu|%zx", (size_t)77, (size_t)0x77);
    SAME("[%8u] [%-8u] [%08u] [%8d] [%08d]", 42u, 42u, 42u, -42, -42);
    SAME("%#x %#lx %#x [%#10x] [%#010x]", 0x10u, 0x1234ul, 0u, 0xabu, 0xabu);
    SAME("[%s] [%10s] [%-10s] [%.2s] [%.*s] [%*s]", "abc", "abc", "abc", "abc", 1, "abc", 5, "abc");
    SAME("%c%c [%3c]", 'a', 'b', 'c');
    SAME("%p", (void *)0x1234);
}

static void test_cut(void **state)
{
    char small[5] = "xxxx";

    (void)state;
    assert_int_equal(hv_snprintf(small, 4, "abcdef"), 6);
    assert_string_equal(small, "abc");
    assert_int_equal(small[4], 0);
    assert_int_equal(hv_snprintf(small, 0, "abcdef"), 6);
    assert_string_equal(small, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_like_the_host),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
