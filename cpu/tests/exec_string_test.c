/* SPDX-License-Identifier: Apache-2.0 */
/*
 * REP string instructions done in chunks give what one iteration at a time gives: same memory, registers and flags,
 * iterations that add up, chunks that stay in a cache line, faults and waits at the exact iteration. Against a
 * one-iteration reference written here. And port strings, address-size wrap, a count of zero.
 * How it could lie: the reference is ours too; insn_host_test compares the 64-bit forms with silicon.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "cpu/flags.h"
#include "cpu/tests/exec_fake.h"
#include "sim/core/rng.h"

#define BASE  0x20000u
#define BYTES 4096u

enum { MOVS = 0xa4, CMPS = 0xa6, STOS = 0xaa, LODS = 0xac, SCAS = 0xae };

struct spec {
    uint8_t op, rep; /* rep: 0, F2, F3 */
    unsigned size, asize;
};

static unsigned bytes_of(const struct spec *s, uint8_t out[15])
{
    unsigned n = 0;
    if (s->asize == 4)
        out[n++] = 0x67;
    if (s->size == 2)
        out[n++] = 0x66;
    if (s->rep)
        out[n++] = s->rep;
    if (s->size == 8)
        out[n++] = 0x48;
    out[n++] = s->op | (s->size > 1);
    return n;
}

/* ---- the reference: one iteration at a time, straight from the manual's pseudo-code ---- */
struct model {
    uint64_t ax, cx, si, di, flags;
    uint8_t mem[BYTES];
};

static uint64_t cut(uint64_t v, unsigned n)
{
    return n == 8 ? v : v & ((1ull << (8 * n)) - 1);
}

static bool inside(uint64_t a, unsigned n)
{
    return a >= BASE && a - BASE <= BYTES - n;
}

/* false: this iteration faults, nothing changed by it. @equal: of the comparison. */
static bool model_iteration(struct model *m, const struct spec *s, bool down, bool *equal)
{
    uint64_t si = cut(m->si, s->asize), di = cut(m->di, s->asize), a = 0, b = 0;
    bool use_si = s->op == MOVS || s->op == CMPS || s->op == LODS, use_di = s->op != LODS;
    if ((use_si && !inside(si, s->size)) || (use_di && !inside(di, s->size)))
        return false;
    if (use_si)
        memcpy(&a, m->mem + (si - BASE), s->size);
    if (use_di)
        memcpy(&b, m->mem + (di - BASE), s->size);
    if (s->op == MOVS)
        memcpy(m->mem + (di - BASE), &a, s->size);
    if (s->op == STOS)
        memcpy(m->mem + (di - BASE), &m->ax, s->size);
    if (s->op == LODS)
        memcpy(&m->ax, &a, s->size);
    if (s->op == LODS && s->size == 4)
        m->ax = a;
    if (s->op == CMPS || s->op == SCAS) {
        uint64_t x = s->op == SCAS ? cut(m->ax, s->size) : a, r = cut(x - b, s->size);
        bool sign = r >> (8 * s->size - 1), sx = x >> (8 * s->size - 1), sb = b >> (8 * s->size - 1);
        *equal = x == b;
        m->flags = (uint64_t)(x < b) | (uint64_t)!__builtin_parity((unsigned)r & 0xff) << 2 |
                   (uint64_t)((x & 15) < (b & 15)) << 4 | (uint64_t)*equal << 6 | (uint64_t)sign << 7 |
                   (uint64_t)(sx != sb && sign != sx) << 11;
    }
    uint64_t step = down ? -(uint64_t)s->size : s->size;
    if (use_si)
        m->si = s->asize == 8 ? m->si + step : (uint32_t)(m->si + step);
    if (use_di)
        m->di = s->asize == 8 ? m->di + step : (uint32_t)(m->di + step);
    return true;
}

