/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration space by mechanism 1: the probe, the one bridge, nothing else, writable and fixed bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim/devices/pci.h"

static void probe_and_bridge(void **state)
{
    struct pci p;

    (void)state;
    pci_reset(&p);
    pci_write(&p, 0xcf8, 4, 0x80000000);
    assert_int_equal(pci_read(&p, 0xcf8, 4), 0x80000000);
    assert_int_equal(pci_read(&p, 0xcfc, 4), 0x12378086);
    assert_int_equal(pci_read(&p, 0xcfe, 2), 0x1237);
    pci_write(&p, 0xcf8, 4, 0x80000008);
    assert_int_equal(pci_read(&p, 0xcff, 1), 0x06);
    pci_write(&p, 0xcfc, 4, 0xffffffff);
    assert_int_equal(pci_read(&p, 0xcfc, 4), 0x06000002);
    pci_write(&p, 0xcf8, 4, 0x80000030); /* no expansion ROM */
    pci_write(&p, 0xcfc, 4, 0xfffffffe);
    assert_int_equal(pci_read(&p, 0xcfc, 4), 0);
    pci_write(&p, 0xcf8, 4, 0x80000090);
    pci_write(&p, 0xcfd, 1, 0x33);
    assert_int_equal(pci_read(&p, 0xcfc, 4), 0x3300);
    pci_write(&p, 0xcf8, 4, 0x800000fc);
    assert_int_equal(pci_read(&p, 0xcff, 4), UINT32_MAX); /* past the end */
}

static void nothing_else(void **state)
{
    struct pci p;

    (void)state;
    pci_reset(&p);
    assert_int_equal(pci_read(&p, 0xcfc, 4), UINT32_MAX); /* not enabled */
    const uint32_t elsewhere[] = {0x80000100, 0x80000800, 0x80010000, 0x80ff0000};
    for (unsigned i = 0; i < 4; i++) {
        pci_write(&p, 0xcf8, 4, elsewhere[i]);
        assert_int_equal(pci_read(&p, 0xcfc, 4), UINT32_MAX);
    }
    pci_write(&p, 0xcf8, 1, 0x55); /* only whole words are the address */
    assert_int_equal(pci_read(&p, 0xcf8, 4), 0x80ff0000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(probe_and_bridge), cmocka_unit_test(nothing_else)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
