/* SPDX-License-Identifier: Apache-2.0 */
/* See ioapic.h. */
#include "sim/devices/ioapic.h"

enum { IOREGSEL = 0x00, IOWIN = 0x10, EOIR = 0x40 };
enum { REG_ID, REG_VERSION, REG_ARBITRATION, REG_TABLE = 0x10 };
#define VERSION         (0x20u | (IOAPIC_PINS - 1u) << 16)
#define RTE_VECTOR      0xffull
#define RTE_REMOTE_IRR  (1ull << 14)
#define RTE_LEVEL       (1ull << 15)
#define RTE_MASKED      (1ull << 16)
#define RTE_READ_ONLY   (1ull << 12 | RTE_REMOTE_IRR)
#define RTE_IMPLEMENTED (0xff0000000001ffffull)

void ioapic_reset(struct ioapic *io, void (*deliver)(void *opaque, uint64_t entry, cyc_t now), void *opaque)
{
    *io = (struct ioapic){.deliver = deliver, .opaque = opaque};
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
        io->entry[pin] = RTE_MASKED;
}

/* A level-triggered pin sends when it is asserted and the previous one was answered. */
static void serve_level(struct ioapic *io, unsigned pin, cyc_t now)
{
    uint64_t *e = &io->entry[pin];

    if (!(*e & RTE_LEVEL) || (*e & (RTE_MASKED | RTE_REMOTE_IRR)) || !(io->level >> pin & 1))
        return;
    *e |= RTE_REMOTE_IRR;
    io->deliver(io->opaque, *e, now);
}

void ioapic_set_pin(struct ioapic *io, unsigned pin, bool level, cyc_t now)
{
    bool rises = level && !(io->level >> pin & 1);

    io->level = level ? io->level | 1u << pin : io->level & ~(1u << pin);
    if (rises && !(io->entry[pin] & (RTE_LEVEL | RTE_MASKED)))
        io->deliver(io->opaque, io->entry[pin], now);
    serve_level(io, pin, now);
}

void ioapic_eoi(struct ioapic *io, uint8_t vector, cyc_t now)
{
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        uint64_t *e = &io->entry[pin];

        if (!(*e & RTE_REMOTE_IRR) || (*e & RTE_VECTOR) != vector)
            continue;
        *e &= ~RTE_REMOTE_IRR;
        serve_level(io, pin, now);
    }
}

static uint32_t read_register(const struct ioapic *io)
{
    uint32_t pin = (io->select - REG_TABLE) / 2;

    if (io->select == REG_ID || io->select == REG_ARBITRATION)
        return io->id;
    if (io->select == REG_VERSION)
        return VERSION;
    if (io->select < REG_TABLE || pin >= IOAPIC_PINS)
        return 0;
    return (uint32_t)(io->select & 1 ? io->entry[pin] >> 32 : io->entry[pin]);
}

uint32_t ioapic_read(struct ioapic *io, uint32_t offset)
{
    if (offset == IOREGSEL)
        return io->select;
    return offset == IOWIN ? read_register(io) : 0;
}

static void write_entry(struct ioapic *io, unsigned pin, bool high, uint32_t v, cyc_t now)
{
    uint64_t old = io->entry[pin], now_value;

    if (high)
        now_value = (old & 0xffffffffu) | (uint64_t)v << 32;
    else
        now_value = (old & ~0xffffffffull) | v;
    now_value = (now_value & ~RTE_READ_ONLY) | (old & RTE_READ_ONLY);
    if (!(now_value & RTE_LEVEL))
        now_value &= ~RTE_REMOTE_IRR;
    io->entry[pin] = now_value & RTE_IMPLEMENTED;
    serve_level(io, pin, now);
}

void ioapic_write(struct ioapic *io, uint32_t offset, uint32_t v, cyc_t now)
{
    uint32_t pin = (io->select - REG_TABLE) / 2;

    if (offset == IOREGSEL)
        io->select = v & 0xff;
    else if (offset == EOIR)
        ioapic_eoi(io, (uint8_t)v, now);
    else if (offset == IOWIN && io->select == REG_ID)
        io->id = v & 0x0f000000;
    else if (offset == IOWIN && io->select >= REG_TABLE && pin < IOAPIC_PINS)
        write_entry(io, pin, io->select & 1, v, now);
}
