/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the manuals say about TLB entries, in examples: staleness, globals, PCIDs, page sizes, INVLPG. Could lie by
 * leaving a rule out; each is named after the sentence it tests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "tlb/tlb.h"

static const struct tlb_cfg cfg = {
    .l1_small = {{8, 8}, {8, 8}}, .l1_large = {{4, 4}, {4, 4}}, .l2_small = {64, 4}, .l2_large = {16, 4}};

static struct tlb_entry page(uint64_t la, uint64_t pa, uint16_t pcid, uint8_t perm)
{
    return (struct tlb_entry){
        .vpn = la >> 12, .pfn = pa >> 12, .pcid = pcid, .shift = 12, .page_shift = 12, .perm = perm};
}

static struct tlb_entry piece(uint64_t la, uint64_t pa, uint8_t page_shift, uint8_t perm)
{
    return (struct tlb_entry){
        .vpn = la >> 21 << 9, .pfn = pa >> 12, .shift = 21, .page_shift = page_shift, .perm = perm};
}

/* The physical address of @la, or all ones. */
static uint64_t look(struct tlb *t, uint64_t la, uint16_t pcid)
{
    struct tlb_hit hit;
    return tlb_lookup(t, TLB_DATA, (gva_t){la}, pcid, &hit) ? tlb_translate(hit.entry, (gva_t){la}).v : UINT64_MAX;
}
#define MISS UINT64_MAX

static int set_up(void **state)
{
    *state = tlb_new(&cfg, NULL, NULL);
    return 0;
}
static int tear_down(void **state)
{
    tlb_free(*state);
    return 0;
}

static void an_entry_stays_until_it_is_flushed(void **state)
{
    struct tlb *t = *state;
    struct tlb_entry old = page(0x1000, 0x7000, 0, TLB_W), new = page(0x1000, 0x9000, 0, TLB_W);
    tlb_fill(t, TLB_DATA, &old);
    tlb_fill(t, TLB_FETCH, &new); /* the other side of level 1 keeps what it has */
    assert_int_equal(look(t, 0x1234, 0), 0x7234);
    tlb_flush_page(t, (gva_t){0x1fff}, 0);
    assert_int_equal(look(t, 0x1234, 0), MISS);
    assert_int_equal(tlb_stats(t)->entries_flushed, 3);
}

static void a_fill_replaces_the_same_page(void **state)
{
    struct tlb *t = *state;
    struct tlb_entry clean = page(0x1000, 0x7000, 0, TLB_W), dirty = page(0x1000, 0x7000, 0, TLB_W | TLB_DIRTY);
    unsigned a = tlb_fill(t, TLB_DATA, &clean), b = tlb_fill(t, TLB_DATA, &dirty);
    assert_int_equal(a, b);
    assert_int_equal(tlb_entry_at(t, TLB_DATA, a)->perm, TLB_W | TLB_DIRTY);
}

static void mov_cr3_keeps_globals(void **state)
{
    struct tlb *t = *state;
    struct tlb_entry local = page(0x1000, 0x7000, 0, 0), global = page(0x2000, 0x8000, 0, TLB_GLOBAL);
    tlb_fill(t, TLB_DATA, &local);
    tlb_fill(t, TLB_DATA, &global);
    tlb_flush_cr3(t, 0, true);
    assert_int_equal(look(t, 0x1000, 0), MISS);
    assert_int_equal(look(t, 0x2000, 0), 0x8000);
    tlb_flush_all(t);
    assert_int_equal(look(t, 0x2000, 0), MISS);
}

static void pcids_are_apart_and_globals_in_all(void **state)
{
    struct tlb *t = *state;
    struct tlb_entry one = page(0x1000, 0x7000, 1, 0), two = page(0x1000, 0x8000, 2, 0),
                     global = page(0x3000, 0x9000, 1, TLB_GLOBAL);
    tlb_fill(t, TLB_DATA, &one);
    tlb_fill(t, TLB_DATA, &two);
    tlb_fill(t, TLB_DATA, &global);
    assert_int_equal(look(t, 0x1000, 1), 0x7000);
    assert_int_equal(look(t, 0x1000, 2), 0x8000);
    assert_int_equal(look(t, 0x1000, 3), MISS);
    assert_int_equal(look(t, 0x3000, 77), 0x9000);
    tlb_flush_cr3(t, 1, false);
    assert_int_equal(look(t, 0x1000, 1), MISS);
    assert_int_equal(look(t, 0x1000, 2), 0x8000);
    assert_int_equal(look(t, 0x3000, 1), 0x9000);
}

static void invlpg_takes_globals_and_this_pcid_only(void **state)
{
    struct tlb *t = *state;
    struct tlb_entry one = page(0x1000, 0x7000, 1, 0), two = page(0x1000, 0x8000, 2, 0),
                     global = page(0x3000, 0x9000, 1, TLB_GLOBAL);
    tlb_fill(t, TLB_DATA, &one);
    tlb_fill(t, TLB_DATA, &two);
    tlb_fill(t, TLB_DATA, &global);
    tlb_flush_page(t, (gva_t){0x1000}, 1);
    tlb_flush_page(t, (gva_t){0x3000}, 2);
    assert_int_equal(look(t, 0x1000, 1), MISS);
    assert_int_equal(look(t, 0x1000, 2), 0x8000);
    assert_int_equal(look(t, 0x3000, 1), MISS);
}

