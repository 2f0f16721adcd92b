/* SPDX-License-Identifier: Apache-2.0 */
/* vmscale validate: the same images in the simulator and elsewhere; what must be equal, side by side. */
#include "sim/cli/cli.h"
#include "sim/study/compare.h"
#include "sim/study/qemu.h"
#include "sim/study/run.h"

#include <stdio.h>
#include <string.h>

#define EXIT_SKIPPED 77

static char **sets, *images_dir, *where;
static int timeout_s = 300;

static const GOptionEntry entries[] = {
    {"on", 0, 0, G_OPTION_ARG_STRING, &where, "where else to run", "qemu"},
    {"set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &sets, "an option's value instead of the scenario's",
     "SECTION.KEY=VALUE"},
    {"timeout", 0, 0, G_OPTION_ARG_INT, &timeout_s, "host seconds that QEMU may take (300)", "S"},
    {"images", 0, 0, G_OPTION_ARG_FILENAME, &images_dir, "where hypervisor, guests and profiles are", "DIR"},
    {NULL, 0, 0, 0, NULL, NULL, NULL}};

static gboolean simulate(const struct plan *p, GString *serial, unsigned *exit_code, GError **error)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *f = open_memstream(&text, &bytes);
    struct run_hooks hooks = {.serial = f, .interrupted = cli_catch_interrupt()};
    struct result *r = run_measure(p, &hooks, error);
    fclose(f);
    g_string_append_len(serial, text, (gssize)bytes);
    free(text);
    if (r)
        *exit_code = r->exit_code;
    result_free(r);
    return r != NULL;
}

static int compare(const struct plan *p, const char *qemu, GError **error)
{
    GString *ours = g_string_new(NULL), *theirs = g_string_new(NULL), *out = g_string_new(NULL);
    unsigned our_code = 0;
    int their_code = 0, code = STUDY_GUEST;
    if (simulate(p, ours, &our_code, error) && qemu_run(p, qemu, (unsigned)timeout_s, theirs, &their_code, error)) {
        GPtrArray *a = console_parse(ours->str), *b = console_parse(theirs->str);
        struct compare_result r = compare_consoles(a, b, "vmscale", "qemu", out);
        fputs(out->str, stdout);
        printf("%s, %u domains on %u CPUs: %u equal, %u different, %u timed (shown only); exit codes %u and %d\n",
               p->point.scenario->name, p->domains->len, p->machine.n_cores, r.n_equal, r.n_different, r.n_shown,
               our_code, their_code);
        gboolean same = r.n_different == 0 && r.n_equal > 0 && our_code == (unsigned)their_code;
        code = same ? STUDY_OK : STUDY_GUEST;
        g_ptr_array_unref(a);
        g_ptr_array_unref(b);
    } else if (theirs->len > 0) {
        fprintf(stderr, "console under QEMU:\n%s\n", theirs->str);
    } else {
        fprintf(stderr, "console in the simulator:\n%s\n", ours->str);
    }
    g_string_free(ours, TRUE);
    g_string_free(theirs, TRUE);
    g_string_free(out, TRUE);
    return code;
}

static int validate_points(const struct scenario *s, const struct images *im, const char *qemu, GError **error)
{
    int worst = STUDY_OK;
    for (size_t i = 0; i < scenario_points(s) && !*error; i++) {
        struct plan *p = plan_new(s, i, im, error);
        int code = p ? compare(p, qemu, error) : STUDY_INPUT;
        worst = MAX(worst, code);
        plan_free(p);
    }
    return worst;
}

static gboolean check_words(GError **error)
{
    if (!where || strcmp(where, "qemu") != 0)
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "--on %s: allowed is qemu", where ? where : "(missing)");
    else if (timeout_s < 1)
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "--timeout %d: allowed is 1 or more", timeout_s);
    else
        return TRUE;
    return FALSE;
}

int cli_validate(int argc, char **argv)
{
    struct images im = {NULL};
    struct scenario *s = NULL;
    GError *error = NULL;
    int code = STUDY_INPUT;
    if (cli_parse("SCENARIO", "The same images in the simulator and elsewhere, run to the end, and compared.", entries,
                  1, &argc, &argv, &error) &&
        check_words(&error))
        s = cli_scenario(argv[1], sets, images_dir, &im, &error);
    char *qemu = qemu_find();
    if (s && scenario_set(s, "measure.window_us=0", &error)) {
        if (qemu)
            code = validate_points(s, &im, qemu, &error);
        else {
            puts("SKIP: qemu-system-x86_64 is not installed");
            code = EXIT_SKIPPED;
        }
    }
    g_free(qemu);
    scenario_free(s);
    images_close(&im);
    return error ? cli_fail(error) : code;
}
