/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC through its memory page (manual: "Local APIC"); CPUs are addressed by physical APIC id, 8 bits. */
#include "hv/include/lapic.h"
#include "hv/boot/boot.h"
#include "hv/include/smp.h"
#include "hv/include/x86.h"
#include "hv/include/x86_insn.h"

static uint32_t lapic_read(unsigned reg)
{
    return *(volatile uint32_t *)(HV_FIX_LAPIC + reg);
}
static void lapic_write(unsigned reg, uint32_t v)
{
    *(volatile uint32_t *)(HV_FIX_LAPIC + reg) = v;
}

void hv_lapic_map(uint64_t phys)
{
    hv_boot_fix_map(HV_FIX_LAPIC, phys,
                    X86_PTE_PRESENT | X86_PTE_WRITE | X86_PTE_PCD | X86_PTE_PWT | X86_PTE_ACCESSED | X86_PTE_DIRTY |
                        X86_PTE_GLOBAL | X86_PTE_NX);
}

void hv_lapic_init_cpu(void)
{
    lapic_write(X86_LAPIC_TPR, 0);
    lapic_write(X86_LAPIC_LVT_LINT0, X86_LAPIC_MASKED); /* the 8259 pair stays unheard */
    lapic_write(X86_LAPIC_LVT_LINT1, X86_LAPIC_MASKED);
    lapic_write(X86_LAPIC_LVT_ERROR, X86_LAPIC_MASKED);
    lapic_write(X86_LAPIC_TIMER_DIV, X86_LAPIC_DIV_BY_1);
    lapic_write(X86_LAPIC_SVR, X86_LAPIC_SVR_ENABLE | HV_VECTOR_SPURIOUS);
    lapic_write(X86_LAPIC_LVT_TIMER, HV_VECTOR_TIMER); /* one-shot; an LVT is only writable once the APIC is enabled */
    lapic_write(X86_LAPIC_TIMER_INIT, 0);
}

unsigned hv_lapic_id(void)
{
    return lapic_read(X86_LAPIC_ID) >> 24;
}

void hv_lapic_eoi(void)
{
    lapic_write(X86_LAPIC_EOI, 0);
}

/* Two writes that an interrupt handler's IPI must not come between. */
static void send(unsigned apic_id, uint32_t command)
{
    uint64_t flags = hv_irq_save();

    while (lapic_read(X86_LAPIC_ICR_LOW) & X86_ICR_PENDING)
        hv_pause();
    lapic_write(X86_LAPIC_ICR_HIGH, apic_id << 24);
    lapic_write(X86_LAPIC_ICR_LOW, command);
    hv_irq_restore(flags);
}

void hv_lapic_send_ipi(unsigned cpu, uint8_t vector)
{
    send(hv_smp_apic_id(cpu), X86_ICR_FIXED | X86_ICR_ASSERT | vector);
}

void hv_lapic_send_ipi_mask(struct hv_cpumask mask, uint8_t vector)
{
    unsigned cpu;

    HV_FOR_EACH_CPU(cpu, mask)
    hv_lapic_send_ipi(cpu, vector);
}

/* CPUs since the K8 need none of the delays of the "MP Initialization Protocol"; the second start-up IPI is the
 * caller's. */
void hv_lapic_start_ap(unsigned apic_id, uint8_t page, bool init)
{
    if (init) {
        send(apic_id, X86_ICR_INIT | X86_ICR_ASSERT | X86_ICR_LEVEL);
        send(apic_id, X86_ICR_INIT | X86_ICR_LEVEL);
    }
    send(apic_id, X86_ICR_STARTUP | X86_ICR_ASSERT | page);
}

void hv_lapic_timer_set(uint32_t count)
{
    lapic_write(X86_LAPIC_TIMER_INIT, count);
}

uint32_t hv_lapic_timer_left(void)
{
    return lapic_read(X86_LAPIC_TIMER_CUR);
}
