/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All permutations of entry bits at each level, control bits, mode and kind of access, against a reference that is
 * written as the manual speaks ("Determination of Access Rights", "Page-Fault Exceptions", "Accessed and Dirty Flags"):
 * flags one by one, no masks, no levels combined on the way. The idea is that of access.c in kvm-unit-tests.
 *
 * Compared: outcome, error code, the rights and address of the entry, and every table bit afterwards. Then the entry is
 * offered to mmu_allowed() for all other accesses. Could lie where a format's reserved bits are more than the one tried
 * here (walk_test.c tries each), and where both misread the manual: the guest tests on QEMU look at that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "mmu/mmu.h"

enum { P = 1, W = 2, U = 4, NX = 8, A = 16, D = 32, RSVD = 64, PS = 128 }; /* the flags we permute, our own numbers */
enum { WP = 1, SMEP = 2, SMAP = 4, NXE = 8, USER = 16, AC = 32, CONTROLS = 64 };

/* ---- memory: one entry a level, in its own table
 * ----------------------------------------------------------------------- */
struct tables {
    unsigned flags[4], levels; /* [0] is the root */
    enum mmu_format format;
};
static const uint64_t linear = 0x80604abc; /* index 0, 2, 3, 4 from the PML4 down; 513 and 516 in 32-bit tables */
static uint64_t entries[4], entry_at[4];

static uint64_t encode(const struct tables *t, unsigned level)
{
    unsigned f = t->flags[level];
    bool is_leaf = level == t->levels - 1;
    bool pdpte = t->format == MMU_FORMAT_PAE && level == 0;
    if (pdpte)
        return 0x1000ull * (level + 2) | 1;
    uint64_t e = is_leaf ? 0x0ac00000 : 0x1000ull * (level + 2);
    e |= (f & P ? 1u : 0u) | (f & W ? 2u : 0u) | (f & U ? 4u : 0u) | (f & A ? 0x20u : 0u) | (f & D ? 0x40u : 0u);
    e |= f & PS ? 0x80u : 0u;
    e |= f & NX ? 1ull << 63 : 0;
    if (f & RSVD)
        e |= t->format == MMU_FORMAT_32 ? 1ull << 21 : 1ull << 46;
    return e;
}

static int find(hpa_t a)
{
    for (int i = 0; i < 4; i++)
        if (entry_at[i] == a.v)
            return i;
    fail_msg("the walker read %#llx", (unsigned long long)a.v);
    return -1;
}

static enum mmu_status read_entry(void *opaque, hpa_t a, unsigned bytes, uint64_t *value, uint32_t *lat)
{
    const struct tables *t = opaque;
    assert_int_equal(bytes, t->format == MMU_FORMAT_32 ? 4 : 8);
    *value = entries[find(a)];
    *lat += 10;
    return MMU_OK;
}

static enum mmu_status set_bits(void *opaque, hpa_t a, unsigned bytes, uint64_t expect, uint64_t bits, bool *done,
                                uint32_t *lat)
{
    (void)opaque, (void)bytes;
    int i = find(a);
    assert_int_equal(entries[i], expect);
    entries[i] |= bits;
    *done = true;
    *lat += 5;
    return MMU_OK;
}

static void build(const struct tables *t, struct mmu_regs *r)
{
    static const uint8_t shift[4][4] = {{0}, {22, 12}, {30, 21, 12}, {39, 30, 21, 12}};
    uint64_t bytes = t->format == MMU_FORMAT_32 ? 4 : 8, fan = t->format == MMU_FORMAT_32 ? 1024 : 512;
    memset(entry_at, 0xff, sizeof entry_at);
    for (unsigned i = 0; i < t->levels; i++) {
        entries[i] = encode(t, i);
        entry_at[i] = 0x1000ull * (i + 1) + (linear >> shift[t->format][i]) % fan * bytes;
    }
    r->cr3 = 0x1000;
    r->pdpte[linear >> 30 & 3] = entries[0];
}

/* ---- the reference
 * ----------------------------------------------------------------------------------------------------- */
struct verdict {
    bool ok;
    uint32_t error;
    bool w, u, x; /* of the translation */
};

