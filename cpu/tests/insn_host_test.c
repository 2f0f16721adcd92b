/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random user-mode integer instructions, run by the host's processor and by the handlers: registers, memory, flags, the
 * way taken and #DE must agree. Flags that the manual leaves undefined are not compared: each row of the table says
 * which rule applies. Each case is also run with a byte of memory out of reach: then it must have changed nothing.
 *
 *   insn_host_test [CASES [SEED]]     default 200000 cases; the seed is printed
 *
 * How it could lie: 64-bit code only; the host's processor stands for all (where Intel and AMD differ beyond
 * "undefined" this cannot tell); memory is a fake without paging or segments; LOCK has no second core to notice it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <cmocka.h>
#include "cpu/flags.h"
#include "cpu/tests/exec_fake.h"
#include "sim/core/rng.h"

/* Fixed low addresses, so that disp32, 32-bit addressing and absolute stores in the trampoline reach everything. */
#define CODE_AT    0x11000000ull
#define INSN_OFF   0x400u /* the instruction under test; "not taken" exit right behind its 16 bytes */
#define TAKEN_OFF  0x440u
#define STATE_AT   0x12000000ull
#define MEM_AT     0x10000000ull
#define MEM_BYTES  4096u
#define MEM_MIDDLE (MEM_AT + MEM_BYTES / 2)

/* What the trampoline loads and stores; at STATE_AT. */
struct state {
    uint64_t r[16], rflags, taken;
    uint64_t host_rsp;
    uint64_t faulted;
};
static struct state *const native = (struct state *)(uintptr_t)STATE_AT;
static struct rng rng;
static uint64_t waited;

/* ---- the table of what is tried ---- */

/* Undefined flags by instruction group; the words are the manual's (SDM vol. 2, "Flags Affected"). */
enum undefined {
    ALL_DEFINED,
    LOGIC,  /* "the state of the AF flag is undefined" */
    SHIFT,  /* "OF is affected only on 1-bit shifts", "AF undefined", "CF undefined for SHL and SHR where the count is
               greater than or equal to the size" */
    ROTATE, /* "OF is undefined for multi-bit rotates" */
    MUL,    /* "SF, ZF, AF, and PF flags are undefined" */
    DIV,    /* "CF, OF, SF, ZF, AF, and PF flags are undefined" */
    BITS,   /* BT: "OF, SF, AF, and PF flags are undefined", ZF unaffected */
    SCAN,   /* BSF: "CF, OF, SF, AF, and PF flags are undefined" */
};
enum special {
    NONE,
    MODRM,      /* any form */
    MODRM_REG,  /* register form only */
    MODRM_MEM,  /* memory form only */
    BIT_STRING, /* ModRM, reg is a bit number */
    CMPXCHG,    /* rAX equals the destination half of the time */
    CMPXCHG8B,  /* likewise the pair */
    DIVIDE,     /* dividend such that the quotient often fits */
    STRING,     /* rSI, rDI in memory; repeats */
    BRANCH8,    /* rel8 to TAKEN */
    BRANCH32,   /* rel32 to TAKEN */
    TO_TAKEN,   /* rAX = address of TAKEN */
    RETURN,     /* top of stack = address of TAKEN */
    FRAME,      /* rBP in memory */
    PLUS_REG,   /* register in the low opcode bits */
    DOUBLE_SHIFT,
    TABLE, /* rBX in memory */
};
enum imm { I0, I8, IZ /* 16 or 32 by size */, IV /* 16, 32 or 64 */, I16_8 };

struct trial {
    const char *name;
    uint8_t map, opcode;
    int8_t ext; /* ModRM reg field; -1: a register */
    uint8_t imm, special, undefined;
    uint8_t byte; /* byte-sized form: 66 and REX.W are not tried */
    uint8_t lockable, stack64 /* operand size 64 or 16 */;
};

#define ALU8(name, base, ext, undef, lock)                                                                             \
    {name, 1, base + 0, -1, I0, MODRM, undef, 1, lock, 0}, {name, 1, base + 1, -1, I0, MODRM, undef, 0, lock, 0},      \
        {name, 1, base + 2, -1, I0, MODRM, undef, 1, 0, 0}, {name, 1, base + 3, -1, I0, MODRM, undef, 0, 0, 0},        \
        {name, 1, base + 4, -1, I8, NONE, undef, 1, 0, 0}, {name, 1, base + 5, -1, IZ, NONE, undef, 0, 0, 0},          \
        {name, 1, 0x80, ext, I8, MODRM, undef, 1, lock, 0}, {name, 1, 0x81, ext, IZ, MODRM, undef, 0, lock, 0},        \
    {                                                                                                                  \
        name, 1, 0x83, ext, I8, MODRM, undef, 0, lock, 0                                                               \
    }
