/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random MMX, SSE and x87 instructions, made from the rows of insn.def, run by the host's processor and by the handlers
 * from the same registers, control words and memory. Everything architectural must agree afterwards, faults included,
 * but the x87 instruction and data pointers and opcode, which are this core's own.
 */
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "cpu/tests/exec_fake.h"
#include "sim/core/rng.h"

#define FP_MEM_AT    0x10000000ull
#define FP_MEM_BYTES 4096u
#define FP_CODE_AT   0x11000000ull
#define FP_INSN_OFF  0x400u
#define FP_STATE_AT  0x12000000ull

struct fp_state {
    struct cpu_fpu fpu;
    uint64_t r[16], rflags, host_rsp, fault;
};

struct fp_case {
    const struct cpu_row *row;
    uint8_t code[16];
    unsigned len, size, mem_bytes; /* mem_bytes: 0 = no memory operand */
    uint64_t ea;
    struct fp_state in;
};

extern struct rng fp_rng;
uint64_t fp_below(uint64_t n);
/* Values in which floating-point and integer corners of @bits-wide elements are frequent. */
uint64_t fp_value(unsigned bits);
struct cpu_xmm fp_xmm(void);
/* An 80-bit value likewise: mantissa and sign with exponent. */
void fp_extended(uint64_t *mantissa, uint16_t *sign_exponent);

/* fp_make() - a case for one of the rows that @wanted says yes to; @shape may change registers and memory of it. */
typedef bool fp_wanted(const struct cpu_row *row);
typedef void fp_shape(struct fake *f, struct fp_case *k);
void fp_set_memory(struct fake *f, uint64_t a, const void *from, unsigned n);

/* fp_run() - @n cases from @seed. Return: how many disagreed (it stops at 10). */
unsigned fp_run(uint64_t n, uint64_t seed, fp_wanted *wanted, fp_shape *shape);
