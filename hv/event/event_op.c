/* SPDX-License-Identifier: Apache-2.0 */
/* The hypercall event_channel_op, by a table of commands. They work on a copy of the command's structure. */
#include "hv/event/event_internal.h"
#include "hv/include/printk.h"
#include "hv/mm/uaccess.h"
#include "hv/pv/hypercall.h"
#include <xen/errno.h>

#define GLOBAL_VIRQS (1u << VIRQ_CONSOLE | 1u << VIRQ_DOM_EXC | 1u << VIRQ_TBUF | 1u << VIRQ_DEBUGGER)

static uint32_t resolve(const struct vcpu *v, uint32_t domid)
{
    return domid == DOMID_SELF ? v->domain->domain_id : domid;
}

/* Two domains' tables at once: the lower id first, so that two closings cannot wait for each other. */
static void lock_pair(struct domain *a, struct domain *b)
{
    struct domain *first = a->domain_id <= b->domain_id ? a : b;

    hv_spin_lock(&first->event.lock);
    if (a != b)
        hv_spin_lock(&(first == a ? b : a)->event.lock);
}
static void unlock_pair(struct domain *a, struct domain *b)
{
    hv_spin_unlock(&a->event.lock);
    if (a != b)
        hv_spin_unlock(&b->event.lock);
}

static long op_alloc_unbound(struct vcpu *v, void *arg)
{
    struct evtchn_alloc_unbound *op = arg;
    uint32_t port = 0;
    struct domain *d = hv_domain_by_id(resolve(v, op->dom));
    int rc;

    if (d == NULL)
        return -XEN_ESRCH;
    if (d != v->domain && !v->domain->is_privileged)
        return -XEN_EPERM;
    rc = hv_event_alloc_unbound(d, (uint16_t)resolve(v, op->remote_dom), &port);
    op->port = port;
    return rc;
}

static long bind_pair(struct vcpu *v, struct domain *remote, struct evtchn_bind_interdomain *op)
{
    struct domain *d = v->domain;
    struct hv_event_channel *theirs = event_channel(remote, op->remote_port);
    uint32_t port;
    int rc;

    if (theirs == NULL || theirs->state != EVTCHNSTAT_unbound || theirs->remote_dom != d->domain_id)
        return -XEN_EINVAL;
    rc = event_get_free(d, &port);
    if (rc != 0)
        return rc;
    *event_channel(d, port) = (struct hv_event_channel){.state = EVTCHNSTAT_interdomain,
                                                        .vcpu = (uint16_t)v->vcpu_id,
                                                        .remote_dom = remote->domain_id,
                                                        .remote_port = op->remote_port};
    theirs->state = EVTCHNSTAT_interdomain;
    theirs->remote_dom = d->domain_id;
    theirs->remote_port = port;
    op->local_port = port;
    event_set_pending(v, port); /* the ABI: what was sent before the binding may have been lost */
    return 0;
}

static long op_bind_interdomain(struct vcpu *v, void *arg)
{
    struct evtchn_bind_interdomain *op = arg;
    struct domain *remote = hv_domain_by_id(resolve(v, op->remote_dom));
    long rc;

    if (remote == NULL)
        return -XEN_ESRCH;
    lock_pair(v->domain, remote);
    rc = bind_pair(v, remote, op);
    unlock_pair(v->domain, remote);
    return rc;
}

/* A port of the domain's own, for @target. */
static int bind_local(struct vcpu *target, uint8_t state, uint8_t virq, uint32_t *port)
{
    struct domain *d = target->domain;
    int rc;

    hv_spin_lock(&d->event.lock);
    if (state == EVTCHNSTAT_virq && target->event.virq_port[virq] != 0)
        rc = -XEN_EEXIST;
    else
        rc = event_get_free(d, port);
    if (rc == 0) {
        *event_channel(d, *port) =
            (struct hv_event_channel){.state = state, .virq = virq, .vcpu = (uint16_t)target->vcpu_id};
        if (state == EVTCHNSTAT_virq)
            __atomic_store_n(&target->event.virq_port[virq], *port, __ATOMIC_RELEASE);
    }
    hv_spin_unlock(&d->event.lock);
    return rc;
}

static struct vcpu *find_vcpu(const struct vcpu *v, uint32_t id)
{
    return id < v->domain->max_vcpus ? v->domain->vcpu[id] : NULL;
}