static bool may(bool w, bool u, bool x, unsigned controls, enum mmu_access access)
{
    bool user = controls & USER;
    if (user && !u)
        return false; /* user-mode accesses never reach supervisor-mode addresses */
    if (access == MMU_FETCH && !x)
        return false;
    if (access == MMU_FETCH && !user && u && controls & SMEP)
        return false;
    if (access != MMU_FETCH && !user && u && controls & SMAP && !(controls & AC))
        return false;
    if (access == MMU_WRITE && user && !w)
        return false;
    if (access == MMU_WRITE && !user && !w && controls & WP)
        return false;
    return true;
}

static uint32_t error_bits(const struct tables *t, unsigned controls, enum mmu_access access)
{
    uint32_t e = 0;
    if (access == MMU_WRITE)
        e += MMU_PF_W;
    if (controls & USER)
        e += MMU_PF_U;
    if (access == MMU_FETCH && (controls & SMEP || (controls & NXE && t->format != MMU_FORMAT_32)))
        e += MMU_PF_I;
    return e;
}

/* What silicon would do; @t is left as the tables should be afterwards. */
static struct verdict reference(struct tables *t, unsigned controls, enum mmu_access access)
{
    struct verdict v = {.w = true, .u = true, .x = true};
    for (unsigned i = 0; i < t->levels; i++) {
        unsigned *f = &t->flags[i];
        bool pdpte = t->format == MMU_FORMAT_PAE && i == 0;
        if (pdpte)
            continue; /* always good here, and without rights */
        if (!(*f & P)) {
            v.error = error_bits(t, controls, access);
            return v;
        }
        if (*f & RSVD || (*f & NX && !(controls & NXE))) {
            v.error = MMU_PF_P + MMU_PF_RSVD + error_bits(t, controls, access);
            return v;
        }
        v.w = v.w && *f & W;
        v.u = v.u && *f & U;
        v.x = v.x && !(*f & NX);
        if (i < t->levels - 1)
            *f |= A;
    }
    v.ok = may(v.w, v.u, v.x, controls, access);
    if (v.ok)
        t->flags[t->levels - 1] |= access == MMU_WRITE ? A | D : A;
    else
        v.error = MMU_PF_P + error_bits(t, controls, access);
    return v;
}

/* ---- the comparison
 * ------------------------------------------------------------------------------------------------------ */
static const struct mmu_mem_ops ops = {read_entry, set_bits};
static uint64_t n_walks, n_faults;

static void describe_and_fail(const struct tables *t, unsigned controls, enum mmu_access access, const char *what)
{
    fail_msg("%s: format %d, flags %x %x %x %x, controls %x, access %d", what, t->format, t->flags[0], t->flags[1],
             t->flags[2], t->flags[3], controls, access);
}

static void other_accesses(const struct mmu_regs *r, const struct tables *t, const struct verdict *v, unsigned controls,
                           uint8_t perm)
{
    for (int access = MMU_READ; access <= MMU_FETCH; access++)
        for (unsigned mode = 0; mode < CONTROLS; mode += USER) {
            unsigned c = (controls & ~(unsigned)(USER | AC)) | mode;
            uint32_t error = 0;
            bool want = may(v->w, v->u, v->x, c, (enum mmu_access)access);
            bool got = mmu_allowed(r, perm, (enum mmu_access)access, c & USER, c & AC, &error);
            if (got != want || (!want && error != MMU_PF_P + error_bits(t, c, (enum mmu_access)access)))
                describe_and_fail(t, c, (enum mmu_access)access, "mmu_allowed");
        }
}

