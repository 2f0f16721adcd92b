/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time from the TSC. Its frequency, and that of the APIC timer, are measured once against channel 2 of the PIT, the one
 * clock of known frequency that every PC has. Counts are read between two reads of the TSC, and the closest pair of
 * several is taken, so that a delay in between (an SMI, a busy host under an emulator) spoils no reading.
 */
#include "hv/include/time.h"
#include "hv/core/time_scale.h"
#include "hv/core/timer.h"
#include "hv/include/domain.h"
#include "hv/include/lapic.h"
#include "hv/include/printk.h"
#include "hv/include/sections.h"
#include "hv/include/x86_insn.h"

#define PIT_HZ          1193182u
#define PIT_CHANNEL2    0x42
#define PIT_COMMAND     0x43
#define PIT_LATCH2      0x80
#define PIT_COUNT_DOWN2 0xb0 /* channel 2, low then high byte, mode 0 */
#define PORT_B          0x61
#define PORT_B_GATE2    0x01
#define PORT_B_SPEAKER  0x02
#define PIT_WINDOW      2400u /* ticks, 2 ms */
#define READINGS        4

struct reading {
    uint64_t tsc, spread;
    uint32_t pit, lapic;
};

static HV_READ_MOSTLY struct time_scale tsc_scale = {0, 0}, lapic_scale = {0, 0};
static HV_READ_MOSTLY uint64_t tsc_start = 0, tsc_khz = 0;

static uint32_t pit_count(void)
{
    uint32_t low;

    hv_outb(PIT_COMMAND, PIT_LATCH2);
    low = hv_inb(PIT_CHANNEL2);
    return low | (uint32_t)hv_inb(PIT_CHANNEL2) << 8;
}

static struct reading read_clocks(void)
{
    struct reading best = {.spread = UINT64_MAX};

    for (unsigned i = 0; i < READINGS; i++) {
        uint64_t before = hv_rdtsc();
        uint32_t pit = pit_count(), lapic = hv_lapic_timer_left();
        uint64_t after = hv_rdtsc();

        if (after - before < best.spread)
            best = (struct reading){before + (after - before) / 2, after - before, pit, lapic};
    }
    return best;
}

void hv_time_init(void)
{
    struct reading a, b;
    uint64_t ticks;

    hv_outb(PORT_B, (uint8_t)((hv_inb(PORT_B) & ~PORT_B_SPEAKER) | PORT_B_GATE2));
    hv_outb(PIT_COMMAND, PIT_COUNT_DOWN2);
    hv_outb(PIT_CHANNEL2, 0xff);
    hv_outb(PIT_CHANNEL2, 0xff);
    hv_lapic_timer_set(UINT32_MAX);
    while (pit_count() == 0xffff) /* the first pulse loads the count */
        hv_pause();
    a = read_clocks();
    while (a.pit - pit_count() < PIT_WINDOW)
        hv_pause();
    b = read_clocks();
    hv_lapic_timer_set(0);
    ticks = a.pit - b.pit;
    if (b.tsc <= a.tsc || a.lapic <= b.lapic)
        hv_panic("no clock: TSC %lu, APIC timer %u ticks in %lu of the PIT", b.tsc - a.tsc, a.lapic - b.lapic, ticks);
    tsc_khz = (b.tsc - a.tsc) * PIT_HZ / ticks / 1000;
    tsc_scale = time_scale_to_ns(tsc_khz * 1000);
    lapic_scale = time_scale_from_ns((uint64_t)(a.lapic - b.lapic) * PIT_HZ / ticks);
    tsc_start = hv_rdtsc();
}

uint64_t hv_time_ns(void)
{
    return time_scale(tsc_scale, hv_rdtsc() - tsc_start);
}

uint64_t hv_time_tsc_khz(void)
{
    return tsc_khz;
}

void hv_time_delay_us(unsigned us)
{
    uint64_t end = hv_time_ns() + (uint64_t)us * 1000;

    while (hv_time_ns() < end)
        hv_pause();
}

/* The guest's formula is ours (xen.h, vcpu_time_info), so it computes the same nanosecond from the same TSC. */
void hv_time_update_vcpu(struct vcpu *v)
{
    struct vcpu_time_info *t = &v->info->time;
    uint32_t version = __atomic_load_n(&t->version, __ATOMIC_RELAXED) | 1;
    uint64_t tsc = hv_rdtsc();

    __atomic_store_n(&t->version, version, __ATOMIC_RELEASE); /* odd: being written */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    t->tsc_timestamp = tsc;
    t->system_time = time_scale(tsc_scale, tsc - tsc_start);
    t->tsc_to_system_mul = tsc_scale.mul;
    t->tsc_shift = (int8_t)tsc_scale.shift;
    __atomic_store_n(&t->version, version + 1, __ATOMIC_RELEASE);
}

/* hv_timer_program() - one timer interrupt in @delta_ns, or earlier if the APIC timer cannot count so far. */
void hv_timer_program(uint64_t delta_ns)
{
    uint64_t ticks = time_scale(lapic_scale, delta_ns);

    hv_lapic_timer_set(ticks > UINT32_MAX ? UINT32_MAX : ticks == 0 ? 1 : (uint32_t)ticks);
}