static long op_bind_virq(struct vcpu *v, void *arg)
{
    struct evtchn_bind_virq *op = arg;
    struct vcpu *target = find_vcpu(v, op->vcpu);
    uint32_t port = 0;
    int rc;

    if (op->virq >= HV_EVENT_VIRQS)
        return -XEN_EINVAL;
    if ((GLOBAL_VIRQS >> op->virq & 1) && op->vcpu != 0)
        return -XEN_EINVAL;
    if (target == NULL)
        return -XEN_ENOENT;
    rc = bind_local(target, EVTCHNSTAT_virq, (uint8_t)op->virq, &port);
    op->port = port;
    return rc;
}

static long op_bind_ipi(struct vcpu *v, void *arg)
{
    struct evtchn_bind_ipi *op = arg;
    struct vcpu *target = find_vcpu(v, op->vcpu);
    uint32_t port = 0;
    int rc;

    if (target == NULL)
        return -XEN_ENOENT;
    rc = bind_local(target, EVTCHNSTAT_ipi, 0, &port);
    op->port = port;
    return rc;
}

/* Under the locks of @d and, if @c is bound to another domain, of that one. */
static void close_channel(struct domain *d, struct hv_event_channel *c)
{
    struct domain *remote;
    struct hv_event_channel *peer;

    if (c->state == EVTCHNSTAT_virq)
        __atomic_store_n(&d->vcpu[c->vcpu]->event.virq_port[c->virq], 0, __ATOMIC_RELEASE);
    if (c->state == EVTCHNSTAT_interdomain && (remote = hv_domain_by_id(c->remote_dom)) != NULL &&
        (peer = event_channel(remote, c->remote_port)) != NULL) {
        peer->state = EVTCHNSTAT_unbound;
        peer->remote_dom = d->domain_id;
        peer->remote_port = 0;
    }
    *c = (struct hv_event_channel){.state = EVTCHNSTAT_closed};
}

/* The peer's lock may have to come first: look, lock both, look again. */
static long close_port(struct domain *d, uint32_t port)
{
    for (;;) {
        struct hv_event_channel *c;
        struct domain *remote = d;
        uint16_t remote_id;
        bool same;

        hv_spin_lock(&d->event.lock);
        c = event_channel(d, port);
        if (c == NULL || c->state == EVTCHNSTAT_closed) {
            hv_spin_unlock(&d->event.lock);
            return -XEN_EINVAL;
        }
        remote_id = c->state == EVTCHNSTAT_interdomain ? c->remote_dom : d->domain_id;
        hv_spin_unlock(&d->event.lock);
        if (remote_id != d->domain_id && (remote = hv_domain_by_id(remote_id)) == NULL)
            remote = d;
        lock_pair(d, remote);
        same = c->state != EVTCHNSTAT_interdomain || c->remote_dom == remote_id;
        if (same && c->state != EVTCHNSTAT_closed)
            close_channel(d, c);
        unlock_pair(d, remote);
        if (same)
            return 0;
    }
}

static long op_close(struct vcpu *v, void *arg)
{
    return close_port(v->domain, ((struct evtchn_close *)arg)->port);
}

void hv_event_close_all(struct domain *d)
{
    for (uint32_t port = 1; port < HV_EVENT_PORTS; port++) {
        if (d->event.bucket[port / HV_EVENT_PER_BUCKET] == NULL)
            port |= HV_EVENT_PER_BUCKET - 1;
        else
            close_port(d, port);
    }
}

static long op_send(struct vcpu *v, void *arg)
{
    return hv_event_send(v->domain, ((struct evtchn_send *)arg)->port);
}

static long op_status(struct vcpu *v, void *arg)
{
    struct evtchn_status *op = arg;
    struct domain *d = hv_domain_by_id(resolve(v, op->dom));
    const struct hv_event_channel *c;
    long rc = 0;

    if (d == NULL)
        return -XEN_ESRCH;
    if (d != v->domain && !v->domain->is_privileged)
        return -XEN_EPERM;
    hv_spin_lock(&d->event.lock);
    c = event_channel(d, op->port);
    if (c != NULL) {
        op->status = c->state;
        op->vcpu = c->vcpu;
        if (c->state == EVTCHNSTAT_unbound) {
            op->u.unbound.dom = c->remote_dom;
        } else if (c->state == EVTCHNSTAT_interdomain) {
            op->u.interdomain.dom = c->remote_dom;
            op->u.interdomain.port = c->remote_port;
        } else if (c->state == EVTCHNSTAT_virq) {
            op->u.virq = c->virq;
        }
    } else {
        rc = -XEN_EINVAL;
    }
    hv_spin_unlock(&d->event.lock);
    return rc;
}

