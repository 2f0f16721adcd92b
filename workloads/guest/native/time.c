/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: the TSC, and the local APIC's timer in one-shot mode, both measured against PIT channel 2 at the start ("8254
 * Programmable Interval Timer"; "Intel 64 and IA-32 Architectures Software Developer's Manual vol. 3, APIC Timer").
 */
#include "kernel/lib.h"
#include "native/native.h"

#define PIT_HZ          1193182ul
#define PIT_MODE        0x43
#define PIT_CHANNEL2    0x42
#define PIT_GATE        0x61
#define CALIBRATE_TICKS (PIT_HZ / 500) /* 2 ms */

#define LAPIC_EOI        0x0b0
#define LAPIC_SVR        0x0f0
#define LAPIC_LVT_TIMER  0x320
#define LAPIC_TIMER_INIT 0x380
#define LAPIC_TIMER_NOW  0x390
#define LAPIC_TIMER_DIV  0x3e0

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

static uint64_t boot_tsc, tsc_khz, apic_khz;
static uint64_t ns_per_tick_32; /* nanoseconds a TSC tick, 32.32 fixed point */
static uint64_t boot_seconds;   /* since 1970, by the machine's clock */

static void lapic_write(unsigned reg, uint32_t v)
{
    *(volatile uint32_t *)(NATIVE_LAPIC + reg) = v;
}

static uint32_t lapic_read(unsigned reg)
{
    return *(volatile uint32_t *)(NATIVE_LAPIC + reg);
}

static unsigned pit_read(void)
{
    native_out8(PIT_MODE, 0x80); /* latch channel 2 */
    unsigned low = native_in8(PIT_CHANNEL2);
    return low | (unsigned)native_in8(PIT_CHANNEL2) << 8;
}

static void calibrate(void)
{
    native_out8(PIT_GATE, (uint8_t)((native_in8(PIT_GATE) & ~2u) | 1)); /* count, silently */
    native_out8(PIT_MODE, 0xb0);                                        /* channel 2, mode 0 */
    native_out8(PIT_CHANNEL2, 0xff);
    native_out8(PIT_CHANNEL2, 0xff);
    lapic_write(LAPIC_TIMER_DIV, 0xb); /* by 1 */
    lapic_write(LAPIC_TIMER_INIT, ~0u);
    unsigned begin = pit_read(), ticks;
    uint64_t tsc = native_rdtsc();
    uint32_t apic = lapic_read(LAPIC_TIMER_NOW);
    do
        ticks = (begin - pit_read()) & 0xffff;
    while (ticks < CALIBRATE_TICKS);
    tsc_khz = (native_rdtsc() - tsc) * PIT_HZ / ticks / 1000;
    apic_khz = (uint64_t)(apic - lapic_read(LAPIC_TIMER_NOW)) * PIT_HZ / ticks / 1000;
    lapic_write(LAPIC_TIMER_INIT, 0);
    if (!tsc_khz || !apic_khz)
        panic("no clock: TSC %lu kHz, local APIC timer %lu kHz", tsc_khz, apic_khz);
}

/* ---- The machine's clock ("MC146818 Real-Time Clock plus RAM"), read once ---- */

static unsigned cmos(unsigned index)
{
    native_out8(CMOS_INDEX, (uint8_t)index);
    unsigned v = native_in8(CMOS_DATA);
    return index < 10 ? (v >> 4) * 10 + (v & 15) : v; /* times are BCD */
}

static void read_clock(void)
{
    static const uint16_t days_before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};

    for (unsigned tries = 0; tries < 10000 && (cmos(10) & 0x80); tries++)
        ; /* an update is under way */
    unsigned year = 2000 + cmos(9), month = cmos(8), day = cmos(7);
    if (month < 1 || month > 12 || day < 1)
        return;
    uint64_t days = (year - 1970) * 365ul + (year - 1969) / 4 + days_before[month - 1] + day - 1;
    if (month > 2 && year % 4 == 0)
        days++;
    boot_seconds = ((days * 24 + cmos(4)) * 60 + cmos(2)) * 60 + cmos(0);
}

void native_time_init(void)
{
    native_out8(0x21, 0xff); /* both PICs masked: all interrupts here come from the local APIC */
    native_out8(0xa1, 0xff);
    lapic_write(LAPIC_SVR, 0x100 | NATIVE_SPURIOUS_VECTOR);
    lapic_write(LAPIC_LVT_TIMER, 0x10000 | NATIVE_TIMER_VECTOR);
    calibrate();
    read_clock();
    ns_per_tick_32 = (1000000ul << 32) / tsc_khz;
    boot_tsc = native_rdtsc();
    lapic_write(LAPIC_LVT_TIMER, NATIVE_TIMER_VECTOR);
}

uint64_t plat_time_ns(void)
{
    return (uint64_t)((unsigned __int128)(native_rdtsc() - boot_tsc) * ns_per_tick_32 >> 32);
}

uint64_t plat_wall_ns(void)
{
    return boot_seconds * 1000000000ul + plat_time_ns();
}

/* ---- The timer ---- */

void plat_timer_arm(uint64_t at_ns)
{
    uint64_t now = plat_time_ns(), ns = at_ns > now ? at_ns - now : 0;
    uint64_t ticks = MIN(ns, 1000000000ul) * apic_khz / 1000000; /* early is allowed: who waits looks again */

    lapic_write(LAPIC_TIMER_INIT, ticks > 0xffffffff ? 0xffffffff : ticks ? (uint32_t)ticks : 1);
}

void native_timer_interrupt(void)
{
    lapic_write(LAPIC_EOI, 0);
    native_console_flush();
    sched_timer();
}

/* STI holds interrupts off for one more instruction: none can come between looking and waiting. */
void plat_idle(void)
{
    __asm__ volatile("sti; hlt; cli" ::: "memory");
}
