/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Softirqs: work put off to the moment before a CPU returns to its guest, or to the idle loop; interrupts are on, no
 * lock is held. A CPU's pending word is set by others with a locked OR and an IPI.
 */
#pragma once
#include <stdbool.h>

enum hv_softirq {
    HV_SOFTIRQ_TIMER,
    HV_SOFTIRQ_SCHEDULE,
    HV_SOFTIRQ_FLUSH_EPOCH, /* hv_flush_epoch_softirq(), hv/mm */
    HV_SOFTIRQ_DOMAIN,      /* hv_domain_softirq(), hv/domain */
    HV_SOFTIRQS
};
void hv_softirq_raise(enum hv_softirq nr);
void hv_softirq_raise_cpu(unsigned cpu, enum hv_softirq nr);
bool hv_softirq_pending(void);
void hv_softirq_run(void); /* all that are pending; interrupts on */
