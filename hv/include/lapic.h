/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC in xAPIC mode (manual: "Advanced Programmable Interrupt Controller"): IPIs, EOI, the one-shot timer.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "hv/include/cpumask.h"

#define HV_VECTOR_TIMER    0xf9
#define HV_VECTOR_FLUSH    0xfc /* hv_flush_ipi() */
#define HV_VECTOR_EVENT    0xfd /* nothing to do but to look at the softirqs */
#define HV_VECTOR_SPURIOUS 0xff

void hv_lapic_map(uint64_t phys);
void hv_lapic_init_cpu(void); /* enables this CPU's */
unsigned hv_lapic_id(void);
void hv_lapic_eoi(void);
void hv_lapic_send_ipi(unsigned cpu, uint8_t vector);
void hv_lapic_send_ipi_mask(struct hv_cpumask mask, uint8_t vector);
/* hv_lapic_start_ap() - INIT if @init, then one start-up IPI: real-mode code at @page << 12. */
void hv_lapic_start_ap(unsigned apic_id, uint8_t page, bool init);
/* hv_lapic_timer_set() - one interrupt HV_VECTOR_TIMER after @count ticks of the APIC timer; 0 stops it. */
void hv_lapic_timer_set(uint32_t count);
uint32_t hv_lapic_timer_left(void);
