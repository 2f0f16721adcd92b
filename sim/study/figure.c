/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing a figure's axes and reading its values. See figure.h. */
#include "sim/study/figure.h"

#include <string.h>

void figure_free(struct figure *f)
{
    if (!f)
        return;
    g_ptr_array_unref(f->series);
    g_free(f->name);
    g_free(f);
}

static gboolean fail(const struct figure *f, const struct scenario *s, enum option_id id, GError **error,
                     const char *what, const char *key)
{
    char *where = scenario_where(s, scenario_find_id(s, f->section, id));
    g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s: %s%s", where, key, what);
    g_free(where);
    return FALSE;
}

static gboolean is_series(const struct figure *f, const struct scenario_slot *slot)
{
    for (guint i = 0; i < f->series->len; i++)
        if (f->series->pdata[i] == slot)
            return TRUE;
    return FALSE;
}

static gboolean choose_x(struct figure *f, const struct scenario *s, GError **error)
{
    const char *key = point_text(&(struct point){s, 0}, f->section, OPTION_plot_x);
    if (key[0]) {
        f->x = scenario_find(s, key);
        return f->x || fail(f, s, OPTION_plot_x, error, " is no option of this scenario (written section.key)", key);
    }
    for (guint i = 0; i < s->slots->len; i++) {
        const struct scenario_slot *slot = scenario_slot(s, i);
        if (option_section_of(slot->id) != OPTION_SECTION_plot && (!f->x || slot->values->len > f->x->values->len))
            f->x = slot;
    }
    return TRUE;
}

static gboolean choose_series(struct figure *f, const struct scenario *s, GError **error)
{
    const char *text = point_text(&(struct point){s, 0}, f->section, OPTION_plot_series);
    char **keys = g_strsplit(text, ",", -1);
    gboolean ok = TRUE;
    for (char **k = keys; ok && *k; k++) {
        const struct scenario_slot *slot = scenario_find(s, g_strstrip(*k));
        if (!slot)
            ok = fail(f, s, OPTION_plot_series, error, " is no option of this scenario (written section.key)", *k);
        else if (slot != f->x)
            g_ptr_array_add(f->series, (gpointer)slot);
    }
    g_strfreev(keys);
    for (guint i = 0; ok && i < s->slots->len; i++) {
        const struct scenario_slot *slot = scenario_slot(s, i);
        if (!scenario_slot_is_axis(slot) || slot == f->x || is_series(f, slot))
            continue;
        if (text[0])
            ok = fail(f, s, OPTION_plot_series, error, " is an axis, but neither x nor series", slot->key);
        else
            g_ptr_array_add(f->series, (gpointer)slot);
    }
    return ok;
}

struct figure *figure_new(const struct scenario *s, const char *section, GError **error)
{
    struct point first = {s, 0};
    struct figure *f = g_new0(struct figure, 1);
    f->section = section;
    f->name = g_strdup(strchr(section, '.') ? strchr(section, '.') + 1 : "figure");
    f->title = point_text(&first, section, OPTION_plot_title);
    if (!f->title[0])
        f->title = point_text(&first, "study", OPTION_title);
    f->metric = point_text(&first, section, OPTION_plot_y);
    f->series = g_ptr_array_new();
    f->n_curves = 1;
    if (!choose_x(f, s, error) || !choose_series(f, s, error)) {
        figure_free(f);
        return NULL;
    }
    for (guint i = 0; i < f->series->len; i++)
        f->n_curves *= ((const struct scenario_slot *)f->series->pdata[i])->values->len;
    return f;
}

/* Value index of series slot @i on @curve; the first series changes slowest. */
static size_t series_index(const struct figure *f, size_t curve, guint i)
{
    for (guint k = f->series->len - 1; k > i; k--)
        curve /= ((const struct scenario_slot *)f->series->pdata[k])->values->len;
    return curve % ((const struct scenario_slot *)f->series->pdata[i])->values->len;
}

char *figure_curve_name(const struct figure *f, size_t curve)
{
    GString *name = g_string_new(NULL);
    for (guint i = 0; i < f->series->len; i++) {
        const struct scenario_slot *slot = f->series->pdata[i];
        g_string_append_printf(name, "%s%s=%s", i ? " " : "", slot->key,
                               (char *)slot->values->pdata[series_index(f, curve, i)]);
    }
    if (name->len == 0)
        g_string_append(name, f->metric);
    return g_string_free(name, FALSE);
}

/* The number of the point at (x, curve): points count in mixed radix, first slot slowest. */
static size_t point_at(const struct figure *f, const struct scenario *s, size_t xi, size_t curve)
{
    size_t index = 0;
    for (guint i = 0; i < s->slots->len; i++) {
        const struct scenario_slot *slot = scenario_slot(s, i);
        size_t v = slot == f->x ? xi : 0;
        for (guint k = 0; k < f->series->len; k++)
            if (f->series->pdata[k] == slot)
                v = series_index(f, curve, k);
        index = index * slot->values->len + v;
    }
    return index;
}

gboolean figure_value(const struct figure *f, const struct table *t, size_t xi, size_t curve, double *value)
{
    size_t here = point_at(f, t->scenario, xi, curve);
    if (strcmp(f->metric, "speedup") != 0)
        return table_metric(t, here, f->metric, value);
    double base;
    gboolean ok = table_metric(t, point_at(f, t->scenario, 0, curve), "throughput", &base) && base > 0 &&
                  table_metric(t, here, "throughput", value);
    if (ok)
        *value /= base;
    return ok;
}
