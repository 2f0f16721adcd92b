/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums, order and snapshots of the ledger. Could lie if the sums were taken with the ledger's own loops: the expected
 * numbers are written out by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib.h>
#include "sim/core/ledger.h"

static void leaf(void *opaque, const char *context, enum ledger_cause cause, uint64_t cyc)
{
    g_string_append_printf(opaque, "%s.%s=%" G_GUINT64_FORMAT " ", context, ledger_cause_name(cause), cyc);
}

static void line(void *opaque, const char *context, hpa_t a, uint64_t cyc)
{
    g_string_append_printf(opaque, "%s@%#" G_GINT64_MODIFIER "x=%" G_GUINT64_FORMAT " ", context, a.v, cyc);
}

static void check_text(const struct ledger *l, const char *leaves, const char *lines)
{
    GString *s = g_string_new(NULL);

    ledger_foreach(l, leaf, s);
    assert_string_equal(s->str, leaves);
    g_string_truncate(s, 0);
    ledger_foreach_line(l, line, s);
    assert_string_equal(s->str, lines);
    g_string_free(s, TRUE);
}

static void sums_and_window(void **state)
{
    struct ledger *l = ledger_new(2);
    unsigned boot = ledger_context(l, "boot"), user = ledger_context(l, "u1/v0/user");

    (void)state;
    assert_int_equal(ledger_context(l, "boot"), boot);
    struct ledger_row *row = ledger_row(l, 0, boot);
    row->cyc[LEDGER_RETIRING] += 5;
    ledger_row(l, 1, user)->cyc[LEDGER_COHERENCE] += 7;
    ledger_line(l, user, (hpa_t){0x1048}, 7);
    for (unsigned i = 0; i < 100; i++) /* rows must not move */
        ledger_context(l, g_intern_string((char[]){(char)('!' + i), 0}));
    assert_ptr_equal(row, ledger_row(l, 0, boot));
    assert_int_equal(ledger_core_total(l, 0), 5);
    assert_int_equal(ledger_core_total(l, 1), 7);
    check_text(l, "boot.retiring=5 u1/v0/user.coherence=7 ", "u1/v0/user@0x1040=7 ");

    struct ledger *old = ledger_snapshot(l);
    row->cyc[LEDGER_RETIRING] += 2;
    ledger_row(l, 1, boot)->cyc[LEDGER_RETIRING] += 1;
    ledger_line(l, boot, (hpa_t){0x2000}, 3);
    ledger_line(l, boot, (hpa_t){0x1000}, 4);
    check_text(old, "boot.retiring=5 u1/v0/user.coherence=7 ", "u1/v0/user@0x1040=7 ");
    ledger_subtract(l, old);
    check_text(l, "boot.retiring=3 ", "boot@0x1000=4 boot@0x2000=3 ");
    ledger_free(old);
    ledger_free(l);
}

static void many_lines_stay_apart(void **state)
{
    struct ledger *l = ledger_new(1);
    unsigned c = ledger_context(l, "c");
    GString *s = g_string_new(NULL);

    (void)state;
    for (uint64_t i = 0; i < 5000; i++)
        ledger_line(l, c, (hpa_t){i % 320 * 4096}, 1);
    ledger_foreach_line(l, line, s);
    assert_non_null(strstr(s->str, "c@0x1000=16 c@0x2000=16 "));
    g_string_free(s, TRUE);
    ledger_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_and_window),
        cmocka_unit_test(many_lines_stay_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
