/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random x87 instructions against the host's processor: every row of insn_x87.def, all rounding and precision modes,
 * masks, tops of stack and tags, stack faults, values of every class, pending exceptions; loads, stores, environments.
 *
 *   x87_host_test [CASES [SEED]]     default 200000 cases
 *
 * How it could lie: as sse_host_test says; the x87 pointers and opcode are not compared; transcendental functions are
 * whatever this host makes of them. 64-bit code only: the 16-bit formats of environments are tried, real mode's are
 * not.
 */
#include "cpu/tests/fp_host.h"

static uint64_t n_cases = 200000, seed = 20061117;

static bool wanted(const struct cpu_row *row)
{
    return row->key.map == 1;
}

/* Memory that looks like what the instruction expects. */
static void shape(struct fake *f, struct fp_case *k)
{
    uint64_t v[2] = {0, 0};
    uint16_t sign_exponent, word = (uint16_t)(0x37f | fp_below(4) << 10 | fp_below(4) << 8);
    if (k->mem_bytes == 10 && fp_below(2)) {
        fp_extended(&v[0], &sign_exponent);
        v[1] = sign_exponent;
        fp_set_memory(f, k->ea, v, 10);
    } else if (k->mem_bytes == 10) { /* decimal digits */
        uint8_t bcd[10];
        for (unsigned n = 0; n < 10; n++)
            bcd[n] = (uint8_t)(fp_below(10) << 4 | fp_below(10));
        bcd[9] = (uint8_t)(fp_below(2) << 7);
        fp_set_memory(f, k->ea, bcd, 10);
    } else if (k->mem_bytes == 512) { /* an environment: words that mean something */
        unsigned bytes = k->size == 2 ? 2 : 4;
        uint16_t status = (uint16_t)(fp_below(0x8000) & ~(fp_below(2) ? 0xbfull : 0x80ull)),
                 tags = (uint16_t)fp_below(0x10000);
        fp_set_memory(f, k->ea, &word, 2);
        fp_set_memory(f, k->ea + bytes, &status, 2);
        fp_set_memory(f, k->ea + 2 * bytes, &tags, 2);
    } else if (k->mem_bytes == 2 && fp_below(2)) {
        fp_set_memory(f, k->ea, &word, 2);
    }
}

static void test_x87(void **state)
{
    (void)state;
    assert_int_equal(fp_run(n_cases, seed, wanted, shape), 0);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        n_cases = strtoull(argv[1], NULL, 0);
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 0);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_x87)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
