/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walker's path: which entries it reads, each format's addresses and reserved bits, large pages and their pieces,
 * entries that change under it, turns it has to wait for. Rights are access_permutations_test.c's matter. Could lie if
 * the fake memory were kinder than the caches: it refuses whatever was not set up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "mmu/mmu.h"

/* ---- a small memory of table entries
 * ------------------------------------------------------------------------------------ */
struct memory {
    struct {
        uint64_t a, v;
    } cell[16];
    unsigned n, reads, sets;
    unsigned wait_at_read, wait_at_set; /* 1: the first one... 0: never */
    uint64_t rival;                     /* ored in before the first set_bits, which so fails */
};

static uint64_t *cell(struct memory *m, uint64_t a)
{
    for (unsigned i = 0; i < m->n; i++)
        if (m->cell[i].a == a)
            return &m->cell[i].v;
    fail_msg("nothing at %#llx", (unsigned long long)a);
    return NULL;
}

static void put(struct memory *m, uint64_t a, uint64_t v)
{
    m->cell[m->n].a = a;
    m->cell[m->n++].v = v;
}

static enum mmu_status read_entry(void *opaque, hpa_t a, unsigned bytes, uint64_t *value, uint32_t *lat)
{
    struct memory *m = opaque;
    (void)bytes;
    if (++m->reads == m->wait_at_read)
        return MMU_WAIT;
    *value = *cell(m, a.v);
    *lat += 100;
    return MMU_OK;
}

static enum mmu_status set_bits(void *opaque, hpa_t a, unsigned bytes, uint64_t expect, uint64_t bits, bool *done,
                                uint32_t *lat)
{
    struct memory *m = opaque;
    (void)bytes;
    if (++m->sets == m->wait_at_set)
        return MMU_WAIT;
    *cell(m, a.v) |= m->rival;
    m->rival = 0;
    *done = *cell(m, a.v) == expect;
    if (*done)
        *cell(m, a.v) |= bits;
    *lat += 7;
    return MMU_OK;
}
static const struct mmu_mem_ops ops = {read_entry, set_bits};

static const struct mmu_regs long_mode = {
    .cr3 = 0x1000, .format = MMU_FORMAT_4LEVEL, .wp = true, .nxe = true, .pge = true, .phys_bits = 40, .has_1g = true};

static enum mmu_status walk(const struct mmu_regs *r, struct memory *m, uint64_t la, enum mmu_access access,
                            struct mmu_result *out)
{
    return mmu_walk(r, (gva_t){la}, access, false, false, 3, &ops, m, out);
}

/* Tables for 0xffff888000605000 (indices 273, 0, 3, 5), all present, writable, supervisor, accessed. */
#define LA 0xffff888000605abcull
static struct memory four_levels(uint64_t pte)
{
    struct memory m = {.n = 0};
    put(&m, 0x1000 + 273 * 8, 0x2023);
    put(&m, 0x2000, 0x3023);
    put(&m, 0x3000 + 3 * 8, 0x4023);
    put(&m, 0x4000 + 5 * 8, pte);
    return m;
}

static void reads_root_to_leaf(void **state)
{
    (void)state;
    struct memory m = four_levels(0x8000000012345163ull);
    struct mmu_result out;
    struct mmu_regs r = long_mode;
    r.cr3 |= 0xfff; /* PCID and PCD, PWT are no address */
    assert_int_equal(walk(&r, &m, LA, MMU_READ, &out), MMU_OK);
    assert_int_equal(out.refs, 4);
    assert_int_equal(out.latency_cyc, 400);
    assert_int_equal(m.sets, 0);
    assert_true(out.entry.vpn == LA >> 12);
    assert_int_equal(out.entry.pfn, 0x12345);
    assert_int_equal(out.entry.shift, 12);
    assert_int_equal(out.entry.page_shift, 12);
    assert_int_equal(out.entry.perm, TLB_W | TLB_DIRTY | TLB_GLOBAL);
    assert_int_equal(out.entry.memtype, 0);
    assert_int_equal(out.entry.pcid, 3);
    r.pge = false;
    assert_int_equal(walk(&r, &m, LA, MMU_READ, &out), MMU_OK);
    assert_false(out.entry.perm & TLB_GLOBAL);
}

static void pcd_is_uncached(void **state)
{
    (void)state;
    struct memory m = four_levels(0x12345073);
    struct mmu_result out;
    assert_int_equal(walk(&long_mode, &m, LA, MMU_READ, &out), MMU_OK);
    assert_int_equal(out.entry.memtype, 1);
}

