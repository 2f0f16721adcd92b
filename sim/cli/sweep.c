/* SPDX-License-Identifier: Apache-2.0 */
/* vmscale sweep: all points, the store, the figures. */
#include "sim/cli/cli.h"
#include "sim/study/plot.h"
#include "sim/study/sweep.h"

#include <stdio.h>
#include <string.h>

static char **sets, *out_dir, *images_dir, *backend;
static gboolean is_resumed;
static int jobs = G_MININT; /* not given */

static const GOptionEntry entries[] = {
    {"set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &sets, "an option's value or axis instead of the scenario's",
     "SECTION.KEY=VALUE"},
    {"jobs", 'j', 0, G_OPTION_ARG_INT, &jobs, "points at a time (host cores)", "N"},
    {"out", 'o', 0, G_OPTION_ARG_FILENAME, &out_dir, "the sweep's folder (results/out/SCENARIO)", "DIR"},
    {"resume", 'r', 0, G_OPTION_ARG_NONE, &is_resumed, "go on with the folder: finished points are kept", NULL},
    {"backend", 0, 0, G_OPTION_ARG_STRING, &backend, "who runs the points", "local"},
    {"images", 0, 0, G_OPTION_ARG_FILENAME, &images_dir, "where hypervisor, guests and profiles are", "DIR"},
    {NULL, 0, 0, 0, NULL, NULL, NULL}};

static gboolean check_words(GError **error)
{
    if (jobs != G_MININT && (jobs < 1 || jobs > 1024))
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "--jobs %d: allowed is 1..1024", jobs);
    else if (backend && strcmp(backend, "local") != 0)
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "--backend %s: allowed is local", backend);
    else
        return TRUE;
    return FALSE;
}

/* The command that goes on: the same words, or it would be another sweep. */
static void print_how_to_resume(const struct sweep_cfg *cfg)
{
    char *dir = g_shell_quote(cfg->dir), *path = g_shell_quote(cfg->scenario_path);
    printf("interrupted; go on with: vmscale sweep %s --out %s --resume", path, dir);
    for (char **set = cfg->sets; set && *set; set++) {
        char *quoted = g_shell_quote(*set);
        printf(" --set %s", quoted);
        g_free(quoted);
    }
    putchar('\n');
    g_free(path);
    g_free(dir);
}

static int finish(const struct sweep_cfg *cfg, const struct sweep_result *r, GError **error)
{
    printf("%zu of %zu points finished (%zu kept from before, %zu failed): %s/study.sqlite3\n", r->n_done, r->n_points,
           r->n_kept, r->n_failed, cfg->dir);
    if (r->is_interrupted) {
        print_how_to_resume(cfg);
        return STUDY_INTERRUPTED;
    }
    if (r->n_done == 0)
        return r->worst;
    struct table *t = table_load(cfg->scenario, cfg->dir);
    GPtrArray *made = g_ptr_array_new_with_free_func(g_free);
    plot_write(t, cfg->images, made, error);
    for (guint i = 0; i < made->len; i++)
        puts(made->pdata[i]);
    g_ptr_array_unref(made);
    table_free(t);
    return r->worst;
}

int cli_sweep(int argc, char **argv)
{
    struct images im = {NULL};
    struct scenario *s = NULL;
    GError *error = NULL;
    int code = STUDY_INPUT;
    if (cli_parse("SCENARIO", "Every point of the scenario's axes, each in a process of its own.", entries, 1, &argc,
                  &argv, &error) &&
        check_words(&error))
        s = cli_scenario(argv[1], sets, images_dir, &im, &error);
    if (s) {
        char *dir = out_dir ? g_strdup(out_dir) : g_build_filename("results", "out", s->name, NULL);
        struct sweep_cfg cfg = {.scenario = s,
                                .images = &im,
                                .scenario_path = s->path,
                                .sets = sets,
                                .dir = dir,
                                .jobs = jobs > 0 ? (unsigned)jobs : g_get_num_processors(),
                                .is_resumed = is_resumed};
        struct sweep_result r;
        if (sweep_run(&cfg, &r, &error))
            code = finish(&cfg, &r, &error);
        g_free(dir);
    }
    scenario_free(s);
    images_close(&im);
    return error ? cli_fail(error) : code;
}