#define SHIFT6(name, ext, undef)                                                                                       \
    {name, 1, 0xc0, ext, I8, MODRM, undef, 1, 0, 0}, {name, 1, 0xc1, ext, I8, MODRM, undef, 0, 0, 0},                  \
        {name, 1, 0xd0, ext, I0, MODRM, undef, 1, 0, 0}, {name, 1, 0xd1, ext, I0, MODRM, undef, 0, 0, 0},              \
        {name, 1, 0xd2, ext, I0, MODRM, undef, 1, 0, 0},                                                               \
    {                                                                                                                  \
        name, 1, 0xd3, ext, I0, MODRM, undef, 0, 0, 0                                                                  \
    }
#define UNARY2(name, op, ext, undef, lock, special)                                                                    \
    {name, 1, op, ext, I0, special, undef, 1, lock, 0},                                                                \
    {                                                                                                                  \
        name, 1, op + 1, ext, I0, special, undef, 0, lock, 0                                                           \
    }
#define BITS2(name, op, ext, lock)                                                                                     \
    {name, 2, op, -1, I0, BIT_STRING, BITS, 0, lock, 0},                                                               \
    {                                                                                                                  \
        name, 2, 0xba, ext, I8, MODRM, BITS, 0, lock, 0                                                                \
    }
#define CC(n)                                                                                                          \
    {"cmov", 2, 0x40 + n, -1, I0, MODRM, ALL_DEFINED, 0, 0, 0},                                                        \
        {"setcc", 2, 0x90 + n, 0, I0, MODRM, ALL_DEFINED, 1, 0, 0},                                                    \
        {"jcc8", 1, 0x70 + n, -1, I0, BRANCH8, ALL_DEFINED, 1, 0, 0},                                                  \
    {                                                                                                                  \
        "jcc32", 2, 0x80 + n, -1, I0, BRANCH32, ALL_DEFINED, 1, 0, 0                                                   \
    }
#define STRING2(name, op)                                                                                              \
    {name, 1, op, -1, I0, STRING, ALL_DEFINED, 1, 0, 0},                                                               \
    {                                                                                                                  \
        name, 1, op + 1, -1, I0, STRING, ALL_DEFINED, 0, 0, 0                                                          \
    }

