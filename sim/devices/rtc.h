/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MC146818 clock and CMOS memory, ports 0x70 and 0x71. The date starts at 2006-01-01 00:00:00 on every run and goes on
 * with simulated time, until software sets it. Reads come in the format register B asks for. Model choice: an update
 * takes no time, there is no alarm and no periodic interrupt.
 * Source: Motorola MC146818 data sheet; PC/AT technical reference for the memory-size bytes.
 */
#pragma once
#include "sim/core/types.h"

struct rtc {
    uint32_t clock_khz;
    uint8_t index;
    uint64_t set_s, set_at_s; /* the clock said set_s seconds since 2006 when set_at_s seconds were simulated */
    uint8_t cmos[128];
};

/* rtc_reset() - @low_bytes: RAM below the hole, @high_bytes: above 4 GiB. */
void rtc_reset(struct rtc *r, uint32_t clock_khz, uint64_t low_bytes, uint64_t high_bytes);
uint8_t rtc_read(struct rtc *r, uint16_t port, cyc_t now);
void rtc_write(struct rtc *r, uint16_t port, uint8_t v, cyc_t now);
