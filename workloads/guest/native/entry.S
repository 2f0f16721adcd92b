/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry points of the native personality: PVH to long mode, exceptions, the timer interrupt, SYSCALL, the way back, and
 * the stack switch.
 *
 * PVH starts core 0 in 32-bit flat mode without paging, EBX = physical address of struct hvm_start_info ("x86/HVM direct
 * boot ABI"). The tables built here are the kernel half for good: 1 GiB of memory at KERNEL_BASE by 2 MiB pages, and the
 * local APIC. The same memory at address 0 is only for the switch; native_cpu_init() takes it away before it makes kernel
 * pages global.
 */
#include "native/native.h"

#define KERNEL_BASE 0xffffffff80000000
#define PHYS(symbol) (symbol - KERNEL_BASE)

    .pushsection .note.Xen, "a", @note
    .balign 4
    .long 4, 4, 18 /* PHYS32_ENTRY */
    .asciz "Xen"
    .long PHYS(native_start)
    .popsection

    .text
    .code32
    .globl native_start
native_start:
    cli
    cld
    mov $PHYS(boot_stack_end), %esp
    movl $PHYS(low_table3) + 3, PHYS(native_boot_root)
    movl $PHYS(high_table3) + 3, PHYS(native_boot_root) + 511 * 8
    movl $PHYS(memory_table2) + 3, PHYS(low_table3)
    movl $PHYS(memory_table2) + 3, PHYS(high_table3) + 510 * 8
    movl $PHYS(device_table2) + 3, PHYS(high_table3) + 511 * 8
    movl $0xfee000fb, PHYS(device_table2) + 503 * 8 /* P W PWT PCD A D PS */
    mov $PHYS(memory_table2), %edi
    mov $0x1e3, %eax /* P W A D PS G */
1:  mov %eax, (%edi)
    add $8, %edi
    add $0x200000, %eax
    cmp $0x400001e3, %eax
    jne 1b

    mov %cr4, %eax
    or $0x20, %eax /* PAE */
    mov %eax, %cr4
    mov $PHYS(native_boot_root), %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx /* EFER */
    rdmsr
    or $0x901, %eax /* NXE LME SCE */
    wrmsr
    mov %cr0, %eax
    and $0x9ffffffb, %eax /* CD NW EM off */
    or $0x80010003, %eax  /* PG WP MP PE */
    mov %eax, %cr0
    lgdt PHYS(boot_gdt_pointer)
    ljmp $NATIVE_KERNEL_CS, $PHYS(long_mode)

    .code64
long_mode:
    mov $high, %rax
    jmp *%rax
high:
    mov $NATIVE_KERNEL_SS, %eax
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    mov $boot_stack_end, %rsp
    mov %ebx, %edi
    xor %ebp, %ebp
    call native_main

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

    /* Exceptions 0 to 31: the CPU pushes an error code for 8, 10 to 14, 17, 21, 29 and 30. Then the timer. */
    .macro trap_entry vector
1:
    .if !(\vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21 || \vector == 29 || \vector == 30)
    push $0
    .endif
    push $\vector
    jmp exception
    .pushsection .rodata.vectors, "a", @progbits
    .long PHYS(1b)
    .popsection
    .endm

    .pushsection .rodata.vectors, "a", @progbits
    .balign 4
    .globl native_vectors
native_vectors:
    .popsection
    .irp vector, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    trap_entry \vector
    .endr
    .pushsection .rodata.vectors, "a", @progbits
    .long PHYS(timer_entry)
    .popsection

exception:
    cld
    save_registers
    call native_exception
return_from_trap:
    restore_registers
    add $16, %rsp
    iretq

timer_entry:
    push $0
    push $0x101 /* TRAP_EVENT */
    cld
    save_registers
    call native_timer_interrupt
    mov %rsp, %rdi
    call trap_return_from_event
    jmp return_from_trap

    .globl native_spurious_entry
native_spurious_entry:
    iretq

    /*
     * The CPU has masked interrupts, traps and the direction flag (MSR SFMASK). RCX and R11 hold RIP and RFLAGS, and do
     * so again at SYSRET, unless somebody changed the frame and said so by changing its vector.
     */
    .globl native_syscall_entry
native_syscall_entry:
    mov %rsp, user_sp
    mov native_kernel_sp, %rsp
    push $NATIVE_USER_SS
    push user_sp
    push %r11
    push $NATIVE_USER_CS
    push %rcx
    push $0
    push $0x100 /* TRAP_SYSCALL */
    save_registers
    call syscall_dispatch
    cmpq $0x100, 15 * 8(%rsp)
    jne return_from_trap
    restore_registers
    mov 5 * 8(%rsp), %rsp
    sysretq

    /* Where a new process's kernel stack returns to: its struct trap_frame is on top. */
    .globl native_first_return
native_first_return:
    jmp return_from_trap

    /* void native_switch_stack(uint64_t *save_sp, uint64_t load_sp): what the ABI says a call preserves is saved. */
    .globl native_switch_stack
native_switch_stack:
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

    .section .rodata
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* kernel code, 64-bit */
    .quad 0x00cf93000000ffff /* kernel data */
boot_gdt_pointer:
    .word 23
    .long PHYS(boot_gdt)

    .bss
    .balign 4096
    .globl native_boot_root
native_boot_root:
    .skip 4096
low_table3:
    .skip 4096
high_table3:
    .skip 4096
memory_table2:
    .skip 4096
device_table2:
    .skip 4096
    .skip 8192
boot_stack_end:
    .globl native_kernel_sp
native_kernel_sp:
    .skip 8
user_sp:
    .skip 8

    .section .note.GNU-stack, "", @progbits
