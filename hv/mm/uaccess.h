/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's accesses to guest memory by guest virtual address, through the address space that is loaded. An
 * address in the hypervisor's hole, or one that faults (also: a write to a page the guest itself has read-only, CR0.WP
 * is set), gives -XEN_EFAULT; part of a copy may then be done.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/errno.h>
#include "hv/include/extable.h"
#include "hv/include/layout.h"

#define HV_GUEST_LOW_END UINT64_C(0x0000800000000000)

/* hv_guest_range_ok() - [gva, gva + n) is canonical and outside the hole. */
static inline bool hv_guest_range_ok(uint64_t gva, size_t n)
{
    return n <= HV_GUEST_LOW_END && (gva <= HV_GUEST_LOW_END - n || (gva >= HV_VIRT_END && gva <= UINT64_MAX - n));
}

int hv_copy_from_guest(void *to, uint64_t gva, size_t n);
int hv_copy_to_guest(uint64_t gva, const void *from, size_t n);

/* One word, after hv_guest_range_ok(). */
static inline int hv_put_guest_u64(uint64_t gva, uint64_t value)
{
    __asm__ goto("1: movq %1, (%0)\n" HV_EXTABLE("1b", "%l[fault]")::"r"(gva), "r"(value) : "memory" : fault);
    return 0;
fault:
    return -XEN_EFAULT;
}
static inline int hv_get_guest_u64(uint64_t *value, uint64_t gva)
{
    uint64_t v = 0;
    int rc = 0;

    __asm__ volatile("1: movq (%2), %0\n"
                     "2:\n"
                     ".subsection 1\n"
                     "3: movl %3, %1\n"
                     "jmp 2b\n"
                     ".previous\n" HV_EXTABLE("1b", "3b")
                     : "+r"(v), "+r"(rc)
                     : "r"(gva), "i"(-XEN_EFAULT)
                     : "memory");
    *value = v;
    return rc;
}
