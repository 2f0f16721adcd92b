/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A boot sector: real mode, segments 0. Prints "sector", then counts three interrupts of the timer through the PIC and
 * prints "ticks", and leaves through port 0xf4 with 0x10. It brings what it needs with it: here is no BIOS.
 */
    .code16
    .globl start
start:
    cli
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %ss
    movw $0x7c00, %sp
    cld
    cmpb $0x80, %dl
    jne fail
    movw $sector_text, %si
    call print
    movw $tick, 4 * 0x20 /* vector 0x20 */
    movw %ax, 4 * 0x20 + 2
    movb $0x11, %al /* the PIC pair: vectors 0x20 and 0x28, only the timer let through */
    outb %al, $0x20
    outb %al, $0xa0
    movb $0x20, %al
    outb %al, $0x21
    movb $0x28, %al
    outb %al, $0xa1
    movb $4, %al
    outb %al, $0x21
    movb $2, %al
    outb %al, $0xa1
    movb $1, %al
    outb %al, $0x21
    outb %al, $0xa1
    movb $0xfe, %al
    outb %al, $0x21
    movb $0xff, %al
    outb %al, $0xa1
    movb $0x34, %al /* channel 0, mode 2 */
    outb %al, $0x43
    movw $1193, %ax
    outb %al, $0x40
    movb %ah, %al
    outb %al, $0x40
    sti
1:  hlt
    cmpb $3, count
    jb 1b
    cli
    movw $ticks_text, %si
    call print
fail:
    movb $0x10, %al
    outb %al, $0xf4
    hlt
tick:
    incb count
    pushw %ax
    movb $0x20, %al
    outb %al, $0x20
    popw %ax
    iretw
print:
    lodsb
    testb %al, %al
    jz 2f
    movb %al, %ah
    movw $0x3fd, %dx
1:  inb %dx, %al
    testb $0x20, %al
    jz 1b
    movb %ah, %al
    movw $0x3f8, %dx
    outb %al, %dx
    jmp print
2:  xorw %ax, %ax
    ret
count:
    .byte 0
sector_text:
    .asciz "sector\n"
ticks_text:
    .asciz "ticks\n"
    .org 510
    .word 0xaa55
