/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One figure as numbers: which option is x, which options make the curves, and the value of each (x, curve).
 * Resolved from a [plot] section; written by plot.c.
 */
#pragma once
#include "sim/study/table.h"

struct figure {
    const char *section; /* "plot", "plot.clock" */
    char *name;          /* of its files: "figure", "clock" */
    const char *title, *metric;
    const struct scenario_slot *x;
    GPtrArray *series; /* struct scenario_slot: those that make curves */
    size_t n_curves;   /* product of their lengths */
};

/* figure_new() - NULL and @error when x or series name no option, or an axis is in neither. */
struct figure *figure_new(const struct scenario *s, const char *section, GError **error);
void figure_free(struct figure *f);

/* figure_curve_name() - "hv.tlb-global=off"; the metric's name where there is one curve. g_free. */
char *figure_curve_name(const struct figure *f, size_t curve);
/* figure_value() - value of @curve at x index @xi; FALSE where the point is not finished or has no such value. */
gboolean figure_value(const struct figure *f, const struct table *t, size_t xi, size_t curve, double *value);
