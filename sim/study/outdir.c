/* SPDX-License-Identifier: Apache-2.0 */
/* Result folders, whole or absent. See outdir.h. */
#include "sim/study/outdir.h"
#include "sim/study/options.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static gboolean fail(GError **error, const char *what, const char *path)
{
    g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s %s: %s", what, path, g_strerror(errno));
    return FALSE;
}

/* All that a run's folder ever holds. Only these are deleted: what else stands there is somebody's. */
static const char *const ours[] = {"run.json", "stats.txt", "serial.log"};

static gboolean is_ours(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ours); i++)
        if (strcmp(name, ours[i]) == 0)
            return TRUE;
    return FALSE;
}

static void empty(const char *path)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ours); i++) {
        char *file = g_build_filename(path, ours[i], NULL);
        g_unlink(file);
        g_free(file);
    }
}

static void remove_ours(const char *path)
{
    empty(path);
    g_rmdir(path);
}

/* Is @path absent, or a folder (no link) with nothing in it but a run's files? */
static gboolean is_replaceable(const char *path, GError **error)
{
    if (!g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
        return TRUE;
    GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    gboolean ok = dir != NULL;
    for (const char *n; ok && (n = g_dir_read_name(dir));)
        ok = is_ours(n);
    if (dir)
        g_dir_close(dir);
    if (!ok)
        g_set_error(error, STUDY_ERROR, STUDY_INPUT,
                    "--out %s: exists and is not the folder of a run; allowed is a new folder, an empty one or a "
                    "run's",
                    path);
    return ok;
}

/* It is renamed into place at the end, which "." and "/" cannot be. */
static gboolean has_name(const char *path, GError **error)
{
    char *base = g_path_get_basename(path);
    gboolean ok = strcmp(base, ".") != 0 && strcmp(base, "..") != 0 && strcmp(base, "/") != 0;
    g_free(base);
    if (!ok)
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "--out '%s': allowed is a folder by its own name", path);
    return ok;
}

static void clear(struct outdir *d)
{
    g_free(d->path);
    g_free(d->tmp);
    g_free(d->failed);
    if (d->lock > 0)
        close(d->lock);
    memset(d, 0, sizeof *d);
}

/* The lock lives as long as the process: what a killed run left is nobody's, what a living one writes is not touched.
 */
static gboolean lock(struct outdir *d, GError **error)
{
    d->lock = open(d->tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->lock < 0)
        return fail(error, "--out: cannot make", d->tmp);
    if (flock(d->lock, LOCK_EX | LOCK_NB) == 0)
        return TRUE;
    g_set_error(error, STUDY_ERROR, STUDY_INPUT, "--out %s: another run is writing it", d->path);
    return FALSE;
}

gboolean outdir_open(struct outdir *d, const char *path, GError **error)
{
    d->path = g_strdup(path);
    while (strlen(d->path) > 1 && g_str_has_suffix(d->path, "/"))
        d->path[strlen(d->path) - 1] = 0;
    d->tmp = g_strconcat(d->path, ".tmp", NULL);
    d->failed = g_strconcat(d->path, ".failed", NULL);
    gboolean ok = has_name(d->path, error) && is_replaceable(d->path, error) && is_replaceable(d->tmp, error) &&
                  is_replaceable(d->failed, error);
    if (ok && g_mkdir_with_parents(d->tmp, 0777) != 0)
        ok = fail(error, "--out: cannot make", d->tmp);
    ok = ok && lock(d, error);
    if (ok) {
        empty(d->tmp); /* of what a killed run left */
        remove_ours(d->failed);
    } else {
        clear(d);
    }
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
    remove_ours(d->path);
    gboolean ok = g_rename(d->tmp, d->path) == 0 || fail(error, "cannot make", d->path);
    if (ok)
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
        remove_ours(d->tmp);
    clear(d);
}
