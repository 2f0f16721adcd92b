/* SPDX-License-Identifier: Apache-2.0 */
/* What entry.S offers to C, and what of the core only the core calls. */
#pragma once
#include <stdint.h>
#include "hv/include/layout.h"

/* Exceptions with a stack of their own; its number is the IST index - 1 and the page of the CPU's stack. */
enum hv_ist { HV_IST_DF, HV_IST_NMI, HV_IST_MC, HV_IST_DB, HV_IST_STACKS };

struct hv_syscall_stack {
    uint64_t end_of_frame, guest_rsp;
} __attribute__((aligned(64)));
extern struct hv_syscall_stack hv_syscall_stack[HV_MAX_CPUS];

extern const uint8_t hv_trap_stubs[256][16];
extern const uint8_t hv_syscall_stubs[], hv_syscall32_entry[];
extern const uint8_t hv_iret_to_guest[];
extern uint8_t hv_bsp_stack[HV_STACK_BYTES];

void hv_jump_on_fresh_stack(void (*function)(void)) __attribute__((noreturn));
void hv_descriptors_prepare(unsigned cpu, void *stack);
void hv_timer_interrupt(void);
void hv_timer_softirq(void);
/* hv_machine_end() - what the boot word "exit" says, with the debug-exit port's @code. */
void hv_machine_end(uint8_t code) __attribute__((noreturn));
