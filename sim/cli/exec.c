/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmscale exec: one static Linux program on the native guest kernel. Standard output and error are the program's, the
 * exit code is the program's (128 and the signal's number if one ended it); a summary follows on standard error.
 */
#include "sim/cli/cli.h"
#include "sim/study/exec.h"
#include "sim/study/program.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { MEMORY_DEFAULT_MIB = 256, MEMORY_LEAST_MIB = 32, MEMORY_MOST_MIB = 1024 };
#define PROFILE_DEFAULT "opteron-2006"
#define MIB             ((uint64_t)1 << 20)

static char *profile, *mode, *root, *input, **env, *images_dir;
static int memory_mib = MEMORY_DEFAULT_MIB;
static gint64 max_insns;
static gboolean is_json, is_quiet;

static const GOptionEntry entries[] = {
    {"profile", 'p', 0, G_OPTION_ARG_STRING, &profile, "processor and memory system (" PROFILE_DEFAULT ")", "NAME"},
    {"mode", 0, 0, G_OPTION_ARG_STRING, &mode, "with or without a pipeline and caches (timing)", "timing|functional"},
    {"root", 'r', 0, G_OPTION_ARG_FILENAME, &root, "its files are copied to the guest's root", "DIR"},
    {"stdin", 'i', 0, G_OPTION_ARG_FILENAME, &input, "standard input (empty)", "FILE"},
    {"env", 'e', 0, G_OPTION_ARG_STRING_ARRAY, &env, "an environment variable beside PATH and HOME; may be repeated",
     "NAME=VALUE"},
    {"memory", 'm', 0, G_OPTION_ARG_INT, &memory_mib, "memory in MiB (256)", "MIB"},
    {"max-insns", 0, 0, G_OPTION_ARG_INT64, &max_insns, "end after so many instructions, boot included", "N"},
    {"json", 'j', 0, G_OPTION_ARG_NONE, &is_json, "the summary as one JSON object", NULL},
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &is_quiet, "no summary", NULL},
    {"images", 0, 0, G_OPTION_ARG_FILENAME, &images_dir, "where the guest kernel and profiles are", "DIR"},
    {NULL, 0, 0, 0, NULL, NULL, NULL}};

/* The verb's options end at the program: what follows is the program's. */
static gboolean parse(int *argc, char ***argv, GError **error)
{
    GOptionContext *c = g_option_context_new("PROGRAM [ARGS...]");
    g_option_context_set_summary(c,
                                 "A static Linux x86-64 program on the native guest kernel. Output and exit code are "
                                 "the program's;\na timing summary follows on standard error.");
    g_option_context_add_main_entries(c, entries, NULL);
    g_option_context_set_strict_posix(c, TRUE);
    gboolean ok = g_option_context_parse(c, argc, argv, error);
    g_option_context_free(c);
    if (ok && *argc > 1 && strcmp((*argv)[1], "--") == 0) {
        (*argv)++;
        (*argc)--;
    }
    if (ok && *argc < 2) {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT,
                    "usage: vmscale exec [OPTIONS] PROGRAM [ARGS...] (see vmscale exec --help)");
        ok = FALSE;
    }
    return ok;
}

static gboolean check_words(GError **error)
{
    if (memory_mib < MEMORY_LEAST_MIB || memory_mib > MEMORY_MOST_MIB)
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "--memory %d: allowed is %d..%d", memory_mib, MEMORY_LEAST_MIB,
                    MEMORY_MOST_MIB);
    else if (max_insns < 0)
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "--max-insns %" G_GINT64_FORMAT ": allowed is 1 or more",
                    max_insns);
    else if (mode && strcmp(mode, "timing") != 0 && strcmp(mode, "functional") != 0)
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "--mode %s: allowed is timing, functional", mode);
    for (char **e = env; !*error && e && *e; e++)
        if (!strchr(*e, '=') || **e == '=')
            g_set_error(error, STUDY_ERROR, STUDY_INPUT, "--env %s: allowed is NAME=VALUE", *e);
    return !*error;
}

