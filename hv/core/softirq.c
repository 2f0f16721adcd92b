/* SPDX-License-Identifier: Apache-2.0 */
/* Softirqs: one word of pending bits a CPU, in a line of its own because other CPUs write it. */
#include "hv/include/softirq.h"
#include "hv/core/entry.h"
#include "hv/include/domain.h"
#include "hv/include/lapic.h"
#include "hv/include/percpu.h"

struct pending_line {
    uint32_t bits;
} __attribute__((aligned(64)));
static HV_PERCPU(struct pending_line, pending);

static void (*const handler[HV_SOFTIRQS])(void) = {
    [HV_SOFTIRQ_TIMER] = hv_timer_softirq,
    [HV_SOFTIRQ_SCHEDULE] = hv_sched_softirq,
    [HV_SOFTIRQ_FLUSH_EPOCH] = hv_flush_epoch_softirq,
    [HV_SOFTIRQ_DOMAIN] = hv_domain_softirq,
};

void hv_softirq_raise(enum hv_softirq nr)
{
    __atomic_fetch_or(&hv_this(pending).bits, 1u << nr, __ATOMIC_RELAXED);
}

void hv_softirq_raise_cpu(unsigned cpu, enum hv_softirq nr)
{
    uint32_t old = __atomic_fetch_or(&hv_per_cpu(pending, cpu).bits, 1u << nr, __ATOMIC_SEQ_CST);

    /* A bit that was set has its IPI on the way already, or the CPU is about to look. */
    if (cpu != hv_cpu() && !(old & (1u << nr)))
        hv_lapic_send_ipi(cpu, HV_VECTOR_EVENT);
}

bool hv_softirq_pending(void)
{
    return __atomic_load_n(&hv_this(pending).bits, __ATOMIC_RELAXED) != 0;
}

/* Lowest number first. SCHEDULE may not come back, so each bit is cleared before its handler runs. */
void hv_softirq_run(void)
{
    uint32_t *bits = &hv_this(pending).bits;
    uint32_t now;

    while ((now = __atomic_load_n(bits, __ATOMIC_ACQUIRE)) != 0) {
        unsigned nr = (unsigned)__builtin_ctz(now);

        __atomic_fetch_and(bits, ~(1u << nr), __ATOMIC_SEQ_CST);
        handler[nr]();
    }
}
