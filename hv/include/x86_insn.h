/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions that C has no words for. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

static inline uint8_t hv_inb(uint16_t port)
{
    uint8_t v;
    __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}
static inline void hv_outb(uint16_t port, uint8_t v)
{
    __asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port));
}
static inline uint64_t hv_rdmsr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}
static inline void hv_wrmsr(uint32_t msr, uint64_t v)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}
static inline uint64_t hv_rdtsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}
struct hv_cpuid {
    uint32_t eax, ebx, ecx, edx;
};
static inline struct hv_cpuid hv_cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct hv_cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "0"(leaf), "2"(subleaf) : "memory");
    return r;
}
#define HV_CR_ACCESSORS(reg)                                                                                           \
    static inline uint64_t hv_read_##reg(void)                                                                         \
    {                                                                                                                  \
        uint64_t v;                                                                                                    \
        __asm__ volatile("mov %%" #reg ", %0" : "=r"(v)::"memory");                                                    \
        return v;                                                                                                      \
    }                                                                                                                  \
    static inline void hv_write_##reg(uint64_t v)                                                                      \
    {                                                                                                                  \
        __asm__ volatile("mov %0, %%" #reg ::"r"(v) : "memory");                                                       \
    }
HV_CR_ACCESSORS(cr0)
HV_CR_ACCESSORS(cr2)
HV_CR_ACCESSORS(cr3)
HV_CR_ACCESSORS(cr4)

static inline void hv_invlpg(const void *va)
{
    __asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}
static inline uint64_t hv_rflags(void)
{
    uint64_t v;
    __asm__ volatile("pushfq; popq %0" : "=r"(v)::"memory");
    return v;
}
static inline void hv_irq_disable(void)
{
    __asm__ volatile("cli" ::: "memory");
}
static inline void hv_irq_enable(void)
{
    __asm__ volatile("sti" ::: "memory");
}
static inline bool hv_irqs_on(void)
{
    return (hv_rflags() >> 9) & 1;
}
/* hv_irq_save() - interrupts off; returns RFLAGS for hv_irq_restore(). */
static inline uint64_t hv_irq_save(void)
{
    uint64_t v = hv_rflags();
    hv_irq_disable();
    return v;
}
static inline void hv_irq_restore(uint64_t rflags)
{
    if ((rflags >> 9) & 1)
        hv_irq_enable();
}
static inline void hv_pause(void)
{
    __asm__ volatile("pause" ::: "memory");
}
