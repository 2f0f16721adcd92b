/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of domains and of the machine, told on the console in the fixed form of hv/abi/domains.md. The machine ends
 * once no domain is left and no more will be started.
 */
#include "hv/core/entry.h"
#include "hv/include/count.h"
#include "hv/include/domain.h"
#include "hv/include/options.h"
#include "hv/include/printk.h"
#include "hv/include/x86_insn.h"

#define DEBUG_EXIT_PORT 0xf4

static unsigned n_named; /* domains that the module names, started or refused; one CPU builds them */
static unsigned n_failed;
static uint32_t n_holding = 1; /* running domains, and one for the builder */

static const char *const reason_name[] = {
    [SHUTDOWN_poweroff] = "poweroff",
    [SHUTDOWN_reboot] = "reboot",
    [SHUTDOWN_suspend] = "suspend",
    [SHUTDOWN_crash] = "crash",
};
static const char *const counter_name[] = {
#define COUNTER(sym, kind, text) #sym,
#include "hv/abi/counters.def"
#undef COUNTER
};

void hv_machine_end(uint8_t code)
{
    hv_irq_disable();
    if (hv_opt.exit == 0)
        hv_outb(DEBUG_EXIT_PORT, code);
    for (;;)
        __asm__ volatile("hlt");
}

static void print_counters(void)
{
    for (unsigned i = 0; i < HV_COUNTERS; i++) {
        uint64_t sum = 0;

        for (unsigned cpu = 0; cpu < hv_n_cpus; cpu++)
            sum += __atomic_load_n(&hv_abi_counters[cpu].v[i], __ATOMIC_RELAXED);
        hv_printk("@counter %s %lu\n", counter_name[i], sum);
    }
}

static void release(void)
{
    if (__atomic_sub_fetch(&n_holding, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    print_counters();
    hv_printk("@done %u %u\n", n_named, n_failed);
    hv_machine_end(n_failed != 0 || n_named == 0);
}

void hv_domain_started(struct domain *d)
{
    (void)d;
    n_named++;
    __atomic_add_fetch(&n_holding, 1, __ATOMIC_RELAXED);
}

/* Told to observers like a crash, so that nobody waits for the domain. */
void hv_domain_refused(unsigned domain_id, const char *name, const char *why)
{
    n_named++;
    __atomic_add_fetch(&n_failed, 1, __ATOMIC_RELAXED);
    HV_MARK(HV_MARK_DOM_END, (uint64_t)domain_id << 32 | SHUTDOWN_crash);
    hv_printk("@domain %s refused: %s\n", name, why);
}

void hv_domain_all_built(void)
{
    release();
}

void hv_domain_ended(struct domain *d, unsigned reason)
{
    if (__atomic_exchange_n(&d->is_ended, true, __ATOMIC_ACQ_REL))
        return;
    if (reason >= sizeof(reason_name) / sizeof(reason_name[0]))
        reason = SHUTDOWN_crash;
    d->end_reason = (uint8_t)reason;
    HV_MARK(HV_MARK_DOM_END, (uint64_t)d->domain_id << 32 | reason);
    if (reason == SHUTDOWN_crash)
        __atomic_add_fetch(&n_failed, 1, __ATOMIC_RELAXED);
    hv_printk("@domain %s end %s\n", d->name, reason_name[reason]);
    release();
}
