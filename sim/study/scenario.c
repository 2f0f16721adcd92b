/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenario files. GKeyFile reads the values; a first pass over the lines finds what GKeyFile does not tell: the line of
 * each key, keys given twice, and lines that are neither comment, section nor key. See scenario.h.
 */
#include "sim/study/scenario.h"

#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* some editors put it first; it says nothing here */

struct line {
    char *section, *key;
    unsigned number;
};

static void line_free(gpointer p)
{
    struct line *l = p;
    g_free(l->section);
    g_free(l->key);
    g_free(l);
}

static void slot_free(gpointer p)
{
    struct scenario_slot *s = p;
    g_free(s->section);
    g_free(s->key);
    g_ptr_array_unref(s->values);
    g_free(s);
}

void scenario_free(struct scenario *s)
{
    if (!s)
        return;
    g_ptr_array_unref(s->slots);
    g_free(s->name);
    g_free(s->path);
    g_free(s->hash);
    g_free(s);
}

static gboolean fail(GError **error, const struct scenario *s, unsigned line, const char *fmt, ...) G_GNUC_PRINTF(4, 5);
static gboolean fail(GError **error, const struct scenario *s, unsigned line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    if (line)
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s:%u: %s", s->path, line, text);
    else
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s", text);
    g_free(text);
    return FALSE;
}

/* Adds the slots of one section instance, all at their defaults. */
static void add_section(struct scenario *s, enum option_id section, const char *instance)
{
    for (int i = (int)section + 1; i < OPTION_COUNT && option_row((enum option_id)i)->type != OPTION_SECTION; i++) {
        struct scenario_slot *slot = g_new0(struct scenario_slot, 1);
        slot->section = g_strdup(instance);
        slot->id = (enum option_id)i;
        slot->key = g_strdup_printf("%s.%s", instance, option_row(slot->id)->name);
        slot->values = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(slot->values, option_default(slot->id));
        g_ptr_array_add(s->slots, slot);
    }
}

static gboolean unknown_section(const struct scenario *s, const char *name, unsigned line, GError **error)
{
    const char *words[OPTION_COUNT + 1];
    size_t n = 0;
    for (int i = 0; i < OPTION_COUNT; i++)
        if (option_row((enum option_id)i)->type == OPTION_SECTION)
            words[n++] = option_row((enum option_id)i)->name;
    words[n] = NULL;
    const char *near = study_nearest(name, words);
    char *all = g_strjoinv("], [", (char **)words);
    fail(error, s, line, "unknown section [%s]%s%s%s; there are [%s]", name, near ? ", did you mean [" : "",
         near ? near : "", near ? "]?" : "", all);
    g_free(all);
    return FALSE;
}

static gboolean unknown_key(const struct scenario *s, enum option_id section, const char *instance, const char *key,
                            unsigned line, GError **error)
{
    const char *words[OPTION_COUNT + 1];
    size_t n = 0;
    for (int i = (int)section + 1; i < OPTION_COUNT && option_row((enum option_id)i)->type != OPTION_SECTION; i++)
        words[n++] = option_row((enum option_id)i)->name;
    words[n] = NULL;
    const char *near = study_nearest(key, words);
    char *all = g_strjoinv(", ", (char **)words);
    fail(error, s, line, "unknown key %s in [%s]%s%s%s; there are %s", key, instance, near ? ", did you mean " : "",
         near ? near : "", near ? "?" : "", all);
    g_free(all);
    return FALSE;
}

/* A domain's name and a running number must fit 15 characters (hv/abi/domains.md). */
static gboolean section_name_ok(const struct scenario *s, const char *instance, unsigned line, GError **error)
{
    const char *name = strchr(instance, '.');
    if (!name)
        return TRUE;
    gboolean ok = g_ascii_isalpha(name[1]) && strlen(name + 1) <= 11;
    for (const char *c = ++name; ok && *c; c++)
        ok = g_ascii_isalnum(*c) || *c == '-' || *c == '_';
    return ok || fail(error, s, line,
                      "section name [%s]: allowed after the point is a letter and up to ten letters, "
                      "digits, '-' or '_'",
                      instance);
}