/* Nothing of the host's environment: the same words give the same run everywhere. */
static GByteArray *pack(char **words, GError **error)
{
    GPtrArray *all = g_ptr_array_new();
    g_ptr_array_add(all, (char[]){"PATH=/bin:/usr/bin"});
    g_ptr_array_add(all, (char[]){"HOME=/"});
    for (char **e = env; e && *e; e++)
        g_ptr_array_add(all, *e);
    g_ptr_array_add(all, NULL);
    struct program p = {
        .path = words[0], .argv = words, .env = (char *const *)all->pdata, .root = root, .input = input};
    GByteArray *module = program_pack(&p, error);
    g_ptr_array_unref(all);
    return module;
}

static gboolean configure(struct exec_cfg *cfg, const struct images *im, char **kernel, GError **error)
{
    GError *why = NULL;
    char *path = images_profile(im, profile ? profile : PROFILE_DEFAULT, error);
    gboolean ok = path && (*kernel = images_kernel(im, "native", error));
    if (ok && !machine_profile_load(&cfg->machine, path, &why)) {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s", why->message);
        g_error_free(why);
        ok = FALSE;
    }
    g_free(path);
    cfg->kernel = *kernel;
    cfg->machine.n_cores = cfg->machine.mem.n_cores = 1;
    cfg->machine.memory_bytes = (uint64_t)memory_mib * MIB;
    cfg->machine.mode = mode && strcmp(mode, "functional") == 0 ? CPU_FUNCTIONAL : CPU_TIMING;
    return ok;
}

static void print_summary(const struct exec_cfg *cfg, const struct exec_result *r)
{
    const char *p = profile ? profile : PROFILE_DEFAULT, *m = cfg->machine.mode == CPU_TIMING ? "timing" : "functional";
    double ipc = r->cycles ? (double)r->instructions / (double)r->cycles : 0;
    double mips = r->host_seconds > 0 ? (double)r->instructions / r->host_seconds * 1e-6 : 0;
    double seconds = (double)r->cycles / (double)cfg->machine.cpu.clock_khz * 1e-3;
    if (!is_json) {
        fprintf(stderr,
                "vmscale: exit code %u; %" G_GUINT64_FORMAT " cycles, %" G_GUINT64_FORMAT
                " instructions, IPC %.2f, %.6f s of %s (%s); %.1f M instructions/s of host time\n",
                r->exit_code, r->cycles, r->instructions, ipc, seconds, p, m, mips);
        return;
    }
    json_t *j =
        json_pack("{s:i, s:s, s:s, s:I, s:I, s:f, s:f, s:{s:f, s:f}}", "exit_code", (int)r->exit_code, "profile", p,
                  "mode", m, "cycles", (json_int_t)r->cycles, "instructions", (json_int_t)r->instructions, "ipc", ipc,
                  "seconds", seconds, "host", "seconds", r->host_seconds, "mips", mips);
    json_dumpf(j, stderr, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putc('\n', stderr);
    json_decref(j);
}

static int run(char **words, const struct images *im, GError **error)
{
    struct exec_cfg cfg = {.out = stdout, .err = stderr, .max_insns = (uint64_t)max_insns};
    struct exec_result r = {0};
    char *kernel = NULL;
    int code = STUDY_INPUT;
    GByteArray *module = pack(words, error);
    if (module && configure(&cfg, im, &kernel, error)) {
        cfg.module = module;
        cfg.interrupted = cli_catch_interrupt();
        if (exec_run(&cfg, &r, error)) {
            code = (int)r.exit_code;
            if (fflush(stdout) != 0)
                g_set_error(error, STUDY_ERROR, STUDY_INPUT, "cannot write standard output");
            if (!is_quiet)
                print_summary(&cfg, &r);
        }
    }
    if (module)
        g_byte_array_unref(module);
    g_free(kernel);
    return code;
}

int cli_exec(int argc, char **argv)
{
    struct images im = {NULL};
    GError *error = NULL;
    int code = STUDY_INPUT;
    if (parse(&argc, &argv, &error) && check_words(&error) && images_open(&im, images_dir, &error))
        code = run(argv + 1, &im, &error);
    images_close(&im);
    return error ? cli_fail(error) : code;
}
