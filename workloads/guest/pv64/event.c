/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traps, events and time under Xen. Xen delivers a trap by the table registered here and an event by the callback; both
 * mask further events, and the iret hypercall unmasks them again (its RFLAGS.IF is the mask). So the kernel runs masked
 * all the time, except in plat_idle().
 *
 * Time is the TSC scaled by the parameters Xen keeps in the shared page ("xen/include/public/xen.h", vcpu_time_info).
 */
#include "kernel/lib.h"
#include "pv64/hypercall.h"

static unsigned timer_port;

/* ---- Traps ---- */

void pv64_trap_init(void)
{
#define GATE(vector, dpl)                                                                                              \
    {                                                                                                                  \
        vector, (dpl) | 4 /* mask events */, FLAT_KERNEL_CS64, (unsigned long)pv64_trap_entry_##vector                 \
    }
    static struct trap_info table[17];
    const struct trap_info gates[16] = {GATE(0, 0),  GATE(1, 0),  GATE(3, 3),  GATE(4, 3),  GATE(5, 0),
                                        GATE(6, 0),  GATE(7, 0),  GATE(10, 0), GATE(11, 0), GATE(12, 0),
                                        GATE(13, 0), GATE(14, 0), GATE(16, 0), GATE(17, 0), GATE(19, 0)};
#undef GATE
    const struct callback_register callbacks[] = {
        {CALLBACKTYPE_event, 0, (unsigned long)pv64_event_entry},
        {CALLBACKTYPE_failsafe, CALLBACKF_mask_events, (unsigned long)pv64_failsafe_entry},
        {CALLBACKTYPE_syscall, CALLBACKF_mask_events, (unsigned long)pv64_syscall_entry},
    };

    memcpy(table, gates, sizeof(gates)); /* a row with address 0 ends the table */
    if (hv_set_trap_table(table))
        panic("set_trap_table was refused");
    for (unsigned i = 0; i < ARRAY_SIZE(callbacks); i++)
        if (hv_callback_op(CALLBACKOP_register, &callbacks[i]))
            panic("callback %u was refused", callbacks[i].type);
}

void pv64_exception(struct trap_frame *f)
{
    if (f->vector == 14)
        trap_page_fault(f, pv64_vcpu()->arch.cr2);
    else
        trap_exception(f);
}

/* ---- Events ---- */

/* Number of the lowest set bit; @v is not 0. BSF: the compiler's builtin may take an instruction younger than 2006. */
static unsigned lowest_bit(unsigned long v)
{
    unsigned long n;

    __asm__("bsf %1, %0" : "=r"(n) : "r"(v) : "cc");
    return (unsigned)n;
}

static void handle_port(unsigned port)
{
    if (port == timer_port)
        sched_timer();
}

static void handle_word(unsigned word)
{
    unsigned long *pending = &pv64_shared_info.evtchn_pending[word];
    unsigned long ports = *pending & ~pv64_shared_info.evtchn_mask[word];

    while (ports) {
        unsigned bit = lowest_bit(ports);
        ports &= ports - 1;
        __atomic_fetch_and(pending, ~(1ul << bit), __ATOMIC_SEQ_CST);
        handle_port(word * 64 + bit);
    }
}

void pv64_event(struct trap_frame *f)
{
    struct vcpu_info *v = pv64_vcpu();

    while (v->evtchn_upcall_pending) {
        v->evtchn_upcall_pending = 0;
        unsigned long words = __atomic_exchange_n(&v->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
        while (words) {
            handle_word(lowest_bit(words));
            words &= words - 1;
        }
    }
    trap_return_from_event(f);
}

void plat_idle(void)
{
    hv_sched_op(SCHEDOP_block, NULL); /* unmasks and waits; the upcall happens before it returns */
    pv64_vcpu()->evtchn_upcall_mask = 1;
    __asm__ volatile("" ::: "memory");
}

/* ---- Time ---- */

static uint64_t read_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

uint64_t plat_time_ns(void)
{
    const volatile struct vcpu_time_info *t = &pv64_vcpu()->time;
    uint32_t version;
    uint64_t ns;

    do { /* odd: an update is under way */
        version = t->version;
        __asm__ volatile("" ::: "memory");
        uint64_t delta = read_tsc() - t->tsc_timestamp;
        delta = t->tsc_shift >= 0 ? delta << t->tsc_shift : delta >> -t->tsc_shift;
        ns = t->system_time + (uint64_t)((unsigned __int128)delta * t->tsc_to_system_mul >> 32);
        __asm__ volatile("" ::: "memory");
    } while ((version & 1) || version != t->version);
    return ns;
}

uint64_t plat_wall_ns(void)
{
    uint64_t seconds = (uint64_t)pv64_shared_info.wc_sec_hi << 32 | pv64_shared_info.wc_sec;

    return seconds * 1000000000ul + pv64_shared_info.wc_nsec + plat_time_ns();
}

void plat_timer_arm(uint64_t at_ns)
{
    if (hv_set_timer_op(at_ns))
        panic("set_timer_op was refused");
}

void pv64_time_init(void)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER, .vcpu = 0};

    hv_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL); /* an old Xen has none: whatever it answers */
    if (hv_event_channel_op(EVTCHNOP_bind_virq, &bind))
        panic("no timer");
    timer_port = bind.port;
    __atomic_fetch_and(&pv64_shared_info.evtchn_mask[timer_port / 64], ~(1ul << timer_port % 64), __ATOMIC_SEQ_CST);
}
