/* SPDX-License-Identifier: Apache-2.0 */
/* UART: output, THRE interrupt, loopback probe. Could lie about a real driver: only the sequences below are tried. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim/devices/uart.h"

enum { THR, IER, IIR, LCR, MCR, LSR, MSR, SCR };
static char out[16];
static unsigned n_out;

static void put(void *opaque, char c)
{
    (void)opaque;
    out[n_out++ % sizeof(out)] = c;
}

static struct uart fresh(void)
{
    struct uart u = {.put = put};

    n_out = 0;
    uart_reset(&u);
    return u;
}

static void transmits_and_stays_empty(void **state)
{
    struct uart u = fresh();

    (void)state;
    assert_int_equal(uart_read(&u, LSR), 0x60);
    uart_write(&u, THR, 'h');
    uart_write(&u, THR, 'i');
    assert_int_equal(n_out, 2);
    assert_memory_equal(out, "hi", 2);
    assert_int_equal(uart_read(&u, LSR), 0x60);
}

static void divisor_latch_hides_data(void **state)
{
    struct uart u = fresh();

    (void)state;
    uart_write(&u, LCR, 0x83);
    uart_write(&u, THR, 1);
    uart_write(&u, IER, 2);
    assert_int_equal(n_out, 0);
    assert_int_equal(uart_read(&u, THR), 1);
    assert_int_equal(uart_read(&u, IER), 2);
    uart_write(&u, LCR, 3);
    assert_int_equal(uart_read(&u, IER), 0);
}

static void thre_interrupt(void **state)
{
    struct uart u = fresh();

    (void)state;
    uart_write(&u, IER, 2);
    assert_false(uart_irq(&u)); /* OUT2 is off */
    uart_write(&u, MCR, 8);
    assert_true(uart_irq(&u));
    assert_int_equal(uart_read(&u, IIR), 2); /* reading IIR answers it */
    assert_int_equal(uart_read(&u, IIR), 1);
    assert_false(uart_irq(&u));
    uart_write(&u, THR, 'x');
    assert_true(uart_irq(&u));
    uart_write(&u, IER, 0);
    assert_false(uart_irq(&u));
}

static void loopback(void **state)
{
    struct uart u = fresh();

    (void)state;
    uart_write(&u, MCR, 0x1e);
    assert_int_equal(uart_read(&u, MSR) & 0xf0, 0xd0);
    uart_write(&u, THR, 0xae);
    assert_int_equal(n_out, 0);
    assert_int_equal(uart_read(&u, LSR) & 1, 1);
    assert_int_equal(uart_read(&u, THR), 0xae);
    assert_int_equal(uart_read(&u, LSR) & 1, 0);
    uart_write(&u, SCR, 0x55);
    assert_int_equal(uart_read(&u, SCR), 0x55);
}

static void receives(void **state)
{
    struct uart u = fresh();

    (void)state;
    assert_false(uart_can_receive(&u)); /* nobody waits */
    uart_write(&u, MCR, 8);
    uart_write(&u, IER, 1);
    uart_write(&u, IIR, 1); /* FIFO on */
    for (unsigned i = 0; i < 16; i++) {
        assert_true(uart_can_receive(&u));
        uart_receive(&u, (uint8_t)('a' + i));
    }
    assert_false(uart_can_receive(&u));
    uart_receive(&u, 'z'); /* lost */
    assert_true(uart_irq(&u));
    assert_int_equal(uart_read(&u, IIR) & 15, 4);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(uart_read(&u, THR), 'a' + i);
    assert_false(uart_irq(&u));
    uart_receive(&u, 'q');
    uart_write(&u, IIR, 3); /* cleared */
    assert_int_equal(uart_read(&u, LSR) & 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transmits_and_stays_empty),
        cmocka_unit_test(divisor_latch_hides_data),
        cmocka_unit_test(thre_interrupt),
        cmocka_unit_test(loopback),
        cmocka_unit_test(receives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
