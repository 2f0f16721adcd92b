/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capstone's id is not a semantic key: what tells the meanings of one id apart, by opcode bytes. An id listed here may
 * not have an ANY row (cpu_rows_check), so that a new meaning can never slip into an old handler.
 */
#include "cpu/decode.h"
#include <capstone/capstone.h>

typedef enum cpu_form form_fn(const struct cpu_bytes *p);

static bool is_mem_modrm(const struct cpu_bytes *p)
{
    return p->modrm >> 6 != 3;
}

static enum cpu_form form_mov(const struct cpu_bytes *p)
{
    if (p->map == 2)
        switch (p->opcode) {
        case 0x20:
            return CPU_FORM_CR_READ;
        case 0x21:
            return CPU_FORM_DR_READ;
        case 0x22:
            return CPU_FORM_CR_WRITE;
        case 0x23:
            return CPU_FORM_DR_WRITE;
        }
    switch (p->opcode) {
    case 0x8c:
        return CPU_FORM_SREG_STORE;
    case 0x8e:
        return CPU_FORM_SREG_LOAD;
    case 0xa0:
    case 0xa1:
        return CPU_FORM_MOFFS_LOAD;
    case 0xa2:
    case 0xa3:
        return CPU_FORM_MOFFS_STORE;
    case 0x8a:
    case 0x8b:
        return is_mem_modrm(p) ? CPU_FORM_LOAD : CPU_FORM_GPR;
    case 0x88:
    case 0x89:
    case 0xc6:
    case 0xc7:
        return is_mem_modrm(p) ? CPU_FORM_STORE : CPU_FORM_GPR;
    }
    return CPU_FORM_GPR; /* B0..BF */
}

static enum cpu_form form_extend(const struct cpu_bytes *p)
{
    return p->opcode & 1 ? CPU_FORM_SRC16 : CPU_FORM_SRC8;
}

static enum cpu_form form_shift(const struct cpu_bytes *p)
{
    return p->opcode == 0xd2 || p->opcode == 0xd3 ? CPU_FORM_CL : CPU_FORM_IMM;
}

static enum cpu_form form_double_shift(const struct cpu_bytes *p)
{
    return p->opcode & 1 ? CPU_FORM_CL : CPU_FORM_IMM;
}

static enum cpu_form form_imul(const struct cpu_bytes *p)
{
    if (p->map == 2)
        return CPU_FORM_TWO;
    return p->opcode >= 0xf6 ? CPU_FORM_ONE : CPU_FORM_THREE;
}

static enum cpu_form form_bit(const struct cpu_bytes *p)
{
    return p->opcode == 0xba ? CPU_FORM_IMM : CPU_FORM_REG;
}

static enum cpu_form form_jump(const struct cpu_bytes *p)
{
    return p->opcode == 0xff ? CPU_FORM_INDIRECT : CPU_FORM_DIRECT;
}

static enum cpu_form form_push(const struct cpu_bytes *p)
{
    bool sreg = p->map == 2 || (p->opcode < 0x20 && (p->opcode & 6) == 6);
    return sreg ? CPU_FORM_SREG : CPU_FORM_GPR;
}

static enum cpu_form form_string(const struct cpu_bytes *p)
{
    return p->map == 1 ? CPU_FORM_STRING : CPU_FORM_SSE;
}

static enum cpu_form form_port(const struct cpu_bytes *p)
{
    return p->opcode & 8 ? CPU_FORM_REG : CPU_FORM_IMM;
}

/* The marker is exactly "nopl disp32(%rax)", 0F 1F 80, with the magic number in the upper 24 bits of disp32. */
static enum cpu_form form_nop(const struct cpu_bytes *p)
{
    if (p->mode != 8 || p->n_prefix || p->map != 2 || p->opcode != 0x1f || p->modrm != 0x80 || p->avail < 7)
        return CPU_FORM_PLAIN;
    uint32_t disp;
    memcpy(&disp, p->b + 3, 4);
    return (disp & CPU_MARK_MASK) == CPU_MARK_MAGIC ? CPU_FORM_MARKER : CPU_FORM_PLAIN;
}

static const struct {
    uint16_t id;
    form_fn *form;
} ambiguous[] = {
    {X86_INS_MOV, form_mov},           {X86_INS_MOVABS, form_mov},
    {X86_INS_MOVZX, form_extend},      {X86_INS_MOVSX, form_extend},
    {X86_INS_SHL, form_shift},         {X86_INS_SAL, form_shift},
    {X86_INS_SHR, form_shift},         {X86_INS_SAR, form_shift},
    {X86_INS_ROL, form_shift},         {X86_INS_ROR, form_shift},
    {X86_INS_RCL, form_shift},         {X86_INS_RCR, form_shift},
    {X86_INS_SHLD, form_double_shift}, {X86_INS_SHRD, form_double_shift},
    {X86_INS_IMUL, form_imul},         {X86_INS_BT, form_bit},
    {X86_INS_BTS, form_bit},           {X86_INS_BTR, form_bit},
    {X86_INS_BTC, form_bit},           {X86_INS_JMP, form_jump},
    {X86_INS_CALL, form_jump},         {X86_INS_PUSH, form_push},
    {X86_INS_POP, form_push},          {X86_INS_MOVSD, form_string},
    {X86_INS_CMPSD, form_string},      {X86_INS_IN, form_port},
    {X86_INS_OUT, form_port},          {X86_INS_NOP, form_nop},
};

static form_fn *form_of_id(unsigned id)
{
    for (size_t k = 0; k < sizeof ambiguous / sizeof ambiguous[0]; k++)
        if (ambiguous[k].id == id)
            return ambiguous[k].form;
    return NULL;
}

bool cpu_form_is_ambiguous(unsigned id)
{
    return form_of_id(id) != NULL;
}

enum cpu_form cpu_form_of(unsigned id, const struct cpu_bytes *p)
{
    form_fn *f = form_of_id(id);
    return f ? f(p) : CPU_FORM_ANY;
}
