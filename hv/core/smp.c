/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPUs: their numbers, per-CPU memory and start. They start one after the other through one trampoline page; the
 * boot CPU prepares everything a CPU needs, so that a started CPU only loads registers and reports.
 */
#include "hv/include/smp.h"
#include "hv/boot/trampoline.h"
#include "hv/core/entry.h"
#include "hv/include/count.h"
#include "hv/include/cpumask.h"
#include "hv/include/domain.h"
#include "hv/include/lapic.h"
#include "hv/include/printk.h"
#include "hv/include/sections.h"
#include "hv/include/string.h"
#include "hv/include/x86_insn.h"

#define START_SECOND_IPI_US 200u
#define START_TIMEOUT_US    1000000u

extern uint8_t __percpu_start[], __percpu_end[];

struct hv_counters hv_abi_counters[HV_ABI_MAX_CPUS];
HV_READ_MOSTLY struct hv_cpumask hv_cpu_online = {0};
HV_READ_MOSTLY unsigned hv_n_cpus = 1;
HV_READ_MOSTLY uint64_t hv_percpu_offset[HV_MAX_CPUS] = {0};
static HV_READ_MOSTLY uint8_t apic_id_of[HV_MAX_CPUS] = {0};
static unsigned n_found = 1; /* CPUs in the MADT, this one included */

unsigned hv_smp_apic_id(unsigned cpu)
{
    return apic_id_of[cpu];
}

static void place_cpu_info(void *stack, unsigned cpu)
{
    struct hv_cpu_info *info = (struct hv_cpu_info *)((uintptr_t)stack + HV_STACK_BYTES - sizeof(*info));

    memset(info, 0, sizeof(*info));
    info->cpu = cpu;
    info->percpu_offset = hv_percpu_offset[cpu];
}

void hv_smp_prepare_bsp(void)
{
    place_cpu_info(hv_bsp_stack, 0);
    hv_descriptors_prepare(0, hv_bsp_stack);
    apic_id_of[0] = (uint8_t)(hv_cpuid(1, 0).ebx >> 24);
    hv_cpumask_set(&hv_cpu_online, 0);
}

void hv_smp_add_cpu(unsigned apic_id)
{
    if (apic_id == apic_id_of[0])
        return;
    if (n_found == HV_MAX_CPUS) {
        hv_printk("CPU with APIC id %u not used: the limit is %u CPUs\n", apic_id, HV_MAX_CPUS);
        return;
    }
    apic_id_of[n_found++] = (uint8_t)apic_id;
}

static unsigned order_for(size_t bytes)
{
    unsigned order = 0;

    while (((size_t)4096 << order) < bytes)
        order++;
    return order;
}

/* False if there is no memory for it. */
static bool prepare_cpu(unsigned cpu)
{
    size_t bytes = (size_t)(__percpu_end - __percpu_start);
    void *area = hv_alloc_pages(order_for(bytes)), *stack = hv_alloc_pages(HV_STACK_ORDER + 1);

    if (area == NULL || stack == NULL)
        return false;
    stack = (void *)(((uintptr_t)stack + HV_STACK_BYTES - 1) & ~(uintptr_t)(HV_STACK_BYTES - 1));
    hv_percpu_offset[cpu] = (uint64_t)area - (uint64_t)__percpu_start;
    place_cpu_info(stack, cpu);
    hv_descriptors_prepare(cpu, stack);
    hv_ap_stack = (uint8_t *)stack + HV_STACK_BYTES - CPUINFO_BYTES;
    return true;
}

static bool is_online(unsigned cpu)
{
    return hv_cpumask_test((struct hv_cpumask){__atomic_load_n(&hv_cpu_online.bits, __ATOMIC_ACQUIRE)}, cpu);
}

static bool wait_online(unsigned cpu, unsigned us)
{
    uint64_t end = hv_time_ns() + (uint64_t)us * 1000;

    while (!is_online(cpu)) {
        if (hv_time_ns() > end)
            return false;
        hv_pause();
    }
    return true;
}

static bool start_cpu(unsigned cpu)
{
    hv_lapic_start_ap(apic_id_of[cpu], HV_TRAMPOLINE_PHYS >> 12, true);
    if (wait_online(cpu, START_SECOND_IPI_US))
        return true;
    hv_lapic_start_ap(apic_id_of[cpu], HV_TRAMPOLINE_PHYS >> 12, false);
    return wait_online(cpu, START_TIMEOUT_US);
}

/* CPU numbers have no holes: a CPU that does not start gives its number to the next in the MADT. */
void hv_smp_start_all(void)
{
    memcpy(hv_phys_to_virt(HV_TRAMPOLINE_PHYS), hv_trampoline_start, (size_t)(hv_trampoline_end - hv_trampoline_start));
    for (unsigned i = 1; i < n_found; i++) {
        apic_id_of[hv_n_cpus] = apic_id_of[i];
        if (!prepare_cpu(hv_n_cpus))
            hv_panic("no memory for CPU %u", hv_n_cpus);
        if (start_cpu(hv_n_cpus))
            hv_n_cpus++;
        else
            hv_printk("CPU with APIC id %u does not start\n", apic_id_of[i]);
    }
}

/* hv_ap_main() - a started CPU, on its own stack, interrupts off. */
void hv_ap_main(void)
{
    unsigned cpu = hv_cpu();

    hv_descriptors_init_cpu(cpu);
    hv_lapic_init_cpu();
    hv_sched_init_cpu();
    hv_flush_cpu_init();
    hv_pv_init_cpu();
    hv_cpumask_set_atomic(&hv_cpu_online, cpu);
    hv_sched_idle_loop();
}
