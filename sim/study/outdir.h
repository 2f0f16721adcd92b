/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A result folder that appears whole or not at all. Files are written to DIR.tmp beside it; outdir_commit() renames the
 * folder. A run that fails leaves DIR.failed with what was printed, never a DIR. A folder of another run is replaced;
 * any other that is not empty is refused, and so is one that another process is writing.
 */
#pragma once
#include <glib.h>
#include <stdio.h>

struct outdir {
    char *path, *tmp, *failed;
    int lock; /* on DIR.tmp, while this process writes it */
};

/* outdir_open() - check that @path can be made, before any work. */
gboolean outdir_open(struct outdir *d, const char *path, GError **error);
/* outdir_file() - a new file in the folder, for writing as it comes; NULL and @error. */
FILE *outdir_file(const struct outdir *d, const char *name, GError **error);
gboolean outdir_put(const struct outdir *d, const char *name, const char *text, GError **error);
/* outdir_commit() - the folder appears under its name; that ends @d. outdir_fail() - as DIR.failed. Ends @d. */
gboolean outdir_commit(struct outdir *d, GError **error);
void outdir_fail(struct outdir *d);
/* outdir_discard() - nothing stays. Ends @d. */
void outdir_discard(struct outdir *d);
