/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmscale: the verb table and what verbs share. Exit codes: 0 done, 1 the guest or a check failed, 2 bad input, 3 a bug
 * or an unmodelled feature, 130 interrupted; validate also 77, nothing to compare with (skipped).
 */
#include "sim/cli/cli.h"
#include "sim/study/version.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct cli_verb verbs[] = {
    {"run", cli_run, "SCENARIO", "one run of one point"},
    {"sweep", cli_sweep, "SCENARIO", "every point of the scenario's axes, then its figures"},
    {"exec", cli_exec, "PROGRAM [ARGS...]", "a static Linux x86-64 program on the native guest kernel"},
    {"boot", cli_boot, "KERNEL", "any kernel: PVH, Multiboot 1 and 2, Linux bzImage, boot sector"},
    {"plot", cli_plot, "DIR", "the figures of a finished sweep again"},
    {"validate", cli_validate, "SCENARIO --on qemu",
     "the same images elsewhere: results and event counts side by side"},
    {"list", cli_list, "options|stats|profiles|scenarios|workloads|insns", "what there is"},
};

static volatile bool is_interrupted;

static void on_signal(int number)
{
    is_interrupted = true;
    signal(number, SIG_DFL);
}

volatile const bool *cli_catch_interrupt(void)
{
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    return &is_interrupted;
}

int cli_fail(GError *error)
{
    int code = error->domain == STUDY_ERROR ? error->code : STUDY_INPUT;
    fprintf(stderr, "vmscale: %s\n", g_strdelimit(error->message, "\n", ' '));
    g_error_free(error);
    return code;
}

gboolean cli_parse(const char *verb_args, const char *text, const GOptionEntry *entries, int n_words, int *argc,
                   char ***argv, GError **error)
{
    GOptionContext *c = g_option_context_new(verb_args);
    g_option_context_set_summary(c, text);
    g_option_context_add_main_entries(c, entries, NULL);
    gboolean ok = g_option_context_parse(c, argc, argv, error);
    g_option_context_free(c);
    if (ok && *argc != n_words + 1) {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "usage: vmscale %s %s (see vmscale %s --help)", (*argv)[0],
                    verb_args, (*argv)[0]);
        ok = FALSE;
    }
    return ok;
}

struct scenario *cli_scenario(const char *name_or_path, char **sets, const char *images_dir, struct images *im,
                              GError **error)
{
    if (!images_open(im, images_dir, error))
        return NULL;
    char *path = images_scenario(im, name_or_path, error);
    struct scenario *s = path ? scenario_load(path, error) : NULL;
    g_free(path);
    for (; s && sets && *sets; sets++)
        if (!scenario_set(s, *sets, error)) {
            scenario_free(s);
            s = NULL;
        }
    return s;
}

static int help(FILE *out, int code)
{
    fputs("vmscale - a cycle-accurate x86-64 virtualization simulator\n\nusage: vmscale VERB ...\n\n", out);
    for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
        fprintf(out, "  %-9s %-50s %s\n", verbs[i].name, verbs[i].args, verbs[i].text);
    fputs("\nvmscale VERB --help tells a verb's options; vmscale list options tells what a scenario may say.\n"
          "exit codes: 0 done, 1 the guest or a check failed, 2 bad input, 3 a bug or an unmodelled feature,\n"
          "            130 interrupted; validate: 77 nothing to compare with (skipped)\n",
          out);
    return code;
}

/* A list on a full disk is no list. */
static int close_stdout(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fputs("vmscale: cannot write to the standard output\n", stderr);
    return code ? code : STUDY_INPUT;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return help(stderr, STUDY_INPUT);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return help(stdout, STUDY_OK);
    if (strcmp(argv[1], "--version") == 0) {
        puts("vmscale " STUDY_VERSION);
        return STUDY_OK;
    }
    const char *names[G_N_ELEMENTS(verbs) + 1] = {NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
        names[i] = verbs[i].name;
        if (strcmp(argv[1], names[i]) == 0) {
            char *name = g_strconcat("vmscale ", names[i], NULL); /* as --help's usage line says it */
            g_set_prgname(name);
            g_free(name);
            return close_stdout(verbs[i].run(argc - 1, argv + 1));
        }
    }
    const char *near = study_nearest(argv[1], names);
    fprintf(stderr, "vmscale: unknown verb %s%s%s%s; see vmscale --help\n", argv[1], near ? ", did you mean " : "",
            near ? near : "", near ? "?" : "");
    return STUDY_INPUT;
}
