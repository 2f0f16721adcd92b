/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One measured run: boot, wait until every domain is in its region of interest, warm up, measure a window (or run to
 * the end), and name where each cycle went.
 *
 * The window is cut at instruction boundaries, so cores begin and end it a few cycles apart. "cycles" is the longest
 * core's window; what the others lack is the ledger leaf "window/boundary", so that leaves sum to cores x cycles
 * exactly. Anything else that does not add up is a bug (exit 3).
 */
#pragma once
#include "sim/study/plan.h"
#include "sim/study/result.h"
#include <stdio.h>

struct run_hooks {
    FILE *serial;                     /* everything from COM1; NULL: dropped */
    gboolean is_echoed;               /* COM1 to stderr as well */
    volatile const bool *interrupted; /* Ctrl-C */
    void (*progress)(void *opaque, const char *phase, double simulated_ms, double instructions, gboolean is_last);
    void *opaque;
};

/*
 * run_measure() - NULL and @error when the guest did not get there (code STUDY_GUEST), the image is bad (STUDY_INPUT),
 * the accounts do not add up (STUDY_BUG) or it was interrupted (STUDY_INTERRUPTED).
 */
struct result *run_measure(const struct plan *p, const struct run_hooks *hooks, GError **error);