/* Return: iterations done; *faulted says how it ended. */
static uint64_t model_run(struct model *m, const struct spec *s, bool down, bool *faulted)
{
    uint64_t n = 0;
    *faulted = false;
    while (!s->rep || cut(m->cx, s->asize)) {
        bool equal = false, compares = s->op == CMPS || s->op == SCAS;
        if (!model_iteration(m, s, down, &equal)) {
            *faulted = true;
            return n;
        }
        n++;
        if (!s->rep)
            return n;
        m->cx = s->asize == 8 ? m->cx - 1 : (uint32_t)(m->cx - 1);
        if (compares && equal != (s->rep == 0xf3))
            return n;
    }
    return n;
}

/* ---- the comparison ---- */
static struct rng rng;

static void fill(struct fake *f, struct model *m)
{
    for (unsigned k = 0; k < BYTES; k++)
        f->mem[k] = rng_below(&rng, 4) ? 0x55 : (uint8_t)rng_next(&rng);
    memcpy(m->mem, f->mem, BYTES);
}

static void one_case(struct fake *f, struct model *m)
{
    static const uint8_t ops[] = {MOVS, CMPS, STOS, LODS, SCAS}, reps[] = {0, 0xf2, 0xf3};
    struct spec s = {ops[rng_below(&rng, 5)], reps[rng_below(&rng, 3)], 1u << rng_below(&rng, 4),
                     rng_below(&rng, 4) ? 8 : 4};
    bool down = rng_below(&rng, 4) == 0, faulted;
    uint8_t code[15] = {0};
    unsigned len = bytes_of(&s, code);
    struct cpu *c = &f->cpu;
    m->ax = rng_below(&rng, 2) ? 0x5555555555555555 : rng_next(&rng);
    m->cx = rng_below(&rng, 3) ? rng_below(&rng, 40) : rng_below(&rng, 400);
    m->si = BASE + rng_below(&rng, BYTES);
    m->di = rng_below(&rng, 3) ? BASE + rng_below(&rng, BYTES) : m->si + rng_below(&rng, 40) - 20;
    m->flags = rng_next(&rng) & 0x8d5;
    if (s.asize == 4)
        m->cx |= 7ull << 32, m->si |= 9ull << 32, m->di |= 5ull << 32;
    c->r[0] = m->ax, c->r[1] = m->cx, c->r[6] = m->si, c->r[7] = m->di;
    cpu_flags_set(c, m->flags | 2 | (down ? 0x400 : 0));
    uint64_t want = model_run(m, &s, down, &faulted), did = 0;
    struct cpu_event ev;
    struct cpu_insn i;
    do {
        if (rng_below(&rng, 8) == 0) { /* a wait somewhere: what was done stays, then it goes on */
            f->wait_at = BASE + rng_below(&rng, BYTES);
            uint64_t count = c->r[1];
            ev = fake_run(f, code, 15, 8, &i);
            f->wait_at = ~0ull;
            if (ev.kind == CPU_WAIT) {
                assert_int_equal(c->r[1], count);
                ev.kind = CPU_AGAIN;
                continue;
            }
        } else
            ev = fake_run(f, code, 15, 8, &i);
        if (ev.kind == CPU_NONE || ev.kind == CPU_AGAIN) {
            assert_true(c->iterations * s.size <= SIM_LINE_BYTES);
            did += c->iterations;
        }
    } while (ev.kind == CPU_AGAIN);
    assert_int_equal(i.len, len);
    assert_int_equal(ev.kind == CPU_FAULT, faulted);
    assert_int_equal(did, want);
    assert_int_equal(c->r[0], m->ax);
    assert_int_equal(c->r[1], m->cx);
    assert_int_equal(c->r[6], m->si);
    assert_int_equal(c->r[7], m->di);
    assert_int_equal(flags_bits(&c->fl), m->flags);
    assert_memory_equal(f->mem, m->mem, BYTES);
}

static void test_chunks(void **state)
{
    (void)state;
    struct fake *f = fake_new(BASE, BYTES);
    static struct model m;
    rng_seed(&rng, 1234);
    for (unsigned k = 0; k < 60000; k++) {
        if (k % 64 == 0)
            fill(f, &m);
        one_case(f, &m);
    }
    fake_free(f);
}

