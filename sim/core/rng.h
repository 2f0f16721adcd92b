/* SPDX-License-Identifier: Apache-2.0 */
/* Seeded random numbers (xoshiro256**, public domain algorithm): the same on every host. Not for secrets. */
#pragma once
#include <stdint.h>
struct rng {
    uint64_t s[4];
};
void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
/* rng_below() - uniform in 0..n-1, n > 0. */
uint64_t rng_below(struct rng *r, uint64_t n);
