/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The books of a measured window: what the machine's ledger, statistics, domains and hypervisor counters say at its
 * end minus what they said at its beginning. See run.h for how the window is cut.
 */
#pragma once
#include "sim/study/plan.h"
#include "sim/study/result.h"

struct account_mark;
/* account_mark() - remember where everything stands now, and make the statistics start from here. */
struct account_mark *account_mark(struct machine *m);
void account_mark_free(struct account_mark *a);

/* account_result() - the window from @begin until now. NULL and @error (STUDY_BUG) when the cycles do not add up. */
struct result *account_result(struct machine *m, const struct plan *p, const struct account_mark *begin,
                              GError **error);
