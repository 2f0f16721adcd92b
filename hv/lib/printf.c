/* SPDX-License-Identifier: Apache-2.0 */
/* Formatted output into a buffer: the part of C's vsnprintf that printk.h promises. */
#include <stdbool.h>
#include <stdint.h>
#include "hv/include/printk.h"
#include "hv/include/string.h"

struct sink {
    char *buffer;
    size_t size, n; /* n: what the whole text takes so far */
};
struct spec {
    bool left, zero, alternate, upper;
    int width, precision; /* precision -1: none */
    unsigned longs;       /* 0 int, 1 long, 2 long long */
};

static void put(struct sink *s, char c)
{
    if (s->n + 1 < s->size)
        s->buffer[s->n] = c;
    s->n++;
}

static void put_padded(struct sink *s, const struct spec *sp, const char *prefix, const char *text, size_t n)
{
    int pad = sp->width - (int)(n + strlen(prefix));

    if (!sp->left && !sp->zero) {
        for (; pad > 0; pad--)
            put(s, ' ');
    }
    for (; *prefix != '\0'; prefix++)
        put(s, *prefix);
    if (!sp->left) {
        for (; pad > 0; pad--)
            put(s, '0');
    }
    while (n-- > 0)
        put(s, *text++);
    for (; pad > 0; pad--)
        put(s, ' ');
}

static void put_number(struct sink *s, const struct spec *sp, uint64_t v, unsigned base, const char *prefix)
{
    const char *digits = sp->upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[24];
    size_t i = sizeof(text);

    do
        text[--i] = digits[v % base];
    while ((v /= base) != 0);
    put_padded(s, sp, prefix, text + i, sizeof(text) - i);
}

/* A number, or "*": the next argument. */
static const char *read_count(const char *f, va_list *args, int *count)
{
    *count = 0;
    if (*f == '*') {
        *count = va_arg(*args, int);
        return f + 1;
    }
    for (; *f >= '0' && *f <= '9'; f++)
        *count = *count * 10 + (*f - '0');
    return f;
}

static const char *read_spec(struct spec *sp, const char *f, va_list *args)
{
    *sp = (struct spec){.precision = -1};
    for (;; f++) {
        if (*f == '-')
            sp->left = true;
        else if (*f == '0')
            sp->zero = true;
        else if (*f == '#')
            sp->alternate = true;
        else
            break;
    }
    f = read_count(f, args, &sp->width);
    if (*f == '.')
        f = read_count(f + 1, args, &sp->precision);
    for (; *f == 'l' || *f == 'z'; f++)
        sp->longs += *f == 'l' ? 1 : 2;
    return f;
}

static void put_string(struct sink *s, const struct spec *sp, const char *text)
{
    if (text == NULL)
        text = "(null)";
    put_padded(s, &(struct spec){.left = sp->left, .width = sp->width}, "", text,
               sp->precision >= 0 ? strnlen(text, (size_t)sp->precision) : strlen(text));
}

static void put_signed(struct sink *s, const struct spec *sp, int64_t v)
{
    put_number(s, sp, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, v < 0 ? "-" : "");
}

int hv_vsnprintf(char *buffer, size_t size, const char *f, va_list caller_args)
{
    struct sink s = {buffer, size, 0};
    struct spec sp;
    va_list args; /* a copy is an array here, so that its address has the type that read_spec() wants */

    va_copy(args, caller_args);

    for (; *f != '\0'; f++) {
        if (*f != '%') {
            put(&s, *f);
            continue;
        }
        f = read_spec(&sp, f + 1, &args);
        if (*f == 'd' || *f == 'i') {
            put_signed(&s, &sp, sp.longs ? va_arg(args, long) : va_arg(args, int));
        } else if (*f == 'u' || *f == 'x' || *f == 'X') {
            uint64_t v = sp.longs ? va_arg(args, unsigned long) : va_arg(args, unsigned);

            sp.upper = *f == 'X';
            put_number(&s, &sp, v, *f == 'u' ? 10 : 16, sp.alternate && v != 0 ? "0x" : "");
        } else if (*f == 'p') {
            put_number(&s, &sp, (uintptr_t)va_arg(args, void *), 16, "0x");
        } else if (*f == 's') {
            put_string(&s, &sp, va_arg(args, const char *));
        } else if (*f == 'c') {
            char c = (char)va_arg(args, int);

            put_padded(&s, &(struct spec){.width = sp.width, .left = sp.left}, "", &c, 1);
        } else if (*f == '\0') {
            break;
        } else {
            put(&s, *f);
        }
    }
    va_end(args);
    if (size > 0)
        buffer[s.n < size ? s.n : size - 1] = '\0';
    return (int)s.n;
}

int hv_snprintf(char *buffer, size_t size, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = hv_vsnprintf(buffer, size, format, args);
    va_end(args);
    return n;
}
