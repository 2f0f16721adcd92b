/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random MMX and SSE to SSE4.2 instructions against the host's processor: every row of insn_simd.def as often as any
 * other, register and memory forms, all MXCSR modes and masks, aligned and not, with pending x87 exceptions. #XM, #MF,
 * #GP and what MXCSR says after them included.
 *
 *   sse_host_test [CASES [SEED]]     default 200000 cases
 *
 * How it could lie: kernels are the host's own instructions, so the operations themselves are not what is tested, but
 * all around them: operands, sizes, flags, faults, decode. The host must have SSE4.2. 64-bit code only. RCP and RSQRT
 * are whatever this host makes of them.
 */
#include "cpu/tests/fp_host.h"

static uint64_t n_cases = 200000, seed = 20061117;

static bool wanted(const struct cpu_row *row)
{
    return row->key.map != 1;
}

static void shape(struct fake *f, struct fp_case *k)
{
    uint32_t mxcsr = (uint32_t)fp_below(0x10000);
    if (strncmp(k->row->name, "DPP", 3) == 0) /* a known difference: exec_sse.c */
        k->in.fpu.mxcsr |= MXCSR_MASKS;
    bool strings = k->row->key.map == 4 && k->row->key.opcode >= 0x60;
    for (unsigned r = 0; r <= 2; r += 2) /* lengths, where the register is not the address */
        if (strings && (!k->mem_bytes || k->in.r[r] - k->ea + 8192 > 16384) && fp_below(4))
            k->in.r[r] = fp_below(40) - 20;
    if (k->mem_bytes == 512 && fp_below(4)) { /* FXRSTOR from something it accepts */
        fp_set_memory(f, k->ea + 24, &mxcsr, 4);
    } else if (k->row->key.opcode == 0xae && k->mem_bytes == 4 && fp_below(4)) {
        fp_set_memory(f, k->ea, &mxcsr, 4);
    }
}

static void test_sse(void **state)
{
    (void)state;
    if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt")) {
        print_message("SKIP: this host has no SSE4.2\n");
        exit(77);
    }
    assert_int_equal(fp_run(n_cases, seed, wanted, shape), 0);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        n_cases = strtoull(argv[1], NULL, 0);
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 0);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sse)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
