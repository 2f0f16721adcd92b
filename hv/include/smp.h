/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing up the other CPUs, descriptor tables and entry points of each. */
#pragma once
#include <stdint.h>
#include "hv/include/percpu.h"

/* One page a CPU: the hypervisor's descriptors, page 14 of every GDT that is loaded there. */
struct hv_gdt_page {
    uint64_t entry[512];
} __attribute__((aligned(4096)));
HV_PERCPU_DECLARE(struct hv_gdt_page, hv_gdt_page);

void hv_smp_add_cpu(unsigned apic_id); /* by the MADT, in its order */
void hv_smp_prepare_bsp(void);         /* CPU 0: its place in the order, GDT, TSS, IDT, SYSCALL */
void hv_smp_start_all(void);
unsigned hv_smp_apic_id(unsigned cpu);

void hv_descriptors_init_cpu(unsigned cpu); /* GDT, TSS, IDT, SYSCALL MSRs of this CPU */
void hv_gdt_load_idle(void);                /* GDTR: no guest descriptors, the hypervisor's at 0xe000 */
