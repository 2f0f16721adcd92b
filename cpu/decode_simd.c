/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that are found by their bytes: MMX, SSE, x87. The key is what the manual's opcode maps are indexed by: map,
 * mandatory prefix, opcode, and where needed ModRM. Capstone 4.0.2 is not asked: it ignores mandatory prefixes in
 * 16-bit code, gives MMX and SSE forms one id, and its access flags and operand sizes for them are wrong. F2 or F3,
 * whichever comes last, goes before 66 (SDM vol. 2A, "Instruction Prefixes"; measured).
 *
 * What the record holds beside the usual: imm = the kernel of exec_kernel.h, the immediate byte's own where it has one,
 * or the immediate byte where there is none; src_size = bytes of the memory operand; cond = enum cpu_isa; reg, rm =
 * register numbers of the kinds that the row says.
 */
#include "cpu/exec.h"
#include "cpu/exec_kernel.h"

/* Rows with (map, prefix, opcode), one after the other through next[]. */
#define ROWS_MAX 1024u
static uint16_t first[3][4][256], next[ROWS_MAX], x87[8][8 + 64]; /* x87: memory forms, then ModRM C0 to FF */
static bool built;

static unsigned prefix_index(uint8_t prefix)
{
    return prefix == 0 ? 0 : prefix == 0x66 ? 1 : prefix == 0xf3 ? 2 : 3;
}

static void add_x87(const struct cpu_key *key, unsigned row)
{
    uint16_t *of = x87[key->opcode & 7];
    if (key->which >= 0xc0)
        of[8 + (key->which & 63)] = (uint16_t)row;
    else if (key->which >= CPU_WHICH_M0)
        of[key->which - CPU_WHICH_M0] = (uint16_t)row;
    else
        for (unsigned k = 0; k < 8; k++)
            of[8u + 8u * key->which + k] = (uint16_t)row;
}

static void build(void)
{
    for (unsigned k = cpu_rows_n - 1; k > 0; k--) {
        const struct cpu_key *key = &cpu_rows[k].key;
        if (cpu_rows[k].kind != CPU_ROW_BYTES)
            continue;
        if (key->map == 1) {
            add_x87(key, k);
            continue;
        }
        uint16_t *head = &first[key->map - 2][prefix_index(key->prefix)][key->opcode];
        next[k] = *head;
        *head = (uint16_t)k;
    }
    built = true;
}

static bool fits(uint8_t which, uint8_t modrm)
{
    bool mem = modrm >> 6 != 3;
    unsigned reg = modrm >> 3 & 7;
    if (which == CPU_WHICH_ANY)
        return true;
    if (which >= CPU_WHICH_M0)
        return mem && reg == which - (unsigned)CPU_WHICH_M0;
    if (which < 8)
        return !mem && reg == which;
    return mem == (which == CPU_WHICH_MEM);
}

static bool is_escape(const struct cpu_bytes *p)
{
    return p->map == 1 && (p->opcode & 0xf8) == 0xd8;
}

unsigned cpu_row_by_bytes(const struct cpu_bytes *p)
{
    _Static_assert(CPU_WHICH_END <= 0xc0, "a ModRM byte of a register form is told from the rest");
    if (!built)
        build();
    if (is_escape(p))
        return x87[p->opcode & 7][p->modrm >> 6 == 3 ? 8 + (p->modrm & 63) : p->modrm >> 3 & 7];
    if (p->map < 2)
        return 0;
    unsigned k = first[p->map - 2][prefix_index(p->rep ? p->rep : p->has66 ? 0x66 : 0)][p->opcode];
    while (k && !fits(cpu_rows[k].key.which, p->modrm))
        k = next[k];
    return k;
}

/* 0F: 10 to 17, 28 to 2F, 50 to 7F, C2, C4 to C6, D0 to FE. 0F 38: what came with SSSE3, SSE4.1, SSE4.2 and later, but
 * not 80 and on, where the VMX and INVPCID group stands. 0F 3A: all. */
bool cpu_bytes_are_known(const struct cpu_bytes *p)
{
    uint8_t o = p->opcode;
    if (p->map == 2)
        return (o & 0xf8) == 0x10 || (o & 0xf8) == 0x28 || (o >= 0x50 && o <= 0x7f && o != 0x77) || o == 0xc2 ||
               (o >= 0xc4 && o <= 0xc6) || (o >= 0xd0 && o <= 0xfe);
    if (p->map == 3)
        return (o & 0xf0) != 0x80;
    return p->map == 4 || is_escape(p);
}

