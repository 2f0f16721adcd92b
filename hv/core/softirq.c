/* SPDX-License-Identifier: Apache-2.0 */
/* Softirqs: raising them and running what is pending. */
#include "hv/include/softirq.h"
#include "hv/core/entry.h"
#include "hv/include/domain.h"
#include "hv/include/lapic.h"
#include "hv/include/percpu.h"

HV_PERCPU(struct hv_softirq_line, hv_softirq_line);

static void (*const handler[HV_SOFTIRQS])(void) = {
    [HV_SOFTIRQ_TIMER] = hv_timer_softirq,
    [HV_SOFTIRQ_SCHEDULE] = hv_sched_softirq,
    [HV_SOFTIRQ_FLUSH_EPOCH] = hv_flush_epoch_softirq,
    [HV_SOFTIRQ_DOMAIN] = hv_domain_softirq,
};

void hv_softirq_raise(enum hv_softirq nr)
{
    __atomic_fetch_or(&hv_this(hv_softirq_line).bits, 1u << nr, __ATOMIC_RELAXED);
}

void hv_softirq_raise_cpu(unsigned cpu, enum hv_softirq nr)
{
    uint32_t old = __atomic_fetch_or(&hv_per_cpu(hv_softirq_line, cpu).bits, 1u << nr, __ATOMIC_SEQ_CST);

    /* A bit that was set has its IPI on the way already, or the CPU is about to look. */
    if (cpu != hv_cpu() && !(old & (1u << nr)))
        hv_lapic_send_ipi(cpu, HV_VECTOR_EVENT);
}

/* Lowest number first. SCHEDULE may not come back, so each bit is cleared before its handler runs. */
void hv_softirq_run(void)
{
    uint32_t *bits = &hv_this(hv_softirq_line).bits;
    uint32_t now;

    while ((now = __atomic_load_n(bits, __ATOMIC_ACQUIRE)) != 0) {
        unsigned nr = (unsigned)__builtin_ctz(now);

        __atomic_fetch_and(bits, ~(1u << nr), __ATOMIC_SEQ_CST);
        handler[nr]();
    }
}
