/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel of a few lines for every boot protocol but PVH (pvh_image.S), one object per protocol: MULTIBOOT1 (with
 * KLUDGE: addresses in the header instead of ELF), MULTIBOOT2, LINUX. It prints what it was given on COM1 and leaves
 * through port 0xf4 with 0x10 (QEMU: 33):
 *     PROTOCOL
 *     cmdline TEXT          the words after the file's name, where the protocol has one
 *     module TEXT           the first line of the first module
 *     ram                   if the memory map says that 16 MiB is RAM, and .bss is zero
 */
#define COM1 0x3f8

#if defined(MULTIBOOT1)
    .section .head, "ax"
    .balign 4
header:
    .long 0x1badb002
#ifdef KLUDGE
    .long 0x00010003, -(0x1badb002 + 0x00010003)
    .long header, load_start, load_end, bss_end, start
#else
    .long 0x00000003, -(0x1badb002 + 0x00000003)
#endif
#elif defined(MULTIBOOT2)
    .section .head, "ax"
    .balign 8
header:
    .long 0xe85250d6, 0, header_end - header, -(0xe85250d6 + (header_end - header))
    .word 1, 0 /* information request: command line, module, map */
    .long 20, 1, 3, 6
    .balign 8
    .word 6, 1 /* module alignment, optional */
    .long 8
    .word 0, 0
    .long 8
header_end:
#elif defined(LINUX) /* flat: one setup sector pair, then the protected-mode part at 1 MiB */
    .section .head, "ax"
    .globl setup
setup:
    .org 0x1f1
    .byte 1 /* setup_sects */
    .word 0
    .long 4096 / 16
    .word 0, 0, 0
    .word 0xaa55
    .byte 0xeb, 0x66 /* the header ends at 0x202 + 0x66 */
    .ascii "HdrS"
    .word 0x020f
    .org 0x211
    .byte 1 /* LOADED_HIGH */
    .org 0x214
    .long 0x100000
    .org 0x22c
    .long 0x37ffffff
    .long 0x200000
    .byte 1, 21
    .word LINUX_64 /* XLF_KERNEL_64 */
    .long 2047
    .org 0x258
    .quad 0x100000
    .long 0x10000
    .org 0x400
#endif

    .section .text
    .code32
    .globl start
start:
    cli
    cld
    movl $stack_top, %esp
    movl %eax, %ebp
#ifdef LINUX
    leal linux32, %edx
    jmp linux_entry
    .org start + 0x200
    .code64
    movl $stack_top, %esp
    xorl %ebx, %ebx
    pushq $to32 /* back to 32 bits: the rest is one program */
    movl $linux64, %edx
    lgdt gdtr
    movl $8, 4(%rsp)
    lretl
    .code32
to32:
    movl %cr0, %eax
    andl $0x7fffffff, %eax
    movl %eax, %cr0
    movw $0x10, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
linux_entry:
    pushl %esi
    movl %edx, %esi
    call print
    popl %ebx
    movl 0x228(%ebx), %esi
    call print_cmdline
    movl 0x218(%ebx), %esi
    cmpl $0, 0x21c(%ebx)
    je 1f
    call print_module
1:  movzbl 0x1e8(%ebx), %ecx
    leal 0x2d0(%ebx), %esi
2:  movl (%esi), %eax
    movl 8(%esi), %edx
    cmpl $1, 16(%esi)
    jne 3f
    call check_row
3:  addl $20, %esi
    loop 2b
    jmp finish
#elif defined(MULTIBOOT1)
    cmpl $0x2badb002, %ebp
    jne finish
    movl $protocol, %esi
    call print
    movl 16(%ebx), %esi
1:  lodsb /* the file's name */
    testb %al, %al
    jz 2f
    cmpb $' ', %al
    jne 1b
    incl %esi
2:  decl %esi
    call print_cmdline
    cmpl $0, 20(%ebx)
    je 3f
    movl 24(%ebx), %esi
    movl (%esi), %esi
    call print_module
3:  movl 48(%ebx), %esi
    movl 44(%ebx), %edi
    addl %esi, %edi
4:  cmpl %edi, %esi
    jae finish
    movl 4(%esi), %eax
    movl 12(%esi), %edx
    cmpl $1, 20(%esi)
    jne 5f
    call check_row
5:  movl (%esi), %eax
    leal 4(%esi,%eax), %esi
    jmp 4b
#else
    cmpl $0x36d76289, %ebp
    jne finish
    movl $protocol, %esi
    call print
    leal 8(%ebx), %edi
1:  movl (%edi), %eax
    testl %eax, %eax
    jz finish
    cmpl $1, %eax
    jne 2f
    leal 8(%edi), %esi
    call print_cmdline
2:  cmpl $3, (%edi)
    jne 3f
    movl 8(%edi), %esi
    call print_module
3:  cmpl $6, (%edi)
    jne 6f
    leal 16(%edi), %esi
    movl 4(%edi), %ecx
    addl %edi, %ecx
4:  movl (%esi), %eax
    movl 8(%esi), %edx
    cmpl $1, 16(%esi)
    jne 5f
    call check_row
5:  addl 8(%edi), %esi
    cmpl %ecx, %esi
    jb 4b
6:  movl 4(%edi), %eax
    leal 7(%edi,%eax), %edi
    andl $~7, %edi
    jmp 1b
#endif

/* A row of RAM: EAX base, EDX bytes (low halves). */
check_row:
    cmpl $0x1000000, %eax
    ja 1f
    addl %eax, %edx
    cmpl $0x1000000, %edx
    jbe 1f
    movl $1, has_ram
1:  ret

finish:
    cmpl $1, has_ram
    jne 1f
    movl $ram_text, %esi
    call print
1:  movb $0x10, %al
    outb %al, $0xf4
    hlt

print_cmdline:
    pushl %esi
    movl $cmdline_text, %esi
    call print
    popl %esi
    call print
    movl $newline, %esi
    jmp print

print_module: /* one line */
    pushl %esi
    movl $module_text, %esi
    call print
    popl %esi
1:  lodsb
    call put
    cmpb $'\n', %al
    jne 1b
    ret

print:
    lodsb
    testb %al, %al
    jz 1f
    call put
    jmp print
1:  ret

put:
    pushl %edx
    pushl %eax
    movw $COM1 + 5, %dx
1:  inb %dx, %al
    testb $0x20, %al
    jz 1b
    popl %eax
    movw $COM1, %dx
    outb %al, %dx
    popl %edx
    ret

    .section .data
#ifdef LINUX
    .balign 8
gdtr:
    .word 23
    .quad gdt
    .balign 8
gdt:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
linux32:
    .asciz "linux, 32-bit\n"
linux64:
    .asciz "linux, 64-bit\n"
#elif defined(MULTIBOOT1)
protocol:
    .asciz "multiboot 1\n"
#else
protocol:
    .asciz "multiboot 2\n"
#endif
cmdline_text:
    .asciz "cmdline "
module_text:
    .asciz "module "
ram_text:
    .asciz "ram\n"
newline:
    .asciz "\n"

    .section .bss
has_ram:
    .skip 4
    .skip 4096
stack_top:
