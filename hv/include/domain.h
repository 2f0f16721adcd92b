/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domains and their vCPUs: the parts that scheduler, time and events work on, and, embedded, what the PV interface adds
 * (hv/pv/pv_types.h). Domains are made by hv/domain; idle vCPUs have a domain of their own, HV_MARK_DOM_IDLE.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "hv/abi/marker.h"
#include "hv/include/event.h"
#include "hv/include/regs.h"
#include "hv/include/sched.h"
#include "hv/include/time.h"
#include "hv/include/xen.h"
#include "hv/pv/pv_types.h"

struct domain {
    uint16_t domain_id;
    char name[16];
    unsigned max_vcpus;
    struct vcpu *vcpu[HV_MAX_CPUS];
    bool is_privileged;
    bool is_dying;      /* no new work; set under the owner's rules in hv/domain */
    bool is_ended;      /* hv_domain_ended() was called */
    uint8_t end_reason; /* SHUTDOWN_* of sched.h */
    struct shared_info *shared_info;
    struct hv_event_domain event;
    struct pv_domain pv;
};

struct vcpu {
    unsigned vcpu_id;
    unsigned processor; /* the CPU it is pinned to */
    struct domain *domain;
    bool is_idle;
    bool user_mode; /* what it runs when it runs: guest user or guest kernel; kept by hv/pv */
    struct vcpu_info *info;
    struct cpu_regs regs; /* valid while the context is not loaded (hv_ctx_vcpu) */
    struct hv_sched_vcpu sched;
    struct hv_event_vcpu event;
    struct hv_timer singleshot;
    struct pv_vcpu pv;
};

static inline void hv_mark_context(const struct vcpu *v)
{
    HV_MARK(HV_MARK_CONTEXT, (uint64_t)v->domain->domain_id << 32 | (uint64_t)v->vcpu_id << 16 |
                                 (v->user_mode ? HV_MARK_MODE_USER : HV_MARK_MODE_KERNEL));
}

/* hv_event_pending() - would the upcall be delivered to @v now? Two bytes that the guest and other CPUs write. */
static inline bool hv_event_pending(const struct vcpu *v)
{
    return __atomic_load_n(&v->info->evtchn_upcall_pending, __ATOMIC_SEQ_CST) != 0 &&
           __atomic_load_n(&v->info->evtchn_upcall_mask, __ATOMIC_RELAXED) == 0;
}

/* hv_domain_started() - a domain was built and runs. hv_domain_refused() - it will not: one line says why, and the run
 * does not count as a success; @domain_id is what it would have got. hv_domain_ended() - it will not run again: reports
 * it, and when it was the last one ends the machine. hv_domain_all_built() - no more will be started. All in
 * hv/core/shutdown.c. */
void hv_domain_started(struct domain *d);
void hv_domain_refused(unsigned domain_id, const char *name, const char *why);
void hv_domain_ended(struct domain *d, unsigned reason);
void hv_domain_all_built(void);

/* Supplied by hv/domain and hv/mm. */
struct domain *hv_domain_by_id(unsigned domain_id); /* NULL: none */
void hv_domains_build(void);                        /* BSP, all CPUs up: builds the domains of the boot module */
void hv_domain_softirq(void);
void *hv_alloc_page(void);            /* zeroed, NULL if there is none */
void *hv_alloc_pages(unsigned order); /* the same, 1 << order in a row, aligned to a page only */
void hv_mm_init(void);
void hv_flush_cpu_init(void); /* on each CPU */
void hv_flush_ipi(void);
void hv_flush_epoch_softirq(void);

/* Supplied by hv/pv. */
void hv_pv_init_cpu(void);
void hv_pv_guest_trap(struct cpu_regs *regs); /* exception in ring 3; interrupts on */
void hv_pv_syscall(struct cpu_regs *regs);    /* SYSCALL; interrupts on */
void hv_pv_deliver_events(
    struct cpu_regs *regs); /* interrupts off, right before the return; hv_event_pending() holds */
void hv_pv_bad_iret(void);  /* the return to the guest faulted: ends the current domain */
void hv_pv_ctx_save(struct vcpu *from);
void hv_pv_ctx_switch_to(struct vcpu *to);
void hv_pv_ctx_switch_to_idle(void);
