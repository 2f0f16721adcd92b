/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that writes garbage everywhere: random reads and writes of every width to random ports and device addresses,
 * most of them near devices, time going on and events running, the same on every run. Nothing may stop the simulator:
 * no crash, no "not modelled", no endless storm of events. Could lie: it asks for no right answers; and with fake cores
 * (fake_cpu.h) interrupts arrive nowhere.
 */
#include "fake_cpu.h"
#include "sim/core/rng.h"
#include "test_board.h"

enum { CASES = 400000, STEP_CYC = 5000, EVENTS_MAX = 400 };

static const uint16_t near_ports[] = {0x20, 0x40,  0x60,  0x70,  0x80,  0xa0, 0xe8,
                                      0xf4, 0x3f8, 0x4d0, 0x510, 0x600, 0xcf8};
static const uint64_t near_addresses[] = {BOARD_IOAPIC, BOARD_HPET, BOARD_HPET + 0x100,
                                          0xfed40000,   0xc0000000, 0xfffffff0};

static uint16_t some_port(struct rng *r)
{
    if (rng_below(r, 8) == 0)
        return (uint16_t)rng_next(r);
    return (uint16_t)(near_ports[rng_below(r, G_N_ELEMENTS(near_ports))] + rng_below(r, 16));
}

static void one_access(struct machine *m, struct rng *r, cyc_t now)
{
    static const uint64_t values[] = {0, 1, 0xff, 0x80000000, UINT64_MAX};
    unsigned bytes = 1u << rng_below(r, 3);
    uint64_t v = rng_below(r, 4) ? rng_next(r) : values[rng_below(r, G_N_ELEMENTS(values))];
    hpa_t a = {near_addresses[rng_below(r, G_N_ELEMENTS(near_addresses))] + rng_below(r, 0x80)};
    unsigned wide = 1u << rng_below(r, 4);
    uint32_t lat;

    switch (rng_below(r, 5)) {
    case 0:
        board_io_read(m, 0, some_port(r), bytes, now, &lat);
        break;
    case 1:
    case 2:
        board_io_write(m, 0, some_port(r), bytes, (uint32_t)(v & (bytes == 4 ? UINT32_MAX : (1u << bytes * 8) - 1)),
                       now, &lat);
        break;
    case 3:
        board_mmio_read(m, 0, a, wide, now, &lat);
        break;
    default:
        board_mmio_write(m, 0, a, wide, v, now, &lat);
        break;
    }
}

static void garbage(void **state)
{
    struct machine_cfg cfg = test_cfg(2);
    struct rng r;

    (void)state;
    cfg.is_open_bus = true;
    fake_reset(1, 0);
    struct machine *m = machine_new(&cfg);
    rng_seed(&r, 7);
    for (unsigned i = 0; i < CASES; i++) {
        cyc_t now = (cyc_t)i * STEP_CYC;
        unsigned events = 0;

        while (eventq_next(m->events) <= now) {
            eventq_run_one(m->events);
            assert_true(++events < EVENTS_MAX);
        }
        one_access(m, &r, now);
        irq_icr_write(m, 0, rng_next(&r), i & 1, now);
        if (rng_below(&r, 4) == 0)
            irq_intack(m, 0);
    }
    assert_true(m->unknown_accesses > CASES / 100);
    machine_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(garbage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
