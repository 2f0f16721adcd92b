/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two witnesses: the constants of the architecture as the hypervisor wrote them (hv/include/x86.h) and as the simulated
 * processor did, each from the manual. One header for both would let a wrong bit pass both sides and fail only on
 * metal. This is the one file of hv/ that may see a simulator header.
 *
 * Named constants are compared when this compiles; what the processor has only as behaviour (MSR numbers, local APIC
 * registers, CPUID bits, descriptors) is asked of the processor.
 *
 * How it could lie: both may be wrong alike. Not compared where the processor has no such thing: vectors 16 to 19, and
 * FXSR in a processor without it. Delivery modes of the ICR are read by the board (sim/machine); that the other CPUs
 * start at all compares them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "hv/include/x86.h"
#include "cpu/cpu_internal.h"
#include "cpu/lapic.h"
#include "cpu/lapic_internal.h"
#include "cpu/segment.h"
#include "cpu/system.h"
#include "mmu/mmu_internal.h"

/* hv's 32-bit constants may be negative as int: assembly wants them without suffix. */
#define SAME32(hv, sim) _Static_assert((uint32_t)(hv) == (sim), #hv " and " #sim)
#define SAME64(hv, sim) _Static_assert((uint64_t)(hv) == (uint64_t)(sim), #hv " and " #sim)

#define CR0(bit) SAME32(X86_CR0_##bit, CPU_CR0_##bit)
CR0(PE);
CR0(MP);
CR0(EM);
CR0(TS);
CR0(ET);
CR0(NE);
CR0(WP);
CR0(AM);
CR0(NW);
CR0(CD);
CR0(PG);
#define CR4(bit) SAME32(X86_CR4_##bit, CPU_CR4_##bit)
CR4(PSE);
CR4(PAE);
CR4(MCE);
CR4(PGE);
CR4(OSFXSR);
CR4(OSXMMEXCPT);
#define EFER(bit, sim_bit) SAME32(X86_EFER_##bit, CPU_EFER_##sim_bit)
EFER(SCE, SCE);
EFER(LME, LME);
EFER(LMA, LMA);
EFER(NX, NXE);
#define RFLAGS(bit) SAME32(X86_RFLAGS_##bit, CPU_RFLAGS_##bit)
RFLAGS(CF);
RFLAGS(TF);
RFLAGS(IF);
RFLAGS(DF);
RFLAGS(IOPL);
RFLAGS(NT);
RFLAGS(RF);
RFLAGS(VM);
RFLAGS(AC);
RFLAGS(ID);
#define PTE(bit, sim_bit) SAME64(X86_PTE_##bit, MMU_PTE_##sim_bit)
PTE(PRESENT, P);
PTE(WRITE, RW);
PTE(USER, US);
PTE(PCD, PCD);
PTE(ACCESSED, A);
PTE(DIRTY, D);
PTE(LARGE, PS);
PTE(GLOBAL, G);
PTE(NX, NX);
#define PF(bit, sim_bit) SAME32(X86_PF_##bit, MMU_PF_##sim_bit)
PF(PRESENT, P);
PF(WRITE, W);
PF(USER, U);
PF(RESERVED, RSVD);
PF(FETCH, I);
#define VECTOR(name) SAME32(X86_VEC_##name, EXC_##name)
VECTOR(DB);
VECTOR(NMI);
VECTOR(BP);
VECTOR(OF);
VECTOR(UD);
VECTOR(NM);
VECTOR(DF);
VECTOR(TS);
VECTOR(NP);
VECTOR(SS);
VECTOR(GP);
VECTOR(PF);
SAME32(X86_LAPIC_MASKED, LVT_MASKED);
SAME32(X86_LAPIC_SVR_ENABLE, SVR_ENABLE);

/* A processor with nothing but registers, a local APIC, and a board that remembers. */
static uint64_t sent_icr;
static cyc_t timer_at;
static void note_icr(void *opaque, unsigned core, uint64_t icr, bool x2apic, cyc_t now)
{
    (void)opaque, (void)core, (void)x2apic, (void)now;
    sent_icr = icr;
}
static void note_timer(void *opaque, unsigned core, cyc_t when)
{
    (void)opaque, (void)core;
    timer_at = when;
}
static const struct cpu_ops ops = {.icr_write = note_icr, .timer = note_timer};
static const struct cpu_cfg cfg = {
    .vendor = "GenuineIntel", .brand = "test", .phys_bits = 40, .virt_bits = 48, .apic_clock_div = 1};