/* clang-format off */
static const struct trial trials[] = {
    ALU8("add", 0x00, 0, ALL_DEFINED, 1), ALU8("or", 0x08, 1, LOGIC, 1), ALU8("adc", 0x10, 2, ALL_DEFINED, 1),
    ALU8("sbb", 0x18, 3, ALL_DEFINED, 1), ALU8("and", 0x20, 4, LOGIC, 1), ALU8("sub", 0x28, 5, ALL_DEFINED, 1),
    ALU8("xor", 0x30, 6, LOGIC, 1), ALU8("cmp", 0x38, 7, ALL_DEFINED, 0),
    SHIFT6("rol", 0, ROTATE), SHIFT6("ror", 1, ROTATE), SHIFT6("rcl", 2, ROTATE), SHIFT6("rcr", 3, ROTATE),
    SHIFT6("shl", 4, SHIFT), SHIFT6("shr", 5, SHIFT), SHIFT6("sal", 6, SHIFT), SHIFT6("sar", 7, SHIFT),
    UNARY2("not", 0xf6, 2, ALL_DEFINED, 1, MODRM), UNARY2("neg", 0xf6, 3, ALL_DEFINED, 1, MODRM),
    UNARY2("mul", 0xf6, 4, MUL, 0, MODRM), UNARY2("imul", 0xf6, 5, MUL, 0, MODRM),
    UNARY2("div", 0xf6, 6, DIV, 0, DIVIDE), UNARY2("idiv", 0xf6, 7, DIV, 0, DIVIDE),
    UNARY2("inc", 0xfe, 0, ALL_DEFINED, 1, MODRM), UNARY2("dec", 0xfe, 1, ALL_DEFINED, 1, MODRM),
    {"test", 1, 0x84, -1, I0, MODRM, LOGIC, 1, 0, 0}, {"test", 1, 0x85, -1, I0, MODRM, LOGIC, 0, 0, 0},
    {"test", 1, 0xf6, 0, I8, MODRM, LOGIC, 1, 0, 0}, {"test", 1, 0xf7, 0, IZ, MODRM, LOGIC, 0, 0, 0},
    {"test", 1, 0xf7, 1, IZ, MODRM, LOGIC, 0, 0, 0}, {"test", 1, 0xa9, -1, IZ, NONE, LOGIC, 0, 0, 0},
    {"mov", 1, 0x88, -1, I0, MODRM, ALL_DEFINED, 1, 0, 0}, {"mov", 1, 0x89, -1, I0, MODRM, ALL_DEFINED, 0, 0, 0},
    {"mov", 1, 0x8a, -1, I0, MODRM, ALL_DEFINED, 1, 0, 0}, {"mov", 1, 0x8b, -1, I0, MODRM, ALL_DEFINED, 0, 0, 0},
    {"mov", 1, 0xc6, 0, I8, MODRM, ALL_DEFINED, 1, 0, 0}, {"mov", 1, 0xc7, 0, IZ, MODRM, ALL_DEFINED, 0, 0, 0},
    {"mov", 1, 0xb0, -1, I8, PLUS_REG, ALL_DEFINED, 1, 0, 0}, {"mov", 1, 0xb8, -1, IV, PLUS_REG, ALL_DEFINED, 0, 0, 0},
    {"movnti", 2, 0xc3, -1, I0, MODRM_MEM, ALL_DEFINED, 1, 0, 0},
    {"movzx", 2, 0xb6, -1, I0, MODRM, ALL_DEFINED, 0, 0, 0}, {"movzx", 2, 0xb7, -1, I0, MODRM, ALL_DEFINED, 0, 0, 0},
    {"movsx", 2, 0xbe, -1, I0, MODRM, ALL_DEFINED, 0, 0, 0}, {"movsx", 2, 0xbf, -1, I0, MODRM, ALL_DEFINED, 0, 0, 0},
    {"movsxd", 1, 0x63, -1, I0, MODRM, ALL_DEFINED, 0, 0, 0}, {"lea", 1, 0x8d, -1, I0, MODRM_MEM, ALL_DEFINED, 0, 0, 0},
    {"xchg", 1, 0x86, -1, I0, MODRM, ALL_DEFINED, 1, 1, 0}, {"xchg", 1, 0x87, -1, I0, MODRM, ALL_DEFINED, 0, 1, 0},
    {"xchg", 1, 0x90, -1, I0, PLUS_REG, ALL_DEFINED, 0, 0, 0}, {"bswap", 2, 0xc8, -1, I0, PLUS_REG, ALL_DEFINED, 0, 0, 0},
    {"xadd", 2, 0xc0, -1, I0, MODRM, ALL_DEFINED, 1, 1, 0}, {"xadd", 2, 0xc1, -1, I0, MODRM, ALL_DEFINED, 0, 1, 0},
    {"cmpxchg", 2, 0xb0, -1, I0, CMPXCHG, ALL_DEFINED, 1, 1, 0}, {"cmpxchg", 2, 0xb1, -1, I0, CMPXCHG, ALL_DEFINED, 0, 1, 0},
    {"cmpxchg8b", 2, 0xc7, 1, I0, CMPXCHG8B, ALL_DEFINED, 0, 1, 0},
    {"imul", 2, 0xaf, -1, I0, MODRM, MUL, 0, 0, 0}, {"imul", 1, 0x69, -1, IZ, MODRM, MUL, 0, 0, 0},
    {"imul", 1, 0x6b, -1, I8, MODRM, MUL, 0, 0, 0},
    {"shld", 2, 0xa4, -1, I8, DOUBLE_SHIFT, SHIFT, 0, 0, 0}, {"shld", 2, 0xa5, -1, I0, DOUBLE_SHIFT, SHIFT, 0, 0, 0},
    {"shrd", 2, 0xac, -1, I8, DOUBLE_SHIFT, SHIFT, 0, 0, 0}, {"shrd", 2, 0xad, -1, I0, DOUBLE_SHIFT, SHIFT, 0, 0, 0},
    BITS2("bt", 0xa3, 4, 0), BITS2("bts", 0xab, 5, 1), BITS2("btr", 0xb3, 6, 1), BITS2("btc", 0xbb, 7, 1),
    {"bsf", 2, 0xbc, -1, I0, MODRM, SCAN, 0, 0, 0}, {"bsr", 2, 0xbd, -1, I0, MODRM, SCAN, 0, 0, 0},
    CC(0), CC(1), CC(2), CC(3), CC(4), CC(5), CC(6), CC(7), CC(8), CC(9), CC(10), CC(11), CC(12), CC(13), CC(14), CC(15),
    {"jmp", 1, 0xeb, -1, I0, BRANCH8, ALL_DEFINED, 1, 0, 0}, {"jmp", 1, 0xe9, -1, I0, BRANCH32, ALL_DEFINED, 1, 0, 0},
    {"call", 1, 0xe8, -1, I0, BRANCH32, ALL_DEFINED, 1, 0, 0}, {"jrcxz", 1, 0xe3, -1, I0, BRANCH8, ALL_DEFINED, 1, 0, 0},
    {"loop", 1, 0xe2, -1, I0, BRANCH8, ALL_DEFINED, 1, 0, 0}, {"loope", 1, 0xe1, -1, I0, BRANCH8, ALL_DEFINED, 1, 0, 0},
    {"loopne", 1, 0xe0, -1, I0, BRANCH8, ALL_DEFINED, 1, 0, 0},
    {"jmp", 1, 0xff, 4, I0, TO_TAKEN, ALL_DEFINED, 1, 0, 0}, {"call", 1, 0xff, 2, I0, TO_TAKEN, ALL_DEFINED, 1, 0, 0},
    {"ret", 1, 0xc3, -1, I0, RETURN, ALL_DEFINED, 1, 0, 0},
    {"push", 1, 0x50, -1, I0, PLUS_REG, ALL_DEFINED, 0, 0, 1}, {"pop", 1, 0x58, -1, I0, PLUS_REG, ALL_DEFINED, 0, 0, 1},
    {"push", 1, 0xff, 6, I0, MODRM, ALL_DEFINED, 0, 0, 1}, {"pop", 1, 0x8f, 0, I0, MODRM, ALL_DEFINED, 0, 0, 1},
    {"push", 1, 0x68, -1, IZ, NONE, ALL_DEFINED, 0, 0, 1}, {"push", 1, 0x6a, -1, I8, NONE, ALL_DEFINED, 0, 0, 1},
    {"leave", 1, 0xc9, -1, I0, FRAME, ALL_DEFINED, 0, 0, 1}, {"enter", 1, 0xc8, -1, I16_8, FRAME, ALL_DEFINED, 0, 0, 1},
    {"cbw", 1, 0x98, -1, I0, NONE, ALL_DEFINED, 0, 0, 0}, {"cwd", 1, 0x99, -1, I0, NONE, ALL_DEFINED, 0, 0, 0},
    {"lahf", 1, 0x9f, -1, I0, NONE, ALL_DEFINED, 1, 0, 0}, {"sahf", 1, 0x9e, -1, I0, NONE, ALL_DEFINED, 1, 0, 0},
    {"clc", 1, 0xf8, -1, I0, NONE, ALL_DEFINED, 1, 0, 0}, {"stc", 1, 0xf9, -1, I0, NONE, ALL_DEFINED, 1, 0, 0},
    {"cmc", 1, 0xf5, -1, I0, NONE, ALL_DEFINED, 1, 0, 0}, {"cld", 1, 0xfc, -1, I0, NONE, ALL_DEFINED, 1, 0, 0},
    {"std", 1, 0xfd, -1, I0, NONE, ALL_DEFINED, 1, 0, 0}, {"nop", 2, 0x1f, 0, I0, MODRM, ALL_DEFINED, 0, 0, 0},
    {"xlat", 1, 0xd7, -1, I0, TABLE, ALL_DEFINED, 1, 0, 0},
    STRING2("movs", 0xa4), STRING2("cmps", 0xa6), STRING2("stos", 0xaa), STRING2("lods", 0xac), STRING2("scas", 0xae),
};
/* clang-format on */

