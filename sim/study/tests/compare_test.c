/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Picking console lines and comparing two consoles. Could lie: the consoles are written here; that guests print such
 * lines is shown by the metal tests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "sim/study/compare.h"

static struct compare_result compare(const char *a, const char *b, GString *out)
{
    GPtrArray *x = console_parse(a), *y = console_parse(b);
    struct compare_result r = compare_consoles(x, y, "a", "b", out);
    g_ptr_array_unref(x);
    g_ptr_array_unref(y);
    return r;
}

static void expect(const char *a, const char *b, guint equal, guint different, guint shown)
{
    GString *out = g_string_new(NULL);
    struct compare_result r = compare(a, b, out);
    assert_int_equal(r.n_equal, equal);
    assert_int_equal(r.n_different, different);
    assert_int_equal(r.n_shown, shown);
    g_string_free(out, TRUE);
}

static void test_parse(void **state)
{
    (void)state;
    GPtrArray *l = console_parse("noise\n(u1) @result checksum 0x12 hash\r\n(hv) booting @ once\n(hv) @done 2 0");
    assert_int_equal(l->len, 2);
    const struct console_line *first = l->pdata[0], *last = l->pdata[1];
    assert_string_equal(first->who, "u1");
    assert_string_equal(first->kind, "result");
    assert_string_equal(first->name, "checksum");
    assert_string_equal(first->rest, "0x12 hash");
    assert_string_equal(last->name, "2");
    g_ptr_array_unref(l);
}

static void test_compare(void **state)
{
    (void)state;
    expect("(u1) @result c 1 hash\n", "(u1) @result c 1 hash\n", 1, 0, 0);
    expect("(u1) @result c 1 hash\n", "(u1) @result c 2 hash\n", 0, 1, 0);
    expect("(u1) @result c 1 hash\n", "", 0, 1, 0);
    expect("", "(u1) @test x pass\n", 0, 1, 0);
    expect("(u1) @result t 1 ns\n", "(u1) @result t 2 ns\n", 0, 0, 1);
    expect("(hv) @counter hypercalls 5\n", "(hv) @counter hypercalls 6\n", 0, 1, 0);
    expect("(hv) @counter timer_irqs 5\n", "(hv) @counter timer_irqs 6\n", 0, 0, 1);
    /* Domains print in any order; lines of one key are paired in order. */
    expect("(u1) @test x pass\n(u2) @test x pass\n", "(u2) @test x pass\n(u1) @test x pass\n", 2, 0, 0);
    expect("(u1) @test x pass\n(u1) @test x fail\n", "(u1) @test x pass\n(u1) @test x pass\n", 1, 1, 0);
    expect("(u1) @test x pass\n", "(u1) @test x pass\n(u1) @test x pass\n", 1, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse), cmocka_unit_test(test_compare)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