static void try_one(const struct tables *before, unsigned controls, enum mmu_access access)
{
    struct mmu_regs r = {.format = before->format,
                         .wp = controls & WP,
                         .smep = controls & SMEP,
                         .phys_bits = 40,
                         .smap = controls & SMAP,
                         .nxe = controls & NXE,
                         .pse = true,
                         .pge = true};
    struct tables after = *before;
    struct mmu_result out;
    build(before, &r);
    struct verdict v = reference(&after, controls, access);
    enum mmu_status s =
        mmu_walk(&r, (gva_t){linear}, access, controls & USER, controls & AC, 7, &ops, (void *)(uintptr_t)before, &out);
    n_walks++;
    n_faults += !v.ok;
    if ((s == MMU_OK) != v.ok || (!v.ok && out.error != v.error))
        describe_and_fail(before, controls, access, "outcome");
    for (unsigned i = 0; i < before->levels; i++)
        if (entries[i] != encode(&after, i))
            describe_and_fail(before, controls, access, "tables afterwards");
    if (!v.ok)
        return;
    uint8_t perm = (uint8_t)((v.w ? TLB_W : 0) | (v.u ? TLB_U : 0) | (v.x ? TLB_X : 0) |
                             (after.flags[after.levels - 1] & D ? TLB_DIRTY : 0));
    if (out.entry.perm != perm || out.entry.pcid != 7)
        describe_and_fail(before, controls, access, "rights");
    uint64_t pa = tlb_translate(&out.entry, (gva_t){linear}).v;
    bool large = before->flags[before->levels - 1] & PS;
    uint64_t mask = !large ? 0xfff : before->format == MMU_FORMAT_32 ? 0x3fffff : 0x1fffff;
    if (pa != (0x0ac00000 | (linear & mask)))
        describe_and_fail(before, controls, access, "address");
    if (access == MMU_READ && !(controls & (USER | AC)))
        other_accesses(&r, before, &v, controls, perm);
}

/* Every subset of @vary[] on top of @fixed[], level by level; then all controls and accesses. */
static void permute(struct tables *t, const unsigned *fixed, const unsigned *vary, unsigned level,
                    unsigned controls_vary)
{
    if (level == t->levels) {
        for (unsigned c = 0; c < CONTROLS; c++)
            for (int access = MMU_READ; !(c & ~controls_vary) && access <= MMU_FETCH; access++)
                try_one(t, c, (enum mmu_access)access);
        return;
    }
    unsigned sub = 0;
    do {
        t->flags[level] = fixed[level] | sub;
        permute(t, fixed, vary, level + 1, controls_vary);
        sub = (sub - vary[level]) & vary[level]; /* the next subset */
    } while (sub);
}

#define ALL  (P | W | U | NX | A | D | RSVD)
#define GOOD (P | W | U | A)
#define PERMUTE(fmt, n, controls, ...)                                                                                 \
    do {                                                                                                               \
        static const unsigned rows[2][4] = __VA_ARGS__;                                                                \
        struct tables t = {.levels = (n), .format = (fmt)};                                                            \
        n_walks = n_faults = 0;                                                                                        \
        permute(&t, rows[0], rows[1], 0, (controls));                                                                  \
        print_message("%llu walks, %llu faults\n", (unsigned long long)n_walks, (unsigned long long)n_faults);         \
        assert_true(n_faults > n_walks / 4 && n_faults < n_walks);                                                     \
    } while (0)

static void four_level(void **state)
{
    (void)state;
    PERMUTE(MMU_FORMAT_4LEVEL, 4, 63, {{P, GOOD, 0, 0}, {W | U, 0, P | W | U | NX | A | RSVD, ALL}});
    PERMUTE(MMU_FORMAT_4LEVEL, 4, 63, {{0, 0, GOOD, GOOD}, {P | NX | A | RSVD, P | W | U | NX | A | RSVD, 0, D}});
}
static void four_level_large(void **state)
{
    (void)state;
    PERMUTE(MMU_FORMAT_4LEVEL, 3, 63, {{P, P, PS, 0}, {W | U | NX | A, W | U | NX, ALL, 0}});
}
static void pae(void **state)
{
    (void)state;
    PERMUTE(MMU_FORMAT_PAE, 3, 63, {{P, 0, 0, 0}, {0, P | W | U | NX | A | RSVD, ALL, 0}});
    PERMUTE(MMU_FORMAT_PAE, 2, 63, {{P, PS, 0, 0}, {0, ALL, 0, 0}});
}
static void thirty_two_bit(void **state)
{
    (void)state;
    const unsigned controls = WP | SMEP | SMAP | NXE | USER | AC;
    PERMUTE(MMU_FORMAT_32, 2, controls, {{0, 0, 0, 0}, {P | W | U | A, P | W | U | A | D, 0, 0}});
    PERMUTE(MMU_FORMAT_32, 1, controls, {{PS, 0, 0, 0}, {P | W | U | A | D | RSVD, 0, 0, 0}});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_level),
        cmocka_unit_test(four_level_large),
        cmocka_unit_test(pae),
        cmocka_unit_test(thirty_two_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
