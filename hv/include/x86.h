/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constants of the architecture as the hypervisor uses them, written here from the manual ("System Programming Guide")
 * and on purpose not shared with the simulator's: two witnesses, and a test that asserts that they agree.
 */
#pragma once

/* CR0, CR4 */
#define X86_CR0_PE         (1 << 0)
#define X86_CR0_MP         (1 << 1)
#define X86_CR0_EM         (1 << 2)
#define X86_CR0_TS         (1 << 3)
#define X86_CR0_ET         (1 << 4)
#define X86_CR0_NE         (1 << 5)
#define X86_CR0_WP         (1 << 16)
#define X86_CR0_AM         (1 << 18)
#define X86_CR0_NW         (1 << 29)
#define X86_CR0_CD         (1 << 30)
#define X86_CR0_PG         (1 << 31)
#define X86_CR4_PSE        (1 << 4)
#define X86_CR4_PAE        (1 << 5)
#define X86_CR4_MCE        (1 << 6)
#define X86_CR4_PGE        (1 << 7)
#define X86_CR4_OSFXSR     (1 << 9)
#define X86_CR4_OSXMMEXCPT (1 << 10)

/* RFLAGS */
#define X86_RFLAGS_CF   (1 << 0)
#define X86_RFLAGS_ONE  (1 << 1) /* always reads as one */
#define X86_RFLAGS_TF   (1 << 8)
#define X86_RFLAGS_IF   (1 << 9)
#define X86_RFLAGS_DF   (1 << 10)
#define X86_RFLAGS_IOPL (3 << 12)
#define X86_RFLAGS_NT   (1 << 14)
#define X86_RFLAGS_RF   (1 << 16)
#define X86_RFLAGS_VM   (1 << 17)
#define X86_RFLAGS_AC   (1 << 18)
#define X86_RFLAGS_ID   (1 << 21)

/* CPUID feature bits: leaf 1 EDX, leaf 80000001h EDX */
#define X86_CPUID_PGE    (1 << 13)
#define X86_CPUID_FXSR   (1 << 24)
#define X86_CPUID_EXT_NX (1 << 20)

/* Model-specific registers */
#define X86_MSR_TSC            0x00000010
#define X86_MSR_APIC_BASE      0x0000001b
#define X86_MSR_PAT            0x00000277
#define X86_MSR_EFER           0xc0000080
#define X86_MSR_STAR           0xc0000081
#define X86_MSR_LSTAR          0xc0000082
#define X86_MSR_CSTAR          0xc0000083
#define X86_MSR_FMASK          0xc0000084
#define X86_MSR_FS_BASE        0xc0000100
#define X86_MSR_GS_BASE        0xc0000101
#define X86_MSR_KERNEL_GS_BASE 0xc0000102
#define X86_EFER_SCE           (1 << 0)
#define X86_EFER_LME           (1 << 8)
#define X86_EFER_LMA           (1 << 10)
#define X86_EFER_NX            (1 << 11)
#define X86_APIC_BASE_BSP      (1 << 8)
#define X86_APIC_BASE_X2APIC   (1 << 10)
#define X86_APIC_BASE_ENABLE   (1 << 11)

/* Exceptions and interrupts */
#define X86_VEC_DE     0
#define X86_VEC_DB     1
#define X86_VEC_NMI    2
#define X86_VEC_BP     3
#define X86_VEC_OF     4
#define X86_VEC_BR     5
#define X86_VEC_UD     6
#define X86_VEC_NM     7
#define X86_VEC_DF     8
#define X86_VEC_TS     10
#define X86_VEC_NP     11
#define X86_VEC_SS     12
#define X86_VEC_GP     13
#define X86_VEC_PF     14
#define X86_VEC_MF     16
#define X86_VEC_AC     17
#define X86_VEC_MC     18
#define X86_VEC_XM     19
#define X86_EXCEPTIONS 32
/* Exceptions that push an error code: bit n for vector n. */
#define X86_VECTORS_WITH_ERROR                                                                                         \
    ((1 << X86_VEC_DF) | (1 << X86_VEC_TS) | (1 << X86_VEC_NP) | (1 << X86_VEC_SS) | (1 << X86_VEC_GP) |               \
     (1 << X86_VEC_PF) | (1 << X86_VEC_AC))
#define X86_PF_PRESENT  (1 << 0)
#define X86_PF_WRITE    (1 << 1)
#define X86_PF_USER     (1 << 2)
#define X86_PF_RESERVED (1 << 3)
#define X86_PF_FETCH    (1 << 4)

/* Page-table entries */
#define X86_PTE_PRESENT  0x001
#define X86_PTE_WRITE    0x002
#define X86_PTE_USER     0x004
#define X86_PTE_PWT      0x008
#define X86_PTE_PCD      0x010
#define X86_PTE_ACCESSED 0x020
#define X86_PTE_DIRTY    0x040
#define X86_PTE_LARGE    0x080
#define X86_PTE_GLOBAL   0x100
#ifndef __ASSEMBLER__
#define X86_PTE_NX        0x8000000000000000UL
#define X86_PTE_ADDR_MASK 0x000ffffffffff000UL
#endif
#define X86_PAGE_BYTES  0x1000
#define X86_LARGE_BYTES 0x200000

/* Descriptors: access byte in bits 40..47, flags in 52..55; "accessed" is set so that the CPU never writes the table.
 */
#define X86_DESC_CODE64_RING0 0x00af9b000000ffff
#define X86_DESC_DATA_RING0   0x00cf93000000ffff
#define X86_DESC_CODE32_RING0 0x00cf9b000000ffff
#define X86_DESC_CODE32_RING3 0x00cffb000000ffff
#define X86_DESC_DATA_RING3   0x00cff3000000ffff
#define X86_DESC_CODE64_RING3 0x00affb000000ffff
#define X86_DESC_TYPE_TSS64   0x9 /* available 64-bit TSS */
#define X86_GATE_INTERRUPT    0xe

/* Local APIC registers (offsets in its page) and fields */
#define X86_LAPIC_ID         0x020
#define X86_LAPIC_TPR        0x080
#define X86_LAPIC_EOI        0x0b0
#define X86_LAPIC_SVR        0x0f0
#define X86_LAPIC_ESR        0x280
#define X86_LAPIC_ICR_LOW    0x300
#define X86_LAPIC_ICR_HIGH   0x310
#define X86_LAPIC_LVT_TIMER  0x320
#define X86_LAPIC_LVT_PERF   0x340
#define X86_LAPIC_LVT_LINT0  0x350
#define X86_LAPIC_LVT_LINT1  0x360
#define X86_LAPIC_LVT_ERROR  0x370
#define X86_LAPIC_TIMER_INIT 0x380
#define X86_LAPIC_TIMER_CUR  0x390
#define X86_LAPIC_TIMER_DIV  0x3e0
#define X86_LAPIC_SVR_ENABLE 0x100
#define X86_LAPIC_MASKED     0x10000
#define X86_LAPIC_DIV_BY_1   0xb
#define X86_ICR_FIXED        0x000
#define X86_ICR_NMI          0x400
#define X86_ICR_INIT         0x500
#define X86_ICR_STARTUP      0x600
#define X86_ICR_PENDING      0x1000
#define X86_ICR_ASSERT       0x4000
#define X86_ICR_LEVEL        0x8000
