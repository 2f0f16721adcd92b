/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lazy arithmetic flags: the only place that knows the layout of struct cpu_flags.
 *
 * An operation leaves its result, sign-extended from n bytes, and its carry vector: bit k of the vector is the carry
 * (borrow) out of bit k. Moved up so that bit 8n-1 stands at 63, CF is bit 63, OF is bit 63 ^ bit 62, and AF is bit 3
 * of the vector, which for n < 8 is put into the free low bits. Every flag is then a few host instructions, no branch.
 * Manual: SDM vol. 1, "EFLAGS Register".
 */
#pragma once
#include "cpu/cpu_internal.h"

#define RFLAGS_CF    (1u << 0)
#define RFLAGS_PF    (1u << 2)
#define RFLAGS_AF    (1u << 4)
#define RFLAGS_ZF    (1u << 6)
#define RFLAGS_SF    (1u << 7)
#define RFLAGS_DF    (1u << 10)
#define RFLAGS_OF    (1u << 11)
#define RFLAGS_ARITH (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

#define FLAGS_CARRY_AF 8ull

static inline bool flags_cf(const struct cpu_flags *f)
{
    return f->carries >> 63;
}
static inline bool flags_of(const struct cpu_flags *f)
{
    return (f->carries ^ f->carries << 1) >> 63;
}
static inline bool flags_af(const struct cpu_flags *f)
{
    return f->carries >> 3 & 1;
}
static inline bool flags_zf(const struct cpu_flags *f)
{
    return f->result == 0;
}
static inline bool flags_sf(const struct cpu_flags *f)
{
    return (f->result ^ f->fix) >> 63;
}
static inline bool flags_pf(const struct cpu_flags *f)
{
    return !__builtin_parity((unsigned)(f->result ^ f->fix) & 0xff);
}

/* The sixteen conditions of Jcc, SETcc, CMOVcc; @cond constant or not. */
static inline bool flags_cond(const struct cpu_flags *f, unsigned cond)
{
    bool yes;
    switch (cond >> 1) {
    case 0:
        yes = flags_of(f);
        break;
    case 1:
        yes = flags_cf(f);
        break;
    case 2:
        yes = flags_zf(f);
        break;
    case 3:
        yes = flags_cf(f) || flags_zf(f);
        break;
    case 4:
        yes = flags_sf(f);
        break;
    case 5:
        yes = flags_pf(f);
        break;
    case 6:
        yes = flags_sf(f) != flags_of(f);
        break;
    default:
        yes = flags_zf(f) || flags_sf(f) != flags_of(f);
        break;
    }
    return yes != (cond & 1);
}

static inline uint64_t flags_sext(uint64_t v, unsigned n)
{
    return n == 8 ? v : n == 4 ? (uint64_t)(int32_t)v : n == 2 ? (uint64_t)(int16_t)v : (uint64_t)(int8_t)v;
}

/* From a result and a carry vector whose bits above 8n-1 mean nothing. */
static inline struct cpu_flags flags_arith(uint64_t result, uint64_t vector, unsigned n)
{
    uint64_t carries = n == 8 ? vector : vector << (64 - 8 * n) | (vector & FLAGS_CARRY_AF);
    return (struct cpu_flags){flags_sext(result, n), carries, 0};
}
static inline struct cpu_flags flags_add(uint64_t a, uint64_t b, uint64_t result, unsigned n)
{
    return flags_arith(result, (a & b) | ((a | b) & ~result), n);
}
static inline struct cpu_flags flags_sub(uint64_t a, uint64_t b, uint64_t result, unsigned n)
{
    return flags_arith(result, (~a & b) | (~(a ^ b) & result), n);
}
static inline struct cpu_flags flags_logic(uint64_t result, unsigned n)
{
    return (struct cpu_flags){flags_sext(result, n), 0, 0};
}
/* CF and OF as given, the rest from @result; AF clear (undefined for who uses this). */
static inline struct cpu_flags flags_cf_of(uint64_t result, bool cf, bool of, unsigned n)
{
    return (struct cpu_flags){flags_sext(result, n), (uint64_t)cf << 63 | (uint64_t)(cf != of) << 62, 0};
}
/* CF and OF replaced, the others kept. */
static inline void flags_put_cf_of(struct cpu_flags *f, bool cf, bool of)
{
    f->carries = (f->carries & FLAGS_CARRY_AF) | (uint64_t)cf << 63 | (uint64_t)(cf != of) << 62;
}
static inline void flags_put_cf(struct cpu_flags *f, bool cf)
{
    flags_put_cf_of(f, cf, flags_of(f));
}
/* The six flags, as bits of RFLAGS. */
static inline uint64_t flags_bits(const struct cpu_flags *f)
{
    return (uint64_t)flags_cf(f) | (uint64_t)flags_pf(f) << 2 | (uint64_t)flags_af(f) << 4 |
           (uint64_t)flags_zf(f) << 6 | (uint64_t)flags_sf(f) << 7 | (uint64_t)flags_of(f) << 11;
}
struct cpu_flags flags_from_bits(uint64_t rflags);
