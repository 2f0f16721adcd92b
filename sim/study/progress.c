/* SPDX-License-Identifier: Apache-2.0 */
/* The progress bar. See progress.h. */
#include "sim/study/progress.h"

#include <stdio.h>
#include <unistd.h>

#define BAR 30

void progress_start(struct progress *p, size_t n, size_t kept)
{
    *p = (struct progress){
        .is_tty = isatty(STDERR_FILENO) != 0, .n = n, .done = kept, .kept = kept, .start_us = g_get_monotonic_time()};
}

static void wipe(const struct progress *p)
{
    if (p->is_tty)
        fputs("\r\033[K", stderr);
}

void progress_line(struct progress *p, const char *text)
{
    wipe(p);
    fprintf(stderr, "%s\n", text);
    progress_show(p);
}

void progress_show(struct progress *p)
{
    if (!p->is_tty || p->n == 0)
        return;
    char bar[BAR + 1];
    for (size_t i = 0; i < BAR; i++)
        bar[i] = i < p->done * BAR / p->n ? '#' : '.';
    bar[BAR] = 0;
    double seconds = (double)(g_get_monotonic_time() - p->start_us) * 1e-6;
    size_t fresh = p->done - p->kept;
    wipe(p);
    fprintf(stderr, "[%s] %zu/%zu points", bar, p->done, p->n);
    if (fresh > 0) {
        unsigned left = (unsigned)(seconds / (double)fresh * (double)(p->n - p->done) + 0.5);
        fprintf(stderr, "  %.2f points/s  ETA %u:%02u", (double)fresh / seconds, left / 60, left % 60);
    }
    fflush(stderr);
}

void progress_end(struct progress *p)
{
    wipe(p);
}
