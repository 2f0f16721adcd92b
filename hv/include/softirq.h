/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Softirqs: work put off to the moment before a CPU returns to its guest, or to the idle loop; interrupts are on, no
 * lock is held. A CPU's pending word is set by others with a locked OR and an IPI.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "hv/include/percpu.h"

enum hv_softirq {
    HV_SOFTIRQ_TIMER,
    HV_SOFTIRQ_SCHEDULE,
    HV_SOFTIRQ_FLUSH_EPOCH, /* hv_flush_epoch_softirq(), hv/mm */
    HV_SOFTIRQ_DOMAIN,      /* hv_domain_softirq(), hv/domain */
    HV_SOFTIRQS
};
void hv_softirq_raise(enum hv_softirq nr);
void hv_softirq_raise_cpu(unsigned cpu, enum hv_softirq nr);

/* One word of pending bits a CPU, in a line of its own because other CPUs write it. */
struct hv_softirq_line {
    uint32_t bits;
} __attribute__((aligned(64)));
HV_PERCPU_DECLARE(struct hv_softirq_line, hv_softirq_line);

static inline bool hv_softirq_pending(void)
{
    return __atomic_load_n(&hv_this(hv_softirq_line).bits, __ATOMIC_RELAXED) != 0;
}
void hv_softirq_run(void); /* all that are pending; interrupts on */