/* One line of the file: tells what it is; @section is the section that now holds. */
static gboolean scan_line(struct scenario *s, char *text, unsigned number, char **section, GPtrArray *lines,
                          GError **error)
{
    g_strstrip(text);
    size_t n = strlen(text);
    if (n == 0 || text[0] == '#')
        return TRUE;
    if (text[0] == '[') {
        if (text[n - 1] != ']' || n < 3)
            return fail(error, s, number, "a section is written [name]");
        g_free(*section);
        *section = g_strndup(text + 1, n - 2);
        if (option_section_find(*section) < 0)
            return unknown_section(s, *section, number, error);
        return section_name_ok(s, *section, number, error);
    }
    char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return fail(error, s, number, "'%.40s' is neither a comment (#), a section nor key = value", text);
    if (!*section)
        return fail(error, s, number, "a key before the first section");
    struct line *l = g_new0(struct line, 1);
    l->section = g_strdup(*section);
    l->key = g_strstrip(g_strndup(text, (gsize)(equals - text)));
    l->number = number;
    g_ptr_array_add(lines, l);
    for (guint i = 0; i + 1 < lines->len; i++) {
        struct line *old = lines->pdata[i];
        if (!strcmp(old->section, l->section) && !strcmp(old->key, l->key))
            return fail(error, s, number, "%s was given in line %u already", l->key, old->number);
    }
    return TRUE;
}

static GPtrArray *scan(struct scenario *s, const char *text, GError **error)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(line_free);
    char **raw = g_strsplit(text, "\n", -1), *section = NULL;
    gboolean ok = g_utf8_validate(text, -1, NULL) || fail(error, s, 1, "not a text file in UTF-8");
    for (unsigned i = 0; ok && raw[i]; i++)
        ok = scan_line(s, raw[i], i + 1, &section, lines, error);
    g_strfreev(raw);
    g_free(section);
    if (ok)
        return lines;
    g_ptr_array_unref(lines);
    return NULL;
}

static gboolean assign(struct scenario *s, struct scenario_slot *slot, const char *value, unsigned line, GError **error)
{
    GPtrArray *values = g_ptr_array_new_with_free_func(g_free);
    GError *why = NULL;
    if (!option_parse_list(slot->id, value, values, &why)) {
        fail(error, s, line, "%s.%s", slot->section, why->message);
        g_error_free(why);
        g_ptr_array_unref(values);
        return FALSE;
    }
    g_ptr_array_unref(slot->values);
    slot->values = values;
    slot->line = line;
    slot->is_set = TRUE;
    return TRUE;
}

static gboolean apply(struct scenario *s, GKeyFile *file, const struct line *l, GError **error)
{
    enum option_id section = (enum option_id)option_section_find(l->section);
    int id = option_find(section, l->key);
    if (id < 0)
        return unknown_key(s, section, l->section, l->key, l->number, error);
    char *value = g_key_file_get_value(file, l->section, l->key, NULL);
    struct scenario_slot *slot = (struct scenario_slot *)scenario_find_id(s, l->section, (enum option_id)id);
    gboolean ok = assign(s, slot, g_strstrip(value), l->number, error);
    g_free(value);
    return ok;
}

/* Fixed sections always, named ones as the file has them; in table order, so that the points' order is fixed. */
static void add_sections(struct scenario *s, GKeyFile *file)
{
    char **groups = g_key_file_get_groups(file, NULL);
    for (int i = 0; i < OPTION_COUNT; i++) {
        enum option_id id = (enum option_id)i;
        if (option_row(id)->type != OPTION_SECTION)
            continue;
        if (!option_section_is_open(id))
            add_section(s, id, option_row(id)->name);
        for (char **g = groups; option_section_is_open(id) && *g; g++)
            if (option_section_find(*g) == i)
                add_section(s, id, *g);
    }
    g_strfreev(groups);
}

