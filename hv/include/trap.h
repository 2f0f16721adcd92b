/* SPDX-License-Identifier: Apache-2.0 */
/* Traps, as the entry code hands them over. */
#pragma once
#include "hv/include/regs.h"

void hv_trap_init(void); /* builds the IDT, shared by all CPUs */
void hv_trap_load_idt(void);
void hv_trap(struct cpu_regs *regs);
void hv_trap_dump(const struct cpu_regs *regs);
/* hv_exit_to_guest() - drops the stack and returns to the guest whose frame stands at its top. */
void hv_exit_to_guest(void) __attribute__((noreturn));
/* hv_exit_work() - called by the exit path, interrupts off: softirqs, scheduling, event delivery. */
void hv_exit_work(void);
