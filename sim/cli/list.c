/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmscale list: what there is, from the tables themselves. With --markdown, the page that stands in docs/ (a test fails
 * when the two differ).
 */
#include "sim/cli/cli.h"
#include "sim/study/catalog.h"

#include <stdio.h>
#include <string.h>

static char *images_dir;
static gboolean is_markdown;

static const GOptionEntry entries[] = {
    {"markdown", 0, 0, G_OPTION_ARG_NONE, &is_markdown, "as the page in docs/ (options, stats, insns)", NULL},
    {"images", 0, 0, G_OPTION_ARG_FILENAME, &images_dir, "where hypervisor, guests and profiles are", "DIR"},
    {NULL, 0, 0, 0, NULL, NULL, NULL}};

/* A cell of a markdown table: a bar would end it. */
static char *cell(const char *text)
{
    char **parts = g_strsplit(text, "|", -1);
    char *out = g_strjoinv("\\|", parts);
    g_strfreev(parts);
    return out;
}

static void markdown_row(const char *const *cells, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *c = cell(cells[i]);
        printf("| %s ", c);
        g_free(c);
    }
    puts("|");
}

static void print_option(enum option_id id)
{
    const struct option_row *r = option_row(id);
    char *def = option_default(id), *allowed = option_allowed(id);
    const char *const cells[] = {r->name, def[0] ? def : "-", allowed, r->text};
    if (is_markdown)
        markdown_row(cells, G_N_ELEMENTS(cells));
    else
        printf("  %-17s %-13s %-22s %s\n", cells[0], cells[1], cells[2], cells[3]);
    g_free(def);
    g_free(allowed);
}

static int list_options(const struct images *im)
{
    (void)im;
    if (is_markdown)
        puts("# Options of a scenario\n\nMade by `vmscale list options --markdown` from sim/options.def and "
             "hv/abi/options.def; do not edit.\n\nA value may be a list (`off, on`) or a range (`1..8`), and then is "
             "an axis of a sweep. `--set section.key=value` overrides a scenario. Texts (titles, command lines, plot "
             "metrics) are taken whole.");
    for (int i = 0; i < OPTION_COUNT; i++) {
        enum option_id id = (enum option_id)i;
        const struct option_row *r = option_row(id);
        if (r->type != OPTION_SECTION)
            print_option(id);
        else if (is_markdown)
            printf("\n## [%s]\n\n%s.\n\n| key | default | allowed | meaning |\n|---|---|---|---|\n", r->name, r->text);
        else
            printf("%s[%s] %s\n", i ? "\n" : "", r->name, r->text);
    }
    return STUDY_OK;
}

static int list_stats(const struct images *im)
{
    size_t n;
    const struct catalog_row *rows = catalog_rows(&n);
    const char *group = "";
    (void)im;
    if (is_markdown)
        puts("# Statistics\n\nMade by `vmscale list stats --markdown` from the stats.def of each folder, "
             "hv/abi/counters.def, sim/study/derived.def and sim/ledger.def; do not edit.\n\nNames as in run.json. A "
             "figure's `y` is a headline number of group run, `stats.NAME`, `ledger.LEAF` or `share.CAUSE`.");
    for (size_t i = 0; i < n; i++) {
        const char *const cells[] = {rows[i].name, rows[i].unit, rows[i].text};
        if (is_markdown && strcmp(group, rows[i].group) != 0)
            printf("\n## %s\n\n| name | unit | meaning |\n|---|---|---|\n", rows[i].group);
        group = rows[i].group;
        if (is_markdown)
            markdown_row(cells, G_N_ELEMENTS(cells));
        else
            printf("%-8s %-28s %-20s %s\n", group, cells[0], cells[1], cells[2]);
    }
    return STUDY_OK;
}

static const char *const insns[][4] = {
#define INSN(id, form, handler, tclass, flags, title) {#id, #form, #tclass, title},
#include "cpu/insn.def"
#undef INSN
};

static int list_insns(const struct images *im)
{
    (void)im;
    if (is_markdown)
        printf("# Instructions\n\nMade by `vmscale list insns --markdown` from cpu/insn.def; do not edit.\n\n%zu rows. "
               "What has no row stops a run by name (exit code 3).\n\n| Capstone id | form | timing class | manual "
               "title |\n|---|---|---|---|\n",
               G_N_ELEMENTS(insns));
    for (size_t i = 0; i < G_N_ELEMENTS(insns); i++) {
        if (is_markdown)
            markdown_row(insns[i], 4);
        else
            printf("%-14s %-10s %-10s %s\n", insns[i][0], insns[i][1], insns[i][2], insns[i][3]);
    }
    return STUDY_OK;
}

static int list_files(const struct images *im, enum images_kind kind)
{
    GPtrArray *names = images_list(im, kind);
    for (guint i = 0; i < names->len; i++)
        puts(names->pdata[i]);
    g_ptr_array_unref(names);
    return STUDY_OK;
}

static int list_profiles(const struct images *im)
{
    return list_files(im, IMAGES_PROFILES);
}

static int list_scenarios(const struct images *im)
{
    return list_files(im, IMAGES_SCENARIOS);
}

static int list_workloads(const struct images *im)
{
    return list_files(im, IMAGES_WORKLOADS);
}

static const struct list {
    const char *name;
    int (*print)(const struct images *im);
    gboolean needs_images;
} lists[] = {
    {"options", list_options, FALSE},  {"stats", list_stats, FALSE},        {"insns", list_insns, FALSE},
    {"profiles", list_profiles, TRUE}, {"scenarios", list_scenarios, TRUE}, {"workloads", list_workloads, TRUE},
};

static int print_list(const char *name, GError **error)
{
    const char *names[G_N_ELEMENTS(lists) + 1] = {NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        struct images im = {NULL};
        names[i] = lists[i].name;
        if (strcmp(name, names[i]) != 0)
            continue;
        if (lists[i].needs_images && !images_open(&im, images_dir, error))
            return STUDY_INPUT;
        int code = lists[i].print(&im);
        images_close(&im);
        return code;
    }
    char *all = g_strjoinv(", ", (char **)names);
    g_set_error(error, STUDY_ERROR, STUDY_INPUT, "list %s: allowed is %s", name, all);
    g_free(all);
    return STUDY_INPUT;
}

int cli_list(int argc, char **argv)
{
    GError *error = NULL;
    int code = STUDY_INPUT;
    if (cli_parse("options|stats|insns|profiles|scenarios|workloads", "What there is.", entries, 1, &argc, &argv,
                  &error))
        code = print_list(argv[1], &error);
    return error ? cli_fail(error) : code;
}
