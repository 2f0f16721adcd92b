/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 8254 timer: channel 0 (interrupt) and channel 2 (speaker, used to calibrate), all modes, and port 0x61.
 * Time is an argument: a channel is described by the tick at which it started, and everything else follows from the
 * tick asked about. The device posts no events: pit_next_change() says when channel 0's output changes next.
 * Model choice: a count written while counting takes effect at once, in every mode.
 * Source: Intel 8254 data sheet; 1193182 Hz.
 */
#pragma once
#include "sim/core/types.h"

struct pit_channel {
    uint8_t mode, access;
    bool loaded, triggered, bcd, gate, write_high_next, read_high_next, count_latched, status_latched;
    uint8_t low_byte, status;
    uint16_t latch;
    uint32_t count;  /* 1..65536 */
    uint64_t start;  /* tick at which counting started */
    uint64_t frozen; /* ticks counted when the gate went low */
};
struct pit {
    uint32_t clock_khz; /* core cycles a millisecond */
    uint8_t port61;
    struct pit_channel ch[3];
};

void pit_reset(struct pit *p, uint32_t clock_khz);
uint8_t pit_read(struct pit *p, uint16_t port, cyc_t now); /* 0x40..0x43, 0x61 */
void pit_write(struct pit *p, uint16_t port, uint8_t v, cyc_t now);
bool pit_out(const struct pit *p, unsigned channel, cyc_t now);
cyc_t pit_next_change(const struct pit *p, cyc_t now); /* > now; CYC_NEVER: channel 0 stays as it is */
