/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every opcode of the one-byte, 0F, 0F 38 and 0F 3A maps with every ModRM, under many prefix strings, in all three code
 * sizes, against a second decoder (Zydis): length, sizes, explicit operands, immediate, and the registers, flags and
 * memory each instruction reads and writes. What has no row is left out, so this says nothing about coverage. How it
 * could lie: both decoders could share a misreading; differences that are choices of this core are listed in choices[]
 * with their reasons. decode_peer_test [all]     without "all", prefixed strings use every fifth ModRM
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <strings.h>
#include <cmocka.h>
#include <Zydis/Zydis.h>
#include <capstone/capstone.h>
#include "cpu/tests/exec_fake.h"

static unsigned modrm_step = 5, bad, compared, n_seen, seen_row[1024];

struct view { /* of an instruction, by either decoder */
    uint32_t read, written, address;
    bool load, store, mem;
    unsigned len;
};

/* Differences that are decisions of this core, with their reasons; what: NULL = anything. */
static const struct choice {
    unsigned id;
    const char *what, *why;
} choices[] = {
    {X86_INS_NOP, NULL, "a no-operation reads nothing; MPX is not offered, so 0F 1A and 0F 1B are no-operations"},
    {X86_INS_PREFETCH, "memory access", "a prefetch does nothing"},
    {X86_INS_PREFETCHW, "memory access", "likewise"},
    {X86_INS_PREFETCHT0, "memory access", "likewise"},
    {X86_INS_PREFETCHT1, "memory access", "likewise"},
    {X86_INS_PREFETCHT2, "memory access", "likewise"},
    {X86_INS_PREFETCHNTA, "memory access", "likewise"},
    {X86_INS_INVLPG, NULL, "its operand is an address"},
    {X86_INS_LEA, "segment", "LEA has none"},
    {X86_INS_UD0, "length", "it faults"},
    {X86_INS_UD2B, "length", "it faults"},
    {X86_INS_SYSCALL, "operand size", "has no meaning"},
    {X86_INS_LEAVE, "does not read", "rSP is written from rBP"},
    {X86_INS_BSF, "reads too much", "a source of 0 leaves the destination"},
    {X86_INS_BSR, "reads too much", "likewise"},
    {X86_INS_TZCNT, NULL, "executed as BSF: no profile offers BMI1"},
    {X86_INS_LZCNT, NULL, "executed as BSR: no profile offers LZCNT"},
    {X86_INS_LAR, "reads too much", "a failed check leaves the destination"},
    {X86_INS_LSL, "reads too much", "likewise"},
};

static bool is_choice(const struct cpu_insn *i, const uint8_t *b, const char *what)
{
    const struct cpu_row *row = &cpu_rows[i->row];
    for (size_t k = 0; k < sizeof choices / sizeof choices[0]; k++)
        if (choices[k].id == row->id && (!choices[k].what || strcmp(choices[k].what, what) == 0))
            return true;
    if (row->kind == CPU_ROW_COND && i->flags & CPU_I_COND)
        return false;
    if (row->kind == CPU_ROW_COND) /* CMOVcc keeps its destination when the condition is false */
        return strcmp(what, "reads too much") == 0;
    if (row->flags & CPU_ROW_STR) /* the peer does not list the movement of rSI and rDI */
        return strcmp(what, "writes") == 0;
    /* 90+r: Capstone and the peer name the two registers in different order */
    return row->id == X86_INS_XCHG && (b[i->len - 1u] & 0xf0) == 0x90 && strstr(what, "register");
}

static void complain(const uint8_t *b, unsigned mode, const char *what, uint64_t ours, uint64_t theirs,
                     const struct cpu_insn *i)
{
    static const char *seen[1024]; /* one line for each row and kind of difference */
    if (is_choice(i, b, what))
        return;
    bad++;
    for (unsigned k = 0; k < n_seen; k++)
        if (seen_row[k] == i->row && seen[k] == what)
            return;
    if (n_seen == 1024)
        return;
    seen[n_seen] = what;
    seen_row[n_seen++] = i->row;
    print_error("%u-bit:", 8 * mode);
    for (unsigned k = 0; k < 9; k++)
        print_error(" %02x", b[k]);
    print_error("  %s/%s %s: %#llx, peer %#llx\n", cpu_rows[i->row].name, cpu_form_name(cpu_rows[i->row].form), what,
                (unsigned long long)ours, (unsigned long long)theirs);
}

/* Number of the general register that holds @r, -1 for others. */
static int gpr(ZydisRegister r)
{
    ZydisRegister big = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, r);
    return ZydisRegisterGetClass(big) == ZYDIS_REGCLASS_GPR64 ? ZydisRegisterGetId(big) : -1;
}

static void add(uint32_t *mask, ZydisRegister r)
{
    int n = gpr(r);
    if (n >= 0)
        *mask |= 1u << n;
}

