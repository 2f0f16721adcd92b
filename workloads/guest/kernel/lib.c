/* SPDX-License-Identifier: Apache-2.0 */
/* Library routines: see lib.h. String instructions carry the bulk, as in the kernels of 2006. */
#include "kernel/lib.h"
#include "kernel/layout.h"
#include "kernel/platform.h"

#include <stdarg.h>

void *memcpy(void *dst, const void *src, size_t n)
{
    void *d = dst;
    size_t words = n / 8, rest = n % 8;

    __asm__ volatile("rep movsq" : "+D"(d), "+S"(src), "+c"(words)::"memory");
    __asm__ volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(rest)::"memory");
    return dst;
}

void *memset(void *dst, int byte, size_t n)
{
    void *d = dst;
    size_t words = n / 8, rest = n % 8;
    uint64_t pattern = 0x0101010101010101ul * (uint8_t)byte;

    __asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(d), "+c"(rest) : "a"(pattern) : "memory");
    return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
    uint8_t *d = dst;
    const uint8_t *s = src;

    if (d <= s || d >= s + n)
        return memcpy(dst, src, n);
    while (n--)
        d[n] = s[n];
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;

    for (size_t i = 0; i < n; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (uint8_t)*a - (uint8_t)*b;
}

static bool is_user_range(uint64_t start, size_t n)
{
    return n <= USER_END && start <= USER_END - n;
}

int user_copy_in(void *dst, uint64_t user_src, size_t n)
{
    return is_user_range(user_src, n) ? raw_copy(dst, (const void *)user_src, n) : -EFAULT;
}

int user_copy_out(uint64_t user_dst, const void *src, size_t n)
{
    return is_user_range(user_dst, n) ? raw_copy((void *)user_dst, src, n) : -EFAULT;
}

int user_clear(uint64_t user_dst, size_t n)
{
    return is_user_range(user_dst, n) ? raw_clear((void *)user_dst, n) : -EFAULT;
}

int user_copy_string(char *dst, uint64_t user_src, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (user_copy_in(dst + i, user_src + i, 1))
            return -EFAULT;
        if (!dst[i])
            return (int)i;
    }
    return -ENAMETOOLONG;
}

/* SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators"). */
uint64_t random_next(void)
{
    static uint64_t state = 0x766d7363616c65ul;
    uint64_t z = state += 0x9e3779b97f4a7c15ul;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ul;
    z = (z ^ z >> 27) * 0x94d049bb133111ebul;
    return z ^ z >> 31;
}

int user_random(uint64_t user_dst, size_t n)
{
    for (size_t done = 0; done < n; done += 8) {
        uint64_t v = random_next();
        if (user_copy_out(user_dst + done, &v, MIN(n - done, 8)))
            return -EFAULT;
    }
    return 0;
}

/* A line under construction; what does not fit is dropped. */
struct line {
    size_t len;
    char text[256];
};

static void line_char(struct line *l, char c)
{
    if (l->len < sizeof(l->text))
        l->text[l->len++] = c;
}

static void line_string(struct line *l, const char *s)
{
    while (*s)
        line_char(l, *s++);
}

static void line_number(struct line *l, uint64_t v, unsigned base)
{
    char digits[24];
    unsigned n = 0;

    do {
        digits[n++] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    while (n)
        line_char(l, digits[--n]);
}

static void line_signed(struct line *l, int64_t v)
{
    if (v < 0)
        line_char(l, '-');
    line_number(l, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10);
}

static void line_format(struct line *l, const char *fmt, va_list ap)
{
    for (; *fmt; fmt++) {
        if (*fmt != '%') {
            line_char(l, *fmt);
            continue;
        }
        bool is_long = *++fmt == 'l';
        if (is_long)
            fmt++;
        if (*fmt == 's')
            line_string(l, va_arg(ap, const char *));
        else if (*fmt == 'c')
            line_char(l, (char)va_arg(ap, int));
        else if (*fmt == 'd')
            line_signed(l, is_long ? va_arg(ap, long) : va_arg(ap, int));
        else if (*fmt == 'u' || *fmt == 'x')
            line_number(l, is_long ? va_arg(ap, unsigned long) : va_arg(ap, unsigned), *fmt == 'u' ? 10 : 16);
        else
            line_char(l, *fmt);
    }
}

void kprintf(const char *fmt, ...)
{
    struct line l = {.len = 0};
    va_list ap;

    va_start(ap, fmt);
    line_format(&l, fmt, ap);
    va_end(ap);
    plat_console_write(PLAT_LOG, l.text, l.len);
}

static bool is_quiet;

void log_be_quiet(void)
{
    is_quiet = true;
}

void log_line(const char *fmt, ...)
{
    struct line l = {.len = 0};
    va_list ap;

    if (is_quiet)
        return;
    va_start(ap, fmt);
    line_format(&l, fmt, ap);
    va_end(ap);
    plat_console_write(PLAT_LOG, l.text, l.len);
}

static _Noreturn void give_up(enum plat_end why, const char *head, const char *fmt, va_list ap)
{
    struct line l = {.len = 0};

    line_string(&l, head);
    line_format(&l, fmt, ap);
    line_char(&l, '\n');
    plat_console_write(PLAT_LOG, l.text, l.len);
    plat_shutdown(why, PLAT_PANIC_CODE);
}

void no_start(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    give_up(PLAT_END_NO_START, "guest: ", fmt, ap);
}

void panic(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    give_up(PLAT_END_CRASH, "guest kernel panic: ", fmt, ap);
}
