/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flush clock against the truth. A few CPUs with a TLB that remembers, a few frames: translations are loaded at
 * random while a frame is mapped, frames are given up (stamped) and taken again after the flush that the filter asks
 * for. The one property: a frame taken again is in nobody's TLB. In the middle of every hardware flush, before and
 * after the TLB empties, other things happen; that is where the order of tick, flush and stamp shows.
 *
 * How it could lie: everything between two such points is atomic here, so memory ordering is argued (flush.h), not
 * tested. A clock that always says "flush" would pass, so the number of flushes saved is looked at, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "hv/tests/flush_shim.h"
#include "hv/mm/flush.c"

#define CPUS   4u
#define FRAMES 6u
#define ALL    ((struct hv_cpumask){(1u << CPUS) - 1})

unsigned shim_cpu;
uint64_t shim_filtered;
struct hv_options hv_opt;
struct hv_cpumask hv_cpu_online = {(1u << CPUS) - 1};
static bool tlb[CPUS][FRAMES], is_mapped[FRAMES];
static uint32_t stamp[FRAMES];
static bool epoch_due[CPUS];
static unsigned n_taken;

void hv_static_key_set(struct hv_static_key *key, bool enabled)
{
    key->enabled = enabled;
}
void hv_panic(const char *format, ...)
{
    fail_msg("%s", format);
    abort();
}
void hv_softirq_raise(enum hv_softirq nr)
{
    assert_int_equal(nr, HV_SOFTIRQ_FLUSH_EPOCH);
    epoch_due[shim_cpu] = true;
}
bool hv_sched_sync_lazy(void)
{
    return false;
}
void hv_lapic_send_ipi_mask(struct hv_cpumask mask, uint8_t vector)
{
    unsigned self = shim_cpu;

    (void)vector;
    for (shim_cpu = 0; shim_cpu < CPUS; shim_cpu++)
        if (hv_cpumask_test(mask, shim_cpu))
            hv_flush_ipi();
    shim_cpu = self;
}
void hv_spin_lock(struct hv_spinlock *lock)
{
    lock->word++;
}
void hv_spin_unlock(struct hv_spinlock *lock)
{
    lock->word--;
}

/* Something that needs no flush: a TLB loads what is mapped, or a frame is given up. */
static void small_step(void)
{
    unsigned f = (unsigned)rand() % FRAMES;

    if (!is_mapped[f])
        return;
    if (rand() % 4) {
        tlb[(unsigned)rand() % CPUS][f] = true;
    } else {
        is_mapped[f] = false;
        stamp[f] = hv_flush_now(ALL);
    }
}
/* A CPU that the filter lets off holds nothing old: true at every moment, in the middle of another's flush too. */
static void check_filter(void)
{
    for (unsigned f = 0; f < FRAMES; f++) {
        if (is_mapped[f])
            continue;
        struct hv_cpumask stale = hv_flush_filter(ALL, stamp[f]);
        for (unsigned cpu = 0; cpu < CPUS; cpu++)
            assert_false(tlb[cpu][f] && !hv_cpumask_test(stale, cpu));
    }
}
static void empty_tlb(void)
{
    for (int n = rand() % 8; n; n--)
        small_step();
    check_filter();
    memset(tlb[shim_cpu], 0, sizeof(tlb[shim_cpu]));
    for (int n = rand() % 8; n; n--)
        small_step();
    check_filter();
}
void shim_cr3(void)
{
    if (!hv_key_tlb_global.enabled)
        empty_tlb();
}
void shim_cr4(uint64_t value)
{
    if (!(value & X86_CR4_PGE))
        empty_tlb();
}

static void take_again(unsigned f)
{
    struct hv_cpumask stale = hv_flush_filter(ALL, stamp[f]);

    if (stale.bits)
        hv_flush_mask(stale, HV_FLUSH_ALL);
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        assert_false(tlb[cpu][f]);
    is_mapped[f] = true;
    n_taken++;
}

static void step(void)
{
    unsigned f = (unsigned)rand() % FRAMES;

    shim_cpu = (unsigned)rand() % CPUS;
    switch (rand() % 8) {
    case 0:
        hv_flush_local();
        break;
    case 1:
        hv_flush_load_cr3(0);
        break;
    case 2:
        if (!is_mapped[f])
            take_again(f);
        break;
    case 3:
        if (epoch_due[shim_cpu]) {
            epoch_due[shim_cpu] = false;
            hv_flush_epoch_softirq();
        }
        break;
    default:
        small_step();
        break;
    }
}

static void run(unsigned clock, unsigned bits, unsigned global)
{
    memset(tlb, 0, sizeof(tlb));
    memset(is_mapped, 0, sizeof(is_mapped));
    memset(stamp, 0, sizeof(stamp));
    memset(epoch_due, 0, sizeof(epoch_due));
    hv_opt.flush_clock = clock;
    hv_opt.flush_clock_bits = bits;
    hv_opt.tlb_global = global;
    tlbflush_clock = 1;
    shim_filtered = n_taken = 0;
    hv_flush_init();
    for (shim_cpu = 0; shim_cpu < CPUS; shim_cpu++) {
        hv_flush_cpu_init();
        *stamp_of[shim_cpu] = 0; /* as after power-on; a former run's stamps would lie in the future */
        hv_flush_own_clock[shim_cpu] = 0;
    }
    for (unsigned n = 0; n < 200000; n++)
        step();
    assert_true(n_taken > 1000);
}

static void test_never_stale(void **state)
{
    (void)state;
    srand(1);
    for (unsigned clock = CLOCK_GLOBAL; clock <= CLOCK_NONE; clock++)
        for (unsigned bits = 10; bits <= 32; bits += 22)
            for (unsigned global = 0; global < 2; global++) {
                run(clock, bits, global);
                if (clock == CLOCK_NONE)
                    assert_int_equal(shim_filtered, 0);
                else
                    assert_true(shim_filtered > n_taken / 4);
            }
}

/* The figures of the definition: equal stamps must flush, an older epoch's frame need not, at 0 everybody must. */
static void test_need_flush(void **state)
{
    (void)state;
    run(CLOCK_GLOBAL, 32, 1);
    const struct {
        uint32_t now, cpu, frame;
        bool need;
    } row[] = {{10, 5, 5, true},   {10, 6, 5, false}, {10, 5, 6, true}, {10, 5, 11, false},
               {10, 10, 10, true}, {0, 9, 3, true},   {0, 0, 0, true}};
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        tlbflush_clock = row[i].now;
        *stamp_of[2] = row[i].cpu;
        assert_int_equal(may_be_stale(2, row[i].frame), row[i].need);
    }
}

/* The CPU that wraps the clock leads; nobody ticks until it has made all others flush. */
static void test_epoch(void **state)
{
    (void)state;
    run(CLOCK_GLOBAL, 10, 1);
    memset(epoch_due, 0, sizeof(epoch_due));
    tlbflush_clock = 0x3ff;
    shim_cpu = 1;
    hv_flush_local();
    assert_int_equal(tlbflush_clock, 0);
    assert_true(epoch_due[1]);
    shim_cpu = 2;
    hv_flush_local();
    assert_int_equal(tlbflush_clock, 0);
    assert_false(epoch_due[2]);
    shim_cpu = 1;
    hv_flush_epoch_softirq();
    assert_int_equal(tlbflush_clock, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_stale),
        cmocka_unit_test(test_need_flush),
        cmocka_unit_test(test_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
