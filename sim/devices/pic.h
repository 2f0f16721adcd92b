/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PC's pair of 8259A interrupt controllers, the slave on the master's input 2. Edge or level per input (ELCR).
 * Fixed and rotating priority, specific, non-specific and automatic EOI, special mask mode, polling.
 * Interface: ports 0x20, 0x21, 0xa0, 0xa1 and ELCR 0x4d0, 0x4d1; the board sets inputs, asks pic_output() for the INTR
 * line after every change, and pic_ack() when the core takes the interrupt.
 * Source: Intel 8259A data sheet; 82371AB (PIIX4) data sheet for ELCR.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct pic_chip {
    uint8_t irr, isr, imr, level, elcr;
    uint8_t base;     /* ICW2 */
    uint8_t icw_next; /* 0: initialised; else the ICW that the next write to the odd port is */
    uint8_t lowest;   /* the input of lowest priority: 7 unless rotated */
    bool need_icw4, aeoi, rotate_aeoi, read_isr, special_mask, poll;
};
struct pic {
    struct pic_chip chip[2]; /* 0 master, 1 slave */
};

void pic_reset(struct pic *p);
void pic_set_irq(struct pic *p, unsigned irq, bool level); /* 0..15, not 2 */
bool pic_output(const struct pic *p);                      /* INTR */
uint8_t pic_ack(struct pic *p); /* vector; the spurious one (input 7) when nothing is pending any more */
uint8_t pic_read(struct pic *p, uint16_t port);
void pic_write(struct pic *p, uint16_t port, uint8_t v);
