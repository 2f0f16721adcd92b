/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_bug and sim_unmodelled: one line of what, one line of where, exit code 3. Not for anything a user or a guest can
 * cause. The context printer may itself run into a bug (the state it prints is what is broken), so it is called once.
 */
#include "sim/core/fault.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_SIM_FAULT = 3 };

static struct {
    void (*print)(void *opaque);
    void *opaque;
} context;

void sim_set_context(void (*print)(void *opaque), void *opaque)
{
    context.print = print;
    context.opaque = opaque;
}

static void __attribute__((noreturn, format(printf, 2, 0))) leave(const char *kind, const char *fmt, va_list ap)
{
    void (*print)(void *opaque) = context.print;

    fflush(stdout);
    fprintf(stderr, "vmscale: %s: ", kind);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    context.print = NULL;
    if (print)
        print(context.opaque);
    fflush(stderr);
    exit(EXIT_SIM_FAULT);
}

void sim_bug(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    leave("simulator bug", fmt, ap);
}

void sim_unmodelled(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    leave("not modelled", fmt, ap);
}
