/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address spaces and time, as types.
 *
 * A linear address, a guest-physical and a machine-physical address are distinct one-member structs so that the
 * compiler refuses to mix them up. Time is counted in core cycles at the nominal clock of the profile.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t v;
} gva_t; /* linear (virtual) address of the code that runs */
typedef struct {
    uint64_t v;
} gpa_t; /* guest-physical address: what a (nested) guest's page tables produce */
typedef struct {
    uint64_t v;
} hpa_t; /* machine-physical address: what the memory system sees */

typedef uint64_t cyc_t; /* core cycles since reset */
#define CYC_NEVER UINT64_MAX

#define SIM_PAGE_BYTES 4096u
#define SIM_LINE_BYTES 64u
#define SIM_LINE_SHIFT 6u
#define SIM_MAX_CORES  256u

static inline hpa_t hpa_line(hpa_t a)
{
    return (hpa_t){a.v & ~(uint64_t)(SIM_LINE_BYTES - 1)};
}