/* ---- a case ---- */
struct trial_case {
    const struct trial *t;
    uint8_t code[16];
    unsigned len, size;
    struct state in;
    uint64_t flags_compared;
    uint8_t modrm, rex;
    uint64_t ea; /* of the memory operand, if any */
};

static uint64_t below(uint64_t n)
{
    return rng_below(&rng, n);
}

static uint64_t interesting(void)
{
    static const uint64_t corner[] = {0,
                                      1,
                                      2,
                                      0x7f,
                                      0x80,
                                      0xff,
                                      0x7fff,
                                      0x8000,
                                      0xffff,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff,
                                      0x7fffffffffffffff,
                                      1ull << 63,
                                      ~0ull,
                                      ~0ull - 1};
    switch (below(4)) {
    case 0:
        return corner[below(sizeof corner / sizeof corner[0])];
    case 1:
        return below(256);
    case 2:
        return rng_next(&rng) >> below(64);
    default:
        return rng_next(&rng);
    }
}

static void put(struct trial_case *k, uint64_t v, unsigned bytes)
{
    memcpy(k->code + k->len, &v, bytes);
    k->len += bytes;
}

/* Registers that form the address get values such that the operand lies in memory. @tail: bytes behind ModRM's part. */
static void put_address(struct trial_case *k, unsigned mod, unsigned rm, uint8_t rex, bool addr32, unsigned tail)
{
    static const unsigned disp_bytes[3] = {0, 1, 4};
    uint64_t target = MEM_MIDDLE - 256 + below(512);
    unsigned base = rm | (rex & 1 ? 8u : 0), index = 4, scale = 0, bytes = disp_bytes[mod];
    bool has_base = true, rip = false;
    if (k->t->special == CMPXCHG8B && k->size == 8)
        target &= ~15ull;
    if (rm == 4) {
        unsigned sib_base = (unsigned)below(8), sib_index = (unsigned)below(8);
        scale = (unsigned)below(4);
        index = sib_index | (rex & 2 ? 8u : 0);
        base = sib_base | (rex & 1 ? 8u : 0);
        put(k, scale << 6 | sib_index << 3 | sib_base, 1);
        if (sib_base == 5 && mod == 0)
            has_base = false, bytes = 4;
    } else if (rm == 5 && mod == 0) {
        has_base = false, rip = true, bytes = 4;
    }
    int64_t disp = bytes == 1 ? (int8_t)below(256) : bytes == 4 ? (int64_t)below(4096) - 2048 : 0;
    uint64_t index_part = 0;
    if (index != 4) {
        if (index != base || !has_base)
            k->in.r[index] = below(32);
        index_part = k->in.r[index] << scale;
        if (has_base && index == base) { /* (1 + scale) * r + disp: choose r, then take what comes */
            k->in.r[base] = (target - (uint64_t)disp) / (1 + (1u << scale));
            k->ea = k->in.r[base] + (k->in.r[base] << scale) + (uint64_t)disp;
            put(k, (uint64_t)disp, bytes);
            return;
        }
    }
    if (has_base)
        k->in.r[base] = target - index_part - (uint64_t)disp;
    else if (rip)
        disp = (int64_t)(target - (CODE_AT + INSN_OFF + k->len + 4 + tail));
    else
        disp = (int64_t)(target - index_part);
    if (addr32 && has_base)
        k->in.r[base] |= rng_next(&rng) << 32;
    k->ea = target;
    put(k, (uint64_t)disp, bytes);
}

