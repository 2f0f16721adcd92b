/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of CPUs: one word, since HV_MAX_CPUS is 64. The _atomic forms are for masks that several CPUs change at once. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct hv_cpumask {
    uint64_t bits;
};

static inline struct hv_cpumask hv_cpumask_of(unsigned cpu)
{
    return (struct hv_cpumask){UINT64_C(1) << cpu};
}
static inline bool hv_cpumask_test(struct hv_cpumask mask, unsigned cpu)
{
    return (mask.bits >> cpu) & 1;
}
static inline void hv_cpumask_set(struct hv_cpumask *mask, unsigned cpu)
{
    mask->bits |= UINT64_C(1) << cpu;
}
static inline void hv_cpumask_clear(struct hv_cpumask *mask, unsigned cpu)
{
    mask->bits &= ~(UINT64_C(1) << cpu);
}
static inline void hv_cpumask_set_atomic(struct hv_cpumask *mask, unsigned cpu)
{
    __atomic_fetch_or(&mask->bits, UINT64_C(1) << cpu, __ATOMIC_SEQ_CST);
}
static inline void hv_cpumask_clear_atomic(struct hv_cpumask *mask, unsigned cpu)
{
    __atomic_fetch_and(&mask->bits, ~(UINT64_C(1) << cpu), __ATOMIC_SEQ_CST);
}

#define HV_FOR_EACH_CPU(cpu, mask)                                                                                     \
    for (uint64_t left_ = (mask).bits; left_ != 0 && ((cpu) = (unsigned)__builtin_ctzll(left_), 1); left_ &= left_ - 1)

extern struct hv_cpumask hv_cpu_online;
extern unsigned hv_n_cpus; /* CPUs that started; their numbers are 0..hv_n_cpus-1 */
