/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IDT and what becomes of each vector. Exceptions of guests go to hv/pv; the hypervisor's own are survived only at
 * addresses that announced themselves (extable.h), anything else is a bug and ends the machine.
 */
#include "hv/include/trap.h"
#include "hv/core/entry.h"
#include "hv/include/count.h"
#include "hv/include/domain.h"
#include "hv/include/lapic.h"
#include "hv/include/printk.h"
#include "hv/include/softirq.h"
#include "hv/include/x86.h"
#include "hv/include/x86_insn.h"

struct gate {
    uint64_t low, high;
};
struct pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));
struct extable_row {
    uint64_t fault, fixup;
};
extern const struct extable_row __ex_table_start[], __ex_table_end[];

static struct gate idt[256] __attribute__((aligned(4096)));

/* @ist: 0 for the stack proper. @dpl: who may use INT n. */
static struct gate make_gate(const void *entry, unsigned ist, unsigned dpl)
{
    uint64_t at = (uint64_t)entry;

    return (struct gate){
        .low = (at & 0xffff) | (uint64_t)HV_SEL_CS << 16 | (uint64_t)ist << 32 | (uint64_t)X86_GATE_INTERRUPT << 40 |
               (uint64_t)dpl << 45 | UINT64_C(1) << 47 | (at >> 16 & 0xffff) << 48,
        .high = at >> 32,
    };
}

void hv_trap_init(void)
{
    for (unsigned i = 0; i < 256; i++)
        idt[i] = make_gate(hv_trap_stubs[i], 0, 0);
    idt[X86_VEC_BP] = make_gate(hv_trap_stubs[X86_VEC_BP], 0, 3);
    idt[X86_VEC_OF] = make_gate(hv_trap_stubs[X86_VEC_OF], 0, 3);
    idt[X86_VEC_DF] = make_gate(hv_trap_stubs[X86_VEC_DF], HV_IST_DF + 1, 0);
    idt[X86_VEC_NMI] = make_gate(hv_trap_stubs[X86_VEC_NMI], HV_IST_NMI + 1, 0);
    idt[X86_VEC_MC] = make_gate(hv_trap_stubs[X86_VEC_MC], HV_IST_MC + 1, 0);
    idt[X86_VEC_DB] = make_gate(hv_trap_stubs[X86_VEC_DB], HV_IST_DB + 1, 0);
}

void hv_trap_load_idt(void)
{
    struct pointer idtr = {sizeof(idt) - 1, (uint64_t)idt};

    __asm__ volatile("lidt %0" ::"m"(idtr));
}

void hv_trap_dump(const struct cpu_regs *r)
{
    hv_printk("CPU %u vector %u error %#x cr2 %#lx cr3 %#lx\n", hv_cpu(), r->entry_vector & ~HV_FRAME_SYSRET,
              r->error_code, hv_read_cr2(), hv_read_cr3());
    hv_printk("rip %04lx:%016lx rflags %#lx rsp %04lx:%016lx\n", r->cs, r->rip, r->rflags, r->ss, r->rsp);
    hv_printk("rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", r->rax, r->rbx, r->rcx, r->rdx);
    hv_printk("rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", r->rsi, r->rdi, r->rbp, r->r8);
    hv_printk("r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", r->r9, r->r10, r->r11, r->r12);
    hv_printk("r13 %016lx r14 %016lx r15 %016lx\n", r->r13, r->r14, r->r15);
}

static void trap_in_hv(struct cpu_regs *regs)
{
    for (const struct extable_row *row = __ex_table_start; row < __ex_table_end; row++) {
        if (row->fault == regs->rip) {
            regs->rip = row->fixup;
            return;
        }
    }
    if (regs->rip == (uint64_t)hv_iret_to_guest) {
        hv_pv_bad_iret();
        hv_irq_enable();
        hv_exit_to_guest();
    }
    hv_trap_dump(regs);
    hv_panic("unexpected trap %u in the hypervisor", regs->entry_vector);
}

static void irq_event(void)
{
    hv_lapic_eoi();
}
static void irq_timer(void)
{
    hv_lapic_eoi();
    HV_COUNT(timer_irqs);
    hv_softirq_raise(HV_SOFTIRQ_TIMER);
}
/* EOI after the flush: the sender waits for its own acknowledgement, not for ours. */
static void irq_flush(void)
{
    hv_flush_ipi();
    hv_lapic_eoi();
}
static void irq_ignore(void)
{
}
/* Interrupts by vector; the ones that are not here are spurious by construction: nothing was told to send them. */
static void (*const irq[256])(void) = {
    [HV_VECTOR_TIMER] = irq_timer,
    [HV_VECTOR_FLUSH] = irq_flush,
    [HV_VECTOR_EVENT] = irq_event,
    [HV_VECTOR_SPURIOUS] = irq_ignore,
};

/* hv_trap() - from entry.S, interrupts off, on the stack proper or an exception stack. */
void hv_trap(struct cpu_regs *regs)
{
    unsigned vector = regs->entry_vector;

    if (vector >= X86_EXCEPTIONS) {
        if (irq[vector] == NULL)
            hv_panic("interrupt %u from nowhere", vector);
        irq[vector]();
    } else if (vector == X86_VEC_NMI || vector == X86_VEC_MC || vector == X86_VEC_DF) {
        hv_trap_dump(regs);
        hv_panic("%s", vector == X86_VEC_NMI ? "NMI" : vector == X86_VEC_MC ? "machine check" : "double fault");
    } else if ((regs->cs & 3) == 0) {
        trap_in_hv(regs);
    } else {
        hv_irq_enable(); /* CR2 stays: what may interrupt us now does not fault */
        hv_pv_guest_trap(regs);
    }
}

/*
 * hv_exit_work() - from entry.S, interrupts off; nothing may be left to do when it returns. Delivering an event may
 * itself raise a softirq (a guest whose stack is bad is ended there), so it looks again.
 */
void hv_exit_work(void)
{
    do {
        while (hv_softirq_pending()) {
            hv_irq_enable();
            hv_softirq_run(); /* does not return if another vCPU's turn has come */
            hv_irq_disable();
        }
        if (!hv_event_pending(hv_current()))
            return;
        hv_pv_deliver_events(hv_guest_regs());
    } while (hv_softirq_pending());
}
