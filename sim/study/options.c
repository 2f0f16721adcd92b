/* SPDX-License-Identifier: Apache-2.0 */
/* The option table: look-ups, checks, canonical values. See options.h. */
#include "sim/study/options.h"

#include <string.h>

GQuark study_error_quark(void)
{
    return g_quark_from_static_string("study-error");
}

#define DEF_INT(d)  .def = (d)
#define DEF_ENUM(d) .def = (d)
#define DEF_BOOL(d) .def = (d)
#define DEF_NAME(d) .def_text = (d)
#define DEF_TEXT(d) .def_text = (d)

static const struct option_row rows[OPTION_COUNT] = {
#define SECTION(sym, n, t) [OPTION_SECTION_##sym] = {.name = (n), .type = OPTION_SECTION, .text = (t)},
#define OPT(sym, n, ty, d, lo, hi, c, t)                                                                               \
    [OPTION_##                                                                                                         \
        sym] = {.name = (n), .type = OPTION_##ty, DEF_##ty(d), .min = (lo), .max = (hi), .choices = (c), .text = (t)},
#include "sim/options.def"
#undef SECTION
#undef OPT
};

const struct option_row *option_row(enum option_id id)
{
    return &rows[id];
}

enum option_id option_section_of(enum option_id id)
{
    while (rows[id].type != OPTION_SECTION)
        id--;
    return id;
}

gboolean option_section_is_open(enum option_id section)
{
    return strchr(rows[section].name, '.') != NULL;
}

/* "domain.NAME" in the table stands for domain.anything; [plot] alone is allowed as the first figure. */
static gboolean section_matches(const char *table, const char *instance)
{
    const char *dot = strchr(table, '.');
    if (!dot)
        return strcmp(table, instance) == 0;
    size_t stem = (size_t)(dot - table);
    if (strncmp(table, instance, stem) != 0)
        return FALSE;
    return (instance[stem] == '.' && instance[stem + 1]) || (!instance[stem] && strcmp(instance, "plot") == 0);
}

int option_section_find(const char *instance)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        if (rows[i].type == OPTION_SECTION && section_matches(rows[i].name, instance))
            return i;
    return -1;
}

int option_find(enum option_id section, const char *name)
{
    for (int i = (int)section + 1; i < OPTION_COUNT && rows[i].type != OPTION_SECTION; i++)
        if (strcmp(rows[i].name, name) == 0)
            return i;
    return -1;
}

static char *choice_text(const struct option_row *r, int64_t index)
{
    char **c = g_strsplit(r->choices, "|", -1);
    char *text = g_strdup(c[index]);
    g_strfreev(c);
    return text;
}

char *option_default(enum option_id id)
{
    const struct option_row *r = &rows[id];
    if (r->def_text)
        return g_strdup(r->def_text);
    return r->type == OPTION_INT ? g_strdup_printf("%" G_GINT64_FORMAT, r->def) : choice_text(r, r->def);
}

char *option_allowed(enum option_id id)
{
    const struct option_row *r = &rows[id];
    if (r->type == OPTION_INT)
        return g_strdup_printf("%" G_GINT64_FORMAT "..%" G_GINT64_FORMAT "%s%s", r->min, r->max,
                               r->choices[0] ? " " : "", r->choices);
    if (r->type == OPTION_NAME || r->type == OPTION_TEXT)
        return g_strdup(r->choices);
    char **c = g_strsplit(r->choices, "|", -1);
    char *text = g_strjoinv(", ", c);
    g_strfreev(c);
    return text;
}

static char *parse_int(const struct option_row *r, const char *value)
{
    gint64 v;
    if (!g_ascii_string_to_signed(value, 10, r->min, r->max, &v, NULL))
        return NULL;
    return g_strdup_printf("%" G_GINT64_FORMAT, v);
}

static char *parse_choice(const struct option_row *r, const char *value)
{
    char **c = g_strsplit(r->choices, "|", -1);
    char *text = NULL;
    for (int64_t i = 0; i <= r->max && c[i]; i++)
        if (strcmp(c[i], value) == 0)
            text = g_strdup(value);
    g_strfreev(c);
    return text;
}

static char *parse_bool(const struct option_row *r, const char *value)
{
    static const char *const words[][2] = {{"no", "off"}, {"yes", "on"}, {"false", "off"}, {"true", "on"}};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(value, words[i][0]) == 0)
            return g_strdup(words[i][1]);
    return parse_choice(r, value);
}

