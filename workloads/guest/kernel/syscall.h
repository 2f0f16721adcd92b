/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of system calls share. A handler takes the saved registers (arguments in RDI RSI RDX R10 R8 R9) and
 * returns the result or a negated error number.
 */
#pragma once

#include "kernel/platform.h"

#define NS_PER_S 1000000000ul

struct timespec {
    int64_t tv_sec, tv_nsec;
};

/* A struct timespec of user memory in nanoseconds; 0, -EFAULT, -EINVAL. */
int syscall_time_in(uint64_t user, uint64_t *ns);
int syscall_time_out(uint64_t user, uint64_t ns);

#define SYSCALL(nr, name, handler) int64_t sys_##handler(struct trap_frame *f);
#include "kernel/syscall.def"
#undef SYSCALL
