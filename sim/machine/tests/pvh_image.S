/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel of one page: PVH entry, "hello" on COM1, long mode, INIT-SIPI to all others, a local timer interrupt, a
 * broadcast IPI, exit through port 0xf4 with 0x21. The first character of the command line is the number of cores.
 * The same image runs on QEMU (-device isa-debug-exit,iobase=0xf4,iosize=4), which then exits with 67.
 * Output: "hello\nN cores\ntick\nipi\n".
 */
#define COM1         0x3f8
#define LAPIC        0xfee00000
#define LAPIC_EOI    (LAPIC + 0xb0)
#define LAPIC_SVR    (LAPIC + 0xf0)
#define LAPIC_ICR    (LAPIC + 0x300)
#define LAPIC_LVTT   (LAPIC + 0x320)
#define LAPIC_COUNT  (LAPIC + 0x380)
#define LAPIC_DIVIDE (LAPIC + 0x3e0)
#define TRAMPOLINE   0x8000
#define VECTOR_TIMER 0x40
#define VECTOR_IPI   0x41

    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 4, 18
    .asciz "Xen"
    .long start32

    .text
    .code32
    .globl start32
start32:
    cli
    movb $0xff, %al /* firmware may have left the PIC pair on */
    outb %al, $0x21
    outb %al, $0xa1
    movl $stack_top, %esp
    movl 24(%ebx), %eax /* hvm_start_info.cmdline_paddr */
    movzbl (%eax), %eax
    movb %al, cores_text
    subl $'0', %eax
    movl %eax, cores
    movl $hello, %esi
1:  movw $COM1 + 5, %dx
2:  inb %dx, %al
    testb $0x20, %al
    jz 2b
    lodsb
    testb %al, %al
    jz 3f
    movw $COM1, %dx
    outb %al, %dx
    jmp 1b
3:
    /* identity map of 4 GiB in 2 MiB pages */
    movl $pd, %edi
    movl $0x83, %eax
    movl $2048, %ecx
4:  movl %eax, (%edi)
    movl $0, 4(%edi)
    addl $0x200000, %eax
    addl $8, %edi
    decl %ecx
    jnz 4b
    movl $pd + 3, pdpt
    movl $pd + 0x1003, pdpt + 8
    movl $pd + 0x2003, pdpt + 16
    movl $pd + 0x3003, pdpt + 24
    movl $pdpt + 3, pml4
    lgdt gdtr
    ljmp $8, $enter_long
    .globl enter_long
enter_long: /* both the first core and the others: 32-bit, no paging */
    movw $0x10, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl %cr4, %eax
    orl $0x20, %eax
    movl %eax, %cr4
    movl $pml4, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x100, %eax
    wrmsr
    movl %cr0, %eax
    orl $0x80000001, %eax
    movl %eax, %cr0
    ljmp $0x18, $long_mode

    .code64
    .globl long_mode
long_mode:
    movl $1, %eax
    lock xaddl %eax, started /* 0: the first core */
    movl %eax, %ecx
    shll $12, %ecx
    leaq stack_top(%rcx), %rsp
    movl $0x1ff, %ecx
    movl $LAPIC_SVR, %edi
    movl %ecx, (%rdi)
    testl %eax, %eax
    jz first
    lidt idtr
    lock incl ready
    sti
1:  hlt
    jmp 1b

    .globl first
first:
    movl $trampoline, %esi
    movl $TRAMPOLINE, %edi
    movl $trampoline_end - trampoline, %ecx
    rep movsb
    leaq timer_handler(%rip), %rax
    movl $VECTOR_TIMER, %ecx
    call set_gate
    leaq ipi_handler(%rip), %rax
    movl $VECTOR_IPI, %ecx
    call set_gate
    lidt idtr

    movl cores, %ebp
    decl %ebp
    jz 2f
    movl $LAPIC_ICR, %edi
    movl $0xc4500, (%rdi) /* INIT, all but self */
    movl $2000, %ecx
1:  pause
    decl %ecx
    jnz 1b
    movl $0xc4600 + (TRAMPOLINE >> 12), (%rdi)
2:  pause
    cmpl %ebp, ready
    jne 2b
    movl $cores_text, %esi
    call print

    movl $LAPIC_DIVIDE, %edi
    movl $0xb, (%rdi)
    movl $LAPIC_LVTT, %edi
    movl $VECTOR_TIMER, (%rdi)
    movl $LAPIC_COUNT, %edi
    movl $1000, (%rdi)
    cli
3:  cmpl $0, ticks
    jne 4f
    sti
    hlt
    cli
    jmp 3b
4:  movl $tick_text, %esi
    call print

    testl %ebp, %ebp
    jz 6f
    movl $LAPIC_ICR, %edi
    movl $0xc4000 + VECTOR_IPI, (%rdi)
5:  pause
    cmpl %ebp, ipis
    jne 5b
6:  movl $ipi_text, %esi
    call print
    movb $0x21, %al
    outb %al, $0xf4
7:  hlt
    jmp 7b

    .globl timer_handler
timer_handler:
    lock incl ticks
    jmp end_of_interrupt
    .globl ipi_handler
ipi_handler:
    lock incl ipis
end_of_interrupt:
    pushq %rdi
    movl $LAPIC_EOI, %edi
    movl $0, (%rdi)
    popq %rdi
    iretq

    .globl set_gate
set_gate: /* RAX handler, ECX vector */
    shll $4, %ecx
    leaq idt(%rcx), %rdi
    movw %ax, (%rdi)
    movw $0x18, 2(%rdi)
    movw $0x8e00, 4(%rdi)
    shrq $16, %rax
    movw %ax, 6(%rdi)
    shrq $16, %rax
    movl %eax, 8(%rdi)
    ret

    .globl print
print: /* RSI text */
    lodsb
    testb %al, %al
    jz 1f
    movw $COM1, %dx
    outb %al, %dx
    jmp print
1:  ret

    .code16
trampoline: /* copied to TRAMPOLINE; starts with CS = TRAMPOLINE >> 4, IP = 0 */
    cli
    xorw %ax, %ax
    movw %ax, %ds
    lgdtl TRAMPOLINE + (trampoline_gdtr - trampoline)
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $8, $enter_long
    .balign 4
trampoline_gdtr:
    .word gdt_end - gdt - 1
    .long gdt
trampoline_end:

    .data
    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff /* 32-bit code */
    .quad 0x00cf93000000ffff /* data */
    .quad 0x00af9b000000ffff /* 64-bit code */
gdt_end:
gdtr:
    .word gdt_end - gdt - 1
    .quad gdt
idtr:
    .word 0x42 * 16 - 1
    .quad idt
hello:
    .asciz "hello\n"
cores_text:
    .asciz "0 cores\n"
tick_text:
    .asciz "tick\n"
ipi_text:
    .asciz "ipi\n"

    .bss
    .balign 4096
pml4:
    .skip 4096
pdpt:
    .skip 4096
    .globl pd
pd: .skip 4 * 4096
idt:
    .skip 4096
    .skip 4096
stack_top:
    .skip 64 * 4096
    .globl started
    .type started, @object
    .size started, 4
started:
    .long 0
cores:
    .long 0
ready:
    .long 0
ticks:
    .long 0
ipis:
    .long 0