/* ---- the record ---- */

/* The eight forms of 16-bit addressing: base and index. */
static void put_address16(const struct cpu_bytes *p, struct cpu_insn *out)
{
    enum { BX = 3, BP = 5, SI = 6, DI = 7 };
    static const uint8_t base[8] = {BX, BX, BP, BP, SI, DI, BP, BX};
    unsigned mod = p->modrm >> 6, rm = p->modrm & 7, at = p->op_at + 2u;
    bool absolute = mod == 0 && rm == 6;
    out->base = absolute ? CPU_ZERO : base[rm];
    out->index = rm >= 4 ? CPU_ZERO : rm & 1 ? DI : SI;
    out->disp = mod == 1 ? (int8_t)cpu_bytes_at(p, at, 1) : mod == 2 || absolute ? (int16_t)cpu_bytes_at(p, at, 2) : 0;
}

static void put_address(const struct cpu_bytes *p, unsigned len, struct cpu_insn *out)
{
    unsigned mod = p->modrm >> 6, rm = p->modrm & 7, at = p->op_at + 2u, base = rm | (p->rex & 1u) << 3;
    bool no_base = mod == 0 && rm == 5;
    if (rm == 4) {
        unsigned sib = (unsigned)cpu_bytes_at(p, at++, 1), index = (sib >> 3 & 7) | (p->rex & 2u) << 2;
        base = (sib & 7) | (p->rex & 1u) << 3;
        out->index = index == 4 ? CPU_ZERO : (uint8_t)index;
        out->scale = index == 4 ? 0 : (uint8_t)(sib >> 6);
        no_base = mod == 0 && (sib & 7) == 5;
    }
    out->base = no_base ? CPU_ZERO : (uint8_t)base;
    out->disp = mod == 1 ? (int8_t)cpu_bytes_at(p, at, 1) : mod == 2 || no_base ? (int32_t)cpu_bytes_at(p, at, 4) : 0;
    if (no_base && rm == 5 && p->mode == 8) {
        out->base = CPU_RIP;
        out->disp += (int32_t)len;
    }
}

static void put_memory(const struct cpu_bytes *p, unsigned len, struct cpu_insn *out)
{
    if (out->asize == 2)
        put_address16(p, out);
    else
        put_address(p, len, out);
    if (p->seg == CPU_SEG_COUNT && (out->base == 4 || out->base == 5))
        out->seg = CPU_SEG_SS;
    out->flags |= CPU_I_MEM;
    out->addr = (out->base < 16 ? 1u << out->base : 0) | (out->index < 16 ? 1u << out->index : 0);
}

static uint32_t mask_of(enum cpu_kind kind, unsigned n)
{
    switch (kind) {
    case CPU_KIND_GPR:
        return 1u << n;
    case CPU_KIND_XMM:
        return CPU_MASK_XMM(n);
    case CPU_KIND_MMX:
        return CPU_MASK_X87;
    default:
        return 0;
    }
}

static void put_access(const struct cpu_row *row, bool mem, struct cpu_insn *out)
{
    uint64_t f = row->flags;
    uint32_t reg = mask_of(CPU_ROW_REG_OF(f), out->reg), rm = mem ? 0 : mask_of(CPU_ROW_RM_OF(f), out->rm);
    out->src |= (f & CPU_ROW_R0 ? reg : 0) | (f & CPU_ROW_R1 ? rm : 0) | CPU_ROW_IN_OF(f);
    out->dst |= (f & CPU_ROW_W0 ? reg : 0) | (f & CPU_ROW_W1 ? rm : 0) | CPU_ROW_OUT_OF(f);
    out->src |= f & CPU_ROW_FI ? CPU_MASK_FLAGS : 0;
    out->dst |= f & CPU_ROW_FO ? CPU_MASK_FLAGS : 0;
    if (out->size == 2 && CPU_ROW_REG_OF(f) == CPU_KIND_GPR) /* a partial write merges */
        out->src |= out->dst & 0xffff;
    if (row->key.map == 1) {
        out->src |= CPU_MASK_X87;
        out->dst |= CPU_MASK_X87;
    }
    if (mem)
        out->flags |= (uint16_t)((f & CPU_ROW_R1 ? CPU_I_LOAD : 0) | (f & CPU_ROW_W1 ? CPU_I_STORE : 0));
    else
        out->flags &= (uint16_t)~CPU_I_ALIGN16;
}

