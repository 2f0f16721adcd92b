/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing two consoles. See compare.h. */
#include "sim/study/compare.h"

#include <string.h>

enum kind { TIMED, DETERMINISTIC };

static const struct {
    const char *name;
    enum kind kind;
} counters[] = {
#define COUNTER(sym, kind, text) {#sym, kind},
#include "hv/abi/counters.def"
#undef COUNTER
};

/* Results in these units depend on how fast the machine is. */
static const char *const timed_units[] = {"ns", "us", "ms", "s", "cycles", "cycles/op", "ns/op", "ops/s", "MB/s", NULL};

static gboolean is_timed(const struct console_line *l)
{
    if (strcmp(l->kind, "counter") == 0) {
        for (size_t i = 0; i < G_N_ELEMENTS(counters); i++)
            if (strcmp(counters[i].name, l->name) == 0)
                return counters[i].kind == TIMED;
        return FALSE;
    }
    const char *unit = strrchr(l->rest, ' ');
    return strcmp(l->kind, "result") == 0 && unit && g_strv_contains(timed_units, unit + 1);
}

static gboolean same_key(const struct console_line *a, const struct console_line *b)
{
    return strcmp(a->who, b->who) == 0 && strcmp(a->kind, b->kind) == 0 && strcmp(a->name, b->name) == 0;
}

/* The line of @in that answers line number @index of @of: same key, same running number among its likes. */
static const struct console_line *partner(const GPtrArray *in, const GPtrArray *of, guint index)
{
    const struct console_line *l = of->pdata[index];
    guint nth = 0;
    for (guint i = 0; i < index; i++)
        nth += same_key(of->pdata[i], l) ? 1 : 0;
    for (guint i = 0; i < in->len; i++)
        if (same_key(in->pdata[i], l) && nth-- == 0)
            return in->pdata[i];
    return NULL;
}

static void add_row(GString *out, const struct console_line *l, const char *a, const char *b, const char *verdict)
{
    g_string_append_printf(out, "%-8s @%-8s %-24s %-22s %-22s %s\n", l->who, l->kind, l->name, a, b, verdict);
}

struct compare_result compare_consoles(const GPtrArray *a, const GPtrArray *b, const char *name_a, const char *name_b,
                                       GString *out)
{
    struct compare_result r = {0, 0, 0};
    g_string_append_printf(out, "%-8s %-9s %-24s %-22s %s\n", "who", "line", "name", name_a, name_b);
    for (guint i = 0; i < a->len; i++) {
        const struct console_line *l = a->pdata[i], *p = partner(b, a, i);
        gboolean timed = is_timed(l), equal = p && strcmp(l->rest, p->rest) == 0;
        add_row(out, l, l->rest, p ? p->rest : "(missing)", timed ? "timed" : equal ? "" : "DIFFERENT");
        r.n_shown += timed ? 1 : 0;
        r.n_equal += !timed && equal ? 1 : 0;
        r.n_different += !timed && !equal ? 1 : 0;
    }
    for (guint i = 0; i < b->len; i++) {
        const struct console_line *l = b->pdata[i];
        if (partner(a, b, i))
            continue;
        gboolean timed = is_timed(l);
        add_row(out, l, "(missing)", l->rest, timed ? "timed" : "DIFFERENT");
        r.n_shown += timed ? 1 : 0;
        r.n_different += timed ? 0 : 1;
    }
    return r;
}