static void a_page_that_became_global_is_one_entry(void **state)
{
    struct tlb *t = *state;
    struct tlb_entry local = page(0x1000, 0x7000, 2, 0), global = page(0x1000, 0x8000, 1, TLB_GLOBAL);
    tlb_fill(t, TLB_DATA, &local);
    tlb_fill(t, TLB_DATA, &global);
    assert_int_equal(look(t, 0x1000, 2), 0x8000);
    local.pfn = 0xa;
    tlb_fill(t, TLB_DATA, &local);
    assert_int_equal(look(t, 0x1000, 2), 0xa000);
    assert_int_equal(look(t, 0x1000, 1), MISS);
}

static void invlpg_takes_all_pieces_of_a_large_page(void **state)
{
    struct tlb *t = *state;
    const uint64_t gib = 1ull << 30, mib2 = 1ull << 21;
    struct tlb_entry first = piece(gib, 4 * gib, 30, 0), other = piece(gib + 5 * mib2, 4 * gib + 5 * mib2, 30, 0),
                     neighbour = piece(2 * gib, 0, 30, 0), plain = piece(gib + 6 * mib2, 0, 21, 0);
    tlb_fill(t, TLB_DATA, &first);
    tlb_fill(t, TLB_DATA, &other);
    tlb_fill(t, TLB_DATA, &neighbour);
    tlb_fill(t, TLB_DATA, &plain);
    assert_int_equal(look(t, gib + 5 * mib2 + 0x12345, 0), 4 * gib + 5 * mib2 + 0x12345);
    tlb_flush_page(t, (gva_t){gib + 300 * mib2}, 0); /* a piece that never was entered */
    assert_int_equal(look(t, gib, 0), MISS);
    assert_int_equal(look(t, gib + 5 * mib2, 0), MISS);
    assert_int_equal(look(t, 2 * gib + 1, 0), 1);
    assert_int_equal(look(t, gib + 6 * mib2 + 7, 0), 7);
}

static void a_small_and_a_large_entry_may_both_stand(void **state)
{
    struct tlb *t = *state;
    struct tlb_entry small = page(0x201000, 0x7000, 0, 0), large = piece(0x200000, 0x40000000, 21, 0);
    tlb_fill(t, TLB_DATA, &large);
    tlb_fill(t, TLB_DATA, &small);
    assert_int_equal(look(t, 0x201004, 0), 0x7004);
    assert_int_equal(look(t, 0x202004, 0), 0x40002004);
    tlb_flush_page(t, (gva_t){0x201000}, 0);
    assert_int_equal(look(t, 0x201004, 0), MISS);
    assert_int_equal(look(t, 0x202004, 0), MISS);
}

static void a_fault_drops_the_page_uncounted(void **state)
{
    struct tlb *t = *state;
    struct tlb_entry e = page(0x1000, 0x7000, 0, 0);
    tlb_fill(t, TLB_DATA, &e);
    tlb_drop(t, (gva_t){0x1000}, 0);
    assert_int_equal(look(t, 0x1000, 0), MISS);
    assert_int_equal(tlb_stats(t)->entries_flushed, 0);
}

static void a_second_level_hit_moves_up(void **state)
{
    struct tlb *t = *state;
    struct tlb_hit hit;
    for (uint64_t i = 0; i < 9; i++) { /* one more than level 1 holds */
        struct tlb_entry e = page(i << 12, i << 12, 0, 0);
        tlb_fill(t, TLB_DATA, &e);
    }
    assert_true(tlb_lookup(t, TLB_DATA, (gva_t){0}, 0, &hit));
    assert_int_equal(hit.level, 2);
    assert_true(tlb_lookup(t, TLB_DATA, (gva_t){0}, 0, &hit));
    assert_int_equal(hit.level, 1);
    assert_ptr_equal(hit.entry, tlb_entry_at(t, TLB_DATA, hit.slot));
    assert_true(tlb_lookup(t, TLB_FETCH, (gva_t){0}, 0, &hit));
    assert_int_equal(hit.level, 2);
}

static void a_bad_shape_is_named(void **state)
{
    (void)state;
    struct tlb_cfg bad = cfg;
    assert_null(tlb_cfg_error(&bad));
    bad.l2_small = (struct tlb_array_cfg){10, 4};
    assert_non_null(tlb_cfg_error(&bad));
    bad = cfg;
    bad.l1_small[TLB_FETCH].entries = 0;
    assert_non_null(tlb_cfg_error(&bad));
    bad = cfg;
    bad.l2_shared = true;
    assert_non_null(tlb_cfg_error(&bad));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_entry_stays_until_it_is_flushed),
        TEST(a_fill_replaces_the_same_page),
        TEST(mov_cr3_keeps_globals),
        TEST(pcids_are_apart_and_globals_in_all),
        TEST(invlpg_takes_globals_and_this_pcid_only),
        TEST(a_page_that_became_global_is_one_entry),
        TEST(invlpg_takes_all_pieces_of_a_large_page),
        TEST(a_small_and_a_large_entry_may_both_stand),
        TEST(a_fault_drops_the_page_uncounted),
        TEST(a_second_level_hit_moves_up),
        cmocka_unit_test(a_bad_shape_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
