/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Port input and output with its permission: IOPL, else the bitmap in the TSS. Always in time order.
 * Manual: SDM vol. 1, "I/O-Sensitive Instructions" and "I/O Permission Bit Map".
 */
#include "cpu/cpu_internal.h"

#define TSS_IOMAP_BASE 0x66 /* the same place in 32-bit and 64-bit TSS */

static struct cpu_event allowed(struct cpu *c, uint16_t port, unsigned size)
{
    unsigned iopl = (unsigned)(c->rflags >> 12) & 3;
    if (!(c->cr0 & CPU_CR0_PE) || c->cpl <= iopl)
        return CPU_OK;
    uint64_t base, bits;
    if ((c->tr.attr & CPU_SEG_UNUSABLE) || !(c->tr.attr & 8) || c->tr.limit < TSS_IOMAP_BASE + 1)
        return CPU_EV_FAULT_ERR(13, 0);
    CPU_TRY(cpu_sys_load(c, c->tr.base + TSS_IOMAP_BASE, 2, &base));
    uint64_t byte = base + port / 8u;
    if (byte + 1 > c->tr.limit) /* two bytes are always read */
        return CPU_EV_FAULT_ERR(13, 0);
    CPU_TRY(cpu_sys_load(c, c->tr.base + byte, 2, &bits));
    uint64_t mask = (1u << size) - 1;
    return bits >> (port & 7u) & mask ? CPU_EV_FAULT_ERR(13, 0) : CPU_OK;
}

static void note(struct cpu *c, uint32_t lat)
{
    c->stats.io_accesses++;
    c->acc.io_cyc += lat;
    c->acc.any = 1;
}

struct cpu_event cpu_io_read(struct cpu *c, uint16_t port, unsigned size, uint64_t *out)
{
    uint32_t lat = 0;
    CPU_TRY(allowed(c, port, size));
    CPU_TRY(cpu_need_turn(c));
    *out = c->ops->io_read(c->opaque, c->core, port, size, c->now, &lat);
    note(c, lat);
    return CPU_OK;
}

struct cpu_event cpu_io_write(struct cpu *c, uint16_t port, unsigned size, uint64_t v)
{
    uint32_t lat = 0;
    CPU_TRY(allowed(c, port, size));
    CPU_TRY(cpu_need_turn(c));
    c->ops->io_write(c->opaque, c->core, port, size, (uint32_t)v, c->now, &lat);
    note(c, lat);
    return CPU_OK;
}
