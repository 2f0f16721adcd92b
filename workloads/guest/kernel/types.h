/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that every file of the guest kernel speaks: fixed-width types, page size, small helpers, Linux error numbers.
 * Nothing here knows of a personality or of the hypervisor.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ul
#define PAGE_MASK  (PAGE_SIZE - 1)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))

/* Rounds an address or a size; both work on page borders. */
#define PAGE_DOWN(x) ((x) & ~PAGE_MASK)
#define PAGE_UP(x)   (((x) + PAGE_MASK) & ~PAGE_MASK)

/* Linux error numbers ("asm-generic/errno-base.h", "errno.h"); system calls return them negated. */
enum {
    EPERM = 1,
    ENOENT = 2,
    E2BIG = 7,
    ENOEXEC = 8,
    EBADF = 9,
    ECHILD = 10,
    EAGAIN = 11,
    ENOMEM = 12,
    EFAULT = 14,
    EINVAL = 22,
    EMFILE = 24,
    EPIPE = 32,
    ENAMETOOLONG = 36,
    ENOSYS = 38,
};

/* Linux signal numbers a fault can end a process with. */
enum {
    SIGILL = 4,
    SIGTRAP = 5,
    SIGBUS = 7,
    SIGFPE = 8,
    SIGKILL = 9,
    SIGSEGV = 11,
};
