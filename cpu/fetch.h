/* SPDX-License-Identifier: Apache-2.0 */
/* The fetch side: entering lines and finding the record at rip. Includable only from cpu/. */
#pragma once
#include "cpu/code.h"

/* fetch_insn() - the record at rip after anything but falling through within a line: ITLB and L1I are asked for each
 * line that is entered, and paid. NULL: *ev says why (CPU_WAIT, page fault, #GP). */
const struct cpu_insn *fetch_insn(struct cpu *c, struct cpu_event *ev);

/* Is the last byte of @i at rip in the line where execution stands? Then there is nothing to fetch. */
static inline bool fetch_stays(const struct cpu *c, const struct cpu_insn *i)
{
    uint64_t last = c->seg_base[CPU_SEG_CS] + c->r[CPU_RIP] + i->len - 1;
    return (last & ~(uint64_t)(SIM_LINE_BYTES - 1)) == c->fetch_line;
}
