/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot words. Could lie: the parser here is compiled for the host with the host's string functions; the image's own are
 * exercised by every boot.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "hv/include/options.h"

static char last[256];
static unsigned n_reports;

static void report(const char *message)
{
    snprintf(last, sizeof(last), "%s", message);
    n_reports++;
}

static unsigned parse(struct hv_options *o, const char *line)
{
    unsigned n;

    n_reports = 0;
    last[0] = '\0';
    n = hv_options_parse(o, line, report);
    assert_int_equal(n, n_reports);
    return n;
}

enum type { INT, ENUM, BOOL };
struct row {
    const char *name;
    enum type type;
    uint32_t def, min, max;
    const char *choices;
    size_t offset;
};
static const struct row rows[] = {
#define OPT(sym, name, type, def, min, max, choices, text)                                                             \
    {name, type, def, min, max, choices, offsetof(struct hv_options, sym)},
#include "hv/abi/options.def"
#undef OPT
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static uint32_t value_of(const struct hv_options *o, const struct row *r)
{
    uint32_t v;

    memcpy(&v, (const char *)o + r->offset, sizeof(v));
    return v;
}

/* The text of value @v of row @r. */
static void value_text(const struct row *r, uint32_t v, char *text, size_t bytes)
{
    const char *c = r->type == BOOL ? "off|on" : r->choices;

    if (r->type == INT) {
        snprintf(text, bytes, "%u", v);
        return;
    }
    for (; v > 0; v--)
        c = strchr(c, '|') + 1;
    snprintf(text, bytes, "%.*s", (int)strcspn(c, "|"), c);
}

static void test_defaults(void **state)
{
    struct hv_options o;

    (void)state;
    memset(&o, 0xff, sizeof(o));
    assert_int_equal(parse(&o, ""), 0);
    for (size_t i = 0; i < N_ROWS; i++)
        assert_int_equal(value_of(&o, &rows[i]), rows[i].def);
}

static void test_every_row_takes_its_bounds(void **state)
{
    struct hv_options o;
    char value[64], line[128];

    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        const uint32_t bounds[] = {rows[i].min, rows[i].max};

        for (unsigned b = 0; b < 2; b++) {
            value_text(&rows[i], bounds[b], value, sizeof(value));
            snprintf(line, sizeof(line), "  %s=%s ", rows[i].name, value);
            assert_int_equal(parse(&o, line), 0);
            assert_int_equal(value_of(&o, &rows[i]), bounds[b]);
        }
    }
}

static void test_words_are_compared_whole(void **state)
{
    struct hv_options o;
    char word[64];

    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        snprintf(word, sizeof(word), "%.*s=0", (int)strlen(rows[i].name) - 1, rows[i].name);
        assert_int_equal(parse(&o, word), 1);
        assert_non_null(strstr(last, word));
        snprintf(word, sizeof(word), "%sx=0", rows[i].name);
        assert_int_equal(parse(&o, word), 1);
        assert_non_null(strstr(last, word));
    }
    assert_int_equal(parse(&o, "spinlock=tick"), 1);
    assert_int_equal(parse(&o, "spinlock=tickets"), 1);
    assert_int_equal(parse(&o, "spinlock="), 1);
}

static void test_refusals_say_what_is_allowed(void **state)
{
    struct hv_options o;

    (void)state;
    assert_int_equal(parse(&o, "flush-clock-bits=9"), 1);
    assert_string_equal(last, "flush-clock-bits takes 10 to 32 bits, not \"9\"");
    assert_int_equal(o.flush_clock_bits, 32);
    assert_int_equal(parse(&o, "flush-clock-bits=33"), 1);
    assert_int_equal(parse(&o, "flush-clock-bits=4294967306"), 1); /* 10 modulo 2^32 */
    assert_int_equal(parse(&o, "flush-clock-bits=99999999999999999999"), 1);
    assert_int_equal(parse(&o, "flush-clock-bits=0x10"), 1);
    assert_int_equal(parse(&o, "flush-clock-bits=-10"), 1);
    assert_int_equal(parse(&o, "console"), 1);
    assert_string_equal(last, "console needs a value: console=...");
    assert_int_equal(parse(&o, "exit=port exit=halt"), 1);
    assert_string_equal(last, "exit is given twice");
}

static void test_the_rest_still_counts(void **state)
{
    struct hv_options o;

    (void)state;
    assert_int_equal(parse(&o, "bogus tlb-global=off =x spinlock=mcs\tflush-clock-bits=10"), 2);
    assert_int_equal(o.tlb_global, 0);
    assert_int_equal(o.spinlock, 2);
    assert_int_equal(o.flush_clock_bits, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_every_row_takes_its_bounds),
        cmocka_unit_test(test_words_are_compared_whole),
        cmocka_unit_test(test_refusals_say_what_is_allowed),
        cmocka_unit_test(test_the_rest_still_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
