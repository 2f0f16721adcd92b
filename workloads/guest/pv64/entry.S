/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry points of the 64-bit PV personality, the way back, and the stack switch.
 *
 * Xen enters the guest kernel on the stack named by stack_switch (from user mode) or on the current one (from the kernel),
 * 16-byte aligned, with this frame, lowest address first:
 *     rcx  r11  [error code]  rip  cs  rflags  rsp  ss
 * Popping RCX and R11 leaves what the hardware would have pushed. With vector, error and the registers on top it becomes
 * a struct trap_frame (platform.h) of 22 words, so the stack is aligned again at each call.
 *
 * The way back is always hypercall 23 (iret): it takes  flags  rip  cs  rflags  rsp  ss, and its entry of the hypercall
 * page pushes RCX, R11 and RAX itself. flags = VGCF_IN_SYSCALL lets Xen use SYSRET and forget RCX and R11. CS with RPL 3
 * means user mode, RPL 0 the kernel. Events are masked in all of the kernel (but plat_idle), so nothing is ever nested
 * but faults of the user_copy routines.
 */
#define VGCF_IN_SYSCALL 0x100
#define IRET_ENTRY      (pv64_hypercall_page + 23 * 32)

    .macro note type, kind, value:vararg
    .pushsection .note.Xen, "a", @note
    .balign 4
    .long 4, 2f - 1f, \type
    .asciz "Xen"
1:  \kind \value
2:  .balign 4
    .popsection
    .endm

    /* Types as in xen/include/public/elfnote.h. */
    note 1,  .quad, _start                  /* ENTRY */
    note 2,  .quad, pv64_hypercall_page     /* HYPERCALL_PAGE */
    note 3,  .quad, 0xffffffff80000000      /* VIRT_BASE */
    note 4,  .quad, 0                       /* PADDR_OFFSET: physical addresses of the image are frame addresses */
    note 5,  .asciz, "xen-3.0"              /* XEN_VERSION */
    note 6,  .asciz, "vmscale-guest"        /* GUEST_OS */
    note 7,  .asciz, "1"                    /* GUEST_VERSION */
    note 8,  .asciz, "generic"              /* LOADER */
    note 9,  .asciz, "yes"                  /* PAE_MODE */
    note 10, .asciz, "!writable_page_tables|pae_pgdir_above_4gb" /* FEATURES */

    .text
    .globl _start
_start:
    cld
    lea pv64_boot_stack_end(%rip), %rsp
    mov %rsi, %rdi
    xor %ebp, %ebp
    call pv64_main

    .macro save_registers
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
    mov %rsp, %rdi
    .endm

    .macro restore_registers
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

    /* Exceptions: the word has_error says whether Xen pushed an error code. */
    .macro trap_entry vector, has_error
    .globl pv64_trap_entry_\vector
pv64_trap_entry_\vector:
    pop %rcx
    pop %r11
    .if !\has_error
    push $0
    .endif
    push $\vector
    jmp exception
    .endm

    trap_entry 0, 0
    trap_entry 1, 0
    trap_entry 3, 0
    trap_entry 4, 0
    trap_entry 5, 0
    trap_entry 6, 0
    trap_entry 7, 0
    trap_entry 10, 1
    trap_entry 11, 1
    trap_entry 12, 1
    trap_entry 13, 1
    trap_entry 14, 1
    trap_entry 16, 0
    trap_entry 17, 1
    trap_entry 19, 0

exception:
    save_registers
    call pv64_exception
return_from_trap:
    restore_registers
    add $16, %rsp
    push $0
    jmp IRET_ENTRY

    .globl pv64_event_entry
pv64_event_entry:
    pop %rcx
    pop %r11
    push $0
    push $0x101 /* TRAP_EVENT */
    save_registers
    call pv64_event
    jmp return_from_trap

    .globl pv64_syscall_entry
pv64_syscall_entry:
    pop %rcx
    pop %r11
    push $0
    push $0x100 /* TRAP_SYSCALL */
    save_registers
    call syscall_dispatch
    cmpq $0x100, 15 * 8(%rsp) /* a changed frame is restored in full */
    jne return_from_trap
    restore_registers
    add $16, %rsp
    push $VGCF_IN_SYSCALL
    jmp IRET_ENTRY

    /* A segment register of user mode could not be reloaded; this kernel only uses flat ones: take them as null. */
    .globl pv64_failsafe_entry
pv64_failsafe_entry:
    pop %rcx
    pop %r11
    add $4 * 8, %rsp
    push $0
    jmp IRET_ENTRY

    /* Where a new process's kernel stack returns to: its struct trap_frame is on top, in the form of a fault's. */
    .globl pv64_first_return
pv64_first_return:
    jmp return_from_trap

    /* void pv64_switch_stack(uint64_t *save_sp, uint64_t load_sp): what the ABI says a call preserves is saved. */
    .globl pv64_switch_stack
pv64_switch_stack:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

    /* For the word "crash": returning to user mode from a stack that is not there; the hypervisor must end the domain. */
    .globl pv64_iret_from_bad_stack
pv64_iret_from_bad_stack:
    mov $0x1000, %esp
    mov $23, %eax
    syscall
    ud2

    /* For the word "badcall": a return to user mode where no user page tables were ever named. */
    .globl pv64_iret_to_nowhere
pv64_iret_to_nowhere:
    push $0xe02b /* ss, rsp, rflags, cs, rip, flags, rcx, r11, rax */
    push $0
    push $0x200
    push $0xe033
    .rept 5
    push $0
    .endr
    mov $23, %eax
    syscall
    ud2

    .section .hypercall_page, "ax", @progbits
    .balign 4096
    .globl pv64_hypercall_page
pv64_hypercall_page:
    .fill 4096, 1, 0xc3

    /* Whole pages: nothing else may share the one that the shared info page replaces. */
    .bss
    .balign 4096
    .globl pv64_shared_info
pv64_shared_info:
    .skip 4096

    .globl pv64_boot_stack_end
    .skip 8192
pv64_boot_stack_end:

    .section .note.GNU-stack, "", @progbits
