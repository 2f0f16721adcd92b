/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU as the kernel wants it: descriptor tables, SYSCALL, and x87/SSE state.
 *
 * The state is switched eagerly, with FXSAVE and FXRSTOR, and only where CPUID has FXSR; elsewhere programs must not
 * use it, and CR4.OSFXSR stays off so that they cannot by mistake ("Intel 64 and IA-32 Architectures Software
 * Developer's Manual vol. 3, Providing Operating System Support for SSE").
 */
#include "kernel/layout.h"
#include "kernel/lib.h"
#include "kernel/proc.h"
#include "native/native.h"

#define MSR_FS_BASE 0xc0000100u
#define MSR_GS_BASE 0xc0000101u
#define MSR_STAR    0xc0000081u
#define MSR_LSTAR   0xc0000082u
#define MSR_SFMASK  0xc0000084u
#define CR4_PGE     0x80ul
#define CR4_FXSR    0x600ul /* OSFXSR OSXMMEXCPT */
#define CPUID_FXSR  (1u << 24)

struct gate {
    uint16_t offset0, selector, attributes, offset16;
    uint32_t offset32, reserved;
};

static struct {
    uint32_t reserved0;
    uint64_t rsp[3], reserved1, ist[7], reserved2;
    uint16_t reserved3, io_map;
} __attribute__((packed)) tss __attribute__((aligned(16)));

static struct gate idt[256];
static uint64_t gdt[8] = {
    [NATIVE_KERNEL_CS / 8] = 0x00af9b000000ffff,
    [NATIVE_KERNEL_SS / 8] = 0x00cf93000000ffff,
    [NATIVE_USER_SS / 8] = 0x00cff3000000ffff,
    [NATIVE_USER_CS / 8] = 0x00affb000000ffff,
};
static uint8_t emergency_stack[4096] __attribute__((aligned(16))); /* double faults and NMIs: trust no other */

static void load_tables(void)
{
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } gdtr = {sizeof(gdt) - 1, (uint64_t)gdt}, idtr = {sizeof(idt) - 1, (uint64_t)idt};
    uint64_t base = (uint64_t)&tss, limit = sizeof(tss) - 1;

    gdt[NATIVE_TSS / 8] =
        limit | (base & 0xffffff) << 16 | 0x89ul << 40 | (base >> 24 & 0xff) << 56; /* available 64-bit TSS */
    gdt[NATIVE_TSS / 8 + 1] = base >> 32;
    tss.ist[0] = (uint64_t)emergency_stack + sizeof(emergency_stack);
    tss.io_map = sizeof(tss);
    __asm__ volatile("lgdt %0" ::"m"(gdtr));
    __asm__ volatile("lidt %0" ::"m"(idtr));
    __asm__ volatile("ltr %w0" ::"r"(NATIVE_TSS));
}

static void set_gate(unsigned vector, uint64_t entry, unsigned dpl, unsigned ist)
{
    idt[vector] = (struct gate){(uint16_t)entry,         NATIVE_KERNEL_CS,        (uint16_t)(0x8e00 | dpl << 13 | ist),
                                (uint16_t)(entry >> 16), (uint32_t)(entry >> 32), 0};
}

static void fill_idt(void)
{
    for (unsigned v = 0; v < 32; v++)
        set_gate(v, KERNEL_BASE + native_vectors[v], v == 3 || v == 4 ? 3 : 0, v == 2 || v == 8);
    set_gate(NATIVE_TIMER_VECTOR, KERNEL_BASE + native_vectors[32], 0, 0);
    set_gate(NATIVE_SPURIOUS_VECTOR, (uint64_t)native_spurious_entry, 0, 0);
}

static uint64_t read_cr4(void)
{
    uint64_t v;

    __asm__ volatile("mov %%cr4, %0" : "=r"(v));
    return v;
}

static void write_cr4(uint64_t v)
{
    __asm__ volatile("mov %0, %%cr4" ::"r"(v) : "memory");
}

