/* SPDX-License-Identifier: Apache-2.0 */
/* COM1 (16550), polled: the line-status register is the only thing asked, so no interrupt has to work. */
#include "hv/core/entry.h"
#include "hv/include/cpumask.h"
#include "hv/include/percpu.h"
#include "hv/include/printk.h"
#include "hv/include/spinlock.h"
#include "hv/include/string.h"
#include "hv/include/trap.h"
#include "hv/include/x86_insn.h"

#define COM1         0x3f8
#define UART_DATA    (COM1 + 0)
#define UART_IER     (COM1 + 1)
#define UART_FCR     (COM1 + 2)
#define UART_LCR     (COM1 + 3)
#define UART_MCR     (COM1 + 4)
#define UART_LSR     (COM1 + 5)
#define LCR_8N1      0x03
#define LCR_DLAB     0x80
#define MCR_DTR_RTS  0x03
#define FCR_ENABLE   0x07 /* on, both FIFOs cleared */
#define LSR_THR_FREE 0x20
#define LINE_BYTES   320
#define PREFIX       "(hv) "

static struct hv_spinlock console_lock;
static bool console_off, console_panicking;

void hv_console_init(void)
{
    hv_outb(UART_IER, 0);
    hv_outb(UART_LCR, LCR_DLAB);
    hv_outb(UART_DATA, 1); /* divisor 1: 115200 baud */
    hv_outb(UART_IER, 0);
    hv_outb(UART_LCR, LCR_8N1);
    hv_outb(UART_FCR, FCR_ENABLE);
    hv_outb(UART_MCR, MCR_DTR_RTS);
}

void hv_console_quiet(void)
{
    console_off = true;
}

static void put(char c)
{
    while (!(hv_inb(UART_LSR) & LSR_THR_FREE))
        hv_pause();
    hv_outb(UART_DATA, (uint8_t)c);
}

void hv_console_write(const char *text, size_t n)
{
    uint64_t flags;
    bool locked;

    if (console_off)
        return;
    flags = hv_irq_save();
    /* While there is one CPU no lock: it prints before the lock algorithm is chosen. */
    locked = hv_n_cpus > 1 && !console_panicking;
    if (locked)
        hv_spin_lock(&console_lock);
    for (; n > 0; n--, text++) {
        if (*text == '\n')
            put('\r');
        put(*text);
    }
    if (locked)
        hv_spin_unlock(&console_lock);
    hv_irq_restore(flags);
}

static void print(const char *format, va_list args)
{
    char line[LINE_BYTES] = PREFIX;
    size_t prefix = sizeof(PREFIX) - 1;
    size_t n = prefix + (size_t)hv_vsnprintf(line + prefix, sizeof(line) - prefix, format, args);

    if (n >= sizeof(line)) { /* cut, but still a line */
        n = sizeof(line) - 1;
        line[n - 1] = '\n';
    }
    hv_console_write(line, n);
}

void hv_printk(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print(format, args);
    va_end(args);
}

/* Return addresses by frame pointers, as long as they stay on this CPU's stack. */
static void print_calls(void)
{
    const uint64_t *frame = __builtin_frame_address(0);
    uintptr_t top = (uintptr_t)frame | (HV_STACK_BYTES - 1);

    hv_printk("CPU %u, cr2 %#lx cr3 %#lx, called from:\n", hv_cpu(), hv_read_cr2(), hv_read_cr3());
    for (unsigned i = 0; i < 16; i++) {
        const uint64_t *up = (const uint64_t *)frame[0];

        hv_printk("  %016lx\n", frame[1]);
        if (up <= frame || (uintptr_t)up >= top - CPUINFO_BYTES || (uintptr_t)up % 8 != 0)
            return;
        frame = up;
    }
}

void hv_panic(const char *format, ...)
{
    char text[LINE_BYTES / 2];
    va_list args;

    hv_irq_disable();
    if (!console_panicking) { /* a panic inside a panic only ends */
        console_panicking = true;
        va_start(args, format);
        hv_vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        hv_printk("panic: %s\n", text);
        print_calls();
    }
    hv_machine_end(1);
}
