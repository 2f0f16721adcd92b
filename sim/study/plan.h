/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of one run: a point of a scenario turned into what the machine is given. Boot module, hypervisor command
 * line, domains with names and pinning, profile, memory. All user errors of a run show here, before anything runs.
 * The plan is also what is given to QEMU (validate.h): same image, same module, same words.
 */
#pragma once
#include "sim/machine/machine.h"
#include "sim/study/images.h"
#include "sim/study/scenario.h"

struct plan_domain {
    char *name; /* "u1" */
    const char *section;
    unsigned vcpus, memory_mib, cpu;
    char *kernel, *initrd; /* paths; initrd may be NULL */
    char *cmdline;
    const char *type;
    gboolean privileged;
    gint64 iterations;
};
struct plan {
    struct point point;
    GPtrArray *domains; /* struct plan_domain, domid = index + 1 */
    char *hv_path, *hv_cmdline;
    GByteArray *module;
    struct machine_cfg machine;
    unsigned memory_mib;
    enum cpu_mode boot_mode;                  /* until all domains are in their ROI, when there is a window */
    uint64_t warmup_cyc, window_cyc, max_cyc; /* window_cyc 0: run to the end */
};

/* plan_new() - NULL and @error (one line, exit 2) when anything is missing or does not fit. */
struct plan *plan_new(const struct scenario *s, size_t point, const struct images *im, GError **error);
void plan_free(struct plan *p);
/* plan_cycles() - @us of simulated time in cycles of the profile's clock. */
uint64_t plan_cycles(const struct plan *p, uint64_t us);
