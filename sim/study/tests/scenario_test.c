/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenario files: values, axes, order of points, and the message for each way to be wrong. Could lie: messages are
 * compared by the part that a user needs (line, name, what is allowed), not whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include "sim/study/scenario.h"

static struct scenario *load(const char *text, GError **error)
{
    char *path = NULL;
    int fd = g_file_open_tmp("scenario-XXXXXX.conf", &path, NULL);
    assert_true(fd >= 0);
    close(fd);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    struct scenario *s = scenario_load(path, error);
    g_unlink(path);
    g_free(path);
    return s;
}

static void expect_error(const char *text, const char *line, const char *part)
{
    GError *error = NULL;
    assert_null(load(text, &error));
    assert_int_equal(error->code, STUDY_INPUT);
    if (!strstr(error->message, line) || !strstr(error->message, part) || strchr(error->message, '\n'))
        fail_msg("'%s' lacks '%s' or '%s'", error->message, line, part);
    g_error_free(error);
}

static void test_axes_and_order(void **state)
{
    (void)state;
    struct scenario *s = load("# a study\n[domain.u]\ncount = 1..3\nworkload = syscall-mix\n[study]\n"
                              "title = domains, one per core\n[hv]\ntlb-global = off, on\n",
                              NULL);
    assert_non_null(s);
    assert_int_equal(scenario_points(s), 6);
    struct point p = {s, 0};
    char *label = point_label(&p);
    assert_string_equal(label, "hv.tlb-global=off,domain.u.count=1");
    g_free(label);
    p.index = 5;
    label = point_label(&p);
    assert_string_equal(label, "hv.tlb-global=on,domain.u.count=3");
    g_free(label);
    assert_int_equal(point_int(&p, "domain.u", OPTION_domain_count), 3);
    assert_int_equal(point_int(&p, "machine", OPTION_cores), 1);
    assert_string_equal(point_text(&p, "study", OPTION_title), "domains, one per core");
    assert_true(scenario_set(s, "hv.tlb-global=on", NULL));
    assert_int_equal(scenario_points(s), 3);
    scenario_free(s);
}

static void test_errors(void **state)
{
    (void)state;
    expect_error("[machine]\ncore = 3\n", ":2:", "did you mean cores?");
    expect_error("[machne]\n", ":1:", "did you mean [machine]?");
    expect_error("[machine]\n\ncores = 65\n", ":3:", "allowed is 1..64 cores");
    expect_error("[hv]\ntlb-global = maybe\n", ":2:", "off, on");
    expect_error("[hv]\ntlb-global = on\ntlb-global = off\n", ":3:", "line 2");
    expect_error("cores = 1\n", ":1:", "before the first section");
    expect_error("[machine]\nwhat is this\n", ":2:", "neither");
    expect_error("[machine\n", ":1:", "[name]");
    expect_error("[domain.9x]\n", ":1:", "allowed");
    expect_error("[domain.abcdefghijklmnop]\n", ":1:", "allowed");
    expect_error("\xff\xfe\n", ":1:", "UTF-8");
    expect_error("[domain.u]\nkernel = a\tb\n", ":2:", "one word");
}

/* What editors of other systems leave behind means nothing; a zero byte would hide the rest of the file. */
static void test_bytes(void **state)
{
    (void)state;
    struct scenario *s = load("\xef\xbb\xbf[machine]\r\ncores = 3\r\n", NULL);
    assert_non_null(s);
    assert_string_equal(point_text(&(struct point){s, 0}, "machine", OPTION_cores), "3");
    scenario_free(s);
    char *path = NULL;
    close(g_file_open_tmp("scenario-XXXXXX.conf", &path, NULL));
    assert_true(g_file_set_contents(path, "[machine]\n\0[bogus]\n", 19, NULL));
    GError *error = NULL;
    assert_null(scenario_load(path, &error));
    assert_non_null(strstr(error->message, "zero byte"));
    g_error_free(error);
    g_unlink(path);
    g_free(path);
}

static void test_set_errors(void **state)
{
    (void)state;
    static const char *const wrong[] = {"cores=3",
                                        "machine.cores",
                                        "machine.cores=0",
                                        "machine.corse=1",
                                        "domain.q.count=1",
                                        "=1",
                                        "nowhere.at.all=1",
                                        ".=",
                                        "machine.=1",
                                        "study.title=a\nb",
                                        "domain.u.workload=a\nb"};
    struct scenario *s = load("[domain.u]\nworkload = x\n", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        GError *error = NULL;
        assert_false(scenario_set(s, wrong[i], &error));
        assert_int_equal(error->code, STUDY_INPUT);
        g_error_free(error);
    }
    assert_true(scenario_set(s, "domain.u.count = 2..4", NULL));
    assert_int_equal(scenario_points(s), 3);
    scenario_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_axes_and_order),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_set_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