static unsigned imm_bytes(const struct trial_case *k)
{
    unsigned z = k->size == 2 ? 2 : 4;
    switch (k->t->imm) {
    case I8:
        return 1;
    case IZ:
        return z;
    case IV:
        return k->size == 8 ? 8 : z;
    case I16_8:
        return 3;
    default:
        return 0;
    }
}

static bool has_modrm(const struct trial *t)
{
    switch (t->special) {
    case MODRM:
    case MODRM_REG:
    case MODRM_MEM:
    case BIT_STRING:
    case CMPXCHG:
    case CMPXCHG8B:
    case DIVIDE:
    case DOUBLE_SHIFT:
    case TO_TAKEN:
        return true;
    default:
        return false;
    }
}

static void put_opcode(struct trial_case *k, uint8_t low)
{
    if (k->t->map == 2)
        put(k, 0x0f, 1);
    put(k, k->t->opcode | low, 1);
}

/* Instruction bytes, and the registers that its address needs. */
static void encode(struct trial_case *k)
{
    const struct trial *t = k->t;
    bool modrm = has_modrm(t), memory_only = t->special == MODRM_MEM || t->special == CMPXCHG8B;
    unsigned mod = modrm ? (memory_only ? (unsigned)below(3) : t->special == MODRM_REG ? 3 : (unsigned)below(4)) : 3;
    unsigned rm = (unsigned)below(8), reg = t->ext >= 0 ? (unsigned)t->ext : (unsigned)below(8);
    bool wide = !t->byte && !t->stack64 && below(3) == 0, opsize = !t->byte && !wide && below(4) == 0;
    bool addr32 = modrm && mod != 3 && below(8) == 0;
    uint8_t rex = (uint8_t)(below(2) ? below(8) : 0);
    if (t->special == TO_TAKEN)
        mod = 3, rm = 0, rex = 0;
    if (t->special == CMPXCHG8B)
        opsize = false;
    if ((t->special == BRANCH8 || t->special == BRANCH32 || t->special == RETURN) || (t->stack64 && t->imm == I16_8))
        rex = 0;
    if (t->opcode == 0x63 && t->map == 1)
        wide = true, opsize = false;
    if (wide)
        rex |= 8;
    k->size = t->byte ? 1 : t->stack64 ? (opsize ? 2 : 8) : wide ? 8 : opsize ? 2 : 4;
    if (t->special == BRANCH8 || t->special == BRANCH32 || t->special == TO_TAKEN || t->special == RETURN)
        k->size = 8;
    if (t->opcode == 0xc3 && t->map == 2)
        k->size = 4, rex &= 7;
    k->rex = rex;
    if (t->lockable && mod != 3 && below(3) == 0)
        put(k, 0xf0, 1);
    if (t->special == STRING && below(2))
        put(k, below(2) ? 0xf3 : 0xf2, 1);
    if (opsize)
        put(k, 0x66, 1);
    if (addr32)
        put(k, 0x67, 1);
    if (rex || below(8) == 0)
        put(k, 0x40u | rex, 1);
    put_opcode(k, t->special == PLUS_REG ? (uint8_t)rm : 0);
    if (modrm) {
        k->modrm = (uint8_t)(mod << 6 | reg << 3 | rm);
        put(k, k->modrm, 1);
        if (mod != 3)
            put_address(k, mod, rm, rex, addr32, imm_bytes(k));
    }
    if (t->imm == I16_8)
        put(k, below(64) | below(4) << 16, 3);
    else
        put(k, interesting(), imm_bytes(k));
    if (t->special == BRANCH8)
        put(k, TAKEN_OFF - INSN_OFF - k->len - 1, 1);
    if (t->special == BRANCH32)
        put(k, TAKEN_OFF - INSN_OFF - k->len - 4, 4);
}

/* ---- native execution ---- */
static uint8_t *code_page;
static unsigned exit_off;

static unsigned emit(unsigned at, const void *bytes, unsigned n)
{
    memcpy(code_page + at, bytes, n);
    return at + n;
}
/* mov between a register and an absolute 32-bit address; opcode 8b loads, 89 stores. */
static unsigned emit_mov(unsigned at, uint8_t opcode, unsigned reg, uint64_t address)
{
    uint8_t b[8] = {(uint8_t)(0x48 | (reg >= 8 ? 4 : 0)), opcode, (uint8_t)((reg & 7) << 3 | 4), 0x25};
    uint32_t a = (uint32_t)address;
    memcpy(b + 4, &a, 4);
    return emit(at, b, 8);
}
static unsigned emit_jmp(unsigned at, unsigned to)
{
    uint8_t b[5] = {0xe9};
    int32_t rel = (int32_t)to - (int32_t)at - 5;
    memcpy(b + 1, &rel, 4);
    return emit(at, b, 5);
}
/* push or pop of an absolute address */
static unsigned emit_stack(unsigned at, bool push, uint64_t address)
{
    uint8_t b[7] = {push ? 0xff : 0x8f, push ? 0x34 : 0x04, 0x25};
    uint32_t a = (uint32_t)address;
    memcpy(b + 3, &a, 4);
    return emit(at, b, 7);
}

