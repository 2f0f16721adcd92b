/* SPDX-License-Identifier: Apache-2.0 */
/* Between lapic.c and lapic_timer.c. */
#pragma once
#include "cpu/lapic.h"

#define LVT_MASKED 0x10000u
#define SVR_ENABLE 0x100u

uint32_t lapic_timer_count(const struct cpu *c);
void lapic_timer_mode(struct cpu *c, uint32_t lvt); /* LVT timer is about to become @lvt */
void lapic_timer_start(struct cpu *c, uint32_t initial);
void lapic_timer_divide(struct cpu *c, uint32_t v);
