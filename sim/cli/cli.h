/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tool's verbs: one file each, one row each in the table of main.c. A verb parses its words, calls sim/study and
 * prints; it holds no logic of its own. Results go to stdout, messages and progress to stderr.
 */
#pragma once
#include "sim/study/images.h"
#include "sim/study/scenario.h"
#include <stdbool.h>

struct cli_verb {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the verb; returns the exit code */
    const char *args, *text;
};

int cli_run(int argc, char **argv);
int cli_sweep(int argc, char **argv);
int cli_boot(int argc, char **argv);
int cli_exec(int argc, char **argv);
int cli_plot(int argc, char **argv);
int cli_validate(int argc, char **argv);
int cli_list(int argc, char **argv);

/* cli_parse() - options of a verb; exactly @n_words words must remain. On --help prints and exits 0. */
gboolean cli_parse(const char *verb_args, const char *text, const GOptionEntry *entries, int n_words, int *argc,
                   char ***argv, GError **error);
/* cli_fail() - prints the error as one line, frees it, returns its exit code. */
int cli_fail(GError *error);
/* cli_scenario() - images and scenario by name or path, --set applied. */
struct scenario *cli_scenario(const char *name_or_path, char **sets, const char *images_dir, struct images *im,
                              GError **error);
/* cli_catch_interrupt() - SIGINT and SIGTERM set the flag from now on; a second one ends the process. */
volatile const bool *cli_catch_interrupt(void);
