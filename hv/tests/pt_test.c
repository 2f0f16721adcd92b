/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page-table validation (hv/mm/pv/pt.c) on the host. The one property everything hangs on is checked after each of many
 * random operations, from scratch, out of the tables alone: what a guest can reach through validated tables are its own
 * frames, and no frame that is in use as a page table can be written.
 *
 * How it could lie: frames, references and flushes are small stand-ins here (below); the real ones are exercised by the
 * guest's own tests. One domain and no concurrency.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "hv/tests/pt_shim.h"
#include "hv/mm/pv/pt.c"

uint8_t shim_memory[SHIM_FRAMES][4096] __attribute__((aligned(4096)));
static struct hv_page frame_table[SHIM_FRAMES];
static uint8_t chunk_ready[1] = {1};
static struct domain dom, other;
static unsigned n_flushes;
static uint32_t now = 1;
static bool all_stale; /* the filter's answer */

struct hv_page *hv_frame_table = frame_table;
uint64_t *hv_m2p;
uint64_t hv_max_mfn = SHIM_FRAMES;
uint8_t *hv_frame_chunk_ready = chunk_ready;
uint64_t hv_idle_l4[512];
struct hv_options hv_opt;

bool hv_page_get(struct hv_page *p, const struct domain *d)
{
    if (!(p->count_info & HV_PGC_ALLOCATED) || hv_page_owner(p) != d->domain_id)
        return false;
    p->count_info++;
    return true;
}
void hv_page_put(struct hv_page *p)
{
    assert_true(p->count_info & HV_PGC_COUNT_MASK);
    p->count_info--;
    assert_true(p->count_info & HV_PGC_COUNT_MASK); /* nobody gives frames back here */
}
uint32_t hv_flush_now(struct hv_cpumask users)
{
    (void)users;
    return now;
}
struct hv_cpumask hv_flush_filter(struct hv_cpumask mask, uint32_t stamp)
{
    (void)mask, (void)stamp;
    return (struct hv_cpumask){all_stale};
}
void hv_flush_mask(struct hv_cpumask mask, uint64_t va)
{
    (void)mask;
    assert_true(va == HV_FLUSH_ALL);
    n_flushes++;
}

/* Frames 0..9 are nobody's, 10..239 the domain's, 240..255 the other's. */
#define OWN_FIRST   10u
#define OTHER_FIRST 240u

static int setup(void **state)
{
    (void)state;
    memset(shim_memory, 0, sizeof(shim_memory));
    memset(frame_table, 0, sizeof(frame_table));
    memset(hv_idle_l4, 0, sizeof(hv_idle_l4));
    dom.domain_id = 1;
    other.domain_id = 2;
    for (unsigned i = OWN_FIRST; i < SHIM_FRAMES; i++)
        frame_table[i].count_info = HV_PGC_ALLOCATED | HV_PGC_OWNER(i < OTHER_FIRST ? 1 : 2) | 1;
    hv_idle_l4[HV_L4_FIRST_SLOT] = 0xabc000 | X86_PTE_PRESENT;
    n_flushes = 0;
    all_stale = false;
    l1_add_user = X86_PTE_USER;
    hv_opt.tlb_global = 1;
    hv_pt_init();
    return 0;
}

static uint64_t *table(unsigned mfn)
{
    return (uint64_t *)(void *)shim_memory[mfn];
}
static uint64_t pte(unsigned mfn, uint64_t flags)
{
    return (uint64_t)mfn << 12 | flags;
}
#define RW (X86_PTE_PRESENT | X86_PTE_WRITE)
#define RO X86_PTE_PRESENT

/* 10 -> 11 -> 12 -> 13: L4, L3, L2, L1, all mapped read-only by the L1 itself; frame 20 writable, 21 for the user. */
static void make_tree(void)
{
    table(10)[0] = pte(11, RW);
    table(11)[0] = pte(12, RW);
    table(12)[0] = pte(13, RW);
    for (unsigned i = 10; i <= 13; i++)
        table(13)[i] = pte(i, RO);
    table(13)[20] = pte(20, RW);
    table(13)[21] = pte(21, RW | X86_PTE_USER);
}

static uint64_t type_of(unsigned mfn)
{
    return frame_table[mfn].type_info & HV_PGT_TYPE_MASK;
}
static uint64_t count_of(unsigned mfn)
{
    return frame_table[mfn].type_info & HV_PGT_COUNT_MASK;
}

