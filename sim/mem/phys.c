/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Physical memory as one reserved host mapping (see phys.h). MAP_NORESERVE: a page costs host memory once it is
 * written, so the device hole and untouched RAM are free. The frame flags are reserved the same way.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <glib.h>
#include "sim/core/fault.h"
#include "sim/mem/phys.h"

static uint8_t *reserve(uint64_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        sim_bug("cannot reserve %" PRIu64 " bytes of address space for guest memory", bytes);
    return p;
}

struct phys *phys_new(uint64_t bytes, uint64_t hole_start)
{
    const uint64_t four_gib = 1ull << 32;
    if (bytes == 0 || bytes % SIM_PAGE_BYTES || hole_start % SIM_PAGE_BYTES || hole_start > four_gib)
        sim_bug("phys_new: %" PRIu64 " bytes of RAM with a hole at %#" PRIx64, bytes, hole_start);
    struct phys *p = g_new0(struct phys, 1);
    p->low_end = bytes < hole_start ? bytes : hole_start;
    p->high_end = bytes > hole_start ? four_gib + (bytes - hole_start) : 0;
    p->top = p->high_end ? p->high_end : p->low_end;
    p->base = reserve(p->top);
    p->frame_flags = reserve(p->top / SIM_PAGE_BYTES);
    return p;
}

void phys_free(struct phys *p)
{
    if (!p)
        return;
    munmap(p->base, p->top);
    munmap(p->frame_flags, p->top / SIM_PAGE_BYTES);
    g_free(p);
}

/* Is every byte of [a, a + n) RAM? The two ranges do not touch unless the hole is empty, and then they are one. */
static bool range_is_ram(const struct phys *p, hpa_t a, uint64_t n)
{
    if (n == 0)
        return true;
    if (a.v + n < a.v || !phys_is_ram(p, a) || !phys_is_ram(p, (hpa_t){a.v + n - 1}))
        return false;
    bool first_low = a.v < p->low_end, last_low = a.v + n - 1 < p->low_end;
    return first_low == last_low || p->low_end == 1ull << 32;
}

bool phys_copy_in(struct phys *p, hpa_t to, const void *from, uint64_t n)
{
    if (!range_is_ram(p, to, n))
        return false;
    if (n)
        memcpy(p->base + to.v, from, n);
    return true;
}

bool phys_copy_out(const struct phys *p, void *to, hpa_t from, uint64_t n)
{
    if (!range_is_ram(p, from, n))
        return false;
    if (n)
        memcpy(to, p->base + from.v, n);
    return true;
}
