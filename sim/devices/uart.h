/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 16550 UART. Bytes go to a callback the moment they are written, so the transmitter is always empty and a driver that
 * polls LSR or waits for the THRE interrupt never waits. Received bytes come from the board, at its pace, and from the
 * loopback mode; the FIFO has 16 places, or one when it is off; every byte interrupts (trigger level 1). Not modelled:
 * baud rate, break, overrun (the board asks first), modem-status interrupts.
 * Interface: registers by offset 0..7; after every access the board asks uart_irq() for the level of the line.
 * Source: National Semiconductor PC16550D data sheet.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { UART_FIFO = 16 };

struct uart {
    void (*put)(void *opaque, char c); /* may be NULL */
    void *opaque;
    uint8_t ier, lcr, mcr, scr, fcr, dll, dlm;
    uint8_t rx[UART_FIFO]; /* received and not read, first at 0 */
    unsigned n_rx;
    bool thre_pending; /* "transmitter became empty" not yet seen through IIR */
};

void uart_reset(struct uart *u); /* keeps the callback */
uint8_t uart_read(struct uart *u, unsigned reg);
void uart_write(struct uart *u, unsigned reg, uint8_t v);
bool uart_irq(const struct uart *u);
/* uart_can_receive() - there is a place, and a driver that waits for input (its interrupt is on). */
bool uart_can_receive(const struct uart *u);
void uart_receive(struct uart *u, uint8_t v);