static void test_tree(void **state)
{
    (void)state;
    make_tree();
    assert_int_equal(hv_pt_pin(&dom, 10, HV_PGT_L4), 0);
    assert_true(type_of(13) == HV_PGT_L1 && type_of(12) == HV_PGT_L2 && type_of(11) == HV_PGT_L3);
    assert_true(type_of(20) == HV_PGT_WRITABLE && count_of(20) == 1);
    assert_true(table(10)[HV_L4_FIRST_SLOT] == hv_idle_l4[HV_L4_FIRST_SLOT]);
    assert_true(table(12)[0] & X86_PTE_USER);
    assert_int_equal(hv_pt_pin(&dom, 10, HV_PGT_L4), -XEN_EINVAL);
    assert_int_equal(hv_pt_unpin(&dom, 10), 0);
    assert_int_equal(hv_pt_unpin(&dom, 10), -XEN_EINVAL);
    for (unsigned i = OWN_FIRST; i < SHIM_FRAMES; i++) {
        assert_int_equal(count_of(i), 0);
        assert_int_equal(frame_table[i].count_info & HV_PGC_COUNT_MASK, 1);
    }
}

/* The rule of September 2006, and that writing back what was read changes nothing. */
static void test_global_bits(void **state)
{
    (void)state;
    make_tree();
    table(13)[22] = pte(22, RO | X86_PTE_GLOBAL);
    assert_int_equal(hv_pt_pin(&dom, 10, HV_PGT_L4), 0);
    assert_true(table(13)[20] == pte(20, RW | X86_PTE_USER | HV_PTE_GUEST_KERNEL));
    assert_true(table(13)[21] == pte(21, RW | X86_PTE_USER | X86_PTE_GLOBAL));
    assert_true(table(13)[22] == pte(22, RO | X86_PTE_USER | HV_PTE_GUEST_KERNEL));
    for (unsigned i = 20; i < 23; i++) {
        uint64_t before = table(13)[i];
        assert_int_equal(hv_pt_update_va(&dom, 10 << 12, (uint64_t)i << 12, before), 0);
        assert_true(table(13)[i] == before);
    }
    l1_add_user = X86_PTE_USER; /* tlb-global=off: nothing of the guest's is global */
    assert_int_equal(hv_pt_update_va(&dom, 10 << 12, 21 << 12, pte(21, RW | X86_PTE_USER)), 0);
    assert_true(table(13)[21] == pte(21, RW | X86_PTE_USER));
}

static void test_refused_entries(void **state)
{
    const struct {
        uint64_t entry;
        int error;
    } bad[] = {
        {pte(13, RW), -XEN_EBUSY},                     /* a table of level 1, writable */
        {pte(10, RW), -XEN_EBUSY},                     /* of level 4 */
        {pte(OTHER_FIRST, RO), -XEN_EPERM},            /* another domain's */
        {pte(5, RO), -XEN_EPERM},                      /* the hypervisor's */
        {pte(SHIM_FRAMES, RO), -XEN_EPERM},            /* no frame */
        {X86_PTE_ADDR_MASK | RO, -XEN_EPERM},          /* the last frame number there is */
        {pte(20, RO | X86_PTE_LARGE), -XEN_EINVAL},    /* PAT */
        {pte(20, RO | X86_PTE_PCD), -XEN_EINVAL},      /* cache attributes */
        {pte(20, RO) | UINT64_C(1) << 62, -XEN_EINVAL} /* reserved */
    };
    (void)state;
    make_tree();
    assert_int_equal(hv_pt_pin(&dom, 10, HV_PGT_L4), 0);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(hv_pt_update_va(&dom, 10 << 12, 30 << 12, bad[i].entry), bad[i].error);
        assert_true(table(13)[30] == 0);
    }
    assert_int_equal(hv_pt_update(&dom, 10 << 12 | HV_L4_LAST_SLOT * 8, 0, false), -XEN_EPERM);
    assert_int_equal(hv_pt_update(&dom, 12 << 12 | 8, pte(0x200, RW | X86_PTE_LARGE), false), -XEN_EINVAL);
    assert_int_equal(hv_pt_update(&dom, 12 << 12 | 4, 0, false), -XEN_EINVAL);
    assert_int_equal(hv_pt_update(&dom, (uint64_t)OTHER_FIRST << 12, 0, false), -XEN_EPERM);
}

/* A table that names itself, at any level, and one that a failing table had begun to take. */
static void test_refused_tables(void **state)
{
    (void)state;
    for (unsigned level = 1; level <= 4; level++) {
        setup(NULL);
        make_tree();
        table(14 - level)[7] = pte(14 - level, RW);
        assert_int_not_equal(hv_pt_pin(&dom, 10, HV_PGT_L4), 0);
        for (unsigned i = OWN_FIRST; i < SHIM_FRAMES; i++) {
            assert_int_equal(count_of(i), 0);
            assert_int_equal(frame_table[i].count_info & HV_PGC_COUNT_MASK, 1);
        }
    }
}

