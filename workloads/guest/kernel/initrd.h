/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot module: a cpio archive ("newc"), whose members become files of the tmpfs, or a single ELF program. Two names
 * are not files but words to the kernel:
 *
 *   vmscale.start   strings, each with its zero: path of process 1, number of its arguments (decimal), the arguments,
 *                   the environment. It stands in for the command line, and the kernel then keeps what it has to say to
 *                   itself, except for what went wrong.
 *   vmscale.stdin   standard input of process 1, /dev/stdin
 */
#pragma once

#include "kernel/proc.h"

struct initrd {
    const char *path; /* of process 1; NULL: the command line tells */
    struct proc_args args;
    bool has_input;
};

/* @name: what a single program is called. False: neither archive nor program. */
bool initrd_unpack(const void *data, size_t bytes, const char *name, struct initrd *found);
