/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a boot loader's PVH entry (32-bit protected mode, paging off, EBX = start_info; Xen's "PVH" document) and from
 * the trampoline of the other CPUs into 64-bit mode on a stack of our own. No policy here: the tables built map the
 * first GiB twice, at 0 and at HV_IMAGE_BASE, and hv/boot/paging.c replaces them.
 */
#include "hv/include/layout.h"
#include "hv/include/percpu.h"
#include "hv/include/x86.h"

#define PHYS(sym) ((sym) - HV_IMAGE_BASE)
#define SLOT_L4(va) (((va) >> 39) & 511)
#define SLOT_L3(va) (((va) >> 30) & 511)
#define TABLE (X86_PTE_PRESENT | X86_PTE_WRITE)

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long PHYS(hv_start)

    .section .text.boot, "ax"
    .code32
    .globl hv_start
hv_start:
    cli
    cld
    mov $PHYS(boot_stack_info), %esp
    mov %ebx, %ebp

    /* 512 large pages: the first GiB. */
    mov $PHYS(hv_boot_l2), %edi
    mov $(TABLE | X86_PTE_LARGE), %eax
    mov $512, %ecx
1:  mov %eax, (%edi)
    movl $0, 4(%edi)
    add $X86_LARGE_BYTES, %eax
    add $8, %edi
    loop 1b

    movl $(PHYS(hv_boot_l2) + TABLE), PHYS(hv_boot_l3)
    movl $(PHYS(hv_boot_l2) + TABLE), PHYS(hv_image_l3) + 8 * SLOT_L3(HV_IMAGE_BASE)
    movl $(PHYS(hv_boot_l3) + TABLE), PHYS(hv_idle_l4)
    movl $(PHYS(hv_image_l3) + TABLE), PHYS(hv_idle_l4) + 8 * SLOT_L4(HV_IMAGE_BASE)
    movl $PHYS(bsp_start64), %edx
    jmp enter_long_mode

    /* A started CPU arrives here from the trampoline, same mode as above. */
    .globl hv_ap_start32
hv_ap_start32:
    mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    movl $PHYS(ap_start64), %edx

    /* EDX = where to go on in 64-bit mode, EBP is kept. */
enter_long_mode:
    mov %edx, %esi
    mov $1, %eax
    cpuid
    mov $(X86_CR4_PAE | X86_CR4_PGE), %eax
    test $X86_CPUID_FXSR, %edx
    jz 2f
    or $(X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT), %eax
2:  mov %eax, %cr4
    mov $PHYS(hv_idle_l4), %eax
    mov %eax, %cr3
    mov $0x80000001, %eax
    cpuid
    mov $(X86_EFER_LME | X86_EFER_SCE), %edi
    test $X86_CPUID_EXT_NX, %edx
    jz 2f
    or $X86_EFER_NX, %edi
2:  mov $X86_MSR_EFER, %ecx
    xor %edx, %edx
    mov %edi, %eax
    wrmsr
    mov $(X86_CR0_PE | X86_CR0_MP | X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | X86_CR0_AM | X86_CR0_PG), %eax
    mov %eax, %cr0
    lgdt PHYS(boot_gdt_pointer)
    push $0x18
    push %esi
    lret

    .code64
bsp_start64:
    movabs $1f, %rax
    jmp *%rax
1:  xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    mov %eax, %ss
    lea boot_stack_info(%rip), %rsp
    mov %ebp, %edi
    call hv_main
    ud2

ap_start64:
    movabs $1f, %rax
    jmp *%rax
1:  xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    mov %eax, %ss
    mov hv_ap_stack(%rip), %rsp
    call hv_ap_main
    ud2

    .section .rodata
    .balign 16
boot_gdt:
    .quad 0
    .quad X86_DESC_CODE32_RING0
    .quad X86_DESC_DATA_RING0
    .quad X86_DESC_CODE64_RING0
boot_gdt_end:
boot_gdt_pointer:
    .word boot_gdt_end - boot_gdt - 1
    .long PHYS(boot_gdt)

    /* hv_ap_stack: a started CPU's struct hv_cpu_info, the top of its stack. The CPUs start one after the other. */
    .section .data
    .balign 8
    .globl hv_ap_stack
    .hidden hv_ap_stack
hv_ap_stack:
    .quad 0

    .section .bss.stack, "aw", @nobits
    .balign HV_STACK_BYTES
    .globl hv_bsp_stack
    .hidden hv_bsp_stack
hv_bsp_stack:
    .skip HV_STACK_BYTES - CPUINFO_BYTES
boot_stack_info:
    .skip CPUINFO_BYTES

    .section .bss.page_aligned, "aw", @nobits
    .balign 4096
    .irp table, hv_idle_l4, hv_image_l3, hv_boot_l3, hv_boot_l2
    .globl \table
    .hidden \table
\table:
    .skip 4096
    .endr

    .section .note.GNU-stack, "", @progbits
