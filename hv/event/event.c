/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event channels: the table of ports and the delivery of events.
 *
 * Delivery (two-level ABI, event_channel.h): set the port's pending bit; if it was clear and the port is not masked,
 * set its word's bit in the vCPU's selector; if that was clear, set the upcall flag and make the vCPU look. All of this
 * is memory that the guest writes as well: nothing read from it is used as an index.
 */
#include "hv/event/event_internal.h"
#include "hv/include/printk.h"
#include "hv/include/string.h"
#include <xen/errno.h>

_Static_assert(sizeof(struct hv_event_channel) == 16 && 16 * HV_EVENT_PER_BUCKET == 4096, "a bucket is a page");

static bool test_and_set(unsigned long *words, uint32_t bit)
{
    unsigned long mask = 1UL << bit % 64;

    return (__atomic_fetch_or(&words[bit / 64], mask, __ATOMIC_SEQ_CST) & mask) != 0;
}
static bool test(const unsigned long *words, uint32_t bit)
{
    return (__atomic_load_n(&words[bit / 64], __ATOMIC_SEQ_CST) >> bit % 64 & 1) != 0;
}

struct hv_event_channel *event_channel(struct domain *d, uint32_t port)
{
    struct hv_event_channel *bucket;

    if (port == 0 || port >= HV_EVENT_PORTS)
        return NULL;
    bucket = d->event.bucket[port / HV_EVENT_PER_BUCKET];
    return bucket != NULL ? &bucket[port % HV_EVENT_PER_BUCKET] : NULL;
}

int event_get_free(struct domain *d, uint32_t *port)
{
    for (uint32_t p = 1; p < HV_EVENT_PORTS; p++) {
        struct hv_event_channel **bucket = &d->event.bucket[p / HV_EVENT_PER_BUCKET];

        if (*bucket == NULL && (*bucket = hv_alloc_page()) == NULL)
            return -XEN_ENOMEM;
        if ((*bucket)[p % HV_EVENT_PER_BUCKET].state == EVTCHNSTAT_closed) {
            *port = p;
            return 0;
        }
    }
    return -XEN_ENOSPC;
}

int hv_event_domain_init(struct domain *d)
{
    d->event = (struct hv_event_domain){.lock = HV_SPINLOCK_INIT};
    d->event.bucket[0] = hv_alloc_page();
    return d->event.bucket[0] != NULL ? 0 : -XEN_ENOMEM;
}

int hv_event_alloc_unbound(struct domain *d, uint16_t remote, uint32_t *port)
{
    int rc;

    hv_spin_lock(&d->event.lock);
    rc = event_get_free(d, port);
    if (rc == 0)
        *event_channel(d, *port) = (struct hv_event_channel){.state = EVTCHNSTAT_unbound, .remote_dom = remote};
    hv_spin_unlock(&d->event.lock);
    return rc;
}

void event_mark_pending(struct vcpu *v)
{
    if (__atomic_exchange_n(&v->info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST) == 0 || v->sched.polling)
        hv_sched_kick(v);
}

static void wake_pollers(struct domain *d)
{
    for (unsigned i = 0; i < d->max_vcpus; i++) {
        if (d->vcpu[i] != NULL && __atomic_load_n(&d->vcpu[i]->sched.polling, __ATOMIC_SEQ_CST))
            hv_sched_kick(d->vcpu[i]);
    }
}

void event_set_pending(struct vcpu *v, uint32_t port)
{
    struct shared_info *s = v->domain->shared_info;

    if (test_and_set(s->evtchn_pending, port))
        return;
    if (!test(s->evtchn_mask, port) && !test_and_set(&v->info->evtchn_pending_sel, port / 64))
        event_mark_pending(v);
    wake_pollers(v->domain);
}

static struct vcpu *vcpu_by_id(struct domain *d, unsigned id)
{
    return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

/* The peer's row is read without its domain's lock: to change or end it, that domain needs ours as well. */
int hv_event_send(struct domain *d, uint32_t port)
{
    struct hv_event_channel *c;
    struct vcpu *target = NULL;
    uint32_t target_port = port;
    int rc = 0;

    hv_spin_lock(&d->event.lock);
    c = event_channel(d, port);
    if (c != NULL && c->state == EVTCHNSTAT_interdomain) {
        struct domain *remote = hv_domain_by_id(c->remote_dom);
        const struct hv_event_channel *peer = remote != NULL ? event_channel(remote, c->remote_port) : NULL;

        target_port = c->remote_port;
        target = peer != NULL && !remote->is_dying ? vcpu_by_id(remote, peer->vcpu) : NULL;
    } else if (c != NULL && c->state == EVTCHNSTAT_ipi) {
        target = vcpu_by_id(d, c->vcpu);
    } else if (c == NULL || c->state != EVTCHNSTAT_unbound) {
        rc = -XEN_EINVAL; /* an unbound port has nobody to hear, which is no error */
    }
    if (target != NULL)
        event_set_pending(target, target_port);
    hv_spin_unlock(&d->event.lock);
    return rc;
}

void hv_event_send_virq(struct vcpu *v, unsigned virq)
{
    uint32_t port = __atomic_load_n(&v->event.virq_port[virq], __ATOMIC_ACQUIRE);

    if (port != 0)
        event_set_pending(v, port);
}

bool hv_event_port_pending(const struct domain *d, uint32_t port)
{
    return port < HV_EVENT_PORTS && test(d->shared_info->evtchn_pending, port);
}
