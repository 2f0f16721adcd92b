/* SPDX-License-Identifier: Apache-2.0 */
/* Between the table of ports (event.c) and the hypercall on it (event_op.c). The lock is d->event.lock. */
#pragma once
#include "hv/include/domain.h"

/* event_channel() - the row of @port, NULL if there is none. Under the lock. */
struct hv_event_channel *event_channel(struct domain *d, uint32_t port);
/* event_get_free() - a closed port, lowest first. Under the lock. */
int event_get_free(struct domain *d, uint32_t *port);
/* event_set_pending() - the event of @port happens, @v is to hear it. No lock needed. */
void event_set_pending(struct vcpu *v, uint32_t port);
void event_mark_pending(struct vcpu *v);
