/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes to record. Capstone names the instruction, its length and its explicit operands; everything that Capstone 4.0.2
 * is known to get wrong is done here: prefixes are scanned and rewritten in the one order it understands
 * (cpu/decode_bytes.c), operand and address sizes come from opcode + 66 + 67 + REX.W, immediates of special shape from
 * the bytes, accesses and implicit registers from insn.def, LOCK legality from its LOCKABLE. What has no row decodes to
 * a record that stops the run.
 *
 * MMX, SSE and x87 are found by their bytes and never come to Capstone (cpu/decode_simd.c).
 * Flow: scan -> quirk? -> row by bytes? -> normalise -> Capstone -> form -> row -> operands, sizes, masks -> handler.
 * Not here: time, page crossings (the caller hands over what it could fetch), the cache of records.
 * Manuals: SDM vol. 2A, "Instruction Format"; APM vol. 3, "Instruction Encoding". On near branches in 64-bit code this
 * core follows Intel: 66 is ignored.
 */
#include "cpu/decode.h"
#include "sim/core/fault.h"
#include <capstone/capstone.h>
#include <stdio.h>

/* Capstone's handles: constant after the first use, shared by all cores of this single-threaded simulator. */
static csh engines[3];
static cs_insn *scratch;

static csh engine(unsigned mode)
{
    if (!scratch) {
        static const cs_mode modes[3] = {CS_MODE_16, CS_MODE_32, CS_MODE_64};
        unsigned bad;
        const char *wrong = cpu_rows_check(cpu_rows, cpu_rows_n, &bad);
        if (wrong)
            sim_bug("insn.def row %u (%s): %s", bad, cpu_rows[bad].name, wrong);
        for (unsigned k = 0; k < 3; k++)
            if (cs_open(CS_ARCH_X86, modes[k], &engines[k]) != CS_ERR_OK ||
                cs_option(engines[k], CS_OPT_DETAIL, CS_OPT_ON) != CS_ERR_OK)
                sim_bug("Capstone does not open");
        scratch = cs_malloc(engines[0]);
    }
    return engines[mode == 2 ? 0 : mode == 4 ? 1 : 2];
}

/* ---- sizes ---- */

static unsigned size_by_66(const struct cpu_bytes *p)
{
    if (p->rex & 8)
        return 8;
    return (p->mode == 2) != p->has66 ? 2 : 4;
}

static unsigned operand_size(const struct cpu_bytes *p, enum cpu_size_rule rule, bool has_mem)
{
    bool code64 = p->mode == 8;
    switch (rule) {
    case CPU_SIZE_D64:
        return code64 ? (p->has66 && !(p->rex & 8) ? 2 : 8) : size_by_66(p);
    case CPU_SIZE_N64:
        return code64 ? 8 : size_by_66(p);
    case CPU_SIZE_CR:
        return code64 ? 8 : 4;
    case CPU_SIZE_CR66:
        return code64 ? 8 : size_by_66(p);
    case CPU_SIZE_M16:
        return has_mem ? 2 : size_by_66(p);
    case CPU_SIZE_IO:
        return cpu_bytes_is_byte(p) ? 1 : (p->mode == 2) != p->has66 ? 2 : 4;
    case CPU_SIZE_1:
        return 1;
    case CPU_SIZE_2:
        return 2;
    case CPU_SIZE_4:
        return 4;
    case CPU_SIZE_8:
        return 8;
    case CPU_SIZE_W:
        break;
    }
    return cpu_bytes_is_byte(p) ? 1 : size_by_66(p);
}

/* ---- operands ---- */

#define REG_NONE 0xff
#define REG_HIGH 0x40
#define REG_SEG  0x80

