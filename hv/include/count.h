/* SPDX-License-Identifier: Apache-2.0 */
/* Counting events: one unlocked increment of a word in this CPU's own lines (layout: hv/abi/counters.h). */
#pragma once
#include "hv/abi/counters.h"
#include "hv/include/percpu.h"

extern struct hv_counters hv_abi_counters[HV_ABI_MAX_CPUS];

#define HV_COUNT_ADD(sym, n) ((void)(hv_abi_counters[hv_cpu()].v[HV_COUNTER_##sym] += (n)))
#define HV_COUNT(sym)        HV_COUNT_ADD(sym, 1)
