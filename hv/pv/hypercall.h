/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercall handlers, from the table hv/abi/exits.def. All have one signature, the five argument registers; the result
 * is what the guest finds in RAX (0 or a negative XEN_E*). They run with interrupts on, in the kernel mode of the
 * current vCPU, whose registers are hv_guest_regs().
 */
#pragma once
#include <stdint.h>
#include <xen/errno.h>

typedef long hv_pv_handler(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4);

#define HYPERCALL(number, name, handler, counted, header) hv_pv_handler handler;
#include "hv/abi/exits.def"
#undef HYPERCALL

/* hv_pv_call() - dispatches one call, of the guest itself or out of a multicall. -XEN_ENOSYS for an unknown number. */
long hv_pv_call(uint64_t number, const uint64_t arg[5]);
