/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: nanoseconds since boot from the TSC (frequency measured against the PIT), timers on the local APIC, and the
 * time records of guests (Xen's vcpu_time_info). The TSCs of all CPUs are taken to run together.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct vcpu;

void hv_time_init(void); /* BSP; measures the TSC and the APIC timer */
uint64_t hv_time_ns(void);
uint64_t hv_time_tsc_khz(void);
void hv_time_delay_us(unsigned us);
void hv_time_update_vcpu(struct vcpu *v); /* fills v->info->time */

/* A timer belongs to the CPU that set it; its function runs there in softirq context, interrupts on. */
struct hv_timer {
    struct hv_timer *next;
    uint64_t expires_ns;
    void (*function)(void *argument);
    void *argument;
    unsigned cpu;
    bool queued;
};
void hv_timer_init(struct hv_timer *t, unsigned cpu, void (*function)(void *), void *argument);
void hv_timer_set(struct hv_timer *t, uint64_t expires_ns);
void hv_timer_stop(struct hv_timer *t);
/* hv_timer_set_vcpu() - the vCPU's single-shot timer: VIRQ_TIMER at @expires_ns, 0 stops it. A past time fires at once.
 */
void hv_timer_set_vcpu(struct vcpu *v, uint64_t expires_ns);
