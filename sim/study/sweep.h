/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sweep: every point of a scenario's grid as a process of its own ("vmscale run"), so that a point that ends badly
 * takes nothing with it and all host cores are used. Points are independent; their order and --jobs change no result.
 */
#pragma once
#include "sim/study/images.h"
#include "sim/study/scenario.h"

struct sweep_cfg {
    const struct scenario *scenario;
    const struct images *images;
    const char *scenario_path;
    char **sets;     /* the user's --set, handed on; NULL-terminated */
    const char *dir; /* the sweep's folder */
    unsigned jobs;   /* processes at a time */
    gboolean is_resumed;
};
struct sweep_result {
    size_t n_points, n_done, n_failed, n_kept; /* kept: finished before, by --resume */
    int worst;                                 /* highest exit code of a point */
    gboolean is_interrupted;
};

/* sweep_run() - FALSE and @error only for user errors before anything ran; failed points are in @out. */
gboolean sweep_run(const struct sweep_cfg *cfg, struct sweep_result *out, GError **error);
/* sweep_open() - the scenario of a finished sweep's folder, its --set applied, as plot and report need it. */
struct scenario *sweep_open(const char *dir, GError **error);
