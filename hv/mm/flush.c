/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLB flush clock, its alternatives, and the shootdown. What and why: flush.h.
 *
 * Boot word "flush-clock":
 *   global  one clock for the machine (tlbflush_clock); each CPU's stamp on pages of its own.
 *   packed  the same clock; the stamps of all CPUs side by side, 16 to a cache line, as they were until August 2006.
 *   percpu  no shared clock. Each CPU has its own clock, ticked before and copied to its stamp after its flushes. A
 *           frame's stamp is the maximum of the clocks of the CPUs that may translate to it, so it is >= clock[j] for
 * each such CPU j at that moment. If stamp[j] > frame's stamp now, then clock[j] has moved since, and it moves only
 *           right before a flush of j that has completed once stamp[j] shows it: no flush is needed. The other
 *           direction is only cost: a CPU whose clock runs behind the others' is flushed more often than needed. No
 *           epochs: a wrapped clock is small, and small means "must flush".
 *   none    no clock: every CPU in question is always flushed.
 *
 * Boot word "tlb-global" decides what a full flush is. Off: a load of CR3; nothing a guest maps is global, the
 * hypervisor's own entries are and survive. On: guests' user mappings are global, so a flush has to switch CR4.PGE off
 * and on, which costs the hypervisor its own entries as well.
 */
#include "hv/mm/flush.h"
#include "hv/include/count.h"
#include "hv/include/domain.h"
#include "hv/include/lapic.h"
#include "hv/include/options.h"
#include "hv/include/printk.h"
#include "hv/include/sched.h"
#include "hv/include/sections.h"
#include "hv/include/softirq.h"
#include "hv/include/x86.h"
#include "hv/include/x86_insn.h"

enum { CLOCK_GLOBAL, CLOCK_PACKED, CLOCK_PERCPU, CLOCK_NONE };

HV_STATIC_KEY(hv_key_tlb_global);
static HV_STATIC_KEY(key_clock_percpu);
static HV_STATIC_KEY(key_clock_none);

/* A plain word, not padded, as it was: it leads a line of data that are hardly ever written (hv.lds.S). */
uint32_t tlbflush_clock = 1;

static HV_READ_MOSTLY uint32_t clock_mask = UINT32_MAX;

HV_PERCPU(uint32_t, hv_flush_own_clock);
HV_PERCPU(uint32_t, hv_flush_own_stamp);
static HV_OWN_LINE uint32_t packed_stamp[HV_MAX_CPUS] = {0}; /* 16 CPUs to a line: the point of "packed" */
static HV_READ_MOSTLY uint32_t *stamp_of[HV_MAX_CPUS] = {0}; /* where each CPU's stamp lives */

/* One shootdown at a time in the whole machine. */
static HV_OWN_LINE struct hv_spinlock flush_lock = HV_SPINLOCK_INIT;
static HV_OWN_LINE struct {
    struct hv_cpumask pending; /* CPUs that have not flushed yet */
    uint64_t va;
} shootdown = {0};

void hv_flush_init(void)
{
    hv_static_key_set(&hv_key_tlb_global, hv_opt.tlb_global);
    hv_static_key_set(&key_clock_percpu, hv_opt.flush_clock == CLOCK_PERCPU);
    hv_static_key_set(&key_clock_none, hv_opt.flush_clock == CLOCK_NONE);
    clock_mask = (uint32_t)((UINT64_C(1) << hv_opt.flush_clock_bits) - 1);
}

void hv_flush_cpu_init(void)
{
    unsigned cpu = hv_cpu();

    stamp_of[cpu] = hv_opt.flush_clock == CLOCK_PACKED ? &packed_stamp[cpu] : &hv_this(hv_flush_own_stamp);
}

