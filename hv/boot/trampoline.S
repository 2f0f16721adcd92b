/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a CPU executes first after its start-up IPI: real mode, CS = page << 8, IP = 0. Copied to the page
 * HV_TRAMPOLINE_PHYS; position-independent but for the two absolute jumps. On to protected mode and hv/boot/head.S.
 */
#include "hv/include/layout.h"
#include "hv/boot/trampoline.h"
#include "hv/include/x86.h"

    .section .rodata
    .balign 16
    .globl hv_trampoline_start, hv_trampoline_end
    .hidden hv_trampoline_start
    .hidden hv_trampoline_end
hv_trampoline_start:
    .code16
    cli
    cld
    mov %cs, %ax
    mov %ax, %ds
    lgdtl gdt_pointer - hv_trampoline_start
    mov $(X86_CR0_PE | X86_CR0_ET), %eax
    mov %eax, %cr0
    ljmpl $0x8, $(start32 - hv_trampoline_start + HV_TRAMPOLINE_PHYS)
    .code32
start32:
    mov $0x10, %eax
    mov %eax, %ss
    mov $(HV_TRAMPOLINE_PHYS + 0xff0), %esp
    mov $(hv_ap_start32 - HV_IMAGE_BASE), %eax
    jmp *%eax
    .balign 8
gdt:
    .quad 0
    .quad X86_DESC_CODE32_RING0
    .quad X86_DESC_DATA_RING0
gdt_pointer:
    .word . - gdt - 1
    .long gdt - hv_trampoline_start + HV_TRAMPOLINE_PHYS
hv_trampoline_end:
    .code64
    .section .note.GNU-stack, "", @progbits
