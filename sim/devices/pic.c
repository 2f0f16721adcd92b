/* SPDX-License-Identifier: Apache-2.0 */
/* See pic.h. */
#include "sim/devices/pic.h"
#include "sim/core/fault.h"

enum { MASTER, SLAVE, CASCADE = 2, SPURIOUS = 7 };
enum { ICW1_IC4 = 1, ICW1_INIT = 16, ICW4_AEOI = 2 };
enum { OCW3 = 8, OCW3_POLL = 4, OCW3_RR = 2, OCW3_ESMM = 0x40 };
enum { EOI_NONSPECIFIC = 1, EOI_NONE = 2, EOI_SPECIFIC = 3 }; /* OCW2 bits 7:5 */

void pic_reset(struct pic *p)
{
    *p = (struct pic){.chip = {{.imr = 0xff}, {.imr = 0xff}}};
}

/* The input to serve now, -1 if none: the highest unmasked request above everything in service. */
static int candidate(const struct pic_chip *c)
{
    unsigned requests = c->irr & (unsigned)~c->imr;
    unsigned blockers = c->special_mask ? c->isr & (unsigned)~c->imr : c->isr;

    if (!requests)
        return -1;
    int first = __builtin_ctz(requests);
    return blockers && __builtin_ctz(blockers) <= first ? -1 : first;
}

/* The slave's output is the master's input 2. */
static void cascade(struct pic *p)
{
    if (candidate(&p->chip[SLAVE]) >= 0)
        p->chip[MASTER].irr |= 1 << CASCADE;
    else
        p->chip[MASTER].irr &= (uint8_t) ~(1 << CASCADE);
}

void pic_set_irq(struct pic *p, unsigned irq, bool level)
{
    struct pic_chip *c = &p->chip[irq >> 3 & 1];
    uint8_t bit = (uint8_t)(1u << (irq & 7));

    if (level && ((c->elcr & bit) || !(c->level & bit)))
        c->irr |= bit;
    if (!level) /* an edge request that went away before it was taken is lost: spurious interrupt */
        c->irr &= (uint8_t)~bit;
    c->level = (uint8_t)(level ? c->level | bit : c->level & ~bit);
    cascade(p);
}

bool pic_output(const struct pic *p)
{
    return candidate(&p->chip[MASTER]) >= 0;
}

static uint8_t take(struct pic_chip *c)
{
    int input = candidate(c);

    if (input < 0)
        return (uint8_t)(c->base + SPURIOUS);
    uint8_t bit = (uint8_t)(1u << input);
    if (!(c->elcr & bit))
        c->irr &= (uint8_t)~bit;
    if (!c->aeoi)
        c->isr |= bit;
    return (uint8_t)(c->base + input);
}

uint8_t pic_ack(struct pic *p)
{
    bool slave = candidate(&p->chip[MASTER]) == CASCADE;
    uint8_t vector = take(&p->chip[MASTER]);

    if (slave)
        vector = take(&p->chip[SLAVE]);
    cascade(p);
    return vector;
}

static struct pic_chip *chip_of(struct pic *p, uint16_t port)
{
    return &p->chip[port & 0x80 ? SLAVE : MASTER];
}

uint8_t pic_read(struct pic *p, uint16_t port)
{
    if (port >= 0x4d0)
        return p->chip[port & 1].elcr;
    const struct pic_chip *c = chip_of(p, port);
    if (port & 1)
        return c->imr;
    return c->read_isr ? c->isr : c->irr;
}

static void start_init(struct pic_chip *c, uint8_t v)
{
    *c = (struct pic_chip){.level = c->level, .elcr = c->elcr, .icw_next = 2, .need_icw4 = v & ICW1_IC4};
}

static void end_of_interrupt(struct pic_chip *c, uint8_t v)
{
    switch (v >> 5) {
    case EOI_NONSPECIFIC:
        c->isr &= (uint8_t)(c->isr - 1); /* clears the lowest set bit: the highest priority in service */
        break;
    case EOI_SPECIFIC:
        c->isr &= (uint8_t) ~(1u << (v & 7));
        break;
    case EOI_NONE:
        break;
    default:
        sim_unmodelled("8259A: rotating priority, OCW2 %#x", v);
    }
}

static void operate(struct pic_chip *c, uint8_t v)
{
    if (!(v & OCW3)) {
        end_of_interrupt(c, v);
        return;
    }
    if (v & OCW3_POLL)
        sim_unmodelled("8259A: poll command, OCW3 %#x", v);
    if (v & OCW3_RR)
        c->read_isr = v & 1;
    if (v & OCW3_ESMM)
        c->special_mask = v & 0x20;
}

static void write_data(struct pic_chip *c, uint8_t v)
{
    switch (c->icw_next) {
    case 0:
        c->imr = v;
        break;
    case 2:
        c->base = v & 0xf8;
        c->icw_next = 3;
        break;
    case 3: /* the wiring of the cascade: fixed on a PC */
        c->icw_next = c->need_icw4 ? 4 : 0;
        break;
    default:
        c->aeoi = v & ICW4_AEOI;
        c->icw_next = 0;
        break;
    }
}

void pic_write(struct pic *p, uint16_t port, uint8_t v)
{
    struct pic_chip *c = chip_of(p, port);

    if (port >= 0x4d0) {
        p->chip[port & 1].elcr = port & 1 ? v & 0xde : v & 0xf8; /* inputs 0, 1, 2, 8, 13 are always edge */
        return;
    }
    if (port & 1)
        write_data(c, v);
    else if (v & ICW1_INIT)
        start_init(c, v);
    else
        operate(c, v);
    cascade(p);
}