static struct lapic apic;
static struct cpu core;

static struct cpu *fresh(void)
{
    memset(&apic, 0, sizeof(apic));
    memset(&core, 0, sizeof(core));
    core.cfg = &cfg;
    core.ops = &ops;
    core.lapic = &apic;
    core.apic_base = 0xfee00000 | X86_APIC_BASE_BSP | X86_APIC_BASE_ENABLE;
    return &core;
}

static uint64_t rdmsr(struct cpu *c, uint32_t number)
{
    uint64_t v = 0;

    assert_int_equal(msr_read(c, number, &v).kind, CPU_NONE);
    return v;
}

static void test_msrs(void **state)
{
    struct cpu *c = fresh();

    (void)state;
    c->now = 11;
    c->pat = 12;
    c->efer = 13;
    c->star = 14;
    c->lstar = 15;
    c->cstar = 16;
    c->fmask = 17;
    c->seg[CPU_SEG_FS].base = 18;
    c->seg[CPU_SEG_GS].base = 19;
    c->kernel_gs_base = 20;
    assert_int_equal(rdmsr(c, X86_MSR_TSC), 11);
    assert_int_equal(rdmsr(c, X86_MSR_PAT), 12);
    assert_int_equal(rdmsr(c, X86_MSR_EFER), 13);
    assert_int_equal(rdmsr(c, X86_MSR_STAR), 14);
    assert_int_equal(rdmsr(c, X86_MSR_LSTAR), 15);
    assert_int_equal(rdmsr(c, X86_MSR_CSTAR), 16);
    assert_int_equal(rdmsr(c, X86_MSR_FMASK), 17);
    assert_int_equal(rdmsr(c, X86_MSR_FS_BASE), 18);
    assert_int_equal(rdmsr(c, X86_MSR_GS_BASE), 19);
    assert_int_equal(rdmsr(c, X86_MSR_KERNEL_GS_BASE), 20);
    assert_int_equal(rdmsr(c, X86_MSR_APIC_BASE), c->apic_base);
    assert_false(lapic_x2(c));
    c->apic_base |= X86_APIC_BASE_X2APIC;
    assert_true(lapic_x2(c));
    assert_true(lapic_owns(fresh(), (hpa_t){0xfee00000}));
    c->apic_base &= ~(uint64_t)X86_APIC_BASE_ENABLE;
    assert_false(lapic_owns(c, (hpa_t){0xfee00000}));
}

static void test_lapic_registers(void **state)
{
    struct cpu *c = fresh();
    const struct {
        unsigned offset;
        uint32_t *field, value;
    } row[] = {
        {X86_LAPIC_TPR, &apic.tpr, 0x20},
        {X86_LAPIC_SVR, &apic.svr, X86_LAPIC_SVR_ENABLE | 0xff},
        {X86_LAPIC_ICR_HIGH, &apic.icr_high, 0x03000000},
        {X86_LAPIC_LVT_TIMER, &apic.lvt_timer, X86_LAPIC_MASKED | 0xf9},
        {X86_LAPIC_LVT_PERF, &apic.lvt_perf, X86_LAPIC_MASKED | 1},
        {X86_LAPIC_LVT_LINT0, &apic.lvt_lint0, X86_LAPIC_MASKED | 2},
        {X86_LAPIC_LVT_LINT1, &apic.lvt_lint1, X86_LAPIC_MASKED | 3},
        {X86_LAPIC_LVT_ERROR, &apic.lvt_error, X86_LAPIC_MASKED | 4},
        {X86_LAPIC_TIMER_DIV, &apic.timer_divide, X86_LAPIC_DIV_BY_1},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        lapic_mmio_write(c, row[i].offset, row[i].value);
        assert_int_equal(*row[i].field, row[i].value);
        assert_int_equal(lapic_mmio_read(c, row[i].offset), row[i].value);
    }
    apic.id = 5;
    assert_int_equal(lapic_mmio_read(c, X86_LAPIC_ID), 5 << 24);
    apic.esr_pending = 0x40;
    lapic_mmio_write(c, X86_LAPIC_ESR, 0);
    assert_int_equal(lapic_mmio_read(c, X86_LAPIC_ESR), 0x40);
}

