/* SPDX-License-Identifier: Apache-2.0 */
/* See rtc.h. */
#include "sim/devices/rtc.h"

enum { SECONDS = 0, MINUTES = 2, HOURS = 4, WEEKDAY = 6, DAY = 7, MONTH = 8, YEAR = 9, REG_A, REG_B, REG_C, REG_D };
enum { CENTURY = 0x32, B_24H = 2, B_BINARY = 4, D_VALID = 0x80, A_32KHZ = 0x26 };

static void put16(struct rtc *r, unsigned at, uint64_t v)
{
    v = v > 0xffff ? 0xffff : v;
    r->cmos[at] = (uint8_t)v;
    r->cmos[at + 1] = (uint8_t)(v >> 8);
}

void rtc_reset(struct rtc *r, uint32_t clock_khz, uint64_t low_bytes, uint64_t high_bytes)
{
    uint64_t above_1m_kib = (low_bytes - (1u << 20)) >> 10;

    *r = (struct rtc){.clock_khz = clock_khz};
    r->cmos[REG_A] = A_32KHZ;
    r->cmos[REG_B] = B_24H;
    put16(r, 0x15, 640);
    put16(r, 0x17, above_1m_kib);
    put16(r, 0x30, above_1m_kib);
    put16(r, 0x34, low_bytes > (16u << 20) ? (low_bytes - (16u << 20)) >> 16 : 0);
    put16(r, 0x5b, high_bytes >> 16);
    r->cmos[0x5d] = (uint8_t)(high_bytes >> 32);
}

struct date {
    unsigned year, month, day;
};

/* Civil date of a day number counted from 2006-01-01; simulated time never spans enough years for speed to matter. */
static struct date date_of(uint64_t days)
{
    static const uint8_t length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct date d = {2006, 0, 1};

    for (;;) {
        bool leap = d.year % 4 == 0 && (d.year % 100 != 0 || d.year % 400 == 0);
        unsigned n = length[d.month] + (d.month == 1 && leap ? 1u : 0u);

        if (days < n)
            break;
        days -= n;
        d.year += d.month == 11;
        d.month = (d.month + 1) % 12;
    }
    d.month++;
    d.day = 1 + (unsigned)days;
    return d;
}

static unsigned time_field(unsigned index, uint64_t s)
{
    struct date d = date_of(s / 86400);

    switch (index) {
    case SECONDS:
        return (unsigned)(s % 60);
    case MINUTES:
        return (unsigned)(s / 60 % 60);
    case HOURS:
        return (unsigned)(s / 3600 % 24);
    case WEEKDAY: /* 2006-01-01 was a Sunday = 1 */
        return (unsigned)(s / 86400 % 7) + 1;
    case DAY:
        return d.day;
    case MONTH:
        return d.month;
    case YEAR:
        return d.year % 100;
    default:
        return d.year / 100;
    }
}

static uint8_t read_time(const struct rtc *r, cyc_t now)
{
    uint8_t b = r->cmos[REG_B];
    unsigned v = time_field(r->index, now / ((uint64_t)r->clock_khz * 1000));
    bool pm = r->index == HOURS && !(b & B_24H) && v >= 12;

    if (r->index == HOURS && !(b & B_24H))
        v = (v + 11) % 12 + 1;
    if (!(b & B_BINARY))
        v = v / 10 << 4 | v % 10;
    return (uint8_t)(v | (pm ? 0x80 : 0));
}

uint8_t rtc_read(struct rtc *r, uint16_t port, cyc_t now)
{
    static const uint16_t time_registers =
        1 << SECONDS | 1 << MINUTES | 1 << HOURS | 1 << WEEKDAY | 1 << DAY | 1 << MONTH | 1 << YEAR;

    if (port == 0x70)
        return 0xff; /* write-only on a PC */
    if ((r->index < 16 && (time_registers >> r->index & 1)) || r->index == CENTURY)
        return read_time(r, now);
    return r->index == REG_D ? D_VALID : r->cmos[r->index];
}

void rtc_write(struct rtc *r, uint16_t port, uint8_t v)
{
    if (port == 0x70)
        r->index = v & 0x7f; /* bit 7 masks NMI: nothing raises one here */
    else if (r->index == REG_B || r->index > REG_D)
        r->cmos[r->index] = v;
}