static struct view peer_view(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *ops)
{
    struct view v = {.len = z->length};
    for (unsigned k = 0; k < z->operand_count; k++) {
        const ZydisDecodedOperand *o = &ops[k];
        if (o->type == ZYDIS_OPERAND_TYPE_REGISTER) {
            if (o->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
                add(&v.read, o->reg.value);
            if (o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
                add(&v.written, o->reg.value);
        } else if (o->type == ZYDIS_OPERAND_TYPE_MEMORY) {
            add(&v.address, o->mem.base);
            add(&v.address, o->mem.index);
            if (o->mem.type == ZYDIS_MEMOP_TYPE_AGEN)
                continue;
            v.load |= (o->actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
            v.store |= (o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
        }
    }
    const ZydisAccessedFlagsMask arith =
        ZYDIS_CPUFLAG_CF | ZYDIS_CPUFLAG_PF | ZYDIS_CPUFLAG_AF | ZYDIS_CPUFLAG_ZF | ZYDIS_CPUFLAG_SF | ZYDIS_CPUFLAG_OF;
    if (z->cpu_flags->tested & arith)
        v.read |= CPU_MASK_FLAGS;
    if ((z->cpu_flags->modified | z->cpu_flags->set_0 | z->cpu_flags->set_1 | z->cpu_flags->undefined) & arith)
        v.written |= CPU_MASK_FLAGS;
    return v;
}

static void compare_memory(const uint8_t *b, unsigned mode, const struct cpu_insn *i, const ZydisDecodedOperand *o,
                           unsigned len)
{
    static const ZydisRegister segs[] = {ZYDIS_REGISTER_ES, ZYDIS_REGISTER_CS, ZYDIS_REGISTER_SS,
                                         ZYDIS_REGISTER_DS, ZYDIS_REGISTER_FS, ZYDIS_REGISTER_GS};
    ZydisRegister base = o->mem.base;
    bool rip = base == ZYDIS_REGISTER_RIP || base == ZYDIS_REGISTER_EIP;
    int want = rip ? CPU_RIP : base == ZYDIS_REGISTER_NONE ? CPU_ZERO : gpr(base);
    if (i->base != want)
        complain(b, mode, "base", i->base, (uint64_t)want, i);
    want = o->mem.index == ZYDIS_REGISTER_NONE ? CPU_ZERO : gpr(o->mem.index);
    if (i->index != want)
        complain(b, mode, "index", i->index, (uint64_t)want, i);
    if (i->index != CPU_ZERO && 1u << i->scale != o->mem.scale)
        complain(b, mode, "scale", 1u << i->scale, o->mem.scale, i);
    int64_t disp = (o->mem.disp.has_displacement ? o->mem.disp.value : 0) + (rip ? (int)len : 0);
    uint64_t mask = i->asize == 8 ? ~0ull : i->asize == 4 ? 0xffffffff : 0xffff;
    if (((uint64_t)i->disp & mask) != ((uint64_t)disp & mask))
        complain(b, mode, "disp", (uint64_t)i->disp, (uint64_t)disp, i);
    if (segs[i->seg] != o->mem.segment)
        complain(b, mode, "segment", i->seg, o->mem.segment, i);
}

static void compare_registers(const uint8_t *b, unsigned mode, const struct cpu_insn *i,
                              const ZydisDecodedInstruction *z, const ZydisDecodedOperand *ops)
{
    unsigned nth = 0;
    for (unsigned k = 0; k < z->operand_count_visible && k < 2; k++) {
        if (ops[k].type != ZYDIS_OPERAND_TYPE_REGISTER || gpr(ops[k].reg.value) < 0)
            continue;
        ZydisRegister r = ops[k].reg.value;
        bool high = r >= ZYDIS_REGISTER_AH && r <= ZYDIS_REGISTER_BH;
        unsigned number = (unsigned)gpr(r), ours = nth ? i->rm : i->reg;
        bool ours_high = i->flags & (nth ? CPU_I_HIGH_RM : CPU_I_HIGH_REG);
        if (ours != number || ours_high != high)
            complain(b, mode, nth ? "second register" : "first register", ours, number, i);
        nth++;
    }
}

/* Control, debug and segment moves and implicit-operand rows keep their operands elsewhere (insn.def's head). */
static bool has_plain_operands(const struct cpu_row *row)
{
    switch (row->form) {
    case CPU_FORM_CR_READ:
    case CPU_FORM_CR_WRITE:
    case CPU_FORM_DR_READ:
    case CPU_FORM_DR_WRITE:
    case CPU_FORM_SREG_LOAD:
    case CPU_FORM_SREG_STORE:
    case CPU_FORM_SREG:
    case CPU_FORM_MOFFS_LOAD:
    case CPU_FORM_MOFFS_STORE:
        return false;
    }
    return !(row->flags & CPU_ROW_STR) && row->id != X86_INS_IN && row->id != X86_INS_OUT;
}

static void compare_immediate(const uint8_t *b, unsigned mode, const struct cpu_insn *i, const ZydisDecodedOperand *o)
{
    uint64_t theirs = o->imm.value.u, mask = i->size == 8 ? ~0ull : (1ull << (8 * i->size)) - 1;
    if ((i->imm & mask) != (theirs & mask))
        complain(b, mode, "immediate", i->imm, theirs, i);
}

static void compare_operands(const uint8_t *b, unsigned mode, const struct cpu_insn *i,
                             const ZydisDecodedInstruction *z, const ZydisDecodedOperand *ops)
{
    const struct cpu_row *row = &cpu_rows[i->row];
    if (!has_plain_operands(row))
        return;
    compare_registers(b, mode, i, z, ops);
    for (unsigned k = 0; k < z->operand_count_visible; k++) {
        if (ops[k].type == ZYDIS_OPERAND_TYPE_MEMORY && i->flags & CPU_I_MEM)
            compare_memory(b, mode, i, &ops[k], z->length);
        if (ops[k].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && row->id != X86_INS_ENTER)
            compare_immediate(b, mode, i, &ops[k]);
    }
}

/* Rows found by their bytes: name, kinds and numbers of the operands, bytes of memory. */
static int simd_number(ZydisRegister r)
{
    ZydisRegisterClass class = ZydisRegisterGetClass(r);
    bool simd = class == ZYDIS_REGCLASS_XMM || class == ZYDIS_REGCLASS_MMX;
    return simd ? ZydisRegisterGetId(r) : gpr(r);
}

static bool same_name(const char *ours, const char *theirs)
{
    static const char *const quads[] = {"MOVQ", "PEXTRQ", "PINSRQ"}; /* D or Q by REX.W: one row */
    for (size_t k = 0; k < sizeof quads / sizeof quads[0]; k++)
        if (strncasecmp(theirs, quads[k], strlen(theirs)) == 0 && strncmp(ours, quads[k], strlen(ours) - 1) == 0)
            return true;
    size_t n = strlen(ours); /* FXSAVE64 and the like */
    return strncasecmp(ours, theirs, n) == 0 && (!theirs[n] || strcmp(theirs + n, "64") == 0);
}

static void compare_by_bytes(const uint8_t *b, unsigned mode, const struct cpu_insn *i,
                             const ZydisDecodedInstruction *z, const ZydisDecodedOperand *ops)
{
    const struct cpu_row *row = &cpu_rows[i->row];
    const bool reg_rm[] = {CPU_ROW_REG_OF(row->flags) != CPU_KIND_NONE, CPU_ROW_RM_OF(row->flags) != CPU_KIND_NONE};
    if (!same_name(row->name, ZydisMnemonicGetString(z->mnemonic)))
        complain(b, mode, "name", 0, (uint64_t)z->mnemonic, i);
    for (unsigned k = 0; k < z->operand_count; k++) {
        const ZydisDecodedOperand *o = &ops[k];
        if (o->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN)
            continue;
        if (o->encoding == ZYDIS_OPERAND_ENCODING_MODRM_REG && (!reg_rm[0] || simd_number(o->reg.value) != i->reg))
            complain(b, mode, "reg", i->reg, (uint64_t)simd_number(o->reg.value), i);
        bool high = i->flags & CPU_I_HIGH_RM;
        if (o->encoding == ZYDIS_OPERAND_ENCODING_MODRM_RM && o->type == ZYDIS_OPERAND_TYPE_REGISTER && !high &&
            row->key.map != 1 && (!reg_rm[1] || simd_number(o->reg.value) != i->rm))
            complain(b, mode, "rm", i->rm, (uint64_t)simd_number(o->reg.value), i);
        if (o->type != ZYDIS_OPERAND_TYPE_MEMORY || o->encoding != ZYDIS_OPERAND_ENCODING_MODRM_RM)
            continue;
        compare_memory(b, mode, i, o, z->length);
        if (o->size != i->src_size * 8u && CPU_ROW_MEM_OF(row->flags) != CPU_MEM_OTHER)
            complain(b, mode, "memory bytes", i->src_size, o->size / 8, i);
    }
}

static void compare_sizes(const uint8_t *b, unsigned mode, const struct cpu_insn *i, const ZydisDecodedInstruction *z)
{
    const struct cpu_row *row = &cpu_rows[i->row];
    if (i->asize * 8u != z->address_width)
        complain(b, mode, "address size", i->asize, z->address_width / 8, i);
    if (row->kind == CPU_ROW_BYTES)
        return;
    if (row->flags & (0xfull << 24) && CPU_ROW_SIZE_OF(row->flags) != CPU_SIZE_D64 &&
        CPU_ROW_SIZE_OF(row->flags) != CPU_SIZE_N64)
        return; /* a size rule of our own */
    if (i->size * 8u != z->operand_width)
        complain(b, mode, "operand size", i->size, z->operand_width / 8, i);
}

static void compare_access(const uint8_t *b, unsigned mode, const struct cpu_insn *i, const struct view *v)
{
    const uint32_t known = 0x1ffff; /* general registers and flags */
    uint32_t ours = (i->src & known) | i->addr, theirs = v->read | v->address;
    uint32_t merged = i->size < 4 ? i->dst & 0xffff : 0;
    if (theirs & ~ours)
        complain(b, mode, "does not read", ours, theirs, i);
    else if ((ours & ~theirs & ~merged & 0xffff))
        complain(b, mode, "reads too much", ours, theirs, i);
    if ((i->dst & known) != v->written)
        complain(b, mode, "writes", i->dst & known, v->written, i);
    if (!!(i->flags & CPU_I_LOAD) != v->load || !!(i->flags & CPU_I_STORE) != v->store)
        complain(b, mode, "memory access", !!(i->flags & CPU_I_LOAD) + 2u * !!(i->flags & CPU_I_STORE),
                 v->load + 2u * v->store, i);
}

static void compare(ZydisDecoder *peer, const uint8_t *b, unsigned mode)
{
    struct cpu_insn i;
    ZydisDecodedInstruction z;
    ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
    unsigned len = cpu_decode(b, 15, mode, &i);
    bool ok = ZYAN_SUCCESS(ZydisDecoderDecodeFull(peer, b, 15, &z, ops));
    if (!i.row)
        return; /* #UD, too long, unmodelled */
    compared++;
    if (!ok) {
        complain(b, mode, "decodes, the peer refuses", len, 0, &i);
        return;
    }
    if (len != z.length) {
        complain(b, mode, "length", len, z.length, &i);
        return;
    }
    struct view v = peer_view(&z, ops);
    compare_sizes(b, mode, &i, &z);
    if (cpu_rows[i.row].kind == CPU_ROW_BYTES)
        compare_by_bytes(b, mode, &i, &z, ops);
    else
        compare_operands(b, mode, &i, &z, ops);
    compare_access(b, mode, &i, &v);
}

static void test_peer(void **state)
{
    (void)state;
    static const struct {
        uint8_t n, b[4];
    } prefixes[] = {{0, {0}},          {1, {0x66}},       {1, {0x67}},       {1, {0xf3}},
                    {1, {0xf2}},       {1, {0xf0}},       {1, {0x64}},       {2, {0x66, 0x67}},
                    {2, {0x67, 0x66}}, {2, {0x66, 0xf3}}, {2, {0xf3, 0x66}}, {2, {0x66, 0xf2}},
                    {1, {0x48}},       {1, {0x41}},       {1, {0x44}},       {1, {0x4f}},
                    {2, {0x66, 0x48}}, {2, {0xf3, 0x48}}, {2, {0xf0, 0x48}}, {3, {0x65, 0x67, 0x42}}};
    static const ZydisMachineMode modes[] = {ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_MACHINE_MODE_LEGACY_32,
                                             ZYDIS_MACHINE_MODE_LONG_64};
    static const ZydisStackWidth widths[] = {ZYDIS_STACK_WIDTH_16, ZYDIS_STACK_WIDTH_32, ZYDIS_STACK_WIDTH_64};
    for (unsigned m = 0; m < 3; m++) {
        ZydisDecoder peer;
        ZydisDecoderInit(&peer, modes[m], widths[m]);
        for (unsigned p = 0; p < sizeof prefixes / sizeof prefixes[0]; p++)
            for (unsigned op = 0; op < 1024; op++)
                for (unsigned modrm = 0; modrm < 256; modrm += p ? modrm_step : 1) {
                    uint8_t b[15] = {0};
                    unsigned n = prefixes[p].n;
                    memcpy(b, prefixes[p].b, n);
                    if (op >= 256)
                        b[n++] = 0x0f;
                    if (op >= 512)
                        b[n++] = op < 768 ? 0x38 : 0x3a;
                    b[n++] = (uint8_t)op;
                    b[n++] = (uint8_t)modrm;
                    static const uint8_t tail[] = {0x8d, 0xf4, 0x7f, 0x12, 0x86, 0x21, 0x43, 0x65, 0x07};
                    memcpy(b + n, tail, sizeof tail < 15 - n ? sizeof tail : 15 - n);
                    compare(&peer, b, 2u << m);
                }
    }
    print_message("%u instructions compared\n", compared);
    assert_true(compared > 100000);
    assert_int_equal(bad, 0);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        modrm_step = 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_peer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
