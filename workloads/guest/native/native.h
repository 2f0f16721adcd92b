/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the native personality share: the guest kernel on a bare machine (or as an HVM guest), one CPU.
 * Entered by PVH; the machine needs a local APIC, a PIT to calibrate against, and a 16550 at COM1.
 *
 * Selectors are laid out as SYSCALL and SYSRET want them ("AMD64 Architecture Programmer's Manual vol. 2, SYSCALL and
 * SYSRET"): kernel code and data side by side, user data before user code.
 */
#pragma once

#define NATIVE_KERNEL_CS 0x08
#define NATIVE_KERNEL_SS 0x10
#define NATIVE_STAR_USER 0x18 /* SYSRET adds 8 for SS, 16 for CS */
#define NATIVE_USER_SS   0x23
#define NATIVE_USER_CS   0x2b
#define NATIVE_TSS       0x30

#define NATIVE_TIMER_VECTOR    0x40
#define NATIVE_SPURIOUS_VECTOR 0xff
#define NATIVE_LAPIC           0xfffffffffee00000 /* mapped uncached by entry.S at the sign-extended physical address */

#ifndef __ASSEMBLER__
#include "kernel/platform.h"

/* ---- Instructions ---- */
static inline void native_out8(uint16_t port, uint8_t v)
{
    __asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port));
}

static inline uint8_t native_in8(uint16_t port)
{
    uint8_t v;

    __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline void native_wrmsr(uint32_t msr, uint64_t v)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

static inline uint64_t native_rdtsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* ---- entry.S ---- */
extern uint64_t native_boot_root[];
extern uint64_t native_kernel_sp; /* where SYSCALL starts: the top of the current process's kernel stack */
extern const uint32_t native_vectors[33];
extern const char native_spurious_entry[], native_syscall_entry[], native_first_return[];
void native_switch_stack(uint64_t *save_sp, uint64_t load_sp);

/* ---- C, called from entry.S ---- */
_Noreturn void native_main(uint64_t start_info);
void native_exception(struct trap_frame *f);

/* ---- Parts ---- */
void native_cpu_init(void);
void native_fpu_init(void);
void native_fpu_switch(struct proc *prev, struct proc *next);
void native_set_kernel_sp(uint64_t top); /* for SYSCALL and for traps */
void native_console_init(void);
void native_console_flush(void);
void native_time_init(void);
/* Tells who watches ("hv/abi/marker.h") whose time it is from now on: process 1 and all it starts is domain 1, what the
 * kernel does after its end is 2. */
void native_mark_program(unsigned domid);
void native_timer_interrupt(void);
#endif
