/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Linux program made into the boot module of the native guest kernel: program, files, arguments, environment,
 * standard input (workloads/guest/kernel/initrd.h describes the form).
 */
#pragma once
#include <glib.h>

struct program {
    const char *path;  /* on the host */
    char *const *argv; /* argv[0] as the user called it; NULL at the end */
    char *const *env;  /* "NAME=VALUE"; NULL at the end */
    const char *root;  /* folder copied to the guest's root; NULL: none */
    const char *input; /* file that is standard input; NULL: empty */
};

/* program_pack() - the archive; the program becomes /bin/NAME. NULL and @error in one line: a file is missing, or not
 * what the guest can run (allowed: a static x86-64 Linux executable). */
GByteArray *program_pack(const struct program *p, GError **error);
