/* SPDX-License-Identifier: Apache-2.0 */
/* Edge, level, remote IRR, masks of the I/O APIC. Could lie about routing: that is the board's, not tested here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim/devices/ioapic.h"

static uint64_t got;
static unsigned n_got;

static void deliver(void *opaque, uint64_t entry, cyc_t now)
{
    (void)opaque;
    (void)now;
    got = entry;
    n_got++;
}

static struct ioapic fresh(void)
{
    struct ioapic io;

    n_got = 0;
    ioapic_reset(&io, deliver, NULL);
    return io;
}

static void write_register(struct ioapic *io, uint32_t reg, uint32_t v)
{
    ioapic_write(io, 0, reg, 0);
    ioapic_write(io, 0x10, v, 0);
}

static uint32_t read_register(struct ioapic *io, uint32_t reg)
{
    ioapic_write(io, 0, reg, 0);
    return ioapic_read(io, 0x10);
}

static void registers(void **state)
{
    struct ioapic io = fresh();

    (void)state;
    assert_int_equal(read_register(&io, 1), 0x170020);
    assert_int_equal(read_register(&io, 0x10 + 2 * 23), 0x10000); /* masked at reset */
    write_register(&io, 0x13, 0xab000000);
    assert_int_equal(read_register(&io, 0x13), 0xab000000);
    write_register(&io, 0x12, 0xffffffff);
    assert_int_equal(read_register(&io, 0x12), 0x1afff); /* read-only and reserved bits stay 0 */
    assert_int_equal(read_register(&io, 0x12 + 2 * 23), 0);
}

static void edge(void **state)
{
    struct ioapic io = fresh();

    (void)state;
    ioapic_set_pin(&io, 2, true, 0);
    assert_int_equal(n_got, 0);
    write_register(&io, 0x14, 0x30);
    assert_int_equal(n_got, 0); /* the masked edge is lost */
    ioapic_set_pin(&io, 2, true, 0);
    assert_int_equal(n_got, 0);
    ioapic_set_pin(&io, 2, false, 0);
    ioapic_set_pin(&io, 2, true, 0);
    assert_int_equal(n_got, 1);
    assert_int_equal(got & 0xff, 0x30);
}

static void level(void **state)
{
    struct ioapic io = fresh();

    (void)state;
    write_register(&io, 0x10 + 2 * 9, 0x8041);
    ioapic_set_pin(&io, 9, true, 0);
    ioapic_set_pin(&io, 9, true, 0);
    assert_int_equal(n_got, 1);
    assert_int_equal(read_register(&io, 0x10 + 2 * 9), 0xc041);
    ioapic_eoi(&io, 0x42, 0);
    assert_int_equal(n_got, 1);
    ioapic_eoi(&io, 0x41, 0); /* still asserted: again */
    assert_int_equal(n_got, 2);
    ioapic_set_pin(&io, 9, false, 0);
    ioapic_write(&io, 0x40, 0x41, 0);
    assert_int_equal(n_got, 2);
    assert_int_equal(read_register(&io, 0x10 + 2 * 9), 0x8041);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(registers), cmocka_unit_test(edge), cmocka_unit_test(level)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