/* The general register's: 66 only counts for CRC32 and POPCNT, elsewhere it is part of the opcode. */
static uint8_t general_size(const struct cpu_bytes *p, const struct cpu_row *row)
{
    if (p->rex & 8)
        return 8;
    bool may_be_2 =
        row->key.map == 1 || (CPU_ROW_REG_OF(row->flags) == CPU_KIND_GPR && CPU_ROW_RM_OF(row->flags) == CPU_KIND_GPR);
    return may_be_2 && (p->mode == 2) != p->has66 ? 2 : 4;
}

static uint8_t memory_bytes(const struct cpu_row *row, const struct cpu_insn *out)
{
    unsigned code = CPU_ROW_MEM_OF(row->flags);
    if (code < CPU_MEM_BY_SIZE)
        return (uint8_t)(1u << code);
    return code == CPU_MEM_TEN ? 10 : out->size;
}

static uint64_t kernel_of(const struct cpu_bytes *p, const struct cpu_row *row, unsigned len)
{
    const uint8_t *kernel = row->kernel_w && p->rex & 8 ? row->kernel_w : row->kernel;
    uint64_t imm = row->imm8 ? cpu_bytes_at(p, len - 1, 1) : 0;
    if (row->key.map == 1)
        kernel = p->modrm >> 6 == 3 ? cpu_k_x87_reg[row->key.opcode & 7][p->modrm & 63]
                                    : cpu_k_x87_mem[row->key.opcode & 7][p->modrm >> 3 & 7];
    return kernel ? (uint64_t)(uintptr_t)kernel + imm * CPU_KERNEL_STRIDE : imm;
}

/* CRC32 r32, r/m8 is the only one with a byte register. */
static bool is_high_byte(const struct cpu_bytes *p, const struct cpu_row *row)
{
    bool byte = CPU_ROW_MEM_OF(row->flags) == 0 && CPU_ROW_REG_OF(row->flags) == CPU_KIND_GPR &&
                CPU_ROW_RM_OF(row->flags) == CPU_KIND_GPR;
    return byte && !p->rex && (p->modrm & 7) >= 4;
}

unsigned cpu_decode_bytes(const struct cpu_bytes *p, unsigned nth, struct cpu_insn *out)
{
    const struct cpu_row *row = &cpu_rows[nth];
    unsigned len = cpu_bytes_modrm_length(p) + row->imm8;
    bool mem = p->modrm >> 6 != 3;
    if (len == row->imm8 || len > p->avail)
        return 0;
    memset(out, 0, sizeof *out);
    out->exec = row->fn;
    out->base = out->index = CPU_ZERO;
    out->seg = p->seg < CPU_SEG_COUNT ? p->seg : CPU_SEG_DS;
    out->row = (uint16_t)nth;
    out->len = (uint8_t)len;
    out->tclass = row->tclass;
    out->flags = (uint16_t)row->flags;
    out->asize = (uint8_t)cpu_bytes_address_size(p);
    out->cond = CPU_ROW_ISA_OF(row->flags);
    out->reg = (uint8_t)(p->modrm >> 3 & 7);
    out->rm = (uint8_t)(p->modrm & 7);
    if (CPU_ROW_REG_OF(row->flags) != CPU_KIND_MMX && row->key.map != 1)
        out->reg |= (uint8_t)((p->rex & 4u) << 1);
    if (CPU_ROW_RM_OF(row->flags) != CPU_KIND_MMX && row->key.map != 1)
        out->rm |= (uint8_t)((p->rex & 1u) << 3);
    memcpy(out->bytes15, p->b + p->op_at, 2); /* x87: what FOP says */
    out->size = general_size(p, row);
    out->src_size = memory_bytes(row, out);
    out->imm = kernel_of(p, row, len);
    if (mem)
        put_memory(p, len, out);
    else if (is_high_byte(p, row))
        out->rm &= 3, out->flags |= CPU_I_HIGH_RM;
    put_access(row, mem, out);
    return len;
}
