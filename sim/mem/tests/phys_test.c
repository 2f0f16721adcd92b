/* SPDX-License-Identifier: Apache-2.0 */
/* RAM below and above the hole, copies at its edges. Could lie if the host lent us readable memory behind the mapping:
 * the edges are therefore tested through the return value, not by touching. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "sim/mem/phys.h"

#define MIB  ((uint64_t)1 << 20)
#define GIB  ((uint64_t)1 << 30)
#define HOLE (3 * GIB)

static void all_below_the_hole(void **state)
{
    (void)state;
    struct phys *p = phys_new(64 * MIB, HOLE);
    assert_int_equal(p->low_end, 64 * MIB);
    assert_int_equal(p->high_end, 0);
    assert_int_equal(p->top, 64 * MIB);
    assert_true(phys_is_ram(p, (hpa_t){64 * MIB - 1}));
    assert_false(phys_is_ram(p, (hpa_t){64 * MIB}));
    assert_false(phys_is_ram(p, (hpa_t){4 * GIB}));
    assert_null(phys_host(p, (hpa_t){HOLE}));
    assert_ptr_equal(phys_host(p, (hpa_t){4097}), p->base + 4097);
    assert_int_equal(p->frame_flags[64 * MIB / 4096 - 1], 0);
    phys_free(p);
}

static void split_by_the_hole(void **state)
{
    (void)state;
    struct phys *p = phys_new(HOLE + 16 * MIB, HOLE);
    assert_int_equal(p->low_end, HOLE);
    assert_int_equal(p->high_end, 4 * GIB + 16 * MIB);
    assert_false(phys_is_ram(p, (hpa_t){HOLE}));
    assert_true(phys_is_ram(p, (hpa_t){4 * GIB}));
    char in[16] = "hello, high RAM", out[16] = {0};
    assert_true(phys_copy_in(p, (hpa_t){4 * GIB + 16 * MIB - 16}, in, 16));
    assert_true(phys_copy_out(p, out, (hpa_t){4 * GIB + 16 * MIB - 16}, 16));
    assert_memory_equal(in, out, 16);
    phys_free(p);
}

static void a_copy_is_all_or_nothing(void **state)
{
    (void)state;
    struct phys *p = phys_new(HOLE + 16 * MIB, HOLE);
    static const char in[32] = "0123456789abcdef0123456789abcde";
    char out[32];
    assert_false(phys_copy_in(p, (hpa_t){HOLE - 16}, in, 32));
    assert_true(phys_copy_out(p, out, (hpa_t){HOLE - 16}, 16));
    assert_int_equal(out[0], 0);
    assert_false(phys_copy_out(p, out, (hpa_t){UINT64_MAX - 3}, 32));
    assert_false(phys_copy_in(p, (hpa_t){HOLE - 16}, in, 2 * GIB)); /* both ends RAM, a hole between */
    assert_true(phys_copy_in(p, (hpa_t){HOLE - 16}, in, 16));
    assert_true(phys_copy_in(p, (hpa_t){HOLE}, in, 0));
    phys_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_below_the_hole),
        cmocka_unit_test(split_by_the_hole),
        cmocka_unit_test(a_copy_is_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
