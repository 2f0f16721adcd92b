/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few library routines a freestanding kernel needs: memory and string primitives (the compiler calls some of them
 * by itself), formatted console output, panic, and copies to and from user memory that survive a bad address.
 */
#pragma once

#include "kernel/types.h"

void *memcpy(void *dst, const void *src, size_t n);
void *memset(void *dst, int byte, size_t n);
void *memmove(void *dst, const void *src, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

/**
 * kprintf() - one formatted line (or part of one) to the console.
 * @fmt: %s %c %d %u %x with an optional l, and %%; no widths. At most 256 bytes come out; the rest is cut.
 */
void kprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same, unless the kernel was told to be quiet (log_be_quiet): what is no news to who runs one program. */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_be_quiet(void);

/* Says why there is no process 1, and ends the domain: what came with the boot is at fault. */
_Noreturn void no_start(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Says why and ends the domain as crashed: only for broken invariants of this kernel or of the machine under it. */
_Noreturn void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * user_copy_in(), user_copy_out(), user_clear() - touch memory of the current process.
 * Return: 0, or -EFAULT if a part of the range is not the user's or not mapped; a part may have been copied then.
 * They stand on raw_copy() and raw_clear() of usercopy.S, which take any address and return -EFAULT if it faults.
 */
int raw_copy(void *dst, const void *src, size_t n);
int raw_clear(void *dst, size_t n);
int user_copy_in(void *dst, uint64_t user_src, size_t n);
int user_copy_out(uint64_t user_dst, const void *src, size_t n);
int user_clear(uint64_t user_dst, size_t n);

/* Fills user memory with numbers from a seeded generator: the same in every run. */
int user_random(uint64_t user_dst, size_t n);
uint64_t random_next(void);

/* Copies a string with its zero; -ENAMETOOLONG if it does not fit @size, -EFAULT on a bad address; else its length. */
int user_copy_string(char *dst, uint64_t user_src, size_t size);
