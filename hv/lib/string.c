/* SPDX-License-Identifier: Apache-2.0 */
/* Memory and string functions. The block moves are the string instructions: short to decode, and K8 and later are fast
 * at them. */
#include "hv/include/string.h"
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    void *d = to;
    size_t words = n / 8, bytes = n % 8;

    __asm__ volatile("rep movsq\n"
                     "mov %3, %0\n"
                     "rep movsb"
                     : "+&c"(words), "+D"(d), "+S"(from)
                     : "r"(bytes)
                     : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *d = (uint8_t *)to + n;
    const uint8_t *s = (const uint8_t *)from + n;

    if ((uintptr_t)to - (uintptr_t)from >= n)
        return memcpy(to, from, n);
    while (n-- > 0)
        *--d = *--s;
    return to;
}

void *memset(void *to, int byte, size_t n)
{
    void *d = to;
    size_t words = n / 8, bytes = n % 8;

    __asm__ volatile("rep stosq\n"
                     "mov %2, %0\n"
                     "rep stosb"
                     : "+&c"(words), "+D"(d)
                     : "r"(bytes), "a"((uint64_t)(uint8_t)byte * UINT64_C(0x0101010101010101))
                     : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;

    for (; n > 0; n--, x++, y++) {
        if (*x != *y)
            return *x - *y;
    }
    return 0;
}

size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;

    while (n < max && s[n] != '\0')
        n++;
    return n;
}

size_t strlen(const char *s)
{
    return strnlen(s, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n > 0; n--, a++, b++) {
        if (*a != *b || *a == '\0')
            return (unsigned char)*a - (unsigned char)*b;
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
    for (; *s != (char)c; s++) {
        if (*s == '\0')
            return NULL;
    }
    return (char *)(uintptr_t)s;
}
