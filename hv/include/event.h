/* SPDX-License-Identifier: Apache-2.0 */
/* Event channels in Xen's two-level format: 4096 ports a domain, pending and mask bits in the shared info page. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "hv/include/spinlock.h"

#define HV_EVENT_PORTS      4096u
#define HV_EVENT_PER_BUCKET 256u
#define HV_EVENT_BUCKETS    (HV_EVENT_PORTS / HV_EVENT_PER_BUCKET)
#define HV_EVENT_VIRQS      24u

struct domain;
struct vcpu;

struct hv_event_channel {
    uint8_t state; /* EVTCHNSTAT_* of event_channel.h */
    uint8_t virq;
    uint16_t vcpu; /* whom it notifies */
    uint16_t remote_dom, reserved;
    uint32_t remote_port, reserved2;
};
struct hv_event_domain {
    struct hv_spinlock lock; /* guards everything here; with another domain's, the lower domain id first */
    uint32_t n_ports;        /* ports below this have a bucket */
    struct hv_event_channel *bucket[HV_EVENT_BUCKETS];
};
struct hv_event_vcpu {
    uint32_t virq_port[HV_EVENT_VIRQS]; /* 0: not bound */
};

/* hv_event_domain_init() - 0, or -ENOMEM. Port 0 is reserved, as the ABI wants it. */
int hv_event_domain_init(struct domain *d);
/* hv_event_alloc_unbound() - a port of @d that domain @remote may bind. 0, -ENOSPC or -ENOMEM. */
int hv_event_alloc_unbound(struct domain *d, uint16_t remote, uint32_t *port);
int hv_event_send(struct domain *d, uint32_t port);
void hv_event_send_virq(struct vcpu *v, unsigned virq);
/* hv_event_close_all() - when a domain has ended. */
void hv_event_close_all(struct domain *d);
bool hv_event_port_pending(const struct domain *d, uint32_t port);
