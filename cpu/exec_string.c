/* SPDX-License-Identifier: Apache-2.0 */
/*
 * String instructions. Without a prefix: one iteration. With REP: as many iterations as stay in one cache line of each
 * operand, done in one call; then CPU_AGAIN while the count lasts, so that interrupts come between. A chunk is either
 * done whole or not at all: the destination is acquired for all its bytes before the first is written, and if a chunk
 * faults, the first iteration alone is tried so that the fault is exactly its own; but for a page fault, which within
 * one line of each operand is the first iteration's already. cpu->iterations says how many were
 * done, for the pipeline.
 * The source may have another segment (i->seg), the destination is always ES. rSI, rDI, rCX have the address size.
 * Manual: SDM vol. 1, "String Instructions"; vol. 2, "REP/REPE/REPZ/REPNE/REPNZ".
 */
#include "cpu/exec_ops.h"

enum { AX = 0, CX = 1, DX = 2, SI = 6, DI = 7 };
#define REPEATED (CPU_I_REP | CPU_I_REPNE)

/* How far an index register moves in an iteration, bytes. */
static int64_t stride(const struct cpu *c, const struct cpu_insn *i)
{
    return c->rflags & RFLAGS_DF ? -(int64_t)i->size : i->size;
}

static uint64_t index_of(const struct cpu *c, const struct cpu_insn *i, unsigned reg)
{
    return op_trunc(c->r[reg], i->asize);
}

static void move_index(struct cpu *c, const struct cpu_insn *i, unsigned reg, uint64_t iterations)
{
    op_put(c, reg, i->asize, false, c->r[reg] + (uint64_t)stride(c, i) * iterations);
}

/* The instruction has done @n iterations; does it go on? */
static struct cpu_event done(struct cpu *c, const struct cpu_insn *i, uint64_t n, bool ended)
{
    c->iterations = (unsigned)n;
    if (!(i->flags & REPEATED))
        return CPU_OK;
    op_put(c, CX, i->asize, false, c->r[CX] - n);
    if (ended || op_trunc(c->r[CX], i->asize) == 0)
        return CPU_OK;
    return (struct cpu_event){CPU_AGAIN, 0, 0, 0, 0};
}

/* REP with a count of 0 does nothing at all. */
static bool nothing_to_do(struct cpu *c, const struct cpu_insn *i)
{
    c->iterations = 0;
    return (i->flags & REPEATED) && op_trunc(c->r[CX], i->asize) == 0;
}

/* Iterations, forward, until @reg's operand leaves its cache line or its index wraps; at least 1. */
static uint64_t room(const struct cpu *c, const struct cpu_insn *i, unsigned seg, unsigned reg)
{
    uint64_t at = index_of(c, i, reg), linear = c->seg_base[seg] + at;
    uint64_t bytes = SIM_LINE_BYTES - (linear & (SIM_LINE_BYTES - 1));
    if (op_trunc(at + bytes, i->asize) < at)
        return 1;
    return bytes < i->size ? 1 : bytes / i->size;
}

/* Iterations to try at once: 1 when not repeated, backward, or traced (a trap follows each iteration). */
static uint64_t chunk(const struct cpu *c, const struct cpu_insn *i, bool source, bool destination)
{
    if (!(i->flags & REPEATED) || (c->rflags & (RFLAGS_DF | CPU_RFLAGS_TF)))
        return 1;
    uint64_t n = op_trunc(c->r[CX], i->asize), r;
    if (source && (r = room(c, i, i->seg, SI)) < n)
        n = r;
    if (destination && (r = room(c, i, CPU_SEG_ES, DI)) < n)
        n = r;
    return n;
}

static bool is_limit_fault(struct cpu_event ev)
{
    return ev.kind == CPU_FAULT && ev.vector != 14;
}

/* ---- MOVS ---- */
/* Bytes are gathered before any is written, so overlap of the two ranges must not lie within the chunk. */
static struct cpu_event copy(struct cpu *c, const struct cpu_insn *i, uint64_t n)
{
    uint64_t from = index_of(c, i, SI), to = index_of(c, i, DI), v[SIM_LINE_BYTES / 8];
    unsigned bytes = (unsigned)(n * i->size), at = 0, k = 0;
    unsigned piece = n == 1 ? i->size : 8;
    for (at = 0, k = 0; at + piece <= bytes; at += piece)
        CPU_TRY(cpu_load(c, i->seg, from + at, piece, &v[k++]));
    CPU_TRY(cpu_acquire(c, CPU_SEG_ES, to, bytes));
    for (at = 0, k = 0; at + piece <= bytes; at += piece)
        CPU_TRY(cpu_store(c, CPU_SEG_ES, to + at, piece, v[k++]));
    move_index(c, i, SI, n);
    move_index(c, i, DI, n);
    return done(c, i, n, false);
}

struct cpu_event cpu_exec_movs(struct cpu *c, const struct cpu_insn *i)
{
    if (nothing_to_do(c, i))
        return CPU_OK;
    uint64_t n = chunk(c, i, true, true), per_8 = 8u / i->size;
    uint64_t from = c->seg_base[i->seg] + index_of(c, i, SI), to = c->seg_base[CPU_SEG_ES] + index_of(c, i, DI);
    bool overlap = to > from && to - from < n * i->size;
    n = overlap ? 1 : n < per_8 ? 1 : n - n % per_8; /* whole 8-byte pieces, or one element */
    if (n > 1) {
        struct cpu_event ev = copy(c, i, n);
        if (!is_limit_fault(ev))
            return ev;
    }
    return copy(c, i, 1);
}