static char *parse_text(const struct option_row *r, const char *value)
{
    if (r->type == OPTION_NAME && strpbrk(value, " \t\"'"))
        return NULL;
    for (const char *c = value; *c; c++)
        if (g_ascii_iscntrl(*c) && *c != '\t')
            return NULL; /* a line end would begin another line of the module, or of a figure's script */
    return g_strdup(value);
}

char *option_parse(enum option_id id, const char *value, GError **error)
{
    static char *(*const parse[])(const struct option_row *, const char *) = {
        [OPTION_INT] = parse_int,   [OPTION_ENUM] = parse_choice, [OPTION_BOOL] = parse_bool,
        [OPTION_NAME] = parse_text, [OPTION_TEXT] = parse_text,
    };
    char *text = parse[rows[id].type](&rows[id], value);
    if (!text) {
        char *allowed = option_allowed(id);
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s = %s: allowed is %s%s", rows[id].name, value,
                    rows[id].type == OPTION_NAME   ? "one word: "
                    : rows[id].type == OPTION_TEXT ? "one line of "
                                                   : "",
                    allowed);
        g_free(allowed);
    }
    return text;
}

/* "a..b" of an INT: all values between, so that an axis of eight points is five characters. */
static gboolean parse_range(enum option_id id, const char *item, const char *dots, GPtrArray *out, GError **error)
{
    char *low = g_strstrip(g_strndup(item, (gsize)(dots - item)));
    char *high = g_strstrip(g_strdup(dots + 2));
    char *a = option_parse(id, low, error);
    char *b = a ? option_parse(id, high, error) : NULL;
    gint64 first = a ? g_ascii_strtoll(a, NULL, 10) : 0;
    gint64 last = b ? g_ascii_strtoll(b, NULL, 10) : 0;
    gboolean ok = a && b;
    if (ok && (first > last || last - first >= 4096)) {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT,
                    "%s = %s: allowed is a range that rises and has at most 4096 values", rows[id].name, item);
        ok = FALSE;
    }
    for (gint64 v = first; ok && v <= last; v++)
        g_ptr_array_add(out, g_strdup_printf("%" G_GINT64_FORMAT, v));
    g_free(low);
    g_free(high);
    g_free(a);
    g_free(b);
    return ok;
}

static gboolean parse_item(enum option_id id, const char *item, GPtrArray *out, GError **error)
{
    const char *dots = rows[id].type == OPTION_INT ? strstr(item, "..") : NULL;
    if (dots)
        return parse_range(id, item, dots, out, error);
    char *text = option_parse(id, item, error);
    if (text)
        g_ptr_array_add(out, text);
    return text != NULL;
}

gboolean option_parse_list(enum option_id id, const char *value, GPtrArray *out, GError **error)
{
    if (rows[id].type == OPTION_TEXT)
        return parse_item(id, value, out, error);
    char **items = g_strsplit(value, ",", -1);
    gboolean ok = items[0] != NULL || parse_item(id, "", out, error);
    for (char **i = items; ok && *i; i++)
        ok = parse_item(id, g_strstrip(*i), out, error);
    g_strfreev(items);
    for (guint a = 0; ok && a < out->len; a++)
        for (guint b = a + 1; ok && b < out->len; b++)
            if (strcmp(out->pdata[a], out->pdata[b]) == 0) {
                g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s = %s: the value %s stands there twice", rows[id].name,
                            value, (char *)out->pdata[a]);
                ok = FALSE;
            }
    return ok;
}

/* Levenshtein's distance with two rows; names are short. */
static unsigned edit_distance(const char *a, const char *b)
{
    unsigned prev[64], cur[64];
    size_t n = MIN(strlen(b), (size_t)62);
    for (size_t j = 0; j <= n; j++)
        prev[j] = (unsigned)j;
    for (size_t i = 0; a[i] && i < 62; i++) {
        cur[0] = (unsigned)i + 1;
        for (size_t j = 0; j < n; j++)
            cur[j + 1] = MIN(prev[j] + (a[i] != b[j]), MIN(prev[j + 1], cur[j]) + 1);
        memcpy(prev, cur, sizeof prev[0] * (n + 1));
    }
    return prev[n];
}

const char *study_nearest(const char *word, const char *const *words)
{
    const char *best = NULL;
    unsigned best_distance = (unsigned)strlen(word) / 2 + 2;
    for (; *words; words++) {
        unsigned d = edit_distance(word, *words);
        if (d < best_distance) {
            best_distance = d;
            best = *words;
        }
    }
    return best;
}
