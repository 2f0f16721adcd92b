/* SPDX-License-Identifier: Apache-2.0 */
/* See pic.h. */
#include "sim/devices/pic.h"

enum { MASTER, SLAVE, CASCADE = 2, SPURIOUS = 7 };
enum { ICW1_IC4 = 1, ICW1_INIT = 16, ICW4_AEOI = 2 };
enum { OCW3 = 8, OCW3_POLL = 4, OCW3_RR = 2, OCW3_ESMM = 0x40 };
enum { OCW2_ROTATE = 4, OCW2_SPECIFIC = 2, OCW2_EOI = 1, POLL_REQUEST = 0x80, LOWEST_AT_RESET = 7 }; /* OCW2 bits 7:5 */

void pic_reset(struct pic *p)
{
    *p = (struct pic){.chip = {{.imr = 0xff, .lowest = LOWEST_AT_RESET}, {.imr = 0xff, .lowest = LOWEST_AT_RESET}}};
}

/* The input to serve now, -1 if none: the highest unmasked request above everything in service. */
static int candidate(const struct pic_chip *c)
{
    unsigned requests = c->irr & (unsigned)~c->imr;
    unsigned blockers = c->special_mask ? c->isr & (unsigned)~c->imr : c->isr;

    for (unsigned k = 1; k <= 8 && requests; k++) {
        unsigned input = (c->lowest + k) & 7;

        if (blockers >> input & 1)
            return -1;
        if (requests >> input & 1)
            return (int)input;
    }
    return -1;
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
    else if (c->rotate_aeoi)
        c->lowest = (uint8_t)input;
    return (uint8_t)(c->base + input);
}

/* The poll command: the next read of either port acknowledges, and tells what. */
static uint8_t polled(struct pic *p, struct pic_chip *c)
{
    int input = candidate(c);

    c->poll = false;
    if (input < 0)
        return 0;
    take(c);
    cascade(p);
    return (uint8_t)(POLL_REQUEST | input);
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
    struct pic_chip *c = chip_of(p, port);
    if (c->poll)
        return polled(p, c);
    if (port & 1)
        return c->imr;
    return c->read_isr ? c->isr : c->irr;
}

static void start_init(struct pic_chip *c, uint8_t v)
{
    *c = (struct pic_chip){
        .level = c->level, .elcr = c->elcr, .icw_next = 2, .lowest = LOWEST_AT_RESET, .need_icw4 = v & ICW1_IC4};
}

/* The input in service with the highest priority; -1: none. */
static int serving(const struct pic_chip *c)
{
    for (unsigned k = 1; k <= 8; k++)
        if (c->isr >> ((c->lowest + k) & 7) & 1)
            return (int)((c->lowest + k) & 7);
    return -1;
}

static void end_of_interrupt(struct pic_chip *c, uint8_t v)
{
    unsigned command = v >> 5;
    int input = command & OCW2_SPECIFIC ? v & 7 : serving(c);

    if (!(command & OCW2_EOI) && !(command & OCW2_SPECIFIC)) { /* rotation in automatic EOI mode, on or off */
        c->rotate_aeoi = command & OCW2_ROTATE;
        return;
    }
    if (input < 0)
        return;
    if (command & OCW2_EOI)
        c->isr &= (uint8_t) ~(1u << input);
    if (command & OCW2_ROTATE)
        c->lowest = (uint8_t)input;
}

static void operate(struct pic_chip *c, uint8_t v)
{
    if (!(v & OCW3)) {
        end_of_interrupt(c, v);
        return;
    }
    c->poll = v & OCW3_POLL;
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
