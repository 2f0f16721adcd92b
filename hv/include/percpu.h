/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which CPU am I, whom do I run, and where is my data.
 *
 * A CPU finds itself through its stack: stacks are 32 KiB, aligned, and a struct hv_cpu_info stands at the very top.
 * GS is not used, so the guest's two GS bases stay in the machine and a kernel/user toggle is one SWAPGS. Data declared
 * with HV_PERCPU exists once a CPU, each CPU's copy on pages of its own; CPU 0 uses the linked one.
 */
#pragma once
#include "hv/include/layout.h"
#include "hv/include/regs.h"

#define CPUINFO_BYTES 200 /* offset of the end of the stack from the guest's frame */

#ifndef __ASSEMBLER__
#include <stdint.h>

struct vcpu;
struct hv_cpu_info {
    struct cpu_regs guest_regs; /* what the current guest goes back to */
    struct vcpu *current;       /* never NULL: the idle vCPU if there is nothing to do */
    uint64_t percpu_offset;
    uint64_t cpu; /* number of this CPU, in the order of the MADT */
    uint64_t spare;
};
_Static_assert(sizeof(struct hv_cpu_info) == CPUINFO_BYTES, "entry.S");
_Static_assert((HV_STACK_BYTES - CPUINFO_BYTES + REGS_BYTES) % 16 == 0, "the CPU aligns RSP to 16 before it pushes");

static inline struct hv_cpu_info *hv_cpu_info(void)
{
    uintptr_t sp;

    /* Not volatile: within one function the stack does not change, the compiler may keep the answer. */
    __asm__("mov %%rsp, %0" : "=r"(sp));
    return (struct hv_cpu_info *)((sp | (HV_STACK_BYTES - 1)) + 1 - sizeof(struct hv_cpu_info));
}
static inline struct vcpu *hv_current(void)
{
    return hv_cpu_info()->current;
}
static inline unsigned hv_cpu(void)
{
    return (unsigned)hv_cpu_info()->cpu;
}
static inline struct cpu_regs *hv_guest_regs(void)
{
    return &hv_cpu_info()->guest_regs;
}

#define HV_PERCPU(type, name)         __attribute__((section(".bss.percpu." #name))) type name
#define HV_PERCPU_DECLARE(type, name) extern type name

extern uint64_t hv_percpu_offset[HV_MAX_CPUS]; /* set once, when a CPU is prepared */

/* The address arithmetic goes through asm so that the compiler cannot reason about the bounds of the linked copy. */
#define HV_PERCPU_AT(name, offset)                                                                                     \
    (*__extension__({                                                                                                  \
        uintptr_t percpu_at_;                                                                                          \
        __asm__("" : "=r"(percpu_at_) : "0"((uintptr_t) & (name)));                                                    \
        (__typeof__(&(name)))(percpu_at_ + (offset));                                                                  \
    }))
#define hv_this(name)         HV_PERCPU_AT(name, hv_cpu_info()->percpu_offset)
#define hv_per_cpu(name, cpu) HV_PERCPU_AT(name, hv_percpu_offset[cpu])
#endif
