/* SPDX-License-Identifier: Apache-2.0 */
/* Result folders, whole or absent. See outdir.h. */
#include "sim/study/outdir.h"
#include "sim/study/options.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

static gboolean fail(GError **error, const char *what, const char *path)
{
    g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s %s: %s", what, path, g_strerror(errno));
    return FALSE;
}

/* Removes a folder of plain files: ours never hold folders. */
static void remove_flat(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    for (const char *n; dir && (n = g_dir_read_name(dir));) {
        char *file = g_build_filename(path, n, NULL);
        g_unlink(file);
        g_free(file);
    }
    if (dir)
        g_dir_close(dir);
    g_rmdir(path);
}

static gboolean is_replaceable(const char *path, GError **error)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    gboolean is_empty = dir && !g_dir_read_name(dir);
    if (dir)
        g_dir_close(dir);
    char *json = g_build_filename(path, "run.json", NULL);
    gboolean ok = is_empty || g_file_test(json, G_FILE_TEST_IS_REGULAR);
    g_free(json);
    if (!ok)
        g_set_error(error, STUDY_ERROR, STUDY_INPUT,
                    "--out %s: exists and is not the folder of a run; allowed is a new folder, an empty one or a "
                    "run's",
                    path);
    return ok;
}

static void clear(struct outdir *d)
{
    g_free(d->path);
    g_free(d->tmp);
    g_free(d->failed);
    memset(d, 0, sizeof *d);
}

gboolean outdir_open(struct outdir *d, const char *path, GError **error)
{
    d->path = g_strdup(path);
    while (strlen(d->path) > 1 && g_str_has_suffix(d->path, "/"))
        d->path[strlen(d->path) - 1] = 0;
    d->tmp = g_strconcat(d->path, ".tmp", NULL);
    d->failed = g_strconcat(d->path, ".failed", NULL);
    gboolean ok = !g_file_test(d->path, G_FILE_TEST_EXISTS) || is_replaceable(d->path, error);
    if (ok) {
        remove_flat(d->tmp);
        remove_flat(d->failed);
        ok = g_mkdir_with_parents(d->tmp, 0777) == 0 || fail(error, "--out: cannot make", d->tmp);
    }
    if (!ok)
        clear(d);
    return ok;
}

FILE *outdir_file(const struct outdir *d, const char *name, GError **error)
{
    char *path = g_build_filename(d->tmp, name, NULL);
    FILE *f = fopen(path, "w");
    if (!f)
        fail(error, "cannot write", path);
    g_free(path);
    return f;
}

gboolean outdir_put(const struct outdir *d, const char *name, const char *text, GError **error)
{
    FILE *f = outdir_file(d, name, error);
    if (!f)
        return FALSE;
    gboolean ok = fputs(text, f) >= 0;
    ok = fclose(f) == 0 && ok;
    return ok || fail(error, "cannot write", name);
}

gboolean outdir_commit(struct outdir *d, GError **error)
{
    remove_flat(d->path);
    gboolean ok = g_rename(d->tmp, d->path) == 0 || fail(error, "cannot make", d->path);
    clear(d);
    return ok;
}

void outdir_fail(struct outdir *d)
{
    if (d->tmp)
        g_rename(d->tmp, d->failed);
    clear(d);
}

void outdir_discard(struct outdir *d)
{
    if (d->tmp)
        remove_flat(d->tmp);
    clear(d);
}
