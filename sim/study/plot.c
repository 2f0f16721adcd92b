/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing figures. The gnuplot script is complete in itself (values, labels, then the template results/plots/lines.gp),
 * so "gnuplot NAME.gp" in the folder draws it again. See plot.h.
 */
#include "sim/study/plot.h"
#include "sim/study/catalog.h"
#include "sim/study/figure.h"
#include "sim/study/version.h"

#include <string.h>

static GPtrArray *sections_of(const struct scenario *s)
{
    return scenario_sections(s, OPTION_SECTION_plot);
}

gboolean plot_check(const struct scenario *s, GError **error)
{
    GPtrArray *sections = sections_of(s);
    gboolean ok = TRUE;
    for (guint i = 0; ok && i < sections->len; i++) {
        struct figure *f = figure_new(s, sections->pdata[i], error);
        ok = f != NULL;
        if (ok && !catalog_find(f->metric)) {
            char *where = scenario_where(s, scenario_find_id(s, f->section, OPTION_plot_y));
            g_set_error(error, STUDY_ERROR, STUDY_INPUT,
                        "%s: no metric %s; allowed: throughput, speedup, cycles, instructions, stats.NAME, "
                        "ledger.LEAF, share.CAUSE (see list stats)",
                        where, f->metric);
            g_free(where);
            ok = FALSE;
        }
        figure_free(f);
    }
    g_ptr_array_unref(sections);
    return ok;
}

static char *y_label(const struct figure *f)
{
    const struct catalog_row *row = catalog_find(f->metric);
    if (g_str_has_prefix(f->metric, "share."))
        return g_strdup_printf("share of all cycles: %s", f->metric + strlen("share."));
    if (!row)
        return g_strdup(f->metric);
    return g_strdup_printf("%s (%s)", f->metric, row->unit);
}

static char *x_label(const struct figure *f)
{
    return g_strdup_printf("%s: %s", f->x->key, option_row(f->x->id)->text);
}

/* Head of a CSV: enough to trace a figure to its run. */
static void csv_head(GString *out, const struct table *t)
{
    const struct scenario *s = t->scenario;
    g_string_append_printf(out, "# vmscale %s, scenario %s (sha256 %s), seed %s\n", STUDY_VERSION, s->name, s->hash,
                           point_text(&(struct point){s, 0}, "study", OPTION_seed));
    for (guint i = 0; i < s->slots->len; i++) {
        const struct scenario_slot *slot = scenario_slot(s, i);
        char *d = option_default(slot->id);
        if (!scenario_slot_is_axis(slot) && strcmp(d, slot->values->pdata[0]) != 0)
            g_string_append_printf(out, "# %s = %s\n", slot->key, (char *)slot->values->pdata[0]);
        g_free(d);
    }
}

static char *csv_text(const struct figure *f, const struct table *t)
{
    GString *out = g_string_new(NULL);
    csv_head(out, t);
    g_string_append_printf(out, "# y = %s\n%s", f->metric, f->x->key);
    for (size_t c = 0; c < f->n_curves; c++) {
        char *name = figure_curve_name(f, c);
        g_string_append_printf(out, ",%s", name);
        g_free(name);
    }
    g_string_append_c(out, '\n');
    for (size_t x = 0; x < f->x->values->len; x++) {
        g_string_append(out, f->x->values->pdata[x]);
        for (size_t c = 0; c < f->n_curves; c++) {
            char text[G_ASCII_DTOSTR_BUF_SIZE] = "";
            double v;
            if (figure_value(f, t, x, c, &v))
                g_ascii_formatd(text, sizeof text, "%.17g", v);
            g_string_append_printf(out, ",%s", text);
        }
        g_string_append_c(out, '\n');
    }
    return g_string_free(out, FALSE);
}

/* A gnuplot string constant in single quotes: a quote is doubled, nothing else is special. */
static void gp_string(GString *out, const char *name, const char *text)
{
    char **parts = g_strsplit(text, "'", -1);
    char *quoted = g_strjoinv("''", parts);
    g_string_append_printf(out, "%s = '%s'\n", name, quoted);
    g_free(quoted);
    g_strfreev(parts);
}

static char *gp_text(const struct figure *f, const char *template)
{
    GString *out = g_string_new("# Made by vmscale; draws again with: gnuplot (this file)\n");
    char *xl = x_label(f), *yl = y_label(f);
    gp_string(out, "base", f->name);
    gp_string(out, "figure_title", f->title);
    gp_string(out, "x_label", xl);
    gp_string(out, "y_label", yl);
    g_string_append_printf(out, "curves = %zu\nx_is_number = %d\n", f->n_curves,
                           option_row(f->x->id)->type == OPTION_INT);
    g_string_append(out, template);
    g_free(xl);
    g_free(yl);
    return g_string_free(out, FALSE);
}

static gboolean put(const struct table *t, const struct figure *f, const char *suffix, const char *text,
                    GPtrArray *made, GError **error)
{
    char *name = g_strconcat(f->name, suffix, NULL), *path = g_build_filename(t->dir, name, NULL);
    GError *why = NULL;
    gboolean ok = g_file_set_contents(path, text, -1, &why); /* by a temporary file and rename */
    if (ok) {
        g_ptr_array_add(made, path);
    } else {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s", why->message);
        g_error_free(why);
        g_free(path);
    }
    g_free(name);
    return ok;
}

static gboolean draw(const struct table *t, const struct figure *f, GPtrArray *made, GError **error)
{
    static const char *const suffix[] = {".svg", ".png"};
    char *script = g_strconcat(f->name, ".gp", NULL), *messages = NULL;
    char *argv[] = {(char *)"gnuplot", script, NULL};
    GError *why = NULL;
    int status = 0;
    gboolean ok = g_spawn_sync(t->dir, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &messages, &status, &why) &&
                  g_spawn_check_wait_status(status, &why);
    if (!ok) {
        g_strdelimit(g_strstrip(messages ? messages : g_strdup("")), "\n", ' ');
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "gnuplot %s/%s: %s %s (package gnuplot-nox)", t->dir, script,
                    why->message, messages ? messages : "");
        g_error_free(why);
    }
    for (size_t i = 0; ok && i < G_N_ELEMENTS(suffix); i++) {
        char *name = g_strconcat(f->name, suffix[i], NULL);
        g_ptr_array_add(made, g_build_filename(t->dir, name, NULL));
        g_free(name);
    }
    g_free(messages);
    g_free(script);
    return ok;
}

static gboolean write_figure(const struct table *t, const char *section, const char *template, GPtrArray *made,
                             GError **error)
{
    struct figure *f = figure_new(t->scenario, section, error);
    if (!f)
        return FALSE;
    char *csv = csv_text(f, t), *gp = gp_text(f, template);
    gboolean ok = put(t, f, ".csv", csv, made, error) && put(t, f, ".gp", gp, made, error) && draw(t, f, made, error);
    g_free(csv);
    g_free(gp);
    figure_free(f);
    return ok;
}

gboolean plot_write(const struct table *t, const struct images *im, GPtrArray *made, GError **error)
{
    char *path = g_build_filename(im->dir, "results", "plots", "lines.gp", NULL), *template = NULL;
    GError *why = NULL;
    gboolean ok = g_file_get_contents(path, &template, NULL, &why);
    if (!ok) {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s", why->message);
        g_error_free(why);
    }
    GPtrArray *sections = sections_of(t->scenario);
    for (guint i = 0; ok && i < sections->len; i++)
        ok = write_figure(t, sections->pdata[i], template, made, error);
    g_ptr_array_unref(sections);
    g_free(template);
    g_free(path);
    return ok;
}
