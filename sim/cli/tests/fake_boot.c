/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fake machine (sim/study/tests/fake_machine.c) lacks for vmscale boot: a machine_load() that refuses every
 * file. So only the words of the verb are tested with it; sim/cli/tests/boot_test.py boots kernels on the real machine.
 */
#include "sim/machine/machine.h"

bool machine_load(struct machine *m, const struct machine_boot *boot, GError **error)
{
    (void)m;
    g_set_error(error, g_quark_from_static_string("fake"), 0, "%s: a fake machine boots nothing", boot->path);
    return false;
}

void machine_set_serial_input(struct machine *m, int (*get)(void *opaque), void *opaque)
{
    (void)m;
    (void)get;
    (void)opaque;
}

int machine_exit_status(const struct machine *m)
{
    (void)m;
    return 0;
}

bool machine_was_reset(const struct machine *m)
{
    (void)m;
    return false;
}

uint64_t machine_unknown_accesses(const struct machine *m)
{
    (void)m;
    return 0;
}