static void each_reserved_bit_faults(void **state)
{
    (void)state;
    struct mmu_result out;
    for (unsigned level = 0; level < 4; level++)
        for (unsigned bit = 1; bit < 64; bit++) {
            struct memory m = four_levels(0x12345063);
            bool reserved = (bit >= 40 && bit < 52) || (level == 0 && bit == 7);
            if (bit == 7 && (level == 1 || level == 2))
                continue; /* a large page then, see below */
            m.cell[level].v |= 1ull << bit;
            if (!reserved && level < 3 && bit >= 12 && bit < 52)
                continue; /* another table */
            enum mmu_status s = walk(&long_mode, &m, LA, MMU_READ, &out);
            assert_int_equal(s, reserved ? MMU_FAULT : MMU_OK);
            if (reserved)
                assert_int_equal(out.error, MMU_PF_P | MMU_PF_RSVD);
        }
}

static void two_mib_page(void **state)
{
    (void)state;
    struct mmu_result out;
    for (unsigned bit = 12; bit < 64; bit++) {
        struct memory m = four_levels(0);
        m.cell[2].v = 0x400000e3 | 1ull << bit;
        bool reserved = (bit > 12 && bit < 21) || (bit >= 40 && bit < 52);
        assert_int_equal(walk(&long_mode, &m, LA, MMU_READ, &out), reserved ? MMU_FAULT : MMU_OK);
        if (bit != 12) /* PAT */
            continue;
        assert_int_equal(out.entry.shift, 21);
        assert_int_equal(out.entry.page_shift, 21);
        assert_true(out.entry.vpn == (LA >> 21) << 9);
        assert_int_equal(tlb_translate(&out.entry, (gva_t){LA}).v, 0x40005abc);
        assert_int_equal(out.refs, 3);
    }
}

static void one_gib_page_is_entered_as_a_piece(void **state)
{
    (void)state;
    struct memory m = four_levels(0);
    struct mmu_regs r = long_mode;
    struct mmu_result out;
    m.cell[1].v = 0x1c00000e3;
    assert_int_equal(walk(&r, &m, LA, MMU_READ, &out), MMU_OK);
    assert_int_equal(out.entry.shift, 21);
    assert_int_equal(out.entry.page_shift, 30);
    assert_int_equal(tlb_translate(&out.entry, (gva_t){LA}).v, 0x1c0605abc);
    m.cell[1].v |= 1 << 13;
    assert_int_equal(walk(&r, &m, LA, MMU_READ, &out), MMU_FAULT);
    m.cell[1].v = 0x1c00000e3;
    r.has_1g = false;
    assert_int_equal(walk(&r, &m, LA, MMU_READ, &out), MMU_FAULT);
    assert_int_equal(out.error, MMU_PF_P | MMU_PF_RSVD);
}

static void thirty_two_bit_tables(void **state)
{
    (void)state;
    struct memory m = {.n = 0};
    struct mmu_regs r = {.cr3 = 0x1fff, .format = MMU_FORMAT_32, .pse = true, .phys_bits = 36};
    struct mmu_result out;
    put(&m, 0x1000 + 0x200 * 4, 0x2023);
    put(&m, 0x2000 + 5 * 4, 0xfffff063);
    assert_int_equal(walk(&r, &m, 0x80005123, MMU_WRITE, &out), MMU_OK);
    assert_int_equal(tlb_translate(&out.entry, (gva_t){0x80005123}).v, 0xfffff123);
    assert_int_equal(out.entry.perm, TLB_W | TLB_X | TLB_DIRTY);

    m.cell[0].v = 0x008120e3; /* 4 MiB at 0x9_0080_0000: bits 16:13 are address bits 35:32, bit 12 is PAT */
    assert_int_equal(walk(&r, &m, 0x80305123, MMU_READ, &out), MMU_OK);
    assert_int_equal(tlb_translate(&out.entry, (gva_t){0x80305123}).v, 0x900b05123);
    assert_int_equal(out.entry.shift, 21);
    assert_int_equal(out.entry.page_shift, 22);
    for (unsigned bit = 17; bit <= 21; bit++) { /* above 36 bits, and bit 21 */
        m.cell[0].v = 0x008120e3 | 1u << bit;
        assert_int_equal(walk(&r, &m, 0x80305123, MMU_READ, &out), MMU_FAULT);
    }
    m.cell[0].v = 0x20a3;
    r.pse = false; /* PS is ignored */
    assert_int_equal(walk(&r, &m, 0x80005123, MMU_READ, &out), MMU_OK);
    assert_int_equal(out.entry.shift, 12);
}

