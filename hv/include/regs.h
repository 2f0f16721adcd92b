/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of an interrupted context, as the entry code (hv/core/entry.S) pushes them. The last five words are
 * what the processor itself pushes (manual: "Stack Switching in IA-32e Mode"); the frame of a guest always stands at
 * the same place, the top of the CPU's stack, so that a context switch is a copy.
 */
#pragma once

#define HV_VEC_SYSCALL 0x100 /* entry_vector of a SYSCALL */
/* Set in entry_vector by whoever made the frame: RCX and R11 are RIP and RFLAGS or dead, so SYSRET may end it. */
#define HV_FRAME_SYSRET 0x80000000

#define REGS_R15    0
#define REGS_R11    48
#define REGS_RAX    80
#define REGS_RCX    88
#define REGS_ERROR  120
#define REGS_VECTOR 124
#define REGS_RIP    128
#define REGS_CS     136
#define REGS_RFLAGS 144
#define REGS_RSP    152
#define REGS_SS     160
#define REGS_BYTES  168

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct cpu_regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint32_t error_code;
    uint32_t entry_vector;
    uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(offsetof(struct cpu_regs, r11) == REGS_R11, "entry.S");
_Static_assert(offsetof(struct cpu_regs, rax) == REGS_RAX, "entry.S");
_Static_assert(offsetof(struct cpu_regs, rcx) == REGS_RCX, "entry.S");
_Static_assert(offsetof(struct cpu_regs, error_code) == REGS_ERROR, "entry.S");
_Static_assert(offsetof(struct cpu_regs, entry_vector) == REGS_VECTOR, "entry.S");
_Static_assert(offsetof(struct cpu_regs, rip) == REGS_RIP, "entry.S");
_Static_assert(offsetof(struct cpu_regs, ss) == REGS_SS, "entry.S");
_Static_assert(sizeof(struct cpu_regs) == REGS_BYTES, "entry.S");
#endif