#define FIELD(name) (STATE_AT + offsetof(struct state, name))

static void build_trampoline(void)
{
    static const uint8_t save[] = {0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57};
    static const uint8_t restore[] = {0xfc, 0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3};
    static const uint8_t popfq = 0x9d, pushfq = 0x9c;
    unsigned at = emit(0, save, sizeof save);
    at = emit_mov(at, 0x89, 4, FIELD(host_rsp));
    at = emit_stack(at, true, FIELD(rflags));
    at = emit(at, &popfq, 1);
    for (unsigned r = 0; r < 16; r++)
        at = emit_mov(at, 0x8b, r, FIELD(r) + 8 * r);
    emit_jmp(at, INSN_OFF);
    exit_off = 0x800;
    at = exit_off;
    for (unsigned r = 0; r < 16; r++)
        at = emit_mov(at, 0x89, r, FIELD(r) + 8 * r);
    at = emit_mov(at, 0x8b, 4, FIELD(host_rsp));
    at = emit(at, &pushfq, 1);
    at = emit_stack(at, false, FIELD(rflags));
    emit(at, restore, sizeof restore);
    /* taken: mov qword [taken], 1; jmp exit */
    uint8_t note[12] = {0x48, 0xc7, 0x04, 0x25, 0, 0, 0, 0, 1};
    uint32_t a = (uint32_t)FIELD(taken);
    memcpy(note + 4, &a, 4);
    emit_jmp(emit(TAKEN_OFF, note, 12), exit_off);
}

/* #DE (or a bug of this test): note it, go on at the exit with all registers as they were. */
static void on_fault(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    (void)info;
    uint64_t rip = (uint64_t)u->uc_mcontext.gregs[REG_RIP];
    if (rip < CODE_AT || rip >= CODE_AT + 4096)
        abort();
    native->faulted = (uint64_t)sig;
    u->uc_mcontext.gregs[REG_RIP] = (greg_t)(CODE_AT + exit_off);
}

static void map_at(uint64_t a, size_t n, int prot)
{
    void *p = mmap((void *)(uintptr_t)a, n, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (p != (void *)(uintptr_t)a) {
        print_message("SKIP: address %#llx is not free\n", (unsigned long long)a);
        exit(77);
    }
}

static void prepare_host(void)
{
    static uint8_t signal_stack[1 << 16];
    map_at(CODE_AT, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    map_at(STATE_AT, 4096, PROT_READ | PROT_WRITE);
    map_at(MEM_AT, MEM_BYTES, PROT_READ | PROT_WRITE);
    code_page = (uint8_t *)(uintptr_t)CODE_AT;
    build_trampoline();
    stack_t ss = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&ss, NULL);
    sigaction(SIGFPE, &sa, NULL);
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGILL, &sa, NULL);
}

static void run_native(const struct trial_case *k)
{
    *native = k->in;
    emit_jmp(emit(INSN_OFF, k->code, k->len), exit_off);
    ((void (*)(void))(uintptr_t)CODE_AT)();
}

/* ---- simulated execution ---- */
static struct cpu_event run_simulated(struct fake *f, const struct trial_case *k, struct state *out)
{
    struct cpu_insn insn;
    struct cpu_event ev;
    uint8_t code[16] = {0};
    memcpy(code, k->code, k->len);
    memcpy(f->cpu.r, k->in.r, sizeof k->in.r);
    f->cpu.r[CPU_RIP] = CODE_AT + INSN_OFF;
    f->cpu.r[CPU_ZERO] = 0;
    cpu_flags_set(&f->cpu, k->in.rflags);
    do
        ev = fake_run(f, code, 15, 8, &insn);
    while (ev.kind == CPU_AGAIN);
    memcpy(out->r, f->cpu.r, sizeof out->r);
    out->rflags = cpu_flags_get(&f->cpu);
    out->taken = f->cpu.next_rip == CODE_AT + TAKEN_OFF;
    out->faulted = ev.kind == CPU_FAULT ? (ev.vector == 0 ? SIGFPE : SIGSEGV) : 0;
    if (insn.len != k->len)
        out->faulted = 1000u + insn.len;
    return ev;
}

/* ---- values ---- */
static void set_memory(struct fake *f, uint64_t a, unsigned n, uint64_t v)
{
    memcpy(f->mem + (a - MEM_AT), &v, n);
    memcpy((void *)(uintptr_t)a, &v, n);
}

static bool in_memory(uint64_t a)
{
    return a >= MEM_AT + 64 && a < MEM_AT + MEM_BYTES - 64;
}

