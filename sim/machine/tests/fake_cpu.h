/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A core without instructions, for tests of the board alone: it runs a seeded random program of steps, each private,
 * shared, an IPI, a timer or a halt. It logs its shared actions and checks its own horizon: nothing may reach it at a
 * cycle at which, or after which, it has already started a step.
 */
#pragma once
#include "cpu/cpu.h"

struct fake_shared {
    cyc_t when;
    unsigned core;
};
/* What reached a core. kind: F fixed, N NMI, I INIT, S SIPI, E ExtINT raised, T timer. */
struct fake_arrival {
    char kind;
    unsigned core;
    uint8_t vector;
    bool level;
    cyc_t when;
};
extern struct fake_shared fake_log[];
extern struct fake_arrival fake_arrivals[];
extern unsigned fake_logged, fake_late, fake_interrupts, fake_started_late;
extern cyc_t fake_end; /* no step may start at or after it */

extern unsigned fake_cpl; /* what cpu_get_state says of every core */

void fake_reset(uint64_t seed, unsigned steps);
void fake_context(unsigned core, unsigned *cpl0, unsigned *cpl3); /* what cpu_set_context was given last */
const struct cpu_flat_start *fake_start(void);                    /* what cpu_start_flat32 was given last */
