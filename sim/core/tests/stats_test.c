/* SPDX-License-Identifier: Apache-2.0 */
/* The registry's order, names and marks. Could lie about a real .def: none is included here, two rows are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib.h>
#include "sim/core/stats.h"

static void collect(void *opaque, const char *name, const struct stats_row *row, uint64_t value)
{
    g_string_append_printf(opaque, "%s[%s]=%" G_GUINT64_FORMAT " ", name, row->unit, value);
}

static void order_names_and_marks(void **state)
{
    static const struct stats_row rows[] = {STATS_ROW(hits, "count", "hits") STATS_ROW(wait, "cycles", "waiting")};
    uint64_t a[2] = {1, 2}, b[2] = {10, 20};
    struct stats *s = stats_new();
    GString *out = g_string_new(NULL);

    (void)state;
    stats_add(s, "z", rows, 2, a);
    stats_add(s, "a", rows, 2, b);
    stats_foreach(s, collect, out);
    assert_string_equal(out->str, "z.hits[count]=1 z.wait[cycles]=2 a.hits[count]=10 a.wait[cycles]=20 ");
    stats_mark(s);
    a[1] = 5;
    b[0] = 11;
    g_string_truncate(out, 0);
    stats_foreach(s, collect, out);
    assert_string_equal(out->str, "z.hits[count]=0 z.wait[cycles]=3 a.hits[count]=1 a.wait[cycles]=0 ");
    g_string_free(out, TRUE);
    stats_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(order_names_and_marks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
