/* SPDX-License-Identifier: Apache-2.0 */
/* RFLAGS as a whole: arithmetic flags from struct cpu_flags, the others as they stand. */
#include "cpu/flags.h"

/* Any combination of the six, also ones that no result has (ZF with SF, say): fix carries the difference. */
struct cpu_flags flags_from_bits(uint64_t rflags)
{
    bool cf = rflags & RFLAGS_CF, of = rflags & RFLAGS_OF;
    struct cpu_flags f = {
        .result = rflags & RFLAGS_ZF ? 0 : 0x100,
        .carries = (uint64_t)cf << 63 | (uint64_t)(cf != of) << 62 | (rflags & RFLAGS_AF ? FLAGS_CARRY_AF : 0),
        .fix = (uint64_t) !!(rflags & RFLAGS_SF) << 63 | !(rflags & RFLAGS_PF),
    };
    return f;
}

uint64_t cpu_flags_get(const struct cpu *c)
{
    return c->rflags | flags_bits(&c->fl);
}

void cpu_flags_set(struct cpu *c, uint64_t rflags)
{
    c->fl = flags_from_bits(rflags);
    c->rflags = (rflags & ~(uint64_t)RFLAGS_ARITH) | 2;
}
