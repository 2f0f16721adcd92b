/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What insn_host_test cannot reach: 16- and 32-bit code, stacks of 16 and 32 bits, canonical targets, #DE corners,
 * far operands, ports. Hand-written cases.
 * How it could lie: expectations are from the manual, by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "cpu/flags.h"
#include "cpu/tests/exec_fake.h"

#define SS_B (1u << 10)

static struct fake *f;
static struct cpu *c;
static struct cpu_insn insn;

static int set_up(void **state)
{
    (void)state;
    f = fake_new(0, 1 << 17);
    c = &f->cpu;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_free(f);
    return 0;
}

static struct cpu_event run(unsigned mode, const char *bytes, unsigned n)
{
    uint8_t code[15] = {0};
    memcpy(code, bytes, n);
    return fake_run(f, code, 15, mode, &insn);
}
#define RUN(mode, s) run(mode, s, sizeof(s) - 1)

static uint64_t mem(unsigned at, unsigned n)
{
    uint64_t v = 0;
    memcpy(&v, f->mem + at, n);
    return v;
}

static void test_stack16(void **state)
{
    (void)state;
    c->seg[CPU_SEG_SS].attr = 0;
    c->r[0] = 0x11223344;
    c->r[4] = 0xaaaa0000; /* SP = 0 wraps, the upper half of ESP stays */
    assert_int_equal(RUN(2, "\x50").kind, CPU_NONE);
    assert_int_equal(c->r[4], 0xaaaafffe);
    assert_int_equal(mem(0xfffe, 2), 0x3344);
    assert_int_equal(RUN(2, "\x59").kind, CPU_NONE); /* pop cx wraps back */
    assert_int_equal(c->r[4], 0xaaaa0000);
    assert_int_equal(c->r[1], 0x3344);
}

static void test_stack32(void **state)
{
    (void)state;
    c->seg[CPU_SEG_SS].attr = SS_B;
    c->r[4] = 0xffffffff00010000;
    c->r[0] = 0x11223344;
    RUN(4, "\x50");
    assert_int_equal(c->r[4], 0xfffc);
    assert_int_equal(mem(0xfffc, 4), 0x11223344);
    RUN(4, "\x66\x6a\xff"); /* push word -1 */
    assert_int_equal(c->r[4], 0xfffa);
    assert_int_equal(mem(0xfffa, 4), 0x3344ffff);
    RUN(4, "\x6a\xfe");
    assert_int_equal(mem(0xfff6, 4), 0xfffffffe);
}

static void test_pusha(void **state)
{
    (void)state;
    c->seg[CPU_SEG_SS].attr = SS_B;
    for (unsigned k = 0; k < 8; k++)
        c->r[k] = 0x100 + k;
    c->r[4] = 0x8000;
    assert_int_equal(RUN(4, "\x60").kind, CPU_NONE);
    assert_int_equal(c->r[4], 0x8000 - 32);
    assert_int_equal(mem(0x7ffc, 4), 0x100);
    assert_int_equal(mem(0x8000 - 20, 4), 0x8000);
    assert_int_equal(mem(0x8000 - 32, 4), 0x107);
    for (unsigned k = 0; k < 8; k++)
        c->r[k] = k == 4 ? c->r[4] : 0;
    assert_int_equal(RUN(4, "\x61").kind, CPU_NONE);
    for (unsigned k = 0; k < 8; k++)
        assert_int_equal(c->r[k], k == 4 ? 0x8000 : 0x100 + k);
}

static void test_branches(void **state)
{
    (void)state;
    c->r[CPU_RIP] = 0xfff0;
    RUN(2, "\xeb\x20"); /* jmp $+0x22 wraps at 64 KiB */
    assert_int_equal(c->next_rip, 0x12);
    RUN(2, "\x66\xeb\x20"); /* 32-bit operand size does not */
    assert_int_equal(c->next_rip, 0x10013);
    c->r[CPU_RIP] = 0xfffffff0;
    RUN(4, "\xeb\x20");
    assert_int_equal(c->next_rip, 0x12);
    c->r[CPU_RIP] = 0x1000;
    c->seg[CPU_SEG_SS].attr = SS_B;
    c->r[4] = 0x8000;
    RUN(4, "\xe8\x10\x00\x00\x00");
    assert_int_equal(c->next_rip, 0x1015);
    assert_int_equal(mem(0x7ffc, 4), 0x1005);
    RUN(4, "\xc2\x08\x00");
    assert_int_equal(c->next_rip, 0x1005);
    assert_int_equal(c->r[4], 0x8008);
    c->r[1] = 0x10001; /* LOOP in 16-bit code counts in CX */
    RUN(2, "\xe2\x10");
    assert_int_equal(c->r[1], 0x10000);
    assert_int_equal(c->next_rip, 0x1002);
    RUN(2, "\xe3\x10"); /* jcxz */
    assert_int_equal(c->next_rip, 0x1012);
}