static unsigned rm_number(const struct trial_case *k)
{
    return (k->modrm & 7u) | (k->rex & 1 ? 8u : 0);
}

static unsigned reg_number(const struct trial_case *k)
{
    return (k->modrm >> 3 & 7u) | (k->rex & 4 ? 8u : 0);
}

/* Values that make a case say something. Address registers are not touched when the operand is memory. */
static void shape_values(struct fake *f, struct trial_case *k)
{
    bool mem = has_modrm(k->t) && k->modrm >> 6 != 3;
    uint64_t *r = k->in.r;
    switch (k->t->special) {
    case CMPXCHG:
        if (below(2)) {
            if (mem && in_memory(k->ea))
                set_memory(f, k->ea, k->size, r[0]);
            else if (!mem && rm_number(k) != 0)
                r[rm_number(k)] = below(2) ? r[0] : (r[0] & 0xffffffff) | rng_next(&rng) << 32;
        }
        break;
    case CMPXCHG8B:
        if (below(2) && in_memory(k->ea)) {
            set_memory(f, k->ea, k->size, r[0]);
            set_memory(f, k->ea + k->size, k->size, r[2]);
        }
        break;
    case STRING:
        r[6] = MEM_MIDDLE - 512 + below(1024);
        r[7] = below(4) ? MEM_MIDDLE - 512 + below(1024) : r[6] + below(24) - 12;
        r[1] = below(50);
        break;
    case FRAME:
        r[5] = MEM_MIDDLE + below(256);
        break;
    case TABLE:
        r[3] = MEM_MIDDLE;
        break;
    case TO_TAKEN:
        r[0] = CODE_AT + TAKEN_OFF;
        break;
    case RETURN:
        set_memory(f, r[4], 8, CODE_AT + TAKEN_OFF);
        break;
    default:
        break;
    }
}

static uint64_t defined_flags(const struct trial_case *k)
{
    static const uint64_t all = 0xcd5; /* CF PF AF ZF SF DF OF */
    enum { CF = 1, PF = 4, AF = 16, ZF = 64, SF = 128, OF = 2048 };
    unsigned count = k->t->imm == I8                                ? k->code[k->len - 1]
                     : k->t->opcode == 0xd0 || k->t->opcode == 0xd1 ? 1
                                                                    : (uint8_t)k->in.r[1];
    count &= k->size == 8 ? 63 : 31;
    switch (k->t->undefined) {
    case LOGIC:
        return all & ~(uint64_t)AF;
    case SHIFT:
        if (count == 0)
            return all;
        return all & ~(uint64_t)(AF | (count > 1 ? OF : 0) | (count >= 8 * k->size ? CF : 0));
    case ROTATE:
        return count > 1 ? all & ~(uint64_t)OF : all;
    case MUL:
        return all & ~(uint64_t)(SF | ZF | AF | PF);
    case DIV:
        return 0x400;
    case BITS:
        return all & ~(uint64_t)(OF | SF | AF | PF);
    case SCAN:
        return 0x400 | ZF;
    default:
        return all;
    }
}

/* Results the manual leaves undefined as a whole. */
static bool is_undefined(const struct trial_case *k)
{
    if (k->t->special == DOUBLE_SHIFT && k->size == 2) {
        unsigned count = (k->t->imm == I8 ? k->code[k->len - 1] : (unsigned)k->in.r[1]) & 31;
        return count > 16;
    }
    if (k->t->map == 2 && k->t->opcode == 0xc8)
        return k->size == 2; /* BSWAP r16 */
    return false;
}

static bool make_case(struct fake *f, struct trial_case *k)
{
    memset(k, 0, sizeof *k);
    k->t = &trials[below(sizeof trials / sizeof trials[0])];
    for (unsigned r = 0; r < 16; r++)
        k->in.r[r] = interesting();
    k->in.r[4] = MEM_MIDDLE + 8 * below(16);
    k->in.rflags = 0x202 | (rng_next(&rng) & 0x8d5) | (k->t->special == STRING && below(2) ? 0x400 : 0);
    if (k->t->special == DIVIDE && below(4))
        k->in.r[2] = below(2) ? 0 : k->in.r[0] >> 63 ? ~0ull : 0;
    if (k->t->special == DIVIDE && below(2))
        k->in.r[0] &= 0xffff;
    encode(k);
    shape_values(f, k);
    bool mem = has_modrm(k->t) && k->modrm >> 6 != 3;
    if (mem && k->t->opcode != 0x8d && !in_memory(k->ea))
        return false;
    if (mem && k->t->special == BIT_STRING) {
        int64_t bits = (int64_t)flags_sext(k->in.r[reg_number(k)], k->size);
        if (bits < -8000 || bits > 8000)
            return false;
    }
    k->flags_compared = defined_flags(k);
    return !is_undefined(k);
}

