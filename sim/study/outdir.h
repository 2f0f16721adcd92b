/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A result folder that appears whole or not at all. Files are written to DIR.tmp beside it; outdir_commit() renames the
 * folder. A run that fails leaves DIR.failed with what was printed, never a DIR. A folder of another run is replaced
 * (it has a run.json); any other folder that is not empty is refused.
 */
#pragma once
#include <glib.h>
#include <stdio.h>

struct outdir {
    char *path, *tmp, *failed;
};

/* outdir_open() - check that @path can be made, before any work. */
gboolean outdir_open(struct outdir *d, const char *path, GError **error);
/* outdir_file() - a new file in the folder, for writing as it comes; NULL and @error. */
FILE *outdir_file(const struct outdir *d, const char *name, GError **error);
gboolean outdir_put(const struct outdir *d, const char *name, const char *text, GError **error);
/* outdir_commit() - the folder appears under its name. outdir_fail() - it appears as DIR.failed. Both end @d. */
gboolean outdir_commit(struct outdir *d, GError **error);
void outdir_fail(struct outdir *d);
/* outdir_discard() - nothing stays. Ends @d. */
void outdir_discard(struct outdir *d);
