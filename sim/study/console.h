/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console lines of a stable form (hv/abi/domains.md), picked out of all that came over the serial line:
 * "(u1) @result name value unit", "(u1) @test name pass", "(hv) @counter name value", "(hv) @domain ...", "(hv) @done".
 */
#pragma once
#include <glib.h>

struct console_line {
    char *who;  /* "u1", "hv" */
    char *kind; /* "result", "test", "counter", "domain", "done" */
    char *name; /* first word after the kind */
    char *rest; /* the other words, "" if none */
};
/* console_parse() - all such lines in order; free with g_ptr_array_unref. Anything else on the console is no concern.
 */
GPtrArray *console_parse(const char *text);
