/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the board share: CMocka in its order, a small configuration, the path of a profile. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim/machine/machine_internal.h"

static inline struct machine_cfg test_cfg(unsigned n_cores)
{
    struct machine_cfg cfg = {.n_cores = n_cores, .memory_bytes = 32 << 20};
    GError *error = NULL;

    if (!machine_profile_load(&cfg, PROFILES "/opteron-2006.ini", &error))
        fail_msg("%s", error->message);
    return cfg;
}
