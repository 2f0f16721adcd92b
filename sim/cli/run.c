/* SPDX-License-Identifier: Apache-2.0 */
/* vmscale run: one point, into a folder of its own. */
#include "sim/cli/cli.h"
#include "sim/study/outdir.h"
#include "sim/study/run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char **sets, *out_dir, *images_dir, *mode;
static gboolean is_quiet, has_console;

static const GOptionEntry entries[] = {
    {"set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &sets, "an option's value instead of the scenario's",
     "SECTION.KEY=VALUE"},
    {"out", 'o', 0, G_OPTION_ARG_FILENAME, &out_dir, "the run's folder (results/out/SCENARIO)", "DIR"},
    {"mode", 0, 0, G_OPTION_ARG_STRING, &mode, "short for --set machine.mode=MODE", "timing|functional"},
    {"images", 0, 0, G_OPTION_ARG_FILENAME, &images_dir, "where hypervisor, guests and profiles are", "DIR"},
    {"console", 'c', 0, G_OPTION_ARG_NONE, &has_console, "show the serial console on stderr", NULL},
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &is_quiet, "no progress, no summary", NULL},
    {NULL, 0, 0, 0, NULL, NULL, NULL}};

/* The folder and the console file of the run, for the way out: sim_bug() and sim_unmodelled() leave by exit(). */
static struct outdir folder;
static FILE *serial;

static void leave(void)
{
    if (serial)
        fclose(serial);
    serial = NULL;
    outdir_fail(&folder);
}

static void progress(void *opaque, const char *phase, double simulated_ms, double instructions, gboolean is_last)
{
    static gint64 last_us;
    (void)opaque;
    gint64 now = g_get_monotonic_time();
    if (is_last)
        fputs("\r\033[K", stderr);
    else if (now - last_us > 200000) {
        last_us = now;
        fprintf(stderr, "\r\033[K%s: %.3f ms simulated, %.1f M instructions", phase, simulated_ms, instructions * 1e-6);
        fflush(stderr);
    }
}

/* Sums the leaves by cause, whatever the context, largest first. */
struct cause {
    const char *name;
    uint64_t cyc;
};

static int by_cycles(const void *a, const void *b)
{
    const struct cause *x = a, *y = b;
    if (x->cyc != y->cyc)
        return x->cyc < y->cyc ? 1 : -1;
    return strcmp(x->name, y->name);
}

static void print_causes(const struct result *r)
{
    struct cause causes[256];
    size_t n = 0;
    for (guint i = 0; i < r->leaves->len; i++) {
        const struct result_leaf *l = &g_array_index(r->leaves, struct result_leaf, i);
        const char *name = strrchr(l->name, '/') + 1;
        size_t k = 0;
        while (k < n && strcmp(causes[k].name, name) != 0)
            k++;
        if (k == G_N_ELEMENTS(causes))
            continue;
        if (k == n)
            causes[n++] = (struct cause){name, 0};
        causes[k].cyc += l->cyc;
    }
    qsort(causes, n, sizeof causes[0], by_cycles);
    for (size_t i = 0; i < n && i < 10; i++)
        printf("  %6.2f %%  %s\n", 100.0 * (double)causes[i].cyc / (double)r->core_cycles, causes[i].name);
}

static void print_summary(const struct plan *p, const struct result *r)
{
    printf("%s: %.6g operations/s of %u domains, in %.3f ms of %u cores (%" G_GUINT64_FORMAT " cycles each)\n",
           p->point.scenario->name, r->throughput, r->domains->len, r->seconds * 1e3, p->machine.n_cores, r->cycles);
    for (guint i = 0; i < r->domains->len; i++) {
        const struct result_domain *d = &g_array_index(r->domains, struct result_domain, i);
        printf("  %-15s %12" G_GUINT64_FORMAT " operations  %.6g/s\n", d->name, d->ops, d->throughput);
    }
    puts("where the cycles went:");
    print_causes(r);
    printf("host: %.2f s, %.1f M simulated instructions/s\n", r->host.seconds, r->host.mips);
}

static gboolean write_results(const struct plan *p, const struct result *r, GError **error)
{
    char *json = result_write_json(r, &p->point), *stats = result_write_stats(r);
    gboolean ok = !ferror(serial);
    ok = fclose(serial) == 0 && ok;
    serial = NULL;
    if (!ok)
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "cannot write %s/serial.log: is the disk full?", folder.tmp);
    ok = ok && outdir_put(&folder, "run.json", json, error) && outdir_put(&folder, "stats.txt", stats, error) &&
         outdir_commit(&folder, error);
    g_free(json);
    g_free(stats);
    return ok;
}

static int measure(const struct plan *p, const char *path, GError **error)
{
    if (!outdir_open(&folder, path, error))
        return STUDY_INPUT;
    atexit(leave);
    if (!(serial = outdir_file(&folder, "serial.log", error)))
        return STUDY_INPUT;
    struct run_hooks hooks = {.serial = serial,
                              .is_echoed = has_console,
                              .interrupted = cli_catch_interrupt(),
                              .progress = !is_quiet && !has_console && isatty(STDERR_FILENO) ? progress : NULL};
    struct result *r = run_measure(p, &hooks, error);
    if (!r && ((*error)->code == STUDY_INTERRUPTED || (*error)->code == STUDY_INPUT))
        outdir_discard(&folder); /* nothing ran, or nobody wants it */
    if (!r)
        return STUDY_GUEST;
    int code = r->exit_code ? STUDY_GUEST : STUDY_OK;
    if (write_results(p, r, error) && !is_quiet) {
        print_summary(p, r);
        printf("%s: run.json, stats.txt, serial.log\n", path);
    }
    if (!*error && code)
        g_set_error(error, STUDY_ERROR, STUDY_GUEST, "the hypervisor ended with %u: a domain failed, see %s/serial.log",
                    r->exit_code, path);
    result_free(r);
    return code;
}

static int run_point(const struct scenario *s, const struct images *im, GError **error)
{
    for (guint i = 0; i < s->slots->len; i++) {
        const struct scenario_slot *slot = scenario_slot(s, i);
        if (!scenario_slot_is_axis(slot))
            continue;
        char *where = scenario_where(s, slot);
        g_set_error(error, STUDY_ERROR, STUDY_INPUT,
                    "%s has %u values: use vmscale sweep, or choose one with --set %s=%s", where, slot->values->len,
                    slot->key, (char *)slot->values->pdata[0]);
        g_free(where);
        return STUDY_INPUT;
    }
    struct plan *p = plan_new(s, 0, im, error);
    if (!p)
        return STUDY_INPUT;
    char *path = out_dir ? g_strdup(out_dir) : g_build_filename("results", "out", s->name, NULL);
    int code = measure(p, path, error);
    g_free(path);
    plan_free(p);
    return code;
}

int cli_run(int argc, char **argv)
{
    struct images im = {NULL};
    struct scenario *s = NULL;
    GError *error = NULL;
    int code = STUDY_INPUT;
    if (cli_parse("SCENARIO", "One run. The folder gets run.json, stats.txt and serial.log.", entries, 1, &argc, &argv,
                  &error))
        s = cli_scenario(argv[1], sets, images_dir, &im, &error);
    char *mode_set = mode ? g_strconcat("machine.mode=", mode, NULL) : NULL;
    if (s && (!mode_set || scenario_set(s, mode_set, &error)))
        code = run_point(s, &im, &error);
    g_free(mode_set);
    scenario_free(s);
    images_close(&im);
    return error ? cli_fail(error) : code;
}