static gboolean parse(struct scenario *s, const char *text, GError **error)
{
    GPtrArray *lines = scan(s, text, error);
    if (!lines)
        return FALSE;
    GKeyFile *file = g_key_file_new();
    GError *why = NULL;
    gboolean ok = g_key_file_load_from_data(file, text, (gsize)-1, G_KEY_FILE_NONE, &why);
    if (!ok) {
        fail(error, s, 1, "%s", why->message);
        g_error_free(why);
    } else {
        add_sections(s, file);
    }
    for (guint i = 0; ok && i < lines->len; i++)
        ok = apply(s, file, lines->pdata[i], error);
    g_key_file_free(file);
    g_ptr_array_unref(lines);
    return ok;
}

struct scenario *scenario_load(const char *path, GError **error)
{
    char *text = NULL;
    gsize bytes = 0;
    GError *why = NULL;
    if (!g_file_get_contents(path, &text, &bytes, &why)) {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "scenario: %s", why->message);
        g_error_free(why);
        return NULL;
    }
    struct scenario *s = g_new0(struct scenario, 1);
    s->path = g_strdup(path);
    s->name = g_path_get_basename(path);
    if (g_str_has_suffix(s->name, ".conf"))
        s->name[strlen(s->name) - 5] = 0;
    s->hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    s->slots = g_ptr_array_new_with_free_func(slot_free);
    const char *body = g_str_has_prefix(text, BYTE_ORDER_MARK) ? text + strlen(BYTE_ORDER_MARK) : text;
    gboolean ok = strlen(text) == bytes || fail(error, s, 1, "not a text file: it holds a zero byte");
    ok = ok && parse(s, body, error);
    g_free(text);
    if (ok)
        return s;
    scenario_free(s);
    return NULL;
}

static gboolean set_key(struct scenario *s, const char *section, const char *key, const char *value, GError **error)
{
    int sec = option_section_find(section);
    if (sec < 0)
        return unknown_section(s, section, 0, error);
    int id = option_find((enum option_id)sec, key);
    if (id < 0)
        return unknown_key(s, (enum option_id)sec, section, key, 0, error);
    struct scenario_slot *slot = (struct scenario_slot *)scenario_find_id(s, section, (enum option_id)id);
    if (!slot)
        return fail(error, s, 0, "--set %s.%s: the scenario has no section [%s]", section, key, section);
    return assign(s, slot, value, 0, error);
}

gboolean scenario_set(struct scenario *s, const char *assignment, GError **error)
{
    const char *equals = strchr(assignment, '=');
    const char *dot = equals ? g_strrstr_len(assignment, equals - assignment, ".") : NULL;
    if (!dot)
        return fail(error, s, 0, "--set %s: allowed is section.key=value", assignment);
    char *section = g_strstrip(g_strndup(assignment, (gsize)(dot - assignment)));
    char *key = g_strstrip(g_strndup(dot + 1, (gsize)(equals - dot - 1)));
    char *value = g_strstrip(g_strdup(equals + 1));
    gboolean ok = set_key(s, section, key, value, error);
    g_free(section);
    g_free(key);
    g_free(value);
    return ok;
}

const struct scenario_slot *scenario_slot(const struct scenario *s, size_t i)
{
    return s->slots->pdata[i];
}

gboolean scenario_slot_is_axis(const struct scenario_slot *slot)
{
    return slot->values->len > 1;
}

const struct scenario_slot *scenario_find(const struct scenario *s, const char *key)
{
    for (guint i = 0; i < s->slots->len; i++)
        if (strcmp(scenario_slot(s, i)->key, key) == 0)
            return scenario_slot(s, i);
    return NULL;
}

const struct scenario_slot *scenario_find_id(const struct scenario *s, const char *section, enum option_id id)
{
    for (guint i = 0; i < s->slots->len; i++)
        if (scenario_slot(s, i)->id == id && strcmp(scenario_slot(s, i)->section, section) == 0)
            return scenario_slot(s, i);
    return NULL;
}

GPtrArray *scenario_sections(const struct scenario *s, enum option_id section)
{
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; i < s->slots->len; i++)
        if (scenario_slot(s, i)->id == section + 1)
            g_ptr_array_add(names, scenario_slot(s, i)->section);
    return names;
}

char *scenario_where(const struct scenario *s, const struct scenario_slot *slot)
{
    if (slot->line)
        return g_strdup_printf("%s:%u: %s", s->path, slot->line, slot->key);
    return g_strdup_printf("%s: %s", s->path, slot->key);
}
