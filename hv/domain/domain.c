/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life and end of a domain.
 *
 * The end goes in two steps. hv_domain_shutdown() may come from anywhere, a hypercall or a failed bounce: it marks the
 * domain and takes its vCPUs off their run queues, and asks for the softirq. hv_domain_softirq() runs when this CPU is
 * about to leave the hypervisor and holds no lock; it goes on only once no vCPU of the domain runs any more, makes
 * every CPU that still has the domain's page tables loaded (idle ones keep them) drop them, and then gives the memory
 * back.
 */
#include "hv/domain/domain.h"
#include "hv/include/xen.h"
#include <xen/sched.h>
#include "hv/include/count.h"
#include "hv/include/event.h"
#include "hv/include/printk.h"
#include "hv/include/sections.h"
#include "hv/include/softirq.h"
#include "hv/include/string.h"
#include "hv/include/x86_insn.h"
#include "hv/mm/flush.h"
#include "hv/mm/mm.h"
#include "hv/mm/pv/pt.h"
#include "hv/pv/pv.h"

#define FPU_FCW      0x037f /* FXSAVE image after FNINIT; manual: "FXSAVE" */
#define FPU_MXCSR    0x1f80
#define FPU_MXCSR_AT 24

/* By id - 1; written by the builder only. NULL: that domain was refused. */
static HV_READ_MOSTLY struct domain *domain_table[HV_MAX_DOMAINS] = {0};
static HV_READ_MOSTLY unsigned n_domains = 0; /* the highest id */

struct domain *hv_domain_by_id(unsigned domain_id)
{
    return domain_id >= 1 && domain_id <= n_domains ? domain_table[domain_id - 1] : NULL;
}

static void *alloc_zeroed(size_t bytes)
{
    unsigned order = 0;

    while ((4096ul << order) < bytes)
        order++;
    return hv_alloc_pages(order);
}

static struct vcpu *create_vcpu(struct domain *d, unsigned id, unsigned cpu)
{
    struct vcpu *v = alloc_zeroed(sizeof(*v));

    if (!v)
        return NULL;
    v->pv.traps = alloc_zeroed(HV_PV_VECTORS * sizeof(*v->pv.traps));
    if (!v->pv.traps)
        return NULL;
    v->vcpu_id = id;
    v->domain = d;
    v->info = &d->shared_info->vcpu_info[id];
    v->info->evtchn_upcall_mask = 1;
    uint16_t fcw = FPU_FCW;
    uint32_t mxcsr = FPU_MXCSR;
    memcpy(v->pv.fpu, &fcw, sizeof(fcw));
    memcpy(v->pv.fpu + FPU_MXCSR_AT, &mxcsr, sizeof(mxcsr));
    hv_sched_vcpu_init(v, cpu % hv_n_cpus);
    return v;
}

struct domain *hv_domain_create(const struct hv_domain_config *cfg, unsigned id)
{
    struct domain *d = alloc_zeroed(sizeof(*d));

    if (!d)
        return NULL;
    d->domain_id = (uint16_t)id;
    memcpy(d->name, cfg->name, sizeof(d->name));
    d->is_privileged = cfg->is_privileged;
    d->pv.max_pages = cfg->memory_mib * 256;
    d->pv.page_list = HV_MFN_NONE;
    d->shared_info = hv_alloc_page();
    if (!d->shared_info || hv_event_domain_init(d))
        return NULL;
    hv_mm_share(d, d->shared_info);
    for (unsigned i = 0; i < cfg->vcpus; i++, d->max_vcpus++) {
        d->vcpu[i] = create_vcpu(d, i, cfg->cpu + i);
        if (!d->vcpu[i])
            return NULL;
    }
    domain_table[id - 1] = d;
    n_domains = id;
    return d;
}

void hv_domain_shutdown(struct domain *d, unsigned reason)
{
    if (__atomic_exchange_n(&d->is_dying, true, __ATOMIC_SEQ_CST))
        return;
    d->end_reason = (uint8_t)reason;
    for (unsigned i = 0; i < d->max_vcpus; i++)
        hv_sched_down(d->vcpu[i]);
    hv_softirq_raise(HV_SOFTIRQ_DOMAIN);
}

void hv_domain_crash(struct domain *d, const char *format, ...)
{
    char reason[160];
    va_list args;

    if (d->is_dying)
        return;
    va_start(args, format);
    hv_vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    hv_printk("domain %s: %s\n", d->name, reason);
    HV_COUNT(domain_crashes);
    hv_domain_shutdown(d, SHUTDOWN_crash);
}

static bool is_off(const struct domain *d)
{
    for (unsigned i = 0; i < d->max_vcpus; i++)
        if (!hv_sched_is_down(d->vcpu[i]))
            return false;
    return true;
}

static void release_memory(struct domain *d)
{
    hv_spin_lock(&d->pv.mm_lock);
    for (unsigned i = 0; i < d->max_vcpus; i++) {
        struct vcpu *v = d->vcpu[i];
        hv_pv_forget(v);
        hv_pv_drop_gdt(v);
        hv_pv_drop_roots(v);
        if (v->pv.info_page) {
            v->info = &d->shared_info->vcpu_info[i];
            hv_pt_put(d, v->pv.info_page);
        }
    }
    hv_pt_unpin_all(d);
    hv_mm_release_all(d);
    hv_spin_unlock(&d->pv.mm_lock);
}

/* What is lost are the few pages that described it. */
void hv_domain_forget(struct domain *d)
{
    d->is_dying = d->is_ended = true;
    release_memory(d);
    domain_table[d->domain_id - 1] = NULL;
}

/* Idle CPUs leave the page tables when they are interrupted for a flush; this one, when it is asked. */
static void leave_everywhere(struct domain *d)
{
    uint64_t flags = hv_irq_save();

    hv_sched_sync_lazy();
    hv_irq_restore(flags);
    hv_flush_mask(d->pv.dirty_cpus, HV_FLUSH_ALL);
}

/* Two CPUs may come to the same domain: the claim lets one through. */
static void finish(struct domain *d)
{
    if (__atomic_exchange_n(&d->pv.is_being_freed, true, __ATOMIC_SEQ_CST))
        return;
    leave_everywhere(d);
    if (d->pv.dirty_cpus.bits) { /* a CPU is just leaving it: come again */
        __atomic_store_n(&d->pv.is_being_freed, false, __ATOMIC_SEQ_CST);
        hv_softirq_raise(HV_SOFTIRQ_DOMAIN);
        return;
    }
    hv_event_close_all(d);
    hv_pv_console_flush(d);
    release_memory(d);
    hv_domain_ended(d, d->end_reason);
}

void hv_domain_softirq(void)
{
    for (unsigned i = 0; i < n_domains; i++) {
        struct domain *d = domain_table[i];
        if (!d || !__atomic_load_n(&d->is_dying, __ATOMIC_ACQUIRE) || d->is_ended)
            continue;
        if (is_off(d))
            finish(d);
        else
            hv_softirq_raise(HV_SOFTIRQ_DOMAIN);
    }
}