static long op_bind_vcpu(struct vcpu *v, void *arg)
{
    const struct evtchn_bind_vcpu *op = arg;
    struct hv_event_channel *c;
    long rc = 0;

    if (find_vcpu(v, op->vcpu) == NULL)
        return -XEN_ENOENT;
    hv_spin_lock(&v->domain->event.lock);
    c = event_channel(v->domain, op->port);
    if (c != NULL && (c->state == EVTCHNSTAT_unbound || c->state == EVTCHNSTAT_interdomain))
        c->vcpu = (uint16_t)op->vcpu;
    else
        rc = -XEN_EINVAL; /* IPIs and per-vCPU virtual IRQs stay where they were bound */
    hv_spin_unlock(&v->domain->event.lock);
    return rc;
}

/* The mask bit goes, and an event that came meanwhile is delivered now. */
static long op_unmask(struct vcpu *v, void *arg)
{
    uint32_t port = ((struct evtchn_unmask *)arg)->port;
    struct shared_info *s = v->domain->shared_info;
    struct hv_event_channel *c = event_channel(v->domain, port);
    struct vcpu *target;
    unsigned long bit = 1UL << port % 64, select = 1UL << port / 64 % 64;

    if (c == NULL || (target = find_vcpu(v, c->vcpu)) == NULL)
        return -XEN_EINVAL;
    if ((__atomic_fetch_and(&s->evtchn_mask[port / 64], ~bit, __ATOMIC_SEQ_CST) & bit) &&
        (__atomic_load_n(&s->evtchn_pending[port / 64], __ATOMIC_SEQ_CST) & bit) &&
        !(__atomic_fetch_or(&target->info->evtchn_pending_sel, select, __ATOMIC_SEQ_CST) & select))
        event_mark_pending(target);
    return 0;
}

struct command {
    long (*run)(struct vcpu *v, void *arg);
    unsigned bytes;
    bool answers; /* the structure goes back to the guest */
};
static const struct command command[] = {
    [EVTCHNOP_bind_interdomain] = {op_bind_interdomain, sizeof(struct evtchn_bind_interdomain), true},
    [EVTCHNOP_bind_virq] = {op_bind_virq, sizeof(struct evtchn_bind_virq), true},
    [EVTCHNOP_close] = {op_close, sizeof(struct evtchn_close), false},
    [EVTCHNOP_send] = {op_send, sizeof(struct evtchn_send), false},
    [EVTCHNOP_status] = {op_status, sizeof(struct evtchn_status), true},
    [EVTCHNOP_alloc_unbound] = {op_alloc_unbound, sizeof(struct evtchn_alloc_unbound), true},
    [EVTCHNOP_bind_ipi] = {op_bind_ipi, sizeof(struct evtchn_bind_ipi), true},
    [EVTCHNOP_bind_vcpu] = {op_bind_vcpu, sizeof(struct evtchn_bind_vcpu), false},
    [EVTCHNOP_unmask] = {op_unmask, sizeof(struct evtchn_unmask), false},
};
#define ARG_MAX_BYTES 32

long hv_pv_event_channel_op(uint64_t cmd, uint64_t arg_gva, uint64_t a2, uint64_t a3, uint64_t a4)
{
    uint64_t arg[ARG_MAX_BYTES / 8];
    const struct command *c;
    long rc;

    (void)a2, (void)a3, (void)a4;
    if (cmd >= sizeof(command) / sizeof(command[0]) || command[cmd].run == NULL)
        return -XEN_ENOSYS;
    c = &command[cmd];
    HV_ASSERT(c->bytes <= sizeof(arg));
    if (hv_copy_from_guest(arg, arg_gva, c->bytes) != 0)
        return -XEN_EFAULT;
    rc = c->run(hv_current(), arg);
    if (rc == 0 && c->answers && hv_copy_to_guest(arg_gva, arg, c->bytes) != 0)
        return -XEN_EFAULT;
    return rc;
}
