/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Physical memory: the one copy of every byte of RAM. Caches (mem.h) hold tags and states only, never data.
 *
 * The whole physical range [0, top) is one reserved host mapping, so the host address of an hpa is base + hpa and
 * memory is used only where the guest touched it. RAM is [0, low_end) and [4 GiB, high_end); the hole between belongs
 * to devices. Each 4 KiB frame has a flag byte; PHYS_HAS_CODE says that decoded instructions were made from it, and
 * whoever writes such a frame must tell the code cache (cpu_code_written).
 */
#pragma once
#include "sim/core/types.h"

enum { PHYS_HAS_CODE = 1 };

struct phys {
    uint8_t *base;              /* host address of hpa 0 */
    uint8_t *frame_flags;       /* one byte a frame of [0, top) */
    uint64_t low_end, high_end; /* bytes; high_end = 0 when all RAM is below the hole */
    uint64_t top;               /* first address past all RAM, bytes */
};

/* phys_new() - @bytes of RAM, a multiple of 4 KiB; what is above @hole_start (<= 4 GiB) continues at 4 GiB. */
struct phys *phys_new(uint64_t bytes, uint64_t hole_start);
void phys_free(struct phys *p);

static inline bool phys_is_ram(const struct phys *p, hpa_t a)
{
    return a.v < p->low_end || (a.v >= (1ull << 32) && a.v < p->high_end);
}
/* phys_host() - host address of a byte of RAM, NULL outside RAM. Valid up to the end of its frame. */
static inline uint8_t *phys_host(const struct phys *p, hpa_t a)
{
    return phys_is_ram(p, a) ? p->base + a.v : NULL;
}
/* phys_copy_in/out() - loaders and tests; false when any byte is not RAM, and then nothing was copied. */
bool phys_copy_in(struct phys *p, hpa_t to, const void *from, uint64_t n);
bool phys_copy_out(const struct phys *p, void *to, hpa_t from, uint64_t n);
