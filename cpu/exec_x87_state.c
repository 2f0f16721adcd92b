/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x87 control words, environments and whole states: nothing computes here. Pointers in an environment are offsets
 * without selectors (these processors read CS and DS as 0 there), in real-mode format linear addresses likewise.
 * Manual: SDM vol. 1, "x87 FPU Environment" and the figures of its formats in memory.
 */
#include "cpu/exec_simd.h"

void fpu_settle(struct cpu_fpu *f)
{
    f->fcw = (uint16_t)((f->fcw & 0x1f3f) | 0x40);
    f->fsw &= (uint16_t) ~(FSW_ES | FSW_B);
    if (f->fsw & ~f->fcw & FSW_FLAGS)
        f->fsw |= FSW_ES | FSW_B;
    f->fop &= 0x7ff;
    f->reserved = 0;
    f->mxcsr_mask = MXCSR_DEFINED;
    for (unsigned k = 0; k < 8; k++)
        memset(f->st[k].reserved, 0, sizeof f->st[k].reserved);
}

/* Instructions that do not wait come in here; the others go on to x87_pending(). */
static struct cpu_event enter(const struct cpu *c, const struct cpu_insn *i)
{
    if (!simd_has(c, i))
        return CPU_EV_FAULT(SIMD_UD);
    return c->cr0 & (CPU_CR0_EM | CPU_CR0_TS) ? CPU_EV_FAULT(SIMD_NM) : CPU_OK;
}

/* ---- words ---- */
struct cpu_event cpu_exec_fldcw(struct cpu *c, const struct cpu_insn *i)
{
    uint64_t v;
    CPU_TRY(enter(c, i));
    CPU_TRY(x87_pending(c));
    CPU_TRY(op_load(c, i, 2, &v));
    c->fpu.fcw = (uint16_t)v;
    fpu_settle(&c->fpu);
    return CPU_OK;
}

struct cpu_event cpu_exec_fnstcw(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(enter(c, i));
    return op_store(c, i, 2, c->fpu.fcw);
}

struct cpu_event cpu_exec_fnstsw(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(enter(c, i));
    if (i->flags & CPU_I_MEM)
        return op_store(c, i, 2, c->fpu.fsw);
    op_put(c, 0, 2, false, c->fpu.fsw);
    return CPU_OK;
}

struct cpu_event cpu_exec_fnclex(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(enter(c, i));
    c->fpu.fsw &= 0x7f00;
    return CPU_OK;
}

static void init(struct cpu_fpu *f)
{
    f->fcw = FCW_DEFAULT;
    f->fsw = 0;
    f->ftw = 0;
    f->fop = 0;
    f->fip = f->fdp = 0;
}

/* st[] counts from the top: with TOP = 0 the same registers stand in other places. */
static void rotate_to_zero(struct cpu_fpu *f)
{
    __typeof__(f->st[0]) old[8];
    unsigned top = FSW_TOP(f->fsw);
    memcpy(old, f->st, sizeof old);
    for (unsigned k = 0; k < 8; k++)
        f->st[(k + top) & 7] = old[k];
}

struct cpu_event cpu_exec_fninit(struct cpu *c, const struct cpu_insn *i)
{
    CPU_TRY(enter(c, i));
    rotate_to_zero(&c->fpu);
    init(&c->fpu);
    return CPU_OK;
}

struct cpu_event cpu_exec_x87_nop(struct cpu *c, const struct cpu_insn *i)
{
    return enter(c, i);
}

/* #NM only with both CR0.MP and CR0.TS. */
struct cpu_event cpu_exec_fwait(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    if ((c->cr0 & CPU_CR0_MP) && (c->cr0 & CPU_CR0_TS))
        return CPU_EV_FAULT(SIMD_NM);
    return x87_pending(c);
}

/* ---- the full tag word: two bits a physical register ---- */
enum { TAG_VALID, TAG_ZERO, TAG_SPECIAL, TAG_EMPTY };

static uint16_t full_tags(const struct cpu_fpu *f)
{
    unsigned tags = 0;
    for (unsigned n = 0; n < 8; n++) {
        unsigned k = (n - FSW_TOP(f->fsw)) & 7, exponent = f->st[k].sign_exponent & 0x7fff;
        uint64_t mantissa = f->st[k].mantissa;
        unsigned tag = !(f->ftw >> n & 1)                                         ? TAG_EMPTY
                       : exponent == 0 && mantissa == 0                           ? TAG_ZERO
                       : exponent == 0 || exponent == 0x7fff || !(mantissa >> 63) ? TAG_SPECIAL
                                                                                  : TAG_VALID;
        tags |= tag << (2 * n);
    }
    return (uint16_t)tags;
}

static uint8_t abridged(uint16_t tags)
{
    unsigned ftw = 0;
    for (unsigned n = 0; n < 8; n++)
        ftw |= (unsigned)((tags >> (2 * n) & 3) != TAG_EMPTY) << n;
    return (uint8_t)ftw;
}

/* ---- environments: seven words of 2 or 4 bytes ---- */
enum { ENV_WORDS = 7, ENV_BYTES_MAX = 28, STATE_BYTES_MAX = ENV_BYTES_MAX + 80 };

static unsigned word_bytes(const struct cpu_insn *i)
{
    return i->size == 2 ? 2 : 4;
}

/* Real and virtual-8086 mode have formats of their own. */
static bool is_real_format(const struct cpu *c)
{
    return !(c->cr0 & CPU_CR0_PE) || (c->rflags & CPU_RFLAGS_VM);
}

