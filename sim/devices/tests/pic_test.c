/* SPDX-License-Identifier: Apache-2.0 */
/* The 8259A pair as an operating system programs it. Could lie about ICW orders that no test tries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim/devices/pic.h"

static struct pic initialised(uint8_t icw4)
{
    struct pic p;

    pic_reset(&p);
    const uint16_t ports[] = {0x20, 0xa0};
    for (unsigned i = 0; i < 2; i++) {
        pic_write(&p, ports[i], 0x11);
        pic_write(&p, (uint16_t)(ports[i] + 1), (uint8_t)(0x20 + 8 * i));
        pic_write(&p, (uint16_t)(ports[i] + 1), i ? 2 : 4);
        pic_write(&p, (uint16_t)(ports[i] + 1), icw4);
        pic_write(&p, (uint16_t)(ports[i] + 1), 0);
    }
    return p;
}

static void mask_and_edge(void **state)
{
    struct pic p = initialised(1);

    (void)state;
    pic_write(&p, 0x21, 0x01);
    pic_set_irq(&p, 0, true);
    assert_false(pic_output(&p));
    pic_write(&p, 0x21, 0x00);
    assert_true(pic_output(&p)); /* the edge was remembered */
    assert_int_equal(pic_ack(&p), 0x20);
    assert_false(pic_output(&p));
    pic_write(&p, 0x20, 0x20);
    assert_false(pic_output(&p)); /* still high: no new edge */
    pic_set_irq(&p, 0, false);
    pic_set_irq(&p, 0, true);
    assert_true(pic_output(&p));
}

static void priority_and_eoi(void **state)
{
    struct pic p = initialised(1);

    (void)state;
    pic_set_irq(&p, 4, true);
    assert_int_equal(pic_ack(&p), 0x24);
    pic_set_irq(&p, 6, true);
    assert_false(pic_output(&p)); /* lower than the one in service */
    pic_set_irq(&p, 1, true);
    assert_int_equal(pic_ack(&p), 0x21);
    pic_write(&p, 0x20, 0x0b);
    assert_int_equal(pic_read(&p, 0x20), 0x12);
    pic_write(&p, 0x20, 0x20); /* ends 1 */
    assert_false(pic_output(&p));
    pic_write(&p, 0x20, 0x64); /* ends 4 */
    assert_int_equal(pic_ack(&p), 0x26);
}

static void slave_and_spurious(void **state)
{
    struct pic p = initialised(1);

    (void)state;
    pic_set_irq(&p, 12, true);
    assert_int_equal(pic_ack(&p), 0x2c);
    pic_write(&p, 0xa0, 0x20);
    pic_write(&p, 0x20, 0x20);
    pic_set_irq(&p, 3, true);
    pic_set_irq(&p, 3, false);
    assert_int_equal(pic_ack(&p), 0x27);
    assert_int_equal(pic_read(&p, 0x21), 0);
}

static void level_stays_and_aeoi(void **state)
{
    struct pic p = initialised(3); /* AEOI */

    (void)state;
    pic_write(&p, 0x4d0, 0x20);
    pic_set_irq(&p, 5, true);
    assert_int_equal(pic_ack(&p), 0x25);
    assert_true(pic_output(&p));
    pic_set_irq(&p, 5, false);
    assert_false(pic_output(&p));
}

static void rotation_and_poll(void **state)
{
    struct pic p = initialised(1);

    (void)state;
    pic_set_irq(&p, 3, true);
    assert_int_equal(pic_ack(&p), 0x23);
    pic_write(&p, 0x20, 0xa0); /* EOI, and 3 becomes the lowest */
    pic_set_irq(&p, 1, true);
    pic_set_irq(&p, 4, true);
    assert_int_equal(pic_ack(&p), 0x24);
    pic_write(&p, 0x20, 0x20);
    pic_write(&p, 0x20, 0xc7); /* 7 is the lowest again */
    pic_write(&p, 0x20, 0x0c); /* poll */
    assert_int_equal(pic_read(&p, 0x20), 0x81);
    assert_false(pic_output(&p));
    pic_write(&p, 0x20, 0x61); /* specific EOI of 1 */
    pic_write(&p, 0x20, 0x0c);
    assert_int_equal(pic_read(&p, 0x20), 0);
    assert_int_equal(pic_read(&p, 0x20), 0); /* poll was for one read: now IRR */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mask_and_edge),        cmocka_unit_test(priority_and_eoi),
        cmocka_unit_test(slave_and_spurious),   cmocka_unit_test(rotation_and_poll),
        cmocka_unit_test(level_stays_and_aeoi),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
