/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other machine: a plan run under QEMU's TCG with the same image, module, command line, number of CPUs and memory.
 * Source: QEMU manual, "System Emulation", invocation; debug-exit device at port 0xf4 as in hv/abi/domains.md.
 */
#pragma once
#include "sim/study/plan.h"

/* qemu_find() - path of qemu-system-x86_64; NULL: not installed. g_free. */
char *qemu_find(void);
/*
 * qemu_run() - @serial gets the console, *exit_code what hv wrote to the debug-exit port. FALSE and @error when QEMU
 * fails, or does not end within @timeout_s seconds of host time.
 */
gboolean qemu_run(const struct plan *p, const char *qemu, unsigned timeout_s, GString *serial, int *exit_code,
                  GError **error);