/* ---- STOS ---- */
static uint64_t pattern(uint64_t v, unsigned size)
{
    static const uint64_t ones[9] = {
        [1] = 0x0101010101010101, [2] = 0x0001000100010001, [4] = 0x0000000100000001, [8] = 1};
    return op_trunc(v, size) * ones[size];
}

static struct cpu_event fill(struct cpu *c, const struct cpu_insn *i, uint64_t n)
{
    uint64_t to = index_of(c, i, DI), v = pattern(c->r[AX], i->size);
    unsigned bytes = (unsigned)(n * i->size), piece = n == 1 ? i->size : 8;
    if (n > 1)
        CPU_TRY(cpu_acquire(c, CPU_SEG_ES, to, bytes));
    for (unsigned at = 0; at + piece <= bytes; at += piece)
        CPU_TRY(cpu_store(c, CPU_SEG_ES, to + at, piece, op_trunc(v, piece)));
    move_index(c, i, DI, n);
    return done(c, i, n, false);
}

struct cpu_event cpu_exec_stos(struct cpu *c, const struct cpu_insn *i)
{
    if (nothing_to_do(c, i))
        return CPU_OK;
    uint64_t n = chunk(c, i, false, true), per_8 = 8u / i->size;
    n = n < per_8 ? 1 : n - n % per_8;
    if (n > 1) {
        struct cpu_event ev = fill(c, i, n);
        if (!is_limit_fault(ev))
            return ev;
    }
    return fill(c, i, 1);
}

/* ---- LODS, SCAS, CMPS: reads only, so a chunk that faults on the way ends before the fault ---- */
static struct cpu_event read_one(struct cpu *c, const struct cpu_insn *i, unsigned seg, unsigned reg, uint64_t nth,
                                 uint64_t *v)
{
    uint64_t at = op_trunc(c->r[reg] + (uint64_t)stride(c, i) * nth, i->asize);
    return cpu_load(c, seg, at, i->size, v);
}

struct cpu_event cpu_exec_lods(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v;
    if (nothing_to_do(c, i))
        return CPU_OK;
    CPU_TRY(read_one(c, i, i->seg, SI, 0, &v));
    op_put(c, AX, i->size, false, v);
    move_index(c, i, SI, 1);
    return done(c, i, 1, false);
}

/* Does a comparison that gave @equal end the repetition? REPE goes on while equal, REPNE while not. */
static bool ends(const struct cpu_insn *i, bool equal)
{
    return i->flags & CPU_I_REPNE ? equal : !equal;
}

struct cpu_event cpu_exec_scas(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t a = op_trunc(c->r[AX], i->size), b = 0, n = 0, last = 0;
    bool ended = false;
    if (nothing_to_do(c, i))
        return CPU_OK;
    for (uint64_t most = chunk(c, i, false, true); n < most && !ended; n++) {
        struct cpu_event ev = read_one(c, i, CPU_SEG_ES, DI, n, &b);
        if (ev.kind != CPU_NONE) {
            if (n == 0)
                return ev;
            break;
        }
        last = b;
        ended = ends(i, a == b);
    }
    c->fl = flags_sub(a, last, a - last, i->size);
    move_index(c, i, DI, n);
    return done(c, i, n, ended);
}

struct cpu_event cpu_exec_cmps(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t a = 0, b = 0, n = 0, last_a = 0, last_b = 0;
    bool ended = false;
    if (nothing_to_do(c, i))
        return CPU_OK;
    for (uint64_t most = chunk(c, i, true, true); n < most && !ended; n++) {
        struct cpu_event ev = read_one(c, i, i->seg, SI, n, &a);
        if (ev.kind == CPU_NONE)
            ev = read_one(c, i, CPU_SEG_ES, DI, n, &b);
        if (ev.kind != CPU_NONE) {
            if (n == 0)
                return ev;
            break;
        }
        last_a = a;
        last_b = b;
        ended = ends(i, a == b);
    }
    c->fl = flags_sub(last_a, last_b, last_a - last_b, i->size);
    move_index(c, i, SI, n);
    move_index(c, i, DI, n);
    return done(c, i, n, ended);
}

/* ---- ports: one iteration a call; the device access comes last but for what cannot fail ---- */
struct cpu_event cpu_exec_ins(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v, to = index_of(c, i, DI);
    if (nothing_to_do(c, i))
        return CPU_OK;
    CPU_TRY(cpu_acquire(c, CPU_SEG_ES, to, i->size));
    CPU_TRY(cpu_io_read(c, (uint16_t)c->r[DX], i->size, &v));
    CPU_TRY(cpu_store(c, CPU_SEG_ES, to, i->size, v));
    move_index(c, i, DI, 1);
    return done(c, i, 1, false);
}

struct cpu_event cpu_exec_outs(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v;
    if (nothing_to_do(c, i))
        return CPU_OK;
    CPU_TRY(cpu_load(c, i->seg, index_of(c, i, SI), i->size, &v));
    CPU_TRY(cpu_io_write(c, (uint16_t)c->r[DX], i->size, v));
    move_index(c, i, SI, 1);
    return done(c, i, 1, false);
}
