/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries from guests and from interrupted hypervisor code, and the way back.
 *
 * The frame of a guest always begins at the top of the CPU's stack: TSS.RSP0 and the SYSCALL stub both set RSP to the
 * end of hv_cpu_info.guest_regs. So the C code finds it without being told, and a context switch replaces it in place.
 * Exceptions that may strike between SYSCALL and the switch of stacks (NMI, #MC, #DF, and #DB by MOV SS) have stacks of
 * their own in the low pages of the CPU's stack; if they hit a guest, their frame moves to the top like any other.
 */
#include "hv/include/layout.h"
#include "hv/include/percpu.h"
#include "hv/include/x86.h"

#define FRAME_TOP (HV_STACK_BYTES - CPUINFO_BYTES + REGS_BYTES) /* end of guest_regs in the stack */

    .macro save_regs
    cld
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    push %r8
    push %r9
    push %r10
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    .endm
    .macro restore_regs
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
    .endm

    .text
    /* One stub a vector, 16 bytes each; the CPU pushed an error code or the stub does. */
    .balign 16
    .globl hv_trap_stubs
    .hidden hv_trap_stubs
hv_trap_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    .if !(vector < 32 && ((X86_VECTORS_WITH_ERROR >> (vector & 31)) & 1))
    push $0
    .endif
    movl $vector, 4(%rsp)
    jmp trap_common
    .set vector, vector + 1
    .endr

trap_common:
    save_regs
    mov %rsp, %rdi
    testb $3, REGS_CS(%rsp)
    jz trap_in_hv
    /* From a guest. On the stack proper RSP is at the frame's one place already; on an exception stack it is not. */
    mov %rsp, %rax
    or $(HV_STACK_BYTES - 1), %rax
    sub $(CPUINFO_BYTES - 1), %rax
    cmp %rax, %rsp
    jne move_frame
trap_from_guest:
    call hv_trap
    jmp exit_to_guest

trap_in_hv:
    call hv_trap
    restore_regs
    add $8, %rsp
iret_to_hv:
    iretq

move_frame:
    mov %rsp, %rsi
    mov %rax, %rdi
    mov $(REGS_BYTES / 8), %ecx
    rep movsq
    mov %rax, %rsp
    mov %rsp, %rdi
    jmp trap_from_guest

    /* SYSCALL: each CPU's LSTAR points at a stub that knows the CPU's stack. Data is in lines of its own. */
    .balign 64
    .globl hv_syscall_stubs
    .hidden hv_syscall_stubs
hv_syscall_stubs:
    .set cpu, 0
    .rept HV_MAX_CPUS
    .balign 32
    mov %rsp, hv_syscall_stack + 64 * cpu + 8(%rip)
    mov hv_syscall_stack + 64 * cpu(%rip), %rsp
    push $HV_SEL_SS_RING3
    push hv_syscall_stack + 64 * cpu + 8(%rip)
    jmp syscall_common
    .set cpu, cpu + 1
    .endr

syscall_common:
    push %r11
    push $HV_SEL_CS64_RING3
    push %rcx
    push $0
    movl $HV_VEC_SYSCALL, 4(%rsp)
    save_regs
    sti
    mov %rsp, %rdi
    call hv_pv_syscall
    jmp exit_to_guest

    /* SYSCALL from 32-bit code in a 64-bit guest is not part of what is offered. */
    .globl hv_syscall32_entry
    .hidden hv_syscall32_entry
hv_syscall32_entry:
    mov $-1, %eax
    sysretl

    .globl hv_exit_to_guest
    .hidden hv_exit_to_guest
hv_exit_to_guest:
    or $(HV_STACK_BYTES - 1), %rsp
    sub $(CPUINFO_BYTES - 1), %rsp
exit_to_guest:
    cli
    call hv_exit_work
    testl $HV_FRAME_SYSRET, REGS_VECTOR(%rsp)
    jz exit_by_iret
    /* SYSRET faults in ring 0 on a non-canonical RIP, on some CPUs with the guest's RSP: never let it. */
    mov REGS_RIP(%rsp), %rcx
    mov %rcx, %rax
    shl $16, %rax
    sar $16, %rax
    cmp %rax, %rcx
    jne exit_by_iret
    mov REGS_RFLAGS(%rsp), %r11
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    add $8, %rsp
    pop %r10
    pop %r9
    pop %r8
    pop %rax
    add $8, %rsp
    pop %rdx
    pop %rsi
    pop %rdi
    mov (REGS_RSP - REGS_ERROR)(%rsp), %rsp
    sysretq

exit_by_iret:
    restore_regs
    add $8, %rsp
    .globl hv_iret_to_guest
    .hidden hv_iret_to_guest
hv_iret_to_guest:
    iretq

    /* hv_switch_stack_idle(): RDI = function to go on in, on a fresh stack below the frame, which stays. */
    .globl hv_jump_on_fresh_stack
    .hidden hv_jump_on_fresh_stack
hv_jump_on_fresh_stack:
    or $(HV_STACK_BYTES - 1), %rsp
    sub $(CPUINFO_BYTES - 1), %rsp
    call *%rdi
    ud2

    /* Per CPU, 64 bytes: end of the guest's frame (RSP to load), the guest's RSP. */
    .data
    .balign 64
    .globl hv_syscall_stack
    .hidden hv_syscall_stack
hv_syscall_stack:
    .skip 64 * HV_MAX_CPUS

    .section .note.GNU-stack, "", @progbits
