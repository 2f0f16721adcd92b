/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets which interrupt: ICR modes, shorthands and destinations, IOAPIC, PIC, PIT, UART; each after ipi_cyc.
 * Could lie about the local APIC's own matching: the fake core's is a plain comparison.
 */
#include <string.h>
#include "fake_cpu.h"
#include "test_board.h"

enum { CORES = 4, NOW = 1000 };
static struct machine *m;

static int fresh(void **state)
{
    struct machine_cfg cfg = test_cfg(CORES);

    (void)state;
    fake_reset(1, 0); /* cores that halt at once: only events happen */
    m = machine_new(&cfg);
    return 0;
}

static int done(void **state)
{
    (void)state;
    machine_free(m);
    return 0;
}

/* Runs all events; returns arrivals as text, one "kind core vector" each. */
static const char *arrivals(void)
{
    static char text[256];
    cyc_t last = 0;

    text[0] = 0;
    fake_interrupts = 0;
    while (eventq_next(m->events) != CYC_NEVER) {
        assert_true(eventq_next(m->events) >= last);
        last = eventq_next(m->events);
        eventq_run_one(m->events);
    }
    for (unsigned i = 0; i < fake_interrupts; i++) {
        char *end = text + strlen(text);
        const struct fake_arrival *a = &fake_arrivals[i];

        g_snprintf(end, (gulong)(text + sizeof(text) - end), "%s%c%u:%x%s", i ? " " : "", a->kind, a->core, a->vector,
                   a->level ? "L" : "");
    }
    return text;
}

static void icr(void **state)
{
    static const struct {
        uint64_t icr;
        bool x2apic;
        const char *want;
    } rows[] = {
        {0x0200000000004030, false, "F2:30"},       /* fixed, physical */
        {0x0500000000004830, false, "F0:30 F2:30"}, /* fixed, logical */
        {0x0000000500004830, true, "F0:30 F2:30"},  /* the same as x2APIC */
        {0x0600000000004930, false, "F1:30"},       /* lowest priority, logical: one of them */
        {0xff00000000004030, false, "F0:30 F1:30 F2:30 F3:30"},
        {0xffffffff00004030, true, "F0:30 F1:30 F2:30 F3:30"},
        {0x0000000000044030, false, "F1:30"}, /* shorthand: self */
        {0x0000000000084030, false, "F0:30 F1:30 F2:30 F3:30"},
        {0x00000000000c4030, false, "F0:30 F2:30 F3:30"}, /* all but self */
        {0x0300000000004400, false, "N3:0"},
        {0x00000000000c4500, false, "I0:0 I2:0 I3:0"},
        {0x0000000000088500, false, ""}, /* INIT de-assert: nothing */
        {0x0300000000004608, false, "S3:8"},
        {0x0900000000004030, false, ""}, /* nobody there */
    };

    (void)state;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        irq_icr_write(m, 1, rows[i].icr, rows[i].x2apic, NOW);
        if (rows[i].want[0])
            assert_int_equal(eventq_next(m->events), NOW + m->cfg.cpu.ipi_cyc);
        assert_string_equal(arrivals(), rows[i].want);
    }
}

static void out(uint16_t port, uint8_t v)
{
    uint32_t lat;

    board_io_write(m, 0, port, 1, v, NOW, &lat);
}

static void ioapic_pin(unsigned pin, uint64_t entry)
{
    uint32_t lat;

    for (unsigned half = 0; half < 2; half++) {
        board_mmio_write(m, 0, (hpa_t){BOARD_IOAPIC}, 4, 0x10 + 2 * pin + half, NOW, &lat);
        board_mmio_write(m, 0, (hpa_t){BOARD_IOAPIC + 0x10}, 4, entry >> 32 * half, NOW, &lat);
    }
}

static void uart_through_ioapic(void **state)
{
    (void)state;
    ioapic_pin(4, 0x0300000000000055);
    out(0x3fc, 8);
    out(0x3f9, 2); /* THRE: the transmitter is empty */
    assert_string_equal(arrivals(), "F3:55");
}

static void level_and_eoi(void **state)
{
    (void)state;
    ioapic_pin(9, 0x0000000000008066);
    irq_set_isa(m, 9, true, NOW);
    assert_string_equal(arrivals(), "F0:66L");
    irq_eoi(m, 0, 0x66, NOW);
    assert_string_equal(arrivals(), "F0:66L");
    irq_set_isa(m, 9, false, NOW);
    irq_eoi(m, 0, 0x66, NOW);
    assert_string_equal(arrivals(), "");
}

static void pit_to_pin_2_and_pic(void **state)
{
    (void)state;
    ioapic_pin(2, 0x0100000000000077);
    out(0x20, 0x11);
    out(0x21, 0x20);
    out(0x21, 4);
    out(0x21, 1);
    out(0x21, 0xfe);
    assert_string_equal(arrivals(), "");
    out(0x43, 0x30); /* mode 0: fires once */
    out(0x40, 100);
    out(0x40, 0);
    assert_string_equal(arrivals(), "E0:0 F1:77");
    assert_int_equal(irq_intack(m, 0), 0x20);
}

static void lapic_timer(void **state)
{
    (void)state;
    irq_timer(m, 2, 5000);
    irq_timer(m, 2, 7000); /* moved */
    assert_int_equal(eventq_next(m->events), 7000);
    assert_string_equal(arrivals(), "T2:0");
    irq_timer(m, 2, 8000);
    irq_timer(m, 2, CYC_NEVER);
    assert_string_equal(arrivals(), "");
}

/* Two bytes of one answer: the second must be an edge of its own, else a driver waits for it for seconds. */
static void every_key_byte_is_an_edge(void **state)
{
    uint32_t lat;

    (void)state;
    board_io_write(m, 0, 0x21, 1, 0xfd, 0, &lat); /* only IRQ 1 */
    board_io_write(m, 0, 0x60, 1, 0xff, 0, &lat); /* keyboard reset: two bytes */
    for (unsigned i = 0; i < 2; i++) {
        assert_true(pic_output(&m->pic));
        pic_ack(&m->pic);
        board_io_write(m, 0, 0x20, 1, 0x20, 0, &lat);
        assert_false(pic_output(&m->pic));
        board_io_read(m, 0, 0x60, 1, 0, &lat);
    }
    assert_false(pic_output(&m->pic));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(icr, fresh, done),
        cmocka_unit_test_setup_teardown(uart_through_ioapic, fresh, done),
        cmocka_unit_test_setup_teardown(level_and_eoi, fresh, done),
        cmocka_unit_test_setup_teardown(pit_to_pin_2_and_pic, fresh, done),
        cmocka_unit_test_setup_teardown(lapic_timer, fresh, done),
        cmocka_unit_test_setup_teardown(every_key_byte_is_an_edge, fresh, done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