static void put_env(const struct cpu *c, const struct cpu_insn *i, uint8_t *to)
{
    const struct cpu_fpu *f = &c->fpu;
    unsigned n = word_bytes(i);
    uint32_t ip = (uint32_t)f->fip, dp = (uint32_t)f->fdp, op = f->fop, fill = 0xffff0000;
    uint32_t w[ENV_WORDS] = {f->fcw | fill, f->fsw | fill, full_tags(f) | fill, ip, op << 16, dp, fill};
    if (is_real_format(c)) {
        w[3] = (ip & 0xffff) | (n == 4 ? fill & 0 : 0);
        w[4] = n == 4 ? (ip >> 16 << 12 | op) : (ip >> 16 & 15) << 12 | op;
        w[5] = dp & 0xffff;
        w[6] = n == 4 ? dp >> 16 << 12 : (dp >> 16 & 15) << 12;
    } else if (n == 2) {
        w[4] = w[6] = 0; /* selectors; no opcode */
    }
    for (unsigned k = 0; k < ENV_WORDS; k++)
        memcpy(to + k * n, &w[k], n);
}

static void get_env(const struct cpu *c, const struct cpu_insn *i, const uint8_t *from, struct cpu_fpu *f)
{
    unsigned n = word_bytes(i);
    uint32_t w[ENV_WORDS] = {0};
    for (unsigned k = 0; k < ENV_WORDS; k++)
        memcpy(&w[k], from + k * n, n);
    f->fcw = (uint16_t)w[0];
    f->fsw = (uint16_t)w[1];
    f->ftw = abridged((uint16_t)w[2]);
    f->fip = w[3];
    f->fdp = w[5];
    f->fop = (uint16_t)(w[4] >> 16);
    if (is_real_format(c)) {
        f->fip = (w[3] & 0xffff) | w[4] >> 12 << 16;
        f->fdp = (w[5] & 0xffff) | w[6] >> 12 << 16;
        f->fop = w[4] & 0x7ff;
    } else if (n == 2) {
        f->fop = 0;
    }
}

/* ---- memory, in pieces of 8 and fewer bytes ---- */
static struct cpu_event load_bytes(struct cpu *c, const struct cpu_insn *i, uint8_t *to, unsigned n)
{
    uint64_t off = cpu_ea(c, i), v;
    for (unsigned at = 0; at < n; at += 2) {
        CPU_TRY(cpu_load(c, i->seg, off + at, 2, &v));
        memcpy(to + at, &v, 2);
    }
    return CPU_OK;
}

static struct cpu_event store_bytes(struct cpu *c, const struct cpu_insn *i, const uint8_t *from, unsigned n)
{
    uint64_t off = cpu_ea(c, i), v = 0;
    CPU_TRY(cpu_acquire(c, i->seg, off, n));
    for (unsigned at = 0; at < n; at += 2) {
        memcpy(&v, from + at, 2);
        CPU_TRY(cpu_store(c, i->seg, off + at, 2, v));
    }
    return CPU_OK;
}

struct cpu_event cpu_exec_fnstenv(struct cpu *c, const struct cpu_insn *i)
{
    uint8_t env[ENV_BYTES_MAX];
    CPU_TRY(enter(c, i));
    put_env(c, i, env);
    CPU_TRY(store_bytes(c, i, env, ENV_WORDS * word_bytes(i)));
    c->fpu.fcw |= FSW_FLAGS; /* all masked */
    fpu_settle(&c->fpu);
    return CPU_OK;
}

struct cpu_event cpu_exec_fldenv(struct cpu *c, const struct cpu_insn *i)
{
    uint8_t env[ENV_BYTES_MAX];
    CPU_TRY(enter(c, i));
    CPU_TRY(x87_pending(c));
    CPU_TRY(load_bytes(c, i, env, ENV_WORDS * word_bytes(i)));
    rotate_to_zero(&c->fpu); /* the registers stay, TOP moves */
    __typeof__(c->fpu.st[0]) physical[8];
    memcpy(physical, c->fpu.st, sizeof physical);
    get_env(c, i, env, &c->fpu);
    for (unsigned k = 0; k < 8; k++)
        c->fpu.st[k] = physical[(k + FSW_TOP(c->fpu.fsw)) & 7];
    fpu_settle(&c->fpu);
    return CPU_OK;
}

struct cpu_event cpu_exec_fnsave(struct cpu *c, const struct cpu_insn *i)
{
    uint8_t state[STATE_BYTES_MAX];
    unsigned env = ENV_WORDS * word_bytes(i);
    CPU_TRY(enter(c, i));
    put_env(c, i, state);
    for (unsigned k = 0; k < 8; k++)
        memcpy(state + env + 10 * k, &c->fpu.st[k], 10);
    CPU_TRY(store_bytes(c, i, state, env + 80));
    rotate_to_zero(&c->fpu);
    init(&c->fpu);
    return CPU_OK;
}

struct cpu_event cpu_exec_frstor(struct cpu *c, const struct cpu_insn *i)
{
    uint8_t state[STATE_BYTES_MAX];
    unsigned env = ENV_WORDS * word_bytes(i);
    CPU_TRY(enter(c, i));
    CPU_TRY(x87_pending(c));
    CPU_TRY(load_bytes(c, i, state, env + 80));
    get_env(c, i, state, &c->fpu);
    for (unsigned k = 0; k < 8; k++)
        memcpy(&c->fpu.st[k], state + env + 10 * k, 10);
    fpu_settle(&c->fpu);
    return CPU_OK;
}