/* Capstone register -> number; absent entries are 0, so known[] is asked through reg_number(). +1 keeps AL apart. */
static uint8_t reg_number(x86_reg r)
{
#define GP(n, b, w, d, q) [X86_REG_##b] = n + 1, [X86_REG_##w] = n + 1, [X86_REG_##d] = n + 1, [X86_REG_##q] = n + 1
    static const uint8_t number[X86_REG_ENDING] = {
        GP(0, AL, AX, EAX, RAX),       GP(1, CL, CX, ECX, RCX),       GP(2, DL, DX, EDX, RDX),
        GP(3, BL, BX, EBX, RBX),       GP(4, SPL, SP, ESP, RSP),      GP(5, BPL, BP, EBP, RBP),
        GP(6, SIL, SI, ESI, RSI),      GP(7, DIL, DI, EDI, RDI),      GP(8, R8B, R8W, R8D, R8),
        GP(9, R9B, R9W, R9D, R9),      GP(10, R10B, R10W, R10D, R10), GP(11, R11B, R11W, R11D, R11),
        GP(12, R12B, R12W, R12D, R12), GP(13, R13B, R13W, R13D, R13), GP(14, R14B, R14W, R14D, R14),
        GP(15, R15B, R15W, R15D, R15), [X86_REG_AH] = REG_HIGH + 1,   [X86_REG_CH] = REG_HIGH + 2,
        [X86_REG_DH] = REG_HIGH + 3,   [X86_REG_BH] = REG_HIGH + 4,   [X86_REG_RIP] = CPU_RIP + 1,
        [X86_REG_EIP] = CPU_RIP + 1,   [X86_REG_IP] = CPU_RIP + 1,    [X86_REG_RIZ] = CPU_ZERO + 1,
        [X86_REG_EIZ] = CPU_ZERO + 1,  [X86_REG_ES] = REG_SEG + 1,    [X86_REG_CS] = REG_SEG + 2,
        [X86_REG_SS] = REG_SEG + 3,    [X86_REG_DS] = REG_SEG + 4,    [X86_REG_FS] = REG_SEG + 5,
        [X86_REG_GS] = REG_SEG + 6,
    };
#undef GP
    return (uint8_t)(number[r] - 1);
}

/* What the operands are, beside what goes into the record. */
struct operands {
    char kind[3]; /* 'r', 'i', 'm', 0 */
    uint8_t reg[2];
    bool ok;
};

static bool put_memory(const struct cpu_bytes *p, const cs_x86_op *op, unsigned len, struct cpu_insn *out)
{
    static const uint8_t shift[9] = {[2] = 1, [4] = 2, [8] = 3};
    int64_t disp = op->mem.disp;
    out->base = op->mem.base == X86_REG_INVALID ? CPU_ZERO : reg_number(op->mem.base);
    out->index = op->mem.index == X86_REG_INVALID ? CPU_ZERO : reg_number(op->mem.index);
    out->scale = op->mem.scale > 0 && op->mem.scale <= 8 ? shift[op->mem.scale] : 0;
    if (out->base == CPU_RIP)
        disp += len;
    if (out->base > CPU_ZERO || out->index > CPU_ZERO)
        return false;
    if (cpu_bytes_address_size(p) == 4)
        disp = (int32_t)disp;
    else if (cpu_bytes_address_size(p) == 2)
        disp = (int16_t)disp;
    out->disp = (int32_t)disp;
    bool on_stack = out->base == 4 || out->base == 5;
    out->seg = p->seg < CPU_SEG_COUNT ? p->seg : on_stack ? CPU_SEG_SS : CPU_SEG_DS;
    out->flags |= CPU_I_MEM;
    out->addr |= (out->base < 16 ? 1u << out->base : 0) | (out->index < 16 ? 1u << out->index : 0);
    return disp == out->disp;
}

static void put_register(struct cpu_insn *out, unsigned nth, uint8_t reg)
{
    bool high = (reg & 0xc0) == REG_HIGH;
    if (nth == 0) {
        out->reg = reg & 0x3f;
        out->flags |= high ? CPU_I_HIGH_REG : 0;
    } else {
        out->rm = reg & 0x3f;
        out->flags |= high ? CPU_I_HIGH_RM : 0;
    }
}

