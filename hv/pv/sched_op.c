/* SPDX-License-Identifier: Apache-2.0 */
/* sched_op and set_timer_op: giving up the CPU, and being woken. */
#include "hv/include/xen.h"
#include <xen/sched.h>
#include "hv/domain/domain.h"
#include "hv/include/sched.h"
#include "hv/include/time.h"
#include "hv/mm/uaccess.h"
#include "hv/pv/hypercall.h"
#include "hv/pv/pv.h"

#define MAX_POLL_PORTS 128u

static long poll_ports(uint64_t arg)
{
    uint32_t ports[MAX_POLL_PORTS];
    struct sched_poll poll;

    if (hv_copy_from_guest(&poll, arg, sizeof(poll)))
        return -XEN_EFAULT;
    if (poll.nr_ports > MAX_POLL_PORTS)
        return -XEN_EINVAL;
    if (hv_copy_from_guest(ports, (uint64_t)poll.ports.p, poll.nr_ports * sizeof(*ports)))
        return -XEN_EFAULT;
    return hv_sched_poll(ports, poll.nr_ports, poll.timeout);
}

static long shut_down(uint64_t arg)
{
    struct sched_shutdown s;

    if (hv_copy_from_guest(&s, arg, sizeof(s)))
        return -XEN_EFAULT;
    if (s.reason > SHUTDOWN_MAX)
        return -XEN_EINVAL;
    if (s.reason == SHUTDOWN_crash)
        hv_domain_crash(hv_current()->domain, "it says so itself (SHUTDOWN_crash)");
    else
        hv_domain_shutdown(hv_current()->domain, s.reason);
    return 0;
}

long hv_pv_sched_op(uint64_t cmd, uint64_t arg, uint64_t a2, uint64_t a3, uint64_t a4)
{
    struct vcpu *v = hv_current();

    (void)a2, (void)a3, (void)a4;
    switch (cmd) {
    case SCHEDOP_yield:
        hv_sched_yield();
        return 0;
    case SCHEDOP_block:
        /* Unmask first: an event that came before must keep it from sleeping (hv_sched_block() looks again). */
        v->info->evtchn_upcall_mask = 0;
        hv_sched_block(v);
        return 0;
    case SCHEDOP_shutdown:
        return shut_down(arg);
    case SCHEDOP_poll:
        return poll_ports(arg);
    default:
        return -XEN_ENOSYS;
    }
}

long hv_pv_set_timer_op(uint64_t when_ns, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
    (void)a1, (void)a2, (void)a3, (void)a4;
    hv_timer_set_vcpu(hv_current(), when_ns);
    return 0;
}
