/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a sweep back. See table.h. */
#include "sim/study/table.h"

#include <string.h>

#define LABEL_MAX 200

char *table_point_dir(const char *dir, const struct point *p)
{
    char *label = point_label(p);
    if (strchr(label, '/') || strlen(label) > LABEL_MAX) {
        char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, label, -1);
        g_free(label);
        label = hash;
    }
    char *path = g_build_filename(dir, "points", label, NULL);
    g_free(label);
    return path;
}

/* The first option in which a finished run is not the point @p; NULL: it is the point. */
static const char *difference(const json_t *run, const struct point *p)
{
    json_t *options = json_object_get(run, "options");
    for (guint i = 0; i < p->scenario->slots->len; i++) {
        const struct scenario_slot *slot = scenario_slot(p->scenario, i);
        if (option_section_of(slot->id) == OPTION_SECTION_plot)
            continue;
        json_t *v = json_object_get(options, slot->key);
        const char *wanted = point_value(p, slot);
        if (json_is_integer(v) ? json_integer_value(v) != g_ascii_strtoll(wanted, NULL, 10)
                               : g_strcmp0(json_string_value(v), wanted) != 0)
            return slot->key;
    }
    return NULL;
}

static json_t *load_json(const char *dir, const struct point *p)
{
    char *folder = table_point_dir(dir, p), *path = g_build_filename(folder, "run.json", NULL);
    json_t *run = json_load_file(path, 0, NULL);
    g_free(path);
    g_free(folder);
    return run;
}

const char *table_point_differs(const char *dir, const struct point *p)
{
    json_t *run = load_json(dir, p);
    const char *key = run ? difference(run, p) : NULL;
    json_decref(run);
    return key;
}

json_t *table_load_point(const char *dir, const struct point *p)
{
    json_t *run = load_json(dir, p);
    if (run && difference(run, p)) {
        json_decref(run);
        run = NULL;
    }
    return run;
}

struct table *table_load(const struct scenario *s, const char *dir)
{
    struct table *t = g_new0(struct table, 1);
    t->scenario = s;
    t->dir = g_strdup(dir);
    t->n = scenario_points(s);
    t->run = g_new0(json_t *, t->n);
    for (size_t i = 0; i < t->n; i++)
        t->run[i] = table_load_point(dir, &(struct point){s, i});
    return t;
}

void table_free(struct table *t)
{
    for (size_t i = 0; i < t->n; i++)
        json_decref(t->run[i]);
    g_free(t->run);
    g_free(t->dir);
    g_free(t);
}

/* Part of all cycles whose cause is @cause, or begins with it and a colon, in any context. */
static double share(json_t *run, const char *cause)
{
    const char *name;
    json_t *v;
    double part = 0, whole = 0;
    json_object_foreach(json_object_get(run, "ledger"), name, v)
    {
        const char *slash = strrchr(name, '/');
        const char *leaf = slash ? slash + 1 : name;
        size_t n = strlen(cause);
        whole += json_number_value(v);
        if (strncmp(leaf, cause, n) == 0 && (leaf[n] == 0 || leaf[n] == ':'))
            part += json_number_value(v);
    }
    return whole > 0 ? part / whole : 0;
}

gboolean table_metric(const struct table *t, size_t point, const char *metric, double *value)
{
    json_t *run = t->run[point], *v = NULL;
    if (!run)
        return FALSE;
    if (g_str_has_prefix(metric, "share.")) {
        *value = share(run, metric + strlen("share."));
        return TRUE;
    }
    if (g_str_has_prefix(metric, "stats."))
        v = json_object_get(json_object_get(run, "stats"), metric + strlen("stats."));
    else if (g_str_has_prefix(metric, "ledger."))
        v = json_object_get(json_object_get(run, "ledger"), metric + strlen("ledger."));
    else
        v = json_object_get(run, metric);
    *value = json_number_value(v);
    /* A leaf or counter that a point lacks was never touched there: zero, not unknown. */
    return json_is_number(v) || g_str_has_prefix(metric, "ledger.");
}