static struct operands put_operands(const struct cpu_bytes *p, const cs_x86 *x, unsigned len, struct cpu_insn *out)
{
    struct operands o = {{0, 0, 0}, {REG_NONE, REG_NONE}, true};
    unsigned n_reg = 0;
    for (unsigned k = 0; k < x->op_count && k < 3; k++) {
        const cs_x86_op *op = &x->operands[k];
        if (op->type == X86_OP_REG) {
            uint8_t r = reg_number(op->reg);
            o.kind[k] = 'r';
            if (k < 2)
                o.reg[k] = r;
            if (n_reg < 2)
                put_register(out, n_reg++, r);
        } else if (op->type == X86_OP_IMM) {
            o.kind[k] = 'i';
            out->imm = (uint64_t)op->imm;
        } else if (op->type == X86_OP_MEM) {
            o.kind[k] = 'm';
            o.ok = o.ok && put_memory(p, op, len, out);
        }
    }
    return o;
}

static enum cpu_shape shape_of(const struct operands *o)
{
    static const struct {
        char a, b;
        uint8_t shape;
    } shapes[] = {{'r', 'r', CPU_SHAPE_RR}, {'r', 'i', CPU_SHAPE_RI}, {'r', 'm', CPU_SHAPE_RM},
                  {'m', 'r', CPU_SHAPE_MR}, {'m', 'i', CPU_SHAPE_MI}, {'r', 0, CPU_SHAPE_R},
                  {'m', 0, CPU_SHAPE_M},    {'i', 0, CPU_SHAPE_I}};
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++)
        if (shapes[k].a == o->kind[0] && shapes[k].b == o->kind[1])
            return shapes[k].shape;
    return CPU_SHAPES;
}

/* ---- special shapes, from the bytes ---- */

static int64_t sign_extend(uint64_t v, unsigned bytes)
{
    unsigned shift = 64 - 8 * bytes;
    return (int64_t)(v << shift) >> shift;
}

/* Operands that Capstone does not give, or not reliably: fixed up by form or id. */
static void special_operands(const struct cpu_bytes *p, const struct cpu_row *row, struct cpu_insn *out,
                             struct operands *o)
{
    unsigned at = p->op_at + 1u;
    switch (row->form) {
    case CPU_FORM_MOFFS_LOAD:
    case CPU_FORM_MOFFS_STORE:
        o->ok = true; /* the address need not fit the record's displacement */
        out->imm = cpu_bytes_at(p, at, out->asize);
        out->seg = p->seg < CPU_SEG_COUNT ? p->seg : CPU_SEG_DS;
        out->flags &= (uint16_t)~CPU_I_MEM;
        out->addr = 0;
        return;
    case CPU_FORM_CR_READ:
    case CPU_FORM_CR_WRITE:
    case CPU_FORM_DR_READ:
    case CPU_FORM_DR_WRITE:
        out->reg = (uint8_t)((p->modrm >> 3 & 7) | (p->rex & 4 ? 8 : 0));
        out->rm = (uint8_t)((p->modrm & 7) | (p->rex & 1 ? 8 : 0));
        o->reg[0] = o->reg[1] = REG_NONE;
        if (row->form == CPU_FORM_CR_WRITE || row->form == CPU_FORM_DR_WRITE)
            out->src |= 1u << out->rm;
        else
            out->dst |= 1u << out->rm;
        return;
    case CPU_FORM_SREG_LOAD:
    case CPU_FORM_SREG_STORE:
        out->reg = p->modrm >> 3 & 7;
        out->rm = (uint8_t)((p->modrm & 7) | (p->rex & 1 ? 8 : 0));
        out->flags &= (uint16_t) ~(CPU_I_HIGH_REG | CPU_I_HIGH_RM);
        return;
    case CPU_FORM_SREG:
        out->reg = p->map == 2 ? (p->opcode & 8 ? CPU_SEG_GS : CPU_SEG_FS) : p->opcode >> 3 & 3;
        return;
    case CPU_FORM_IMM: /* shifts by one have no immediate byte */
        if (p->map == 1 && (p->opcode == 0xd0 || p->opcode == 0xd1)) {
            out->imm = 1;
            o->kind[1] = 'i';
        }
        return;
    case CPU_FORM_CL: /* the count register is implicit; SHLD, SHRD keep their second operand */
        if (p->map == 1)
            o->kind[1] = 0, o->reg[1] = REG_NONE;
        return;
    }
    switch (row->id) {
    case X86_INS_ENTER:
        out->imm = cpu_bytes_at(p, at, 2);
        out->disp = (int32_t)(cpu_bytes_at(p, at + 2, 1) & 31);
        return;
    case X86_INS_RET:
    case X86_INS_RETF:
    case X86_INS_RETFQ:
        out->imm = p->opcode & 1 ? 0 : cpu_bytes_at(p, at, 2);
        return;
    case X86_INS_INT:
        out->imm = cpu_bytes_at(p, at, 1);
        return;
    case X86_INS_LJMP:
    case X86_INS_LCALL:
        if (out->flags & CPU_I_MEM)
            return;
        out->imm = cpu_bytes_at(p, at, out->size);
        out->disp = (int32_t)cpu_bytes_at(p, at + out->size, 2);
        return;
    }
}

