/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console, a 16550 at COM1, and the machine's end.
 *
 * One line carries three streams: the kernel's own words, the program's standard output and its standard error. As a
 * terminal it shows them as they come. When the boot module asks for it (plat_console_split()), they are told apart:
 * byte 10h (DLE) and then 'k', 'o' or 'e' says whose the next bytes are, and DLE DLE is a DLE of the data. DLE 'x' says
 * that the kernel gave up, DLE 'n' that no program was started: the exit code is not the program's.
 *
 * A byte costs a port access of about a microsecond, which would be most of what a short program takes. So then the
 * bytes wait in memory until the next tick, a full buffer or the end.
 */
#include "native/native.h"

#define COM1       0x3f8
#define DEBUG_EXIT 0xf4
#define LSR_THRE   0x20
#define DLE        0x10

static bool is_split;
static char waiting[16384];
static unsigned nr_waiting;
static enum plat_channel channel = PLAT_LOG;

void native_console_init(void)
{
    native_out8(COM1 + 1, 0);    /* no interrupts */
    native_out8(COM1 + 3, 0x80); /* divisor */
    native_out8(COM1 + 0, 1);    /* 115200 */
    native_out8(COM1 + 1, 0);
    native_out8(COM1 + 3, 3); /* 8n1 */
    native_out8(COM1 + 2, 7); /* FIFOs on and empty */
    native_out8(COM1 + 4, 3); /* DTR RTS */
}

void plat_console_split(void)
{
    is_split = true;
}

static void send(char c)
{
    static unsigned room; /* in the transmitter's FIFO of 16 bytes */

    if (!room) {
        while (!(native_in8(COM1 + 5) & LSR_THRE))
            ;
        room = 16;
    }
    room--;
    native_out8(COM1, (uint8_t)c);
}

void native_console_flush(void)
{
    for (unsigned i = 0; i < nr_waiting; i++)
        send(waiting[i]);
    nr_waiting = 0;
}

static void put(char c)
{
    if (!is_split) {
        send(c);
        return;
    }
    if (nr_waiting == sizeof(waiting))
        native_console_flush();
    waiting[nr_waiting++] = c;
}

void plat_console_write(enum plat_channel to, const char *s, size_t n)
{
    if (is_split && channel != to) {
        put(DLE);
        put("koe"[to]);
        channel = to;
    }
    for (size_t i = 0; i < n; i++) {
        if (is_split && s[i] == DLE)
            put(DLE);
        put(s[i]);
    }
}

void plat_shutdown(enum plat_end why, unsigned code)
{
    native_mark_program(2); /* what follows is not the program's time */
    if (is_split && why >= PLAT_END_NO_START) {
        put(DLE);
        put(why == PLAT_END_CRASH ? 'x' : 'n');
    }
    native_console_flush();
    native_out8(DEBUG_EXIT, (uint8_t)code);
    for (;;)
        __asm__ volatile("cli; hlt");
}