/* The stack stays in memory: pushes of 64-bit values into a middle that ENTER and friends move little. */
static void report(const struct trial_case *k, const struct state *sim, uint64_t nth)
{
    print_error("case %llu %s size %u:", (unsigned long long)nth, k->t->name, k->size);
    for (unsigned n = 0; n < k->len; n++)
        print_error(" %02x", k->code[n]);
    print_error("\n  ea %#llx rflags %#llx -> native %#llx simulated %#llx (compared %#llx) taken %d %d fault %d %d\n",
                (unsigned long long)k->ea, (unsigned long long)k->in.rflags, (unsigned long long)native->rflags,
                (unsigned long long)sim->rflags, (unsigned long long)k->flags_compared, (int)native->taken,
                (int)sim->taken, (int)native->faulted, (int)sim->faulted);
    for (unsigned r = 0; r < 16; r++)
        print_error("  r%-2u %016llx -> native %016llx simulated %016llx%s\n", r, (unsigned long long)k->in.r[r],
                    (unsigned long long)native->r[r], (unsigned long long)sim->r[r],
                    native->r[r] == sim->r[r] ? "" : "  <==");
}

static bool agree(struct fake *f, const struct trial_case *k, const struct state *sim)
{
    bool fault = native->faulted || sim->faulted;
    uint64_t differ = (native->rflags ^ sim->rflags) & (fault ? 0 : k->flags_compared);
    return memcmp(native->r, sim->r, sizeof sim->r) == 0 && !differ && native->faulted == sim->faulted &&
           (fault || native->taken == sim->taken) && memcmp((void *)(uintptr_t)MEM_AT, f->mem, MEM_BYTES) == 0;
}

/* An instruction that has to wait has changed nothing: the same case with one of its bytes of memory out of reach. */
static bool waits_cleanly(struct fake *f, const struct trial_case *k, uint64_t at)
{
    static uint8_t before[MEM_BYTES];
    struct cpu_insn insn;
    uint8_t code[16] = {0};
    memcpy(code, k->code, k->len);
    memcpy(before, f->mem, MEM_BYTES);
    memcpy(f->cpu.r, k->in.r, sizeof k->in.r);
    f->cpu.r[CPU_RIP] = CODE_AT + INSN_OFF;
    cpu_flags_set(&f->cpu, k->in.rflags);
    uint64_t rflags = cpu_flags_get(&f->cpu);
    f->wait_at = at;
    struct cpu_event ev = fake_run(f, code, 15, 8, &insn);
    f->wait_at = ~0ull;
    bool same = memcmp(f->cpu.r, k->in.r, sizeof k->in.r) == 0 && cpu_flags_get(&f->cpu) == rflags &&
                memcmp(before, f->mem, MEM_BYTES) == 0;
    memcpy(f->mem, before, MEM_BYTES);
    waited += ev.kind == CPU_WAIT;
    return ev.kind != CPU_WAIT || same;
}

static bool waits_cleanly_anywhere(struct fake *f, const struct trial_case *k)
{
    const uint64_t *r = k->in.r;
    uint64_t at[] = {k->ea, k->ea + k->size, r[4] - below(32), r[4], r[6], r[7], r[5] - below(16)};
    return waits_cleanly(f, k, at[below(sizeof at / sizeof at[0])]);
}

static uint64_t n_cases = 200000, seed = 20061117;

static void refill(struct fake *f)
{
    for (unsigned n = 0; n < MEM_BYTES; n += 8)
        set_memory(f, MEM_AT + n, 8, interesting());
}

static void test_host(void **state)
{
    (void)state;
    struct fake *f = fake_new(MEM_AT, MEM_BYTES);
    unsigned bad = 0;
    uint64_t done = 0, faults = 0, per_trial[sizeof trials / sizeof trials[0]] = {0};
    prepare_host();
    rng_seed(&rng, seed);
    print_message("seed %llu, %llu cases\n", (unsigned long long)seed, (unsigned long long)n_cases);
    while (done < n_cases && bad < 10) {
        struct trial_case k;
        struct state sim = {0};
        if (done % 256 == 0)
            refill(f);
        if (!make_case(f, &k))
            continue;
        done++;
        per_trial[k.t - trials]++;
        if (!waits_cleanly_anywhere(f, &k)) {
            report(&k, &sim, done);
            print_error("  changed something although it had to wait\n");
            bad++;
        }
        run_native(&k);
        run_simulated(f, &k, &sim);
        faults += native->faulted != 0;
        if (!agree(f, &k, &sim)) {
            report(&k, &sim, done);
            bad++;
            memcpy(f->mem, (void *)(uintptr_t)MEM_AT, MEM_BYTES);
        }
    }
    for (size_t n = 0; n < sizeof trials / sizeof trials[0]; n++)
        if (per_trial[n] < n_cases / 10000)
            print_error("%s (%02x) was hardly tried\n", trials[n].name, trials[n].opcode), bad++;
    print_message("%llu cases, %llu with a fault, %llu waits\n", (unsigned long long)done, (unsigned long long)faults,
                  (unsigned long long)waited);
    assert_true(waited > done / 100);
    assert_int_equal(bad, 0);
    fake_free(f);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        n_cases = strtoull(argv[1], NULL, 0);
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 0);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_host)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