static bool is_relative_branch(const struct cpu_row *row, const struct operands *o)
{
    return row->tclass == TC_BRANCH && o->kind[0] == 'i' && row->id != X86_INS_RET;
}

/* ---- masks and flags ---- */

static void put_access(const struct cpu_row *row, const struct operands *o, struct cpu_insn *out)
{
    static const uint64_t read[2] = {CPU_ROW_R0, CPU_ROW_R1}, write[2] = {CPU_ROW_W0, CPU_ROW_W1};
    uint32_t written = 0;
    for (unsigned k = 0; k < 2; k++) {
        if (o->kind[k] == 'm') {
            out->flags |= row->flags & read[k] ? CPU_I_LOAD : 0;
            out->flags |= row->flags & write[k] ? CPU_I_STORE : 0;
        } else if (o->reg[k] != REG_NONE && !(o->reg[k] & REG_SEG)) {
            uint32_t bit = 1u << (o->reg[k] & 0x3f);
            out->src |= row->flags & read[k] ? bit : 0;
            written |= row->flags & write[k] ? bit : 0;
        }
    }
    uint32_t without = out->size == 1 && (row->tclass == TC_MUL || row->tclass == TC_DIV) ? 1u << 2 : 0; /* AX only */
    out->src |= (CPU_ROW_IN_OF(row->flags) & ~without) | (out->size < 4 ? written : 0); /* a partial write merges */
    out->dst |= (CPU_ROW_OUT_OF(row->flags) & ~without) | written;
    if (row->flags & CPU_ROW_STR && row->id != X86_INS_XLATB && out->flags & (CPU_I_REP | CPU_I_REPNE)) {
        out->src |= 1u << 1 | (row->flags & CPU_ROW_FO ? CPU_MASK_FLAGS : 0); /* a count of 0 leaves the flags */
        out->dst |= 1u << 1;
    }
    out->src |= row->flags & CPU_ROW_FI ? CPU_MASK_FLAGS : 0;
    out->dst |= row->flags & CPU_ROW_FO ? CPU_MASK_FLAGS : 0;
}

static cpu_exec_fn *handler_of(const struct cpu_row *row, const struct operands *o, const struct cpu_insn *out)
{
    if (row->kind == CPU_ROW_FN)
        return row->fn;
    if (row->kind == CPU_ROW_COND)
        return row->conds[out->cond];
    enum cpu_shape shape = shape_of(o);
    unsigned log2_size = (unsigned)__builtin_ctz(out->size);
    return shape < CPU_SHAPES ? row->family[shape][log2_size] : NULL;
}

/* LOCK is legal on a LOCKABLE row whose destination is memory (SDM vol. 2A, "LOCK"). */
static bool lock_is_legal(const struct cpu_row *row, const struct operands *o)
{
    return (row->flags & CPU_ROW_LOCKABLE) && (o->kind[0] == 'm' || (row->id == X86_INS_XCHG && o->kind[1] == 'm'));
}

/* ---- records that are not instructions ---- */

static unsigned put_stub(const struct cpu_bytes *p, cpu_exec_fn *exec, unsigned len, struct cpu_insn *out)
{
    memset(out, 0, sizeof *out);
    out->exec = exec;
    out->flags = CPU_I_END;
    out->tclass = TC_SYS;
    out->base = out->index = CPU_ZERO;
    out->seg = CPU_SEG_DS;
    out->len = (uint8_t)(len < 1 ? 1 : len > CPU_INSN_MAX ? CPU_INSN_MAX : len);
    out->size = out->asize = (uint8_t)p->mode;
    /* All the bytes, for the message of cpu_exec_unmodelled: 3 + 8 + 4. */
    memcpy(out->bytes15, p->b, p->avail < 3 ? p->avail : 3);
    out->imm = cpu_bytes_at(p, 3, 8);
    out->disp = (int32_t)cpu_bytes_at(p, 11, 4);
    return out->len;
}

