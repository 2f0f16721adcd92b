/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The option table and its parser. Could lie: it checks rows picked by hand; a wrong default in another row is seen
 * only in docs/OPTIONS.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "sim/study/options.h"

static void expect_list(enum option_id id, const char *value, const char *expected)
{
    GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
    GError *error = NULL;
    gboolean ok = option_parse_list(id, value, out, &error);
    if (!expected) {
        assert_false(ok);
        assert_int_equal(error->code, STUDY_INPUT);
        g_error_free(error);
        g_ptr_array_unref(out);
        return;
    }
    assert_true(ok);
    g_ptr_array_add(out, NULL);
    char *all = g_strjoinv("|", (char **)out->pdata);
    assert_string_equal(all, expected);
    g_free(all);
    g_ptr_array_unref(out);
}

static void test_lists_and_ranges(void **state)
{
    (void)state;
    expect_list(OPTION_cores, "8", "8");
    expect_list(OPTION_cores, " 1 .. 4 , 8", "1|2|3|4|8");
    expect_list(OPTION_cores, "0", NULL);
    expect_list(OPTION_cores, "65", NULL);
    expect_list(OPTION_cores, "4..1", NULL);
    expect_list(OPTION_cores, "1..8, 8", NULL);
    expect_list(OPTION_cores, "eight", NULL);
    expect_list(OPTION_cores, "", NULL);
    expect_list(OPTION_cores, "8,", NULL);
    expect_list(OPTION_domain_cpu, "-1", "-1");
    expect_list(OPTION_tlb_global, "off, on", "off|on");
    expect_list(OPTION_tlb_global, "offf", NULL);
    expect_list(OPTION_domain_privileged, "yes", "on");
    expect_list(OPTION_title, "one, two", "one, two");
    expect_list(OPTION_profile, "a, b", "a|b");
    expect_list(OPTION_profile, "a b", NULL);
}

static void test_sections(void **state)
{
    (void)state;
    assert_int_equal(option_section_find("hv"), OPTION_SECTION_hv);
    assert_int_equal(option_section_find("domain.u"), OPTION_SECTION_domain);
    assert_int_equal(option_section_find("plot"), OPTION_SECTION_plot);
    assert_int_equal(option_section_find("domain"), -1);
    assert_int_equal(option_section_find("domain."), -1);
    assert_int_equal(option_section_of(OPTION_tlb_global), OPTION_SECTION_hv);
    assert_int_equal(option_find(OPTION_SECTION_hv, "tlb-global"), OPTION_tlb_global);
    assert_int_equal(option_find(OPTION_SECTION_hv, "cores"), -1);
}

static void test_defaults_are_allowed(void **state)
{
    (void)state;
    for (int i = 0; i < OPTION_COUNT; i++) {
        enum option_id id = (enum option_id)i;
        if (option_row(id)->type == OPTION_SECTION)
            continue;
        char *text = option_default(id), *again = option_parse(id, text, NULL);
        assert_non_null(again);
        assert_string_equal(text, again);
        g_free(text);
        g_free(again);
    }
}

static void test_nearest(void **state)
{
    (void)state;
    const char *const words[] = {"cores", "profile", "memory_mib", NULL};
    assert_string_equal(study_nearest("core", words), "cores");
    assert_string_equal(study_nearest("profil", words), "profile");
    assert_null(study_nearest("zzzzzzzzzzzz", words));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_and_ranges),
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_defaults_are_allowed),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
