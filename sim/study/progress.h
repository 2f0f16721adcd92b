/* SPDX-License-Identifier: Apache-2.0 */
/* Progress on stderr: a bar with rate and time to go on a terminal, plain lines when piped. Never on stdout. */
#pragma once
#include <glib.h>

struct progress {
    gboolean is_tty;
    size_t n, done, kept; /* kept: of done, those that cost nothing now */
    gint64 start_us;      /* host time */
};

void progress_start(struct progress *p, size_t n, size_t kept);
/* progress_line() - a line that stays, above the bar. */
void progress_line(struct progress *p, const char *text);
void progress_show(struct progress *p);
void progress_end(struct progress *p);