static unsigned put_nop(const struct cpu_bytes *p, struct cpu_insn *out)
{
    unsigned len = cpu_bytes_modrm_length(p), row = cpu_row_find(X86_INS_NOP, CPU_FORM_PLAIN);
    if (!len)
        return 0;
    put_stub(p, cpu_rows[row].fn, len, out);
    out->imm = 0;
    out->disp = 0;
    out->row = (uint16_t)row;
    out->flags = 0;
    out->tclass = cpu_rows[row].tclass;
    return len;
}

static unsigned put_quirk(const struct cpu_bytes *p, enum cpu_quirk_action action, struct cpu_insn *out)
{
    return action == CPU_QUIRK_NOP ? put_nop(p, out) : put_stub(p, cpu_exec_ud, p->op_at + 1u, out);
}

/* ---- the record ---- */

static void put_time_class(const struct cpu_row *row, struct cpu_insn *out)
{
    if (row->id == X86_INS_XCHG && out->flags & CPU_I_MEM) {
        out->tclass = TC_XCHG;
        out->flags |= CPU_I_LOCK; /* XCHG with memory locks by itself */
    } else if (out->flags & CPU_I_LOCK)
        out->tclass = TC_LOCK;
}

static unsigned put_insn(const struct cpu_bytes *p, const cs_insn *in, unsigned len, struct cpu_insn *out)
{
    const cs_x86 *x = &in->detail->x86;
    unsigned nth = cpu_row_find(in->id, cpu_form_of(in->id, p));
    const struct cpu_row *row = &cpu_rows[nth];
    if (!nth)
        return put_stub(p, cpu_exec_unmodelled, len, out);
    memset(out, 0, sizeof *out);
    out->base = out->index = CPU_ZERO;
    out->row = (uint16_t)nth;
    out->len = (uint8_t)len;
    out->tclass = row->tclass;
    out->flags = (uint16_t)row->flags;
    out->asize = (uint8_t)cpu_bytes_address_size(p);
    out->cond = p->opcode & 15;
    out->seg = p->seg < CPU_SEG_COUNT ? p->seg : CPU_SEG_DS;
    memcpy(out->bytes15, p->b, len < 3 ? len : 3);
    struct operands o = {{0, 0, 0}, {REG_NONE, REG_NONE}, true};
    if (row->flags & CPU_ROW_STR) {
        out->flags |= p->rep == 0xf3 ? CPU_I_REP : p->rep == 0xf2 ? CPU_I_REPNE : 0;
        out->addr = out->asize ? CPU_ROW_IN_OF(row->flags) & 0xc8 : 0; /* rSI, rDI, rBX */
    } else {
        o = put_operands(p, x, len, out);
    }
    out->size = (uint8_t)operand_size(p, CPU_ROW_SIZE_OF(row->flags), out->flags & CPU_I_MEM);
    out->src_size = row->form == CPU_FORM_SRC8    ? 1
                    : row->form == CPU_FORM_SRC16 ? 2
                    : row->id == X86_INS_MOVSXD   ? 4
                                                  : out->size;
    special_operands(p, row, out, &o);
    if (is_relative_branch(row, &o)) {
        unsigned n = cpu_bytes_has_long_rel(p) ? (out->size == 2 ? 2 : 4) : 1;
        out->imm = (uint64_t)sign_extend(cpu_bytes_at(p, len - n, n), n);
    }
    if (p->lock) {
        if (!lock_is_legal(row, &o))
            return put_stub(p, cpu_exec_ud, len, out);
        out->flags |= CPU_I_LOCK;
    }
    put_access(row, &o, out);
    put_time_class(row, out);
    out->exec = handler_of(row, &o, out);
    if (!out->exec || !o.ok)
        return put_stub(p, cpu_exec_unmodelled, len, out);
    return len;
}

