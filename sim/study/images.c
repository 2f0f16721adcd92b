/* SPDX-License-Identifier: Apache-2.0 */
/* Finding hypervisor, guests, workloads, profiles and scenarios. See images.h. */
#include "sim/study/images.h"
#include "sim/study/options.h"

#include <string.h>

static const struct kind {
    const char *what, *folder, *suffix;
} kinds[] = {
    [IMAGES_PROFILES] = {"profile", "cpu/profiles", ".ini"},
    [IMAGES_SCENARIOS] = {"scenario", "workloads/scenarios", ".conf"},
    [IMAGES_WORKLOADS] = {"workload", "workloads/bench", ".elf"},
    [IMAGES_KERNELS] = {"guest kernel", "workloads/guest", ".elf"},
};

static gboolean has_images(const char *dir)
{
    char *hv = g_build_filename(dir, "hv", NULL), *cpu = g_build_filename(dir, "cpu", NULL);
    gboolean yes = g_file_test(hv, G_FILE_TEST_IS_DIR) || g_file_test(cpu, G_FILE_TEST_IS_DIR);
    g_free(hv);
    g_free(cpu);
    return yes;
}

gboolean images_open(struct images *im, const char *dir, GError **error)
{
    char *exe = g_file_read_link("/proc/self/exe", NULL);
    char *bin = g_path_get_dirname(exe ? exe : "./vmscale");
    char *installed = g_build_filename(bin, "..", "lib", "vmscale", NULL);
    const char *places[] = {dir ? dir : bin, dir ? NULL : installed, NULL};
    im->dir = NULL;
    for (const char **p = places; *p && !im->dir; p++)
        if (has_images(*p))
            im->dir = g_canonicalize_filename(*p, NULL);
    if (!im->dir)
        g_set_error(error, STUDY_ERROR, STUDY_INPUT,
                    "no images in %s (wanted: a folder with hv/, workloads/ and cpu/profiles/, see --images)",
                    dir ? dir : bin);
    g_free(installed);
    g_free(bin);
    g_free(exe);
    return im->dir != NULL;
}

void images_close(struct images *im)
{
    g_free(im->dir);
    im->dir = NULL;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *images_list(const struct images *im, enum images_kind kind)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    char *folder = g_build_filename(im->dir, kinds[kind].folder, NULL);
    GDir *d = g_dir_open(folder, 0, NULL);
    for (const char *n; d && (n = g_dir_read_name(d));)
        if (g_str_has_suffix(n, kinds[kind].suffix))
            g_ptr_array_add(names, g_strndup(n, strlen(n) - strlen(kinds[kind].suffix)));
    if (d)
        g_dir_close(d);
    g_free(folder);
    g_ptr_array_sort(names, by_name);
    return names;
}

static char *find(const struct images *im, enum images_kind kind, const char *name, GError **error)
{
    char *file = g_strconcat(name, kinds[kind].suffix, NULL);
    char *path = g_build_filename(im->dir, kinds[kind].folder, file, NULL);
    g_free(file);
    if (!strchr(name, '/') && g_file_test(path, G_FILE_TEST_IS_REGULAR))
        return path;
    GPtrArray *have = images_list(im, kind);
    g_ptr_array_add(have, NULL);
    char *all = g_strjoinv(", ", (char **)have->pdata);
    g_set_error(error, STUDY_ERROR, STUDY_INPUT, "no %s called %s; there are: %s (in %s/%s)", kinds[kind].what, name,
                all[0] ? all : "none", im->dir, kinds[kind].folder);
    g_free(all);
    g_ptr_array_unref(have);
    g_free(path);
    return NULL;
}

char *images_hv(const struct images *im, GError **error)
{
    char *path = g_build_filename(im->dir, "hv", "hv.elf", NULL);
    if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
        return path;
    g_set_error(error, STUDY_ERROR, STUDY_INPUT, "no hypervisor image %s", path);
    g_free(path);
    return NULL;
}

char *images_kernel(const struct images *im, const char *type, GError **error)
{
    return find(im, IMAGES_KERNELS, type, error);
}

char *images_workload(const struct images *im, const char *name, GError **error)
{
    return find(im, IMAGES_WORKLOADS, name, error);
}

char *images_profile(const struct images *im, const char *name, GError **error)
{
    return find(im, IMAGES_PROFILES, name, error);
}

char *images_scenario(const struct images *im, const char *name_or_path, GError **error)
{
    /* A result folder may have the name of its scenario: only a bare name's folder is passed over. */
    gboolean is_bare = !strchr(name_or_path, '/') && g_file_test(name_or_path, G_FILE_TEST_IS_DIR);
    if (!is_bare && g_file_test(name_or_path, G_FILE_TEST_EXISTS))
        return g_strdup(name_or_path);
    return find(im, IMAGES_SCENARIOS, name_or_path, error);
}
