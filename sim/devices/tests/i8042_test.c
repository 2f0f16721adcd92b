/* SPDX-License-Identifier: Apache-2.0 */
/* The keyboard controller as drivers probe it. Could lie about timing: answers are there at once, which no real one
 * does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim/devices/i8042.h"

static uint8_t ask(struct i8042 *k, uint16_t port, uint8_t v)
{
    assert_false(i8042_write(k, port, v));
    assert_true(i8042_read(k, 0x64) & 1);
    return i8042_read(k, 0x60);
}

static void controller(void **state)
{
    struct i8042 k;

    (void)state;
    i8042_reset(&k);
    assert_int_equal(i8042_read(&k, 0x64) & 1, 0);
    assert_int_equal(ask(&k, 0x64, 0xaa), 0x55);
    assert_int_equal(ask(&k, 0x64, 0xab), 0);
    i8042_write(&k, 0x64, 0x60);
    i8042_write(&k, 0x60, 0x47);
    assert_int_equal(ask(&k, 0x64, 0x20), 0x47);
    i8042_write(&k, 0x64, 0xd3); /* loop through the mouse's side */
    assert_int_equal(i8042_read(&k, 0x64) & 0x21, 0);
    i8042_write(&k, 0x60, 0x5a);
    assert_int_equal(i8042_read(&k, 0x64) & 0x21, 0x21);
    assert_true(i8042_irq(&k, true));
    assert_false(i8042_irq(&k, false));
    assert_int_equal(i8042_read(&k, 0x60), 0x5a);
    assert_false(i8042_irq(&k, true));
    assert_true(i8042_write(&k, 0x64, 0xfe));
    assert_false(i8042_write(&k, 0x64, 0xff));
}

static void devices(void **state)
{
    struct i8042 k;

    (void)state;
    i8042_reset(&k);
    assert_int_equal(ask(&k, 0x60, 0xf2), 0xfa);
    assert_true(i8042_irq(&k, false));
    assert_int_equal(i8042_read(&k, 0x60), 0xab);
    assert_int_equal(i8042_read(&k, 0x60), 0x83);
    assert_int_equal(ask(&k, 0x60, 0xed), 0xfa);
    assert_int_equal(ask(&k, 0x60, 0xff), 0xfa); /* the lamps' byte, not a reset */
    assert_int_equal(k.n, 0);
    i8042_write(&k, 0x64, 0xd4);
    assert_int_equal(ask(&k, 0x60, 0xff), 0xfa);
    assert_int_equal(i8042_read(&k, 0x60), 0xaa);
    assert_int_equal(i8042_read(&k, 0x60), 0x00);
    for (unsigned i = 0; i < 100; i++) /* nobody reads: the queue is full, nothing else */
        i8042_write(&k, 0x60, 0xf2);
    assert_int_equal(k.n, I8042_QUEUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(controller), cmocka_unit_test(devices)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
