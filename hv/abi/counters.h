/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layout of the hypervisor's event counters: the ELF symbol hv_abi_counters is an array of HV_ABI_MAX_CPUS of these,
 * indexed by the hypervisor's CPU number (= order in the MADT). An observer may read it at any time. The number of
 * uint64_t in a set is HV_COUNTERS; a set is padded to whole 64-byte lines, so that CPUs do not share one.
 */
#pragma once
#ifndef __ASSEMBLER__
#include <stdint.h>

#define HV_ABI_MAX_CPUS 256

enum hv_counter {
#define COUNTER(sym, kind, text) HV_COUNTER_##sym,
#include "hv/abi/counters.def"
#undef COUNTER
    HV_COUNTERS
};
#define HV_COUNTERS_PADDED ((HV_COUNTERS + 7) / 8 * 8)
struct hv_counters {
    uint64_t v[HV_COUNTERS_PADDED];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct hv_counters) % 64 == 0, "whole lines");
#endif
