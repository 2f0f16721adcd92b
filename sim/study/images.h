/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the files are that a run needs: hypervisor, guest kernels, workload programs, profiles, scenarios.
 *
 * One folder holds them all in the layout of the build tree: hv/hv.elf, workloads/guest/TYPE.elf,
 * workloads/bench/NAME.elf, cpu/profiles/NAME.ini, workloads/scenarios/NAME.conf. It is --images, or the binary's own
 * folder (build tree), or ../lib/vmscale beside it (installed).
 */
#pragma once
#include <glib.h>

struct images {
    char *dir;
};

/* images_open() - @dir: as --images gave it, NULL: beside the binary. Error if no such folder has hv/ or cpu/. */
gboolean images_open(struct images *im, const char *dir, GError **error);
void images_close(struct images *im);

/* Paths; free with g_free. Each gives NULL and @error that lists what there is when the file is missing. */
char *images_hv(const struct images *im, GError **error);
char *images_kernel(const struct images *im, const char *type, GError **error);
char *images_workload(const struct images *im, const char *name, GError **error);
char *images_profile(const struct images *im, const char *name, GError **error);
/* images_scenario() - a path that exists, or the name of a scenario that came with the tool. */
char *images_scenario(const struct images *im, const char *name_or_path, GError **error);

/* images_list() - names of what there is ("profiles", "scenarios", "workloads"), sorted; g_ptr_array_unref. */
enum images_kind { IMAGES_PROFILES, IMAGES_SCENARIOS, IMAGES_WORKLOADS, IMAGES_KERNELS };
GPtrArray *images_list(const struct images *im, enum images_kind kind);
