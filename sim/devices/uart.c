/* SPDX-License-Identifier: Apache-2.0 */
/* See uart.h. Names of registers and bits as in the data sheet. */
#include "sim/devices/uart.h"
#include <string.h>

enum { RBR_THR, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCR };
enum { IER_ERBFI = 1, IER_ETBEI = 2, IER_MASK = 15 };
enum { IIR_NONE = 1, IIR_THRE = 2, IIR_RX = 4, IIR_FIFOS = 0xc0 };
enum { FCR_ENABLE = 1, FCR_CLEAR_RX = 2 };
enum { LCR_DLAB = 0x80 };
enum { MCR_OUT2 = 8, MCR_LOOP = 16, MCR_MASK = 31 };
enum { LSR_DR = 1, LSR_THRE = 0x20, LSR_TEMT = 0x40 };
enum { MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80 };

void uart_reset(struct uart *u)
{
    *u = (struct uart){.put = u->put, .opaque = u->opaque, .dll = 12};
}

static uint8_t pending(const struct uart *u)
{
    if ((u->ier & IER_ERBFI) && u->n_rx)
        return IIR_RX;
    return (u->ier & IER_ETBEI) && u->thre_pending ? IIR_THRE : IIR_NONE;
}

bool uart_irq(const struct uart *u)
{
    /* On a PC, OUT2 gates the interrupt line; in loopback the line is disconnected. */
    return pending(u) != IIR_NONE && (u->mcr & MCR_OUT2) && !(u->mcr & MCR_LOOP);
}

static uint8_t read_iir(struct uart *u)
{
    uint8_t source = pending(u);

    if (source == IIR_THRE)
        u->thre_pending = false;
    return (uint8_t)(source | (u->fcr & FCR_ENABLE ? IIR_FIFOS : 0));
}

static uint8_t read_msr(const struct uart *u)
{
    if (!(u->mcr & MCR_LOOP))
        return MSR_CTS | MSR_DSR | MSR_DCD;
    /* Loopback: RTS, DTR, OUT1, OUT2 come back as CTS, DSR, RI, DCD. */
    return (uint8_t)((u->mcr & 2 ? MSR_CTS : 0) | (u->mcr & 1 ? MSR_DSR : 0) | (u->mcr & 4 ? MSR_RI : 0) |
                     (u->mcr & 8 ? MSR_DCD : 0));
}

static unsigned places(const struct uart *u)
{
    return u->fcr & FCR_ENABLE ? UART_FIFO : 1;
}

bool uart_can_receive(const struct uart *u)
{
    return (u->ier & IER_ERBFI) && u->n_rx < places(u);
}

void uart_receive(struct uart *u, uint8_t v)
{
    if (u->n_rx < places(u))
        u->rx[u->n_rx++] = v;
}

static uint8_t read_rbr(struct uart *u)
{
    uint8_t v = u->rx[0]; /* an empty one gives the last byte again */

    if (u->n_rx > 1)
        memmove(u->rx, u->rx + 1, u->n_rx - 1);
    u->n_rx -= u->n_rx > 0;
    return v;
}

uint8_t uart_read(struct uart *u, unsigned reg)
{
    bool dlab = u->lcr & LCR_DLAB;

    switch (reg & 7) {
    case RBR_THR:
        return dlab ? u->dll : read_rbr(u);
    case IER:
        return dlab ? u->dlm : u->ier;
    case IIR_FCR:
        return read_iir(u);
    case LCR:
        return u->lcr;
    case MCR:
        return u->mcr;
    case LSR:
        return (uint8_t)(LSR_THRE | LSR_TEMT | (u->n_rx ? LSR_DR : 0));
    case MSR:
        return read_msr(u);
    default:
        return u->scr;
    }
}

static void transmit(struct uart *u, uint8_t v)
{
    u->thre_pending = true;
    if (u->mcr & MCR_LOOP) {
        uart_receive(u, v);
    } else if (u->put) {
        u->put(u->opaque, (char)v);
    }
}

static void write_ier(struct uart *u, uint8_t v)
{
    if (!(u->ier & IER_ETBEI) && (v & IER_ETBEI))
        u->thre_pending = true; /* enabling it while the transmitter is empty raises it at once */
    u->ier = v & IER_MASK;
}

void uart_write(struct uart *u, unsigned reg, uint8_t v)
{
    bool dlab = u->lcr & LCR_DLAB;

    switch (reg & 7) {
    case RBR_THR:
        if (dlab)
            u->dll = v;
        else
            transmit(u, v);
        break;
    case IER:
        if (dlab)
            u->dlm = v;
        else
            write_ier(u, v);
        break;
    case IIR_FCR:
        if ((v & FCR_CLEAR_RX) || ((v ^ u->fcr) & FCR_ENABLE))
            u->n_rx = 0;
        u->fcr = v;
        break;
    case LCR:
        u->lcr = v;
        break;
    case MCR:
        u->mcr = v & MCR_MASK;
        break;
    case SCR:
        u->scr = v;
        break;
    default: /* LSR and MSR are read-only */
        break;
    }
}