static void test_canonical(void **state)
{
    (void)state;
    c->r[0] = 0x0000800000000000;
    struct cpu_event ev = RUN(8, "\xff\xe0");
    assert_int_equal(ev.kind, CPU_FAULT);
    assert_int_equal(ev.vector, 13);
    assert_true(ev.has_error);
    c->r[4] = 0x8000;
    assert_int_equal(RUN(8, "\xff\xd0").kind, CPU_FAULT);
    assert_int_equal(c->r[4], 0x8000);
    c->r[0] = 0xffff800000000000;
    assert_int_equal(RUN(8, "\xff\xe0").kind, CPU_NONE);
    assert_int_equal(c->next_rip, 0xffff800000000000);
}

static void test_divide(void **state)
{
    (void)state;
    c->r[0] = 0;
    c->r[2] = 1ull << 63; /* -2^127 / -1 */
    c->r[1] = ~0ull;
    struct cpu_event ev = RUN(8, "\x48\xf7\xf9");
    assert_true(ev.kind == CPU_FAULT && ev.vector == 0 && !ev.has_error);
    c->r[2] = ~0ull;
    c->r[0] = 1ull << 63; /* -2^63 / -1: too wide by one */
    assert_int_equal(RUN(8, "\x48\xf7\xf9").kind, CPU_FAULT);
    c->r[1] = 1; /* -2^63 / 1 fits */
    assert_int_equal(RUN(8, "\x48\xf7\xf9").kind, CPU_NONE);
    assert_int_equal(c->r[0], 1ull << 63);
    assert_int_equal(c->r[2], 0);
    c->r[0] = 0x8000;
    c->r[1] = 0xff; /* AX = -32768 / CL = -1 */
    assert_int_equal(RUN(8, "\xf6\xf9").kind, CPU_FAULT);
    c->r[1] = 0;
    assert_int_equal(RUN(8, "\xf6\xf1").kind, CPU_FAULT);
}

static void test_ports(void **state)
{
    (void)state;
    c->r[0] = 0xffffffffffffff41;
    RUN(8, "\xe6\xf4");
    assert_int_equal(f->port, 0xf4);
    assert_int_equal(f->port_size, 1);
    assert_int_equal(f->port_value, 0x41);
    f->port_value = 0x12345678;
    c->r[2] = 0xcfc;
    RUN(8, "\xed");
    assert_int_equal(c->r[0], 0x12345678); /* a 32-bit IN clears the upper half */
    RUN(8, "\x66\xed");
    assert_int_equal(f->port_size, 2);
}

static void test_cmpxchg16b(void **state)
{
    (void)state;
    c->r[6] = 0x1008; /* not 16-byte aligned */
    struct cpu_event ev = RUN(8, "\xf0\x48\x0f\xc7\x0e");
    assert_true(ev.kind == CPU_FAULT && ev.vector == 13);
    c->r[6] = 0x1000;
    c->r[3] = 5;
    c->r[1] = 6;
    assert_int_equal(RUN(8, "\xf0\x48\x0f\xc7\x0e").kind, CPU_NONE);
    assert_true(flags_zf(&c->fl));
    assert_int_equal(mem(0x1000, 8), 5);
    assert_int_equal(mem(0x1008, 8), 6);
    assert_int_equal(RUN(8, "\xf0\x48\x0f\xc7\x0e").kind, CPU_NONE);
    assert_false(flags_zf(&c->fl));
    assert_int_equal(c->r[0], 5);
    assert_int_equal(c->r[2], 6);
}

/* POP [rSP + n] computes its address with rSP already moved, and moves nothing when the store faults. */
static void test_pop_memory(void **state)
{
    (void)state;
    uint64_t v = 0x1122334455667788;
    memcpy(f->mem + 0x2000, &v, 8);
    c->r[4] = 0x2000;
    assert_int_equal(RUN(8, "\x8f\x44\x24\x08").kind, CPU_NONE);
    assert_int_equal(mem(0x2010, 8), v);
    assert_int_equal(c->r[4], 0x2008);
    c->r[0] = 1ull << 40;
    assert_int_equal(RUN(8, "\x8f\x00").kind, CPU_FAULT);
    assert_int_equal(c->r[4], 0x2008);
}

static void test_flags_round_trip(void **state)
{
    (void)state;
    for (uint64_t k = 0; k < 64; k++) {
        uint64_t bits = (k & 1) | (k & 2) << 1 | (k & 4) << 2 | (k & 8) << 3 | (k & 16) << 3 | (k & 32) << 6;
        cpu_flags_set(c, bits | 0x202);
        assert_int_equal(cpu_flags_get(c), bits | 0x202);
        RUN(8, "\xf5"); /* CMC */
        assert_int_equal(cpu_flags_get(c), (bits | 0x202) ^ 1);
    }
}

int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_stack16),    CASE(test_stack32),          CASE(test_pusha), CASE(test_branches),
        CASE(test_canonical),  CASE(test_divide),           CASE(test_ports), CASE(test_cmpxchg16b),
        CASE(test_pop_memory), CASE(test_flags_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