static void test_lapic_actions(void **state)
{
    struct cpu *c = fresh();

    (void)state;
    lapic_mmio_write(c, X86_LAPIC_SVR, X86_LAPIC_SVR_ENABLE | 0xff);
    lapic_mmio_write(c, X86_LAPIC_ICR_HIGH, 3u << 24);
    lapic_mmio_write(c, X86_LAPIC_ICR_LOW, X86_ICR_FIXED | 0xfc);
    assert_int_equal(sent_icr, UINT64_C(3) << 56 | 0xfc);
    assert_int_equal(lapic_mmio_read(c, X86_LAPIC_ICR_LOW) & X86_ICR_PENDING, 0);

    cpu_lapic_accept(c, 0xfc, false, 0);
    assert_int_equal(lapic_pending(c), 0xfc);
    lapic_ack(c, 0xfc);
    cpu_lapic_accept(c, 0xfb, false, 0);
    assert_int_equal(lapic_pending(c), -1); /* same class, still in service */
    lapic_mmio_write(c, X86_LAPIC_EOI, 0);
    assert_int_equal(lapic_pending(c), 0xfb);

    /* One tick a cycle, counting down. */
    lapic_mmio_write(c, X86_LAPIC_TIMER_DIV, X86_LAPIC_DIV_BY_1);
    lapic_mmio_write(c, X86_LAPIC_TIMER_INIT, 100);
    assert_int_equal(timer_at, 100);
    c->now = 30;
    assert_int_equal(lapic_mmio_read(c, X86_LAPIC_TIMER_CUR), 70);
}

static uint32_t bit_of(const char *name)
{
#define FEATURE(leaf, reg, bit, condition, feature)                                                                    \
    if (strcmp(name, feature) == 0)                                                                                    \
        return 1u << (bit);
#include "cpu/cpuid.def"
    return 0;
}

static void test_cpuid(void **state)
{
    uint32_t out[4];

    (void)state;
    assert_int_equal(X86_CPUID_PGE, bit_of("PGE"));
    assert_int_equal(X86_CPUID_EXT_NX, bit_of("NX"));
    if (bit_of("FXSR"))
        assert_int_equal(X86_CPUID_FXSR, bit_of("FXSR"));
    cpuid_leaf(fresh(), 1, 0, out);
    assert_true(out[3] & X86_CPUID_PGE);
    cpuid_leaf(fresh(), 0x80000001, 0, out);
    assert_true(out[3] & X86_CPUID_EXT_NX);
}

static void check_descriptor(uint64_t descriptor, bool is_code, bool is_64, unsigned dpl)
{
    const struct seg_desc d = {.low = descriptor};
    struct cpu_seg s = seg_from_desc(&d, 8);

    assert_true((s.attr & SEG_P) && (s.attr & SEG_S) && (s.attr & SEG_W) && (s.attr & SEG_A));
    assert_int_equal(!!(s.attr & SEG_CODE), is_code);
    assert_int_equal(!!(s.attr & SEG_L), is_64);
    assert_int_equal(!!(s.attr & SEG_DB), !is_64);
    assert_int_equal(SEG_DPL(s.attr), dpl);
    assert_false(s.attr & SEG_C);
    assert_int_equal(s.base, 0);
    assert_int_equal(s.limit, UINT32_MAX);
}

static void test_descriptors(void **state)
{
    (void)state;
    check_descriptor(X86_DESC_CODE64_RING0, true, true, 0);
    check_descriptor(X86_DESC_CODE64_RING3, true, true, 3);
    check_descriptor(X86_DESC_CODE32_RING0, true, false, 0);
    check_descriptor(X86_DESC_CODE32_RING3, true, false, 3);
    check_descriptor(X86_DESC_DATA_RING0, false, false, 0);
    check_descriptor(X86_DESC_DATA_RING3, false, false, 3);
}

/* The address bits of an entry lead the walker to where hv says they do, at every level. */
static void test_page_address(void **state)
{
    const uint64_t all = X86_PTE_ADDR_MASK | X86_PTE_NX | X86_PTE_PRESENT | X86_PTE_GLOBAL;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        const struct mmu_level *l = mmu_root(MMU_FORMAT_4LEVEL) + i;
        assert_int_equal(mmu_target(l, all, false), X86_PTE_ADDR_MASK);
        assert_int_equal(UINT64_C(1) << l->index_bits, X86_PAGE_BYTES / l->entry_bytes);
        if (l->level == 2)
            assert_int_equal(UINT64_C(1) << l->shift, X86_LARGE_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_msrs),  cmocka_unit_test(test_lapic_registers), cmocka_unit_test(test_lapic_actions),
        cmocka_unit_test(test_cpuid), cmocka_unit_test(test_descriptors),     cmocka_unit_test(test_page_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
