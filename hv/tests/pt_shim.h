/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets hv/mm/pv/pt.c run on the host: the direct map becomes an array, "which CPU am I" and the flush become variables.
 * Included before pt.c, which then finds the headers already read, with these names replaced.
 */
#pragma once
#include <stdint.h>

#define hv_phys_to_virt real_phys_to_virt
#define hv_virt_to_phys real_virt_to_phys
#include "hv/include/layout.h"
#undef hv_phys_to_virt
#undef hv_virt_to_phys

#define SHIM_FRAMES 256u
extern uint8_t shim_memory[SHIM_FRAMES][4096];

static inline void *hv_phys_to_virt(uint64_t pa)
{
    return &shim_memory[0][0] + pa;
}
static inline uint64_t hv_virt_to_phys(const void *va)
{
    return (uint64_t)((const uint8_t *)va - &shim_memory[0][0]);
}

#include "hv/include/count.h"
#undef HV_COUNT
#define HV_COUNT(sym) ((void)HV_COUNTER_##sym)