/* Interrupts off from before the tick to after the stamp. 0: an epoch ends right now, nobody ticks. */
static uint32_t clock_tick(void)
{
    if (hv_static_branch(&key_clock_none))
        return 0;
    if (hv_static_branch(&key_clock_percpu)) {
        HV_COUNT(clock_ticks);
        return ++hv_this(hv_flush_own_clock);
    }
    uint32_t t = __atomic_load_n(&tlbflush_clock, __ATOMIC_RELAXED), next;
    for (;;) {
        if (t == 0)
            return 0;
        next = (t + 1) & clock_mask;
        if (__atomic_compare_exchange_n(&tlbflush_clock, &t, next, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
            break;
        HV_COUNT(clock_retries);
    }
    HV_COUNT(clock_ticks);
    if (next == 0)
        hv_softirq_raise(HV_SOFTIRQ_FLUSH_EPOCH);
    return next;
}

static void clock_stamp(uint32_t t)
{
    if (hv_static_branch(&key_clock_none))
        return;
    __atomic_store_n(stamp_of[hv_cpu()], t, __ATOMIC_RELEASE);
}

void hv_flush_load_cr3(uint64_t cr3)
{
    uint64_t flags = hv_irq_save();
    uint32_t t = clock_tick();

    if (hv_static_branch(&hv_key_tlb_global)) {
        uint64_t cr4 = hv_read_cr4();
        hv_write_cr4(cr4 & ~(uint64_t)X86_CR4_PGE);
        hv_write_cr3(cr3);
        hv_write_cr4(cr4);
    } else {
        hv_write_cr3(cr3);
    }
    clock_stamp(t);
    HV_COUNT(cr3_writes);
    HV_COUNT(tlb_flushes);
    hv_irq_restore(flags);
}

void hv_flush_local(void)
{
    uint64_t flags = hv_irq_save();
    uint32_t t = clock_tick();

    if (hv_static_branch(&hv_key_tlb_global)) {
        uint64_t cr4 = hv_read_cr4();
        hv_write_cr4(cr4 & ~(uint64_t)X86_CR4_PGE);
        hv_write_cr4(cr4);
    } else {
        hv_write_cr3(hv_read_cr3());
        HV_COUNT(cr3_writes);
    }
    clock_stamp(t);
    HV_COUNT(tlb_flushes);
    hv_irq_restore(flags);
}

void hv_flush_one_local(uint64_t va)
{
    hv_invlpg((const void *)va);
}

/* Caller holds flush_lock; @mask is without this CPU. */
static void flush_others(struct hv_cpumask mask, uint64_t va)
{
    shootdown.va = va;
    __atomic_store_n(&shootdown.pending.bits, mask.bits, __ATOMIC_SEQ_CST);
    for (uint64_t left = mask.bits; left; left &= left - 1)
        HV_COUNT(flush_ipis);
    hv_lapic_send_ipi_mask(mask, HV_VECTOR_FLUSH);
    while (__atomic_load_n(&shootdown.pending.bits, __ATOMIC_ACQUIRE))
        hv_pause();
}

void hv_flush_mask(struct hv_cpumask mask, uint64_t va)
{
    if (hv_cpumask_test(mask, hv_cpu())) {
        hv_flush_local();
        hv_cpumask_clear(&mask, hv_cpu());
    }
    if (!mask.bits)
        return;
    HV_ASSERT(hv_irqs_on());
    hv_spin_lock(&flush_lock);
    flush_others(mask, va);
    hv_spin_unlock(&flush_lock);
}

/* Vector HV_VECTOR_FLUSH, interrupts off. A CPU that idles on a domain's page tables leaves them, which also flushes.
 */
void hv_flush_ipi(void)
{
    if (!hv_sched_sync_lazy()) {
        if (shootdown.va == HV_FLUSH_ALL)
            hv_flush_local();
        else
            hv_flush_one_local(shootdown.va);
    }
    hv_cpumask_clear_atomic(&shootdown.pending, hv_cpu());
}

/* The leader's work after a wrap: everybody flushes while the clock stands at 0, then the new epoch begins at 1. */
void hv_flush_epoch_softirq(void)
{
    struct hv_cpumask others = hv_cpu_online;

    hv_spin_lock(&flush_lock);
    hv_cpumask_clear(&others, hv_cpu());
    if (others.bits)
        flush_others(others, HV_FLUSH_ALL);
    hv_spin_unlock(&flush_lock);
    HV_ASSERT(tlbflush_clock == 0);
    HV_COUNT(clock_epochs);
    __atomic_store_n(&tlbflush_clock, 1, __ATOMIC_RELEASE);
}

uint32_t hv_flush_now(struct hv_cpumask users)
{
    if (hv_static_branch(&key_clock_percpu)) {
        uint32_t latest = 0;
        unsigned cpu;
        HV_FOR_EACH_CPU(cpu, users)
        {
            uint32_t t = __atomic_load_n(&hv_per_cpu(hv_flush_own_clock, cpu), __ATOMIC_RELAXED);
            latest = t > latest ? t : latest;
        }
        return latest;
    }
    return __atomic_load_n(&tlbflush_clock, __ATOMIC_RELAXED);
}

/* "<=": a frame stamped at the very time of the CPU's last flush may have been given up after it. */
static bool may_be_stale(unsigned cpu, uint32_t stamp)
{
    uint32_t flushed = __atomic_load_n(stamp_of[cpu], __ATOMIC_RELAXED);

    if (hv_static_branch(&key_clock_percpu))
        return flushed <= stamp;
    uint32_t now = __atomic_load_n(&tlbflush_clock, __ATOMIC_RELAXED);
    return now == 0 || (flushed <= stamp && stamp <= now);
}

struct hv_cpumask hv_flush_filter(struct hv_cpumask mask, uint32_t stamp)
{
    struct hv_cpumask need = mask;
    unsigned cpu;

    if (hv_static_branch(&key_clock_none))
        return mask;
    HV_FOR_EACH_CPU(cpu, mask)
    {
        if (may_be_stale(cpu, stamp))
            continue;
        hv_cpumask_clear(&need, cpu);
        HV_COUNT(flush_filtered);
    }
    return need;
}
