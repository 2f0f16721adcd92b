/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercalls through the page the hypervisor fills: entry n is at 32 n. Arguments in RDI RSI RDX R10 R8, result in RAX;
 * RCX and R11 are lost ("xen/include/public/arch-x86/xen-x86_64.h"). All return 0 or more, or a negated error number.
 */
#pragma once

#include "pv64/pv64.h"

extern char pv64_hypercall_page[];

static inline long hypercall5(unsigned nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    long result;

    __asm__ volatile("call *%[entry]"
                     : "=a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8)
                     : [entry] "r"(pv64_hypercall_page + nr * 32)
                     : "rcx", "r11", "memory");
    return result;
}

#define HYPERCALL_PTR(p) ((uint64_t)(uintptr_t)(p))

static inline long hv_set_trap_table(const struct trap_info *table)
{
    return hypercall5(__HYPERVISOR_set_trap_table, HYPERCALL_PTR(table), 0, 0, 0, 0);
}

static inline long hv_mmu_update(const struct mmu_update *req, unsigned count)
{
    return hypercall5(__HYPERVISOR_mmu_update, HYPERCALL_PTR(req), count, 0, DOMID_SELF, 0);
}

static inline long hv_mmuext_op(const struct mmuext_op *op, unsigned count)
{
    return hypercall5(__HYPERVISOR_mmuext_op, HYPERCALL_PTR(op), count, 0, DOMID_SELF, 0);
}

static inline long hv_update_va_mapping(uint64_t va, uint64_t pte, uint64_t flags)
{
    return hypercall5(__HYPERVISOR_update_va_mapping, va, pte, flags, 0, 0);
}

static inline long hv_multicall(struct multicall_entry *calls, unsigned count)
{
    return hypercall5(__HYPERVISOR_multicall, HYPERCALL_PTR(calls), count, 0, 0, 0);
}

static inline long hv_callback_op(unsigned op, const void *arg)
{
    return hypercall5(__HYPERVISOR_callback_op, op, HYPERCALL_PTR(arg), 0, 0, 0);
}

static inline long hv_console_write(const char *s, size_t n)
{
    return hypercall5(__HYPERVISOR_console_io, CONSOLEIO_write, n, HYPERCALL_PTR(s), 0, 0);
}

static inline long hv_sched_op(unsigned op, const void *arg)
{
    return hypercall5(__HYPERVISOR_sched_op, op, HYPERCALL_PTR(arg), 0, 0, 0);
}

static inline long hv_event_channel_op(unsigned op, void *arg)
{
    return hypercall5(__HYPERVISOR_event_channel_op, op, HYPERCALL_PTR(arg), 0, 0, 0);
}

static inline long hv_vcpu_op(unsigned op, unsigned vcpu, void *arg)
{
    return hypercall5(__HYPERVISOR_vcpu_op, op, vcpu, HYPERCALL_PTR(arg), 0, 0);
}

static inline long hv_set_timer_op(uint64_t at_ns)
{
    return hypercall5(__HYPERVISOR_set_timer_op, at_ns, 0, 0, 0, 0);
}

static inline long hv_set_segment_base(unsigned which, uint64_t base)
{
    return hypercall5(__HYPERVISOR_set_segment_base, which, base, 0, 0, 0);
}

static inline long hv_stack_switch(uint64_t ss, uint64_t sp)
{
    return hypercall5(__HYPERVISOR_stack_switch, ss, sp, 0, 0, 0);
}
