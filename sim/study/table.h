/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The finished points of a sweep, read back from their run.json: what the store and the figures are made of. A point
 * counts as finished only if its run.json has just the options that the scenario asks for.
 *
 * A sweep's folder: points/LABEL/ (a run's folder each), sweep.json (what was asked, hashes of the images),
 * study.sqlite3, and for each figure NAME.csv, .gp, .svg, .png.
 */
#pragma once
#include "sim/study/scenario.h"
#include <jansson.h>

struct table {
    const struct scenario *scenario;
    char *dir;
    size_t n;
    json_t **run; /* by point number; NULL: not finished */
};

/* table_point_dir() - folder of a point, made of its label; g_free. */
char *table_point_dir(const char *dir, const struct point *p);
/* table_load_point() - run.json of the point if it is finished; NULL otherwise. json_decref. */
json_t *table_load_point(const char *dir, const struct point *p);

/* table_point_differs() - an option in which a finished run of that folder is another point; NULL: none, or no run. */
const char *table_point_differs(const char *dir, const struct point *p);

struct table *table_load(const struct scenario *s, const char *dir);
void table_free(struct table *t);

/* table_metric() - "throughput", "stats.X", "share.CAUSE"... of a point; FALSE when it has none. Not speedup. */
gboolean table_metric(const struct table *t, size_t point, const char *metric, double *value);
