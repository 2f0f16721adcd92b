/* SPDX-License-Identifier: Apache-2.0 */
/* See rtc.h. */
#include "sim/devices/rtc.h"

enum { SECONDS = 0, MINUTES = 2, HOURS = 4, WEEKDAY = 6, DAY = 7, MONTH = 8, YEAR = 9, REG_A, REG_B, REG_C, REG_D };
enum { CENTURY = 0x32, B_24H = 2, B_BINARY = 4, B_SET = 0x80, D_VALID = 0x80, A_32KHZ = 0x26 };

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
    for (unsigned k = 0; k < 3; k++)
        r->cmos[0x5b + k] = (uint8_t)(high_bytes >> (16 + 8 * k));
}

struct date {
    unsigned year, month, day;
};

static unsigned days_of_month(unsigned year, unsigned month)
{
    static const uint8_t length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return length[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* Civil date of a day number counted from 2006-01-01; it never spans enough years for speed to matter. */
static struct date date_of(uint64_t days)
{
    struct date d = {2006, 1, 1};

    for (unsigned n; days >= (n = days_of_month(d.year, d.month)); days -= n) {
        d.year += d.month == 12;
        d.month = d.month % 12 + 1;
    }
    d.day += (unsigned)days;
    return d;
}

/* The other way; what is no date, or before 2006, is moved to the nearest that is. */
static uint64_t day_number(struct date d)
{
    uint64_t days = 0;

    d.month = d.month < 1 ? 1 : d.month > 12 ? 12 : d.month;
    for (struct date at = {2006, 1, 1}; at.year < d.year || (at.year == d.year && at.month < d.month);) {
        days += days_of_month(at.year, at.month);
        at.year += at.month == 12;
        at.month = at.month % 12 + 1;
    }
    return days + (d.day ? d.day - 1 : 0);
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

static uint64_t seconds_at(const struct rtc *r, cyc_t now)
{
    return r->set_s + now / ((uint64_t)r->clock_khz * 1000) - r->set_at_s;
}

static uint8_t encoded(const struct rtc *r, unsigned index, uint64_t s)
{
    uint8_t b = r->cmos[REG_B];
    unsigned v = time_field(index, s);
    bool pm = index == HOURS && !(b & B_24H) && v >= 12;

    if (index == HOURS && !(b & B_24H))
        v = (v + 11) % 12 + 1;
    if (!(b & B_BINARY))
        v = v / 10 << 4 | v % 10;
    return (uint8_t)(v | (pm ? 0x80 : 0));
}

static unsigned decoded(const struct rtc *r, unsigned index)
{
    uint8_t b = r->cmos[REG_B];
    unsigned v = r->cmos[index];
    bool is_12h = index == HOURS && !(b & B_24H), pm = is_12h && v & 0x80;

    v &= is_12h ? 0x7f : 0xff;
    if (!(b & B_BINARY))
        v = (v >> 4) * 10 + (v & 15);
    return is_12h ? v % 12 + (pm ? 12 : 0) : v;
}

static bool is_time(unsigned index)
{
    static const uint16_t registers =
        1 << SECONDS | 1 << MINUTES | 1 << HOURS | 1 << WEEKDAY | 1 << DAY | 1 << MONTH | 1 << YEAR;

    return (index < 16 && registers >> index & 1) || index == CENTURY;
}

/* While SET is on, the registers hold still and are what was written; else they are made from the time when read. */
static void hold(struct rtc *r, cyc_t now)
{
    uint64_t s = seconds_at(r, now);

    for (unsigned k = 0; k <= CENTURY; k++)
        if (is_time(k))
            r->cmos[k] = encoded(r, k, s);
}

static void go_on(struct rtc *r, cyc_t now)
{
    struct date d = {decoded(r, CENTURY) * 100 + decoded(r, YEAR), decoded(r, MONTH), decoded(r, DAY)};

    r->set_s = day_number(d) * 86400 + decoded(r, HOURS) * 3600 + decoded(r, MINUTES) * 60 + decoded(r, SECONDS);
    r->set_at_s = now / ((uint64_t)r->clock_khz * 1000);
}

uint8_t rtc_read(struct rtc *r, uint16_t port, cyc_t now)
{
    if (port == 0x70)
        return 0xff; /* write-only on a PC */
    if (is_time(r->index) && !(r->cmos[REG_B] & B_SET))
        return encoded(r, r->index, seconds_at(r, now));
    return r->index == REG_D ? D_VALID : r->cmos[r->index];
}

void rtc_write(struct rtc *r, uint16_t port, uint8_t v, cyc_t now)
{
    bool was_set = r->cmos[REG_B] & B_SET;

    if (port == 0x70) {
        r->index = v & 0x7f; /* bit 7 masks NMI: nothing raises one here */
        return;
    }
    if (r->index == REG_A || r->index == REG_C || r->index == REG_D)
        return;
    if (!was_set && (is_time(r->index) || (r->index == REG_B && v & B_SET)))
        hold(r, now);
    r->cmos[r->index] = v;
    if (is_time(r->index) ? !was_set : r->index == REG_B && was_set && !(v & B_SET))
        go_on(r, now);
}
