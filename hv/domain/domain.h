/* SPDX-License-Identifier: Apache-2.0 */
/* Making and ending domains. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "hv/include/domain.h"

#define HV_DOMAIN_CMDLINE_BYTES 1024

/* One line of the boot module's file "domains" (hv/abi/domains.md). */
struct hv_domain_config {
    char name[16];
    unsigned vcpus;
    unsigned memory_mib;
    unsigned cpu;
    bool is_privileged;
    char kernel[64], initrd[64];
    char cmdline[HV_DOMAIN_CMDLINE_BYTES];
};

/* hv_domain_config_parse() - one line, @n bytes. False: @error says why, one line. Pure. */
bool hv_domain_config_parse(struct hv_domain_config *cfg, const char *line, size_t n, char *error, size_t error_bytes);

#define HV_MAX_DOMAINS 256u

/* hv_domain_create() - an empty domain with its vCPUs, down. NULL: no memory. @id: 1 to HV_MAX_DOMAINS, ascending. */
struct domain *hv_domain_create(const struct hv_domain_config *cfg, unsigned id);
/* hv_domain_build() - memory, kernel, first address space; vCPU 0 is ready to run. NULL, or why not. */
const char *hv_domain_build(struct domain *d, const struct hv_domain_config *cfg, const void *kernel,
                            size_t kernel_bytes, const void *initrd, size_t initrd_bytes);

/* hv_domain_forget() - of one that could not be built: its memory goes back, its id stays unused. */
void hv_domain_forget(struct domain *d);

/* hv_domain_shutdown() - ends @d for @reason (SHUTDOWN_*); its vCPUs run no further guest instruction. The memory goes
 * back in a softirq. Any CPU may call; only the first call counts. */
void hv_domain_shutdown(struct domain *d, unsigned reason);
/* hv_domain_crash() - the same for misbehaviour, with one line that says what. */
void hv_domain_crash(struct domain *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
