/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiplication by a ratio in the form of Xen's vcpu_time_info: (x << shift) * mul >> 32, a negative shift to the
 * right. mul is at least 2^31, so a ratio is exact to one part in 2^31. Pure; tested on the host.
 */
#pragma once
#include <stdint.h>

struct time_scale {
    uint32_t mul;
    int shift;
};

/* time_scale_ratio() - x * num / den; both above 0. Beyond 32 bits the low bits of both are given up. */
static inline struct time_scale time_scale_ratio(uint64_t num, uint64_t den)
{
    struct time_scale s = {0, 0};

    while ((num | den) >> 32 != 0) {
        num >>= 1;
        den >>= 1;
    }
    for (; num >= den; s.shift++)
        den <<= 1;
    for (; 2 * num < den; s.shift--)
        num <<= 1;
    s.mul = (uint32_t)((num << 32) / den); /* 1/2 <= num/den < 1 and num < 2^32 */
    return s;
}
static inline struct time_scale time_scale_to_ns(uint64_t hz)
{
    return time_scale_ratio(1000000000, hz);
}
static inline struct time_scale time_scale_from_ns(uint64_t hz)
{
    return time_scale_ratio(hz, 1000000000);
}
static inline uint64_t time_scale(struct time_scale s, uint64_t x)
{
    x = s.shift < 0 ? x >> -s.shift : x << s.shift;
    return (uint64_t)((unsigned __int128)x * s.mul >> 32);
}
