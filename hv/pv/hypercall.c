/* SPDX-License-Identifier: Apache-2.0 */
/* Dispatch of hypercalls by the table hv/abi/exits.def, batches of them, and the page of stubs that guests call. */
#include "hv/pv/hypercall.h"
#include <stddef.h>
#include "hv/include/xen.h"
#include "hv/include/count.h"
#include "hv/include/softirq.h"
#include "hv/mm/uaccess.h"
#include "hv/pv/pv.h"

#define N_STUBS    128u
#define STUB_BYTES 32u
#define PAGE_BYTES 4096u

struct hypercall {
    hv_pv_handler *handler;
    bool is_counted;
};

static const struct hypercall table[] = {
#define HYPERCALL(number, name, function, counted, header) [number] = {function, counted},
#include "hv/abi/exits.def"
#undef HYPERCALL
};
#define N_HYPERCALLS (sizeof(table) / sizeof(table[0]))

long hv_pv_call(uint64_t number, const uint64_t arg[5])
{
    if (number >= N_HYPERCALLS || !table[number].handler)
        return -XEN_ENOSYS;
    HV_COUNT_ADD(hypercalls, table[number].is_counted);
    return table[number].handler(arg[0], arg[1], arg[2], arg[3], arg[4]);
}

/* Others' turn or timers are due: the guest executes SYSCALL again, with what is left to do. */
static long go_on_later(uint64_t calls, uint64_t n)
{
    const unsigned syscall_bytes = 2;
    struct cpu_regs *regs = hv_guest_regs();

    regs->rip -= syscall_bytes;
    regs->rdi = calls;
    regs->rsi = n;
    HV_COUNT_ADD(hypercalls, -UINT64_C(1)); /* it was one call and will have been counted as one */
    return __HYPERVISOR_multicall;
}

/*
 * A batch: each entry's result goes into the entry. An iret in it leaves the guest's context, so it ends the batch, and
 * what it wants in RAX is the batch's result. A batch in a batch could go on without bound, on our stack: refused.
 */
long hv_pv_multicall(uint64_t calls, uint64_t n, uint64_t a2, uint64_t a3, uint64_t a4)
{
    struct multicall_entry e;

    (void)a2, (void)a3, (void)a4;
    for (uint64_t i = 0; i < n; i++, calls += sizeof(e)) {
        if (i && hv_softirq_pending())
            return go_on_later(calls, n - i);
        if (hv_copy_from_guest(&e, calls, sizeof(e)))
            return -XEN_EFAULT;
        if (e.op == __HYPERVISOR_iret)
            return hv_pv_iret(0, 0, 0, 0, 0);
        long result = e.op == __HYPERVISOR_multicall ? -XEN_EINVAL : hv_pv_call(e.op, e.args);
        if (hv_copy_to_guest(calls + offsetof(struct multicall_entry, result), &result, sizeof(result)))
            return -XEN_EFAULT;
    }
    return 0;
}

static uint8_t *put(uint8_t *at, const uint8_t *bytes, unsigned n)
{
    while (n--)
        *at++ = *bytes++;
    return at;
}

/* push rcx; push r11; mov $n, eax; syscall; pop r11; pop rcx; ret. The iret stub also pushes rax and never comes back.
 */
void hv_pv_fill_hypercall_page(uint8_t *page)
{
    static const uint8_t head[] = {0x51, 0x41, 0x53}, push_rax[] = {0x50}, syscall[] = {0x0f, 0x05};
    static const uint8_t tail[] = {0x41, 0x5b, 0x59, 0xc3};

    for (unsigned i = 0; i < PAGE_BYTES; i++)
        page[i] = 0xcc;
    for (unsigned n = 0; n < N_STUBS; n++) {
        const uint8_t mov_n[] = {0xb8, (uint8_t)n, 0, 0, 0};
        uint8_t *at = put(page + n * STUB_BYTES, head, sizeof(head));
        if (n == __HYPERVISOR_iret)
            at = put(at, push_rax, sizeof(push_rax));
        at = put(at, mov_n, sizeof(mov_n));
        at = put(at, syscall, sizeof(syscall));
        if (n != __HYPERVISOR_iret)
            put(at, tail, sizeof(tail));
    }
}
