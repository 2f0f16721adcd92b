/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A figure's axes, curves and values. Could lie: values are invented run.json objects; reading real ones is tested in
 * cli/tests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include "sim/study/catalog.h"
#include "sim/study/figure.h"

static struct scenario *load(const char *plot)
{
    char *path = NULL, *text = g_strconcat("[hv]\ntlb-global = off, on\nflush-clock = global, percpu\n[domain.u]\n"
                                           "count = 1, 2, 4\nworkload = x\n",
                                           plot, NULL);
    close(g_file_open_tmp("figure-XXXXXX.conf", &path, NULL));
    assert_true(g_file_set_contents(path, text, -1, NULL));
    struct scenario *s = scenario_load(path, NULL);
    assert_non_null(s);
    g_unlink(path);
    g_free(path);
    g_free(text);
    return s;
}

/* Each point's throughput is its number plus one. */
static void fill(struct table *t, const struct scenario *s)
{
    *t = (struct table){.scenario = s, .n = scenario_points(s)};
    t->run = g_new0(json_t *, t->n);
    for (size_t i = 0; i < t->n; i++)
        t->run[i] = json_pack("{s:f, s:{s:i, s:i, s:i}}", "throughput", (double)i + 1, "ledger", "u1/v0/hv/coherence:a",
                              3, "u1/v0/hv/coherence:other", 1, "u1/v0/user/l1", 4);
}

static void clear(struct table *t)
{
    for (size_t i = 0; i < t->n; i++)
        json_decref(t->run[i]);
    g_free(t->run);
}

static void test_values(void **state)
{
    (void)state;
    struct scenario *s = load("[plot]\nx = domain.u.count\n");
    struct figure *f = figure_new(s, "plot", NULL);
    struct table t;
    double v;
    fill(&t, s);
    assert_int_equal(t.n, 12);
    assert_int_equal(f->n_curves, 4);
    char *name = figure_curve_name(f, 2);
    assert_string_equal(name, "hv.tlb-global=on hv.flush-clock=global");
    g_free(name);
    assert_true(figure_value(f, &t, 2, 0, &v) && v == 3.0);
    assert_true(figure_value(f, &t, 0, 1, &v) && v == 4.0);
    assert_true(figure_value(f, &t, 2, 3, &v) && v == 12.0);
    f->metric = "speedup";
    assert_true(figure_value(f, &t, 2, 1, &v) && v == 6.0 / 4.0);
    f->metric = "share.coherence";
    assert_true(figure_value(f, &t, 0, 0, &v) && v == 0.5);
    f->metric = "share.coherence:a";
    assert_true(figure_value(f, &t, 0, 0, &v) && v == 3.0 / 8.0);
    f->metric = "stats.none";
    assert_false(figure_value(f, &t, 0, 0, &v));
    json_decref(t.run[0]);
    t.run[0] = NULL;
    f->metric = "throughput";
    assert_false(figure_value(f, &t, 0, 0, &v));
    clear(&t);
    figure_free(f);
    scenario_free(s);
}

static void expect_error(const char *plot, const char *part)
{
    GError *error = NULL;
    struct scenario *s = load(plot);
    assert_null(figure_new(s, "plot", &error));
    if (!strstr(error->message, part))
        fail_msg("'%s' lacks '%s'", error->message, part);
    g_error_free(error);
    scenario_free(s);
}

static void test_errors(void **state)
{
    (void)state;
    expect_error("[plot]\nx = domain.v.count\n", "no option");
    expect_error("[plot]\nx = domain.u.count\nseries = hv.tlb-global\n", "hv.flush-clock is an axis");
    expect_error("[plot]\nseries = nothing\n", "no option");
}

static void test_catalog(void **state)
{
    (void)state;
    assert_string_equal(catalog_find("stats.hv.clock_ticks")->unit, "count");
    assert_string_equal(catalog_find("stats.core3.cpu.walks")->name, "cpu.walks");
    assert_string_equal(catalog_find("share.coherence:tlbflush_clock")->name, "coherence");
    assert_string_equal(catalog_find("throughput")->unit, "operations/s");
    assert_null(catalog_find("stats.nothing"));
    assert_null(catalog_find("fun"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_catalog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