static void pae_starts_in_registers(void **state)
{
    (void)state;
    struct memory m = {.n = 0};
    struct mmu_regs r = {.format = MMU_FORMAT_PAE, .phys_bits = 40, .pdpte = {0, 0, 0x3001, 0}};
    struct mmu_result out;
    put(&m, 0x3000 + 8, 0x4023);
    put(&m, 0x4000 + 5 * 8, 0x9912345067ull & ~4ull);
    assert_int_equal(walk(&r, &m, 0x80205123, MMU_READ, &out), MMU_OK);
    assert_int_equal(out.refs, 2);
    assert_true(tlb_translate(&out.entry, (gva_t){0x80205123}).v == 0x9912345123);
    m.cell[1].v |= 1ull << 60; /* ignored in 4-level paging, reserved here */
    assert_int_equal(walk(&r, &m, 0x80205123, MMU_READ, &out), MMU_FAULT);
    assert_int_equal(walk(&r, &m, 0x40205123, MMU_READ, &out), MMU_FAULT);
    assert_int_equal(out.error, 0);
    assert_int_equal(out.refs, 0);
    assert_true(mmu_pdpte_valid(&r, 0x3001));
    assert_true(mmu_pdpte_valid(&r, 0x3006)); /* not present: anything goes */
    assert_false(mmu_pdpte_valid(&r, 0x3003));
    assert_false(mmu_pdpte_valid(&r, 0x10000003001));
}

static void accessed_above_a_fault_dirty_only_on_success(void **state)
{
    (void)state;
    struct memory m = four_levels(0x12345000); /* not present */
    struct mmu_result out;
    m.cell[0].v = 0x2003;
    m.cell[2].v = 0x4003;
    assert_int_equal(walk(&long_mode, &m, LA, MMU_WRITE, &out), MMU_FAULT);
    assert_int_equal(out.error, MMU_PF_W);
    assert_int_equal(m.cell[0].v, 0x2023);
    assert_int_equal(m.cell[2].v, 0x4023);
    assert_int_equal(m.cell[3].v, 0x12345000);
    m.cell[3].v = 0x12345001; /* read-only */
    assert_int_equal(walk(&long_mode, &m, LA, MMU_WRITE, &out), MMU_FAULT);
    assert_int_equal(m.cell[3].v, 0x12345001);
    m.cell[3].v = 0x12345003;
    assert_int_equal(walk(&long_mode, &m, LA, MMU_WRITE, &out), MMU_OK);
    assert_int_equal(m.cell[3].v, 0x12345063);
    assert_true(out.entry.perm & TLB_DIRTY);
    assert_int_equal(out.latency_cyc, 407);
}

static void an_entry_that_changed_is_judged_anew(void **state)
{
    (void)state;
    struct memory m = four_levels(0x12345003);
    struct mmu_result out;
    m.rival = 0x20; /* another core sets A between our read and our update */
    assert_int_equal(walk(&long_mode, &m, LA, MMU_WRITE, &out), MMU_OK);
    assert_int_equal(out.refs, 5);
    assert_int_equal(m.sets, 2);
    assert_int_equal(m.cell[3].v, 0x12345063);
    m = four_levels(0x12345003);
    m.rival = 1ull << 45; /* or breaks it */
    assert_int_equal(walk(&long_mode, &m, LA, MMU_WRITE, &out), MMU_FAULT);
    assert_int_equal(out.error, MMU_PF_P | MMU_PF_RSVD | MMU_PF_W);
    assert_false(m.cell[3].v & 0x60);
    m = four_levels(0x12345063);
    m.cell[2].v = 0x4001; /* or grants more: the rights of the first look are forgotten */
    m.rival = 2;
    assert_int_equal(walk(&long_mode, &m, LA, MMU_WRITE, &out), MMU_OK);
    assert_true(out.entry.perm & TLB_W);
}

static void waiting_for_a_turn_can_be_repeated(void **state)
{
    (void)state;
    struct mmu_result out;
    for (unsigned at = 1; at <= 4; at++) {
        struct memory m = four_levels(0x12345003);
        m.wait_at_read = at;
        assert_int_equal(walk(&long_mode, &m, LA, MMU_WRITE, &out), MMU_WAIT);
        assert_int_equal(m.cell[3].v, 0x12345003);
        assert_int_equal(walk(&long_mode, &m, LA, MMU_WRITE, &out), MMU_OK);
    }
    struct memory m = four_levels(0x12345003);
    m.wait_at_set = 1;
    assert_int_equal(walk(&long_mode, &m, LA, MMU_WRITE, &out), MMU_WAIT);
    assert_int_equal(m.cell[3].v, 0x12345003);
    assert_int_equal(walk(&long_mode, &m, LA, MMU_WRITE, &out), MMU_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_root_to_leaf),
        cmocka_unit_test(pcd_is_uncached),
        cmocka_unit_test(each_reserved_bit_faults),
        cmocka_unit_test(two_mib_page),
        cmocka_unit_test(one_gib_page_is_entered_as_a_piece),
        cmocka_unit_test(thirty_two_bit_tables),
        cmocka_unit_test(pae_starts_in_registers),
        cmocka_unit_test(accessed_above_a_fault_dirty_only_on_success),
        cmocka_unit_test(an_entry_that_changed_is_judged_anew),
        cmocka_unit_test(waiting_for_a_turn_can_be_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
