/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program on the native guest kernel, on a machine of one core. The kernel boots in functional mode; from the first
 * instruction of the program on the machine runs in the mode asked for, and that part is measured.
 *
 * The serial line carries three streams, told apart as workloads/guest/native/console.c says: what the program writes
 * to descriptors 1 and 2, and what the kernel has to say.
 */
#pragma once
#include "sim/machine/machine.h"
#include <stdio.h>

struct exec_cfg {
    struct machine_cfg machine;
    const char *kernel; /* native.elf */
    const GByteArray *module;
    FILE *out, *err;    /* the program's; the kernel's messages go to err as well */
    uint64_t max_insns; /* 0: no limit */
    volatile const bool *interrupted;
};

struct exec_result {
    unsigned exit_code;            /* 128 and the signal if one ended it */
    uint64_t cycles, instructions; /* from the program's start to its end */
    double host_seconds;
};

/* exec_run() - FALSE and @error: the kernel could not start it (STUDY_INPUT), gave up (STUDY_BUG), or it was ended from
 * outside (STUDY_GUEST, STUDY_INTERRUPTED). */
gboolean exec_run(const struct exec_cfg *cfg, struct exec_result *r, GError **error);
