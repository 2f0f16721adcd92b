/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures of a sweep: for each [plot] section a CSV with the values, a gnuplot script, SVG and PNG. Axis labels come
 * from the option and statistics tables. Nothing here fits, smooths or hides a point.
 */
#pragma once
#include "sim/study/images.h"
#include "sim/study/table.h"

/*
 * plot_check() - are x, y and series of every figure sensible for this scenario? Before a sweep runs, not after.
 * plot_write() - all figures into the sweep's folder; @made: receives their paths (g_free each).
 */
gboolean plot_check(const struct scenario *s, GError **error);
gboolean plot_write(const struct table *t, const struct images *im, GPtrArray *made, GError **error);
