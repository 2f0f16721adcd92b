/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two consoles of the same images, side by side. Must be equal: every @result whose unit is not a time or a rate, every
 * @test, every @domain end, @done, and each @counter that hv/abi/counters.def calls DETERMINISTIC. Other counters are
 * shown, not judged. Lines are paired by (who, kind, name, how many so far), so that domains may print in any order.
 */
#pragma once
#include "sim/study/console.h"

struct compare_result {
    guint n_equal, n_different, n_shown;
};
/* compare_consoles() - appends the table to @out; headings name the two sides. */
struct compare_result compare_consoles(const GPtrArray *a, const GPtrArray *b, const char *name_a, const char *name_b,
                                       GString *out);