/* A fill and an aligned copy go by whole lines: speed rests on it. */
static void test_chunk_size(void **state)
{
    (void)state;
    struct fake *f = fake_new(BASE, BYTES);
    static const uint8_t stosb[15] = {0xf3, 0xaa}, movsq[15] = {0xf3, 0x48, 0xa5};
    struct cpu_insn i;
    f->cpu.r[1] = 1000;
    f->cpu.r[7] = BASE;
    assert_int_equal(fake_run(f, stosb, 15, 8, &i).kind, CPU_AGAIN);
    assert_int_equal(f->cpu.iterations, 64);
    f->cpu.r[6] = BASE + 64;
    f->cpu.r[7] = BASE + 1024;
    assert_int_equal(fake_run(f, movsq, 15, 8, &i).kind, CPU_AGAIN);
    assert_int_equal(f->cpu.iterations, 8);
    fake_free(f);
}

static void test_ports(void **state)
{
    (void)state;
    struct fake *f = fake_new(BASE, BYTES);
    static const uint8_t outsb[15] = {0xf3, 0x6e}, insw[15] = {0x66, 0x6d};
    struct cpu_insn i;
    struct cpu *c = &f->cpu;
    c->r[1] = 2, c->r[2] = 0x3f8, c->r[6] = BASE, c->r[7] = BASE + 16;
    f->mem[0] = 'v';
    f->mem[1] = 'm';
    assert_int_equal(fake_run(f, outsb, 15, 8, &i).kind, CPU_AGAIN);
    assert_int_equal(f->port_value, 'v');
    assert_int_equal(fake_run(f, outsb, 15, 8, &i).kind, CPU_NONE);
    assert_int_equal(f->port_value, 'm');
    assert_int_equal(f->port, 0x3f8);
    assert_int_equal(c->r[1], 0);
    f->port_value = 0xbeef;
    assert_int_equal(fake_run(f, insw, 15, 8, &i).kind, CPU_NONE);
    assert_int_equal(f->mem[16] | f->mem[17] << 8, 0xbeef);
    assert_int_equal(c->r[7], BASE + 18);
    f->wait_at = BASE + 18; /* the destination first: a device is never read in vain */
    f->port_size = 0;
    assert_int_equal(fake_run(f, insw, 15, 8, &i).kind, CPU_WAIT);
    assert_int_equal(f->port_size, 0);
    fake_free(f);
}

/* In 16-bit code SI wraps at 64 KiB and keeps the upper half of ESI. */
static void test_wrap(void **state)
{
    (void)state;
    struct fake *f = fake_new(0, 1 << 16);
    static const uint8_t lodsb[15] = {0xf3, 0xac}, stosb[15] = {0xf3, 0xaa};
    struct cpu_insn i;
    struct cpu *c = &f->cpu;
    c->r[6] = 0x1234ffff;
    c->r[1] = 0xabcd0002;
    f->mem[0xffff] = 1;
    f->mem[0] = 2;
    assert_int_equal(fake_run(f, lodsb, 15, 2, &i).kind, CPU_AGAIN);
    assert_int_equal(c->r[6], 0x12340000);
    assert_int_equal(fake_run(f, lodsb, 15, 2, &i).kind, CPU_NONE);
    assert_int_equal(c->r[0] & 0xff, 2);
    assert_int_equal(c->r[1], 0xabcd0000);
    c->r[7] = 0xfff0;
    c->r[1] = 32;
    c->r[0] = 0x77;
    while (fake_run(f, stosb, 15, 2, &i).kind == CPU_AGAIN)
        continue;
    assert_int_equal(f->mem[0xffff], 0x77);
    assert_int_equal(f->mem[15], 0x77);
    assert_int_equal(f->mem[16], 0);
    assert_int_equal(c->r[7], 16);
    fake_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_chunk_size),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
