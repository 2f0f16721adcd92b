/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 16550 UART, transmit side: bytes go to a callback the moment they are written, so the transmitter is always empty and
 * a driver that polls LSR or waits for the THRE interrupt never waits. Nothing is received but what the loopback mode
 * sends back. Not modelled: baud rate, break, modem-status interrupts.
 * Interface: registers by offset 0..7; after every access the board asks uart_irq() for the level of the line.
 * Source: National Semiconductor PC16550D data sheet.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct uart {
    void (*put)(void *opaque, char c); /* may be NULL */
    void *opaque;
    uint8_t ier, lcr, mcr, scr, fcr, dll, dlm, rbr;
    bool rx_ready;     /* loopback only */
    bool thre_pending; /* "transmitter became empty" not yet seen through IIR */
};

void uart_reset(struct uart *u); /* keeps the callback */
uint8_t uart_read(struct uart *u, unsigned reg);
void uart_write(struct uart *u, unsigned reg, uint8_t v);
bool uart_irq(const struct uart *u);
