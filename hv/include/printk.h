/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console (COM1, polled: it works where the UART never interrupts) and formatted output.
 * hv_printk() prefixes every call with "(hv) "; give it whole lines. Formats: %d %i %u %x %X %c %s %p %%, with l, ll,
 * z, width, precision for %s, and the flags 0 and -.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>

void hv_console_init(void);
/* hv_console_write() - raw bytes, in one piece with respect to other CPUs. "\n" becomes "\r\n". */
void hv_console_write(const char *text, size_t n);
void hv_console_quiet(void); /* boot word console=none: from now on nothing is printed */

void hv_printk(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* hv_panic() - one line, the registers of the caller and a stack trace by addresses; the machine ends with exit 1. */
void hv_panic(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
#define HV_ASSERT(cond)                                                                                                \
    do {                                                                                                               \
        if (__builtin_expect(!(cond), 0))                                                                              \
            hv_panic("%s:%d: %s", __FILE_NAME__, __LINE__, #cond);                                                     \
    } while (0)

/* Return what C's functions of these names return: the length the whole text would have. */
int hv_vsnprintf(char *buffer, size_t size, const char *format, va_list args);
int hv_snprintf(char *buffer, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