/* Without Capstone: it ignores mandatory prefixes in 16-bit code and gives one id to MMX, SSE and other forms. */
static unsigned put_by_bytes(const struct cpu_bytes *p, unsigned row, bool complete, struct cpu_insn *out)
{
    if (p->lock)
        return put_stub(p, cpu_exec_ud, p->op_at + 1u, out);
    unsigned len = cpu_decode_bytes(p, row, out);
    return len || !complete ? len : put_stub(p, cpu_exec_gp0, CPU_INSN_MAX, out);
}

unsigned cpu_decode(const uint8_t *bytes, unsigned avail, unsigned mode, struct cpu_insn *out)
{
    struct cpu_bytes p = {
        .b = bytes, .avail = avail < CPU_INSN_MAX ? avail : CPU_INSN_MAX, .mode = mode, .seg = CPU_SEG_COUNT};
    csh h = engine(mode);
    bool complete = avail >= CPU_INSN_MAX; /* more bytes would not help */
    if (!cpu_bytes_scan(&p))
        return complete ? put_stub(&p, cpu_exec_gp0, CPU_INSN_MAX, out) : 0;
    if (p.op_at + 1u >= p.avail && !complete && (p.map >= 2 || (p.opcode & 0xf8) == 0xd8))
        return 0; /* quirks and rows found by bytes look at ModRM */
    enum cpu_quirk_action action = cpu_quirk(&p, false);
    if (action != CPU_QUIRK_NONE)
        return put_quirk(&p, action, out);
    unsigned row = cpu_row_by_bytes(&p);
    if (row)
        return put_by_bytes(&p, row, complete, out);
    if (cpu_bytes_are_known(&p))
        return put_stub(&p, cpu_exec_ud, p.op_at + 1u, out);
    uint8_t bytes_in_order[CPU_INSN_MAX + 8];
    size_t n = cpu_bytes_normalise(&p, bytes_in_order);
    unsigned head = (unsigned)n - (p.avail - p.n_prefix); /* prefix bytes left */
    const uint8_t *code = bytes_in_order;
    uint64_t address = 0;
    if (cs_disasm_iter(h, &code, &n, &address, scratch))
        return put_insn(&p, scratch, scratch->size - head + p.n_prefix, out);
    action = cpu_quirk(&p, true);
    if (action != CPU_QUIRK_NONE)
        return put_quirk(&p, action, out);
    return complete ? put_stub(&p, cpu_exec_unmodelled, p.n_prefix + 1u, out) : 0;
}

/* ---- handlers that no row names ---- */

struct cpu_event cpu_exec_ud(struct cpu *c, const struct cpu_insn *i)
{
    (void)c, (void)i;
    return CPU_EV_FAULT(6);
}

/* An instruction longer than 15 bytes. */
struct cpu_event cpu_exec_gp0(struct cpu *c, const struct cpu_insn *i)
{
    (void)c, (void)i;
    return CPU_EV_FAULT_ERR(13, 0);
}

struct cpu_event cpu_exec_unmodelled(struct cpu *c, const struct cpu_insn *i)
{
    uint8_t b[CPU_INSN_MAX];
    char hex[3 * CPU_INSN_MAX + 1];
    unsigned mode = i->asize, len = i->len;
    memcpy(b, i->bytes15, 3);
    memcpy(b + 3, &i->imm, 8);
    memcpy(b + 11, &i->disp, 4);
    const uint8_t *code = b;
    size_t n = CPU_INSN_MAX;
    uint64_t address = c->r[CPU_RIP];
    bool named = cs_disasm_iter(engine(mode), &code, &n, &address, scratch);
    for (unsigned k = 0; k < len; k++)
        snprintf(hex + 3 * k, 4, "%02x ", b[k]);
    sim_unmodelled("instruction %s(%u-bit code) \"%s%s%s\" at rip %#llx, cycle %llu, has no row in cpu/insn.def", hex,
                   8 * mode, named ? scratch->mnemonic : "undecodable", named ? " " : "", named ? scratch->op_str : "",
                   (unsigned long long)c->r[CPU_RIP], (unsigned long long)c->now);
}
