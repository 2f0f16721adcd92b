/* SPDX-License-Identifier: Apache-2.0 */
/* vmscale plot: the figures of a sweep's folder, drawn again, with other axes if wanted. */
#include "sim/cli/cli.h"
#include "sim/study/plot.h"
#include "sim/study/sweep.h"

#include <stdio.h>

static char **sets, *images_dir;

static const GOptionEntry entries[] = {
    {"set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &sets, "another figure, for example plot.y=stats.ipc",
     "SECTION.KEY=VALUE"},
    {"images", 0, 0, G_OPTION_ARG_FILENAME, &images_dir, "where hypervisor, guests and profiles are", "DIR"},
    {NULL, 0, 0, 0, NULL, NULL, NULL}};

static gboolean draw(const struct scenario *s, const char *dir, const struct images *im, GError **error)
{
    struct table *t = table_load(s, dir);
    GPtrArray *made = g_ptr_array_new_with_free_func(g_free);
    gboolean ok = plot_write(t, im, made, error);
    for (guint i = 0; i < made->len; i++)
        puts(made->pdata[i]);
    g_ptr_array_unref(made);
    table_free(t);
    return ok;
}

int cli_plot(int argc, char **argv)
{
    struct images im = {NULL};
    struct scenario *s = NULL;
    GError *error = NULL;
    if (cli_parse("DIR", "The figures of a sweep's folder: CSV, gnuplot script, SVG and PNG.", entries, 1, &argc, &argv,
                  &error) &&
        images_open(&im, images_dir, &error))
        s = sweep_open(argv[1], &error);
    gboolean ok = s != NULL;
    for (char **set = sets; ok && set && *set; set++)
        ok = scenario_set(s, *set, &error);
    ok = ok && plot_check(s, &error) && draw(s, argv[1], &im, &error);
    scenario_free(s);
    images_close(&im);
    return ok ? STUDY_OK : cli_fail(error);
}