void native_cpu_init(void)
{
    fill_idt();
    load_tables();
    native_boot_root[0] = 0;
    plat_load_pt(NULL);
    write_cr4(read_cr4() | CR4_PGE);
    native_wrmsr(MSR_STAR, (uint64_t)NATIVE_STAR_USER << 48 | (uint64_t)NATIVE_KERNEL_CS << 32);
    native_wrmsr(MSR_LSTAR, (uint64_t)native_syscall_entry);
    native_wrmsr(MSR_SFMASK, 0x44700); /* AC NT DF IF TF */
    native_fpu_init();
}

void native_set_kernel_sp(uint64_t top)
{
    native_kernel_sp = top;
    tss.rsp[0] = top;
}

void plat_set_fs(uint64_t base)
{
    native_wrmsr(MSR_FS_BASE, base);
}

void plat_set_gs(uint64_t base)
{
    native_wrmsr(MSR_GS_BASE, base);
}

void native_exception(struct trap_frame *f)
{
    uint64_t va;

    __asm__ volatile("mov %%cr2, %0" : "=r"(va));
    if (f->vector == 2 || f->vector == 8 || f->vector == 18)
        panic("exception %lu at rip 0x%lx rsp 0x%lx", f->vector, f->rip, f->rsp);
    if (f->vector == 14)
        trap_page_fault(f, va);
    else
        trap_exception(f);
}

/* ---- x87 and SSE ---- */

static bool has_fpu;
static uint32_t hwcap;
static uint8_t fpu_state[PROC_MAX][PLAT_FPU_BYTES] __attribute__((aligned(16)));
static uint8_t fpu_fresh[PLAT_FPU_BYTES] __attribute__((aligned(16)));

static void fxsave(uint8_t *state)
{
    __asm__ volatile("fxsave64 (%0)" ::"r"(state) : "memory");
}

static void fxrstor(const uint8_t *state)
{
    __asm__ volatile("fxrstor64 (%0)" ::"r"(state) : "memory");
}

static uint32_t *mxcsr_of(uint8_t *state)
{
    return (uint32_t *)(void *)(state + 24);
}

void native_fpu_init(void)
{
    uint32_t a = 1, b, c = 0;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(hwcap));
    has_fpu = hwcap & CPUID_FXSR;
    if (!has_fpu)
        return;
    write_cr4(read_cr4() | CR4_FXSR);
    __asm__ volatile("fninit");
    fxsave(fpu_fresh);
    memset(fpu_fresh + 32, 0, PLAT_FPU_BYTES - 32);
    *mxcsr_of(fpu_fresh) = 0x1f80;
}

uint32_t plat_hwcap(void)
{
    return hwcap;
}

static uint8_t *state_of(const struct proc *p)
{
    return fpu_state[p - proc_table(0)];
}

void native_fpu_switch(struct proc *prev, struct proc *next)
{
    if (!has_fpu)
        return;
    if (prev)
        fxsave(state_of(prev));
    fxrstor(state_of(next));
}

void plat_fpu_fork(struct proc *child)
{
    if (has_fpu)
        fxsave(state_of(child));
}

void plat_fpu_reset(void)
{
    if (!has_fpu)
        return;
    memcpy(state_of(proc_current), fpu_fresh, PLAT_FPU_BYTES);
    fxrstor(fpu_fresh);
}

bool plat_fpu_get(uint8_t *state)
{
    if (has_fpu)
        fxsave(state);
    return has_fpu;
}

/* Reserved bits of MXCSR would fault: the mask stands behind it, 0 meaning the oldest one. */
void plat_fpu_set(uint8_t *state)
{
    uint32_t mask = *mxcsr_of(fpu_fresh + 4);

    if (!has_fpu)
        return;
    *mxcsr_of(state) &= mask ? mask : 0xffbf;
    fxrstor(state);
}