/* Writable, given up, then a table: whoever may still write through an old translation is flushed first. */
static void test_type_change_flushes(void **state)
{
    (void)state;
    make_tree();
    assert_int_equal(hv_pt_pin(&dom, 10, HV_PGT_L4), 0);
    now = 77;
    assert_int_equal(hv_pt_update_va(&dom, 10 << 12, 20 << 12, 0), 0);
    assert_int_equal(frame_table[20].tlb_stamp, 77);
    n_flushes = 0;
    all_stale = true;
    assert_int_equal(hv_pt_pin(&dom, 20, HV_PGT_L1), 0);
    assert_int_equal(n_flushes, 1);
    assert_int_equal(hv_pt_unpin(&dom, 20), 0);
    assert_int_equal(hv_pt_pin(&dom, 20, HV_PGT_L1), 0); /* the same type again: nothing to flush */
    assert_int_equal(n_flushes, 1);
}

static void test_descriptors(void **state)
{
    (void)state;
    table(30)[1] = 0x00af9b000000ffff; /* ring-0 code: raised to ring 3 */
    assert_int_equal(hv_pt_get(&dom, 30, HV_PGT_SEGDESC), 0);
    assert_true(table(30)[1] == 0x00affb000000ffff);
    table(31)[1] = 0x0000ec0000000000; /* call gate */
    assert_int_equal(hv_pt_get(&dom, 31, HV_PGT_SEGDESC), -XEN_EINVAL);
}

/* ---- random operations against the property ---- */

static void check_table(unsigned level, unsigned mfn)
{
    assert_true(mfn >= OWN_FIRST && mfn < OTHER_FIRST);
    assert_true(type_of(mfn) == TYPE(level) && count_of(mfn) > 0);
    for (unsigned i = 0; i < HV_PT_ENTRIES; i++) {
        uint64_t e = table(mfn)[i];
        if (is_hv_slot(level, i) || !(e & X86_PTE_PRESENT))
            continue;
        unsigned to = (unsigned)pte_mfn(e);
        if (level > 1) {
            check_table(level - 1, to);
            continue;
        }
        assert_true(to >= OWN_FIRST && to < OTHER_FIRST);
        bool is_table = count_of(to) && type_of(to) >= HV_PGT_L1 && type_of(to) <= HV_PGT_L4;
        assert_false((e & X86_PTE_WRITE) && is_table);
        assert_false((e & X86_PTE_GLOBAL) && (e & HV_PTE_GUEST_KERNEL));
    }
}

static uint64_t random_entry(void)
{
    static const uint64_t flags[] = {0, RO, RW, RW | X86_PTE_USER, RO | X86_PTE_USER, RW | X86_PTE_LARGE};
    return pte((unsigned)rand() % 30 + 6, flags[(unsigned)rand() % 6]);
}

static void random_op(void)
{
    static const uint64_t level[] = {HV_PGT_L1, HV_PGT_L2, HV_PGT_L3, HV_PGT_L4};
    unsigned mfn = (unsigned)rand() % 28 + 8, slot = (unsigned)rand() % 4;

    switch (rand() % 4) {
    case 0:
        hv_pt_pin(&dom, mfn, level[rand() % 4]);
        break;
    case 1:
        hv_pt_unpin(&dom, mfn);
        break;
    default:
        hv_pt_update(&dom, (uint64_t)mfn << 12 | slot * 8, random_entry(), rand() % 2);
        break;
    }
}

static void test_random(void **state)
{
    unsigned validated = 0;

    (void)state;
    srand(1);
    for (unsigned round = 0; round < 40; round++) {
        setup(NULL);
        for (unsigned n = 0; n < 2000; n++) {
            random_op();
            for (unsigned mfn = 8; mfn < 36; mfn++)
                if (count_of(mfn) && type_of(mfn) >= HV_PGT_L1 && type_of(mfn) <= HV_PGT_L4)
                    check_table(LEVEL(type_of(mfn)), mfn), validated++;
        }
        for (unsigned mfn = 8; mfn < 36; mfn++)
            hv_pt_unpin(&dom, mfn);
        for (unsigned i = 0; i < SHIM_FRAMES; i++) {
            assert_int_equal(count_of(i), 0);
            assert_int_equal(frame_table[i].count_info & HV_PGC_COUNT_MASK, i >= OWN_FIRST);
        }
    }
    assert_true(validated > 100000); /* or the property was checked on nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_tree, setup),
        cmocka_unit_test_setup(test_global_bits, setup),
        cmocka_unit_test_setup(test_refused_entries, setup),
        cmocka_unit_test_setup(test_refused_tables, setup),
        cmocka_unit_test_setup(test_type_change_flushes, setup),
        cmocka_unit_test_setup(test_descriptors, setup),
        cmocka_unit_test_setup(test_random, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
