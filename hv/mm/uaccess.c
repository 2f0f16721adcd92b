/* SPDX-License-Identifier: Apache-2.0 */
/* Copies between hypervisor and guest; see uaccess.h. */
#include "hv/mm/uaccess.h"

/* Bytes not copied. A fault leaves RCX at what was to go, which is the answer. */
static size_t copy_faulting(void *to, const void *from, size_t n)
{
    size_t words = n / 8, bytes = n % 8;

    __asm__ volatile("1: rep movsq\n"
                     "2:\n" HV_EXTABLE("1b", "2b")
                     : "+D"(to), "+S"(from), "+c"(words)
                     :
                     : "memory");
    if (words)
        return words * 8 + bytes;
    __asm__ volatile("1: rep movsb\n"
                     "2:\n" HV_EXTABLE("1b", "2b")
                     : "+D"(to), "+S"(from), "+c"(bytes)
                     :
                     : "memory");
    return bytes;
}

int hv_copy_from_guest(void *to, uint64_t gva, size_t n)
{
    if (!hv_guest_range_ok(gva, n) || copy_faulting(to, (const void *)gva, n))
        return -XEN_EFAULT;
    return 0;
}

int hv_copy_to_guest(uint64_t gva, const void *from, size_t n)
{
    if (!hv_guest_range_ok(gva, n) || copy_faulting((void *)gva, from, n))
        return -XEN_EFAULT;
    return 0;
}
