/* SPDX-License-Identifier: Apache-2.0 */
/*
 * insn.def as an array, the index from (id, form) to row, and the start-up check. Used while decoding only; at run time
 * a record holds its handler.
 */
#include "cpu/exec.h"
#include "cpu/exec_kernel.h"
#include <capstone/capstone.h>

/* The vocabulary of the flags column. */
#define R0       CPU_ROW_R0
#define W0       CPU_ROW_W0
#define R1       CPU_ROW_R1
#define W1       CPU_ROW_W1
#define FI       CPU_ROW_FI
#define FO       CPU_ROW_FO
#define LOCKABLE CPU_ROW_LOCKABLE
#define STR      CPU_ROW_STR
#define D64      CPU_ROW_SIZE(CPU_SIZE_D64)
#define N64      CPU_ROW_SIZE(CPU_SIZE_N64)
#define CRSZ     CPU_ROW_SIZE(CPU_SIZE_CR)
#define CRSZ66   CPU_ROW_SIZE(CPU_SIZE_CR66)
#define M16      CPU_ROW_SIZE(CPU_SIZE_M16)
#define IOSZ     CPU_ROW_SIZE(CPU_SIZE_IO)
#define S1       CPU_ROW_SIZE(CPU_SIZE_1)
#define S2       CPU_ROW_SIZE(CPU_SIZE_2)
#define S4       CPU_ROW_SIZE(CPU_SIZE_4)
#define S8       CPU_ROW_SIZE(CPU_SIZE_8)
#define END      ((uint64_t)CPU_I_END)
#define COND     ((uint64_t)CPU_I_COND)
#define INDIRECT ((uint64_t)CPU_I_INDIRECT)
#define SERIAL   ((uint64_t)CPU_I_SERIAL)
#define CALL     ((uint64_t)CPU_I_CALL)
#define RET      ((uint64_t)CPU_I_RET)
#define LOAD     ((uint64_t)CPU_I_LOAD)
#define STORE    ((uint64_t)CPU_I_STORE)
#define I_AX     CPU_ROW_IN(0)
#define I_CX     CPU_ROW_IN(1)
#define I_DX     CPU_ROW_IN(2)
#define I_BX     CPU_ROW_IN(3)
#define I_SP     CPU_ROW_IN(4)
#define I_BP     CPU_ROW_IN(5)
#define I_SI     CPU_ROW_IN(6)
#define I_DI     CPU_ROW_IN(7)
#define I_R11    CPU_ROW_IN(11)
#define I_ALL    (I_AX | I_CX | I_DX | I_BX | I_SP | I_BP | I_SI | I_DI)
#define O_AX     CPU_ROW_OUT(0)
#define O_CX     CPU_ROW_OUT(1)
#define O_DX     CPU_ROW_OUT(2)
#define O_BX     CPU_ROW_OUT(3)
#define O_SP     CPU_ROW_OUT(4)
#define O_BP     CPU_ROW_OUT(5)
#define O_SI     CPU_ROW_OUT(6)
#define O_DI     CPU_ROW_OUT(7)
#define O_R11    CPU_ROW_OUT(11)
#define O_ALL    (O_AX | O_CX | O_DX | O_BX | O_SP | O_BP | O_SI | O_DI)

/* insn_simd.def and insn_x87.def: kinds and accesses of ModRM.reg and ModRM.rm, memory operand, extension. */
#define KINDS(reg, rm) (CPU_ROW_REG(CPU_KIND_##reg) | CPU_ROW_RM(CPU_KIND_##rm))
#define X_X            (KINDS(XMM, XMM) | R0 | W0 | R1)
#define X_XW           (KINDS(XMM, XMM) | W0 | R1)
#define X_XR           (KINDS(XMM, XMM) | R0 | R1)
#define X_XS           (KINDS(XMM, XMM) | R0 | W1)
#define X_XM           (KINDS(XMM, XMM) | R0 | R1 | W1)
#define X_M            (KINDS(XMM, MMX) | R0 | W0 | R1)
#define X_MW           (KINDS(XMM, MMX) | W0 | R1)
#define X_G            (KINDS(XMM, GPR) | R0 | W0 | R1)
#define X_GW           (KINDS(XMM, GPR) | W0 | R1)
#define X_GS           (KINDS(XMM, GPR) | R0 | W1)
#define M_M            (KINDS(MMX, MMX) | R0 | W0 | R1)
#define M_MW           (KINDS(MMX, MMX) | W0 | R1)
#define M_MR           (KINDS(MMX, MMX) | R0 | R1)
#define M_MS           (KINDS(MMX, MMX) | R0 | W1)
#define M_XW           (KINDS(MMX, XMM) | W0 | R1)
#define M_G            (KINDS(MMX, GPR) | R0 | W0 | R1)
#define M_GW           (KINDS(MMX, GPR) | W0 | R1)
#define M_GS           (KINDS(MMX, GPR) | R0 | W1)
#define G_X            (KINDS(GPR, XMM) | W0 | R1)
#define G_M            (KINDS(GPR, MMX) | W0 | R1)
#define G_G            (KINDS(GPR, GPR) | R0 | W0 | R1)
#define G_GW           (KINDS(GPR, GPR) | W0 | R1)
#define RM_X           (KINDS(NONE, XMM) | R1 | W1)
#define RM_M           (KINDS(NONE, MMX) | R1 | W1)
#define MB1            CPU_ROW_MEM(0)
#define MB2            CPU_ROW_MEM(1)
#define MB4            CPU_ROW_MEM(2)
#define MB8            CPU_ROW_MEM(3)
#define MB16U          CPU_ROW_MEM(4)
#define MB16           (CPU_ROW_MEM(4) | (uint64_t)CPU_I_ALIGN16)
#define MBW            CPU_ROW_MEM(CPU_MEM_BY_SIZE)
#define MB10           CPU_ROW_MEM(CPU_MEM_TEN)
#define MBX            CPU_ROW_MEM(CPU_MEM_OTHER)
#define FPU            CPU_ROW_ISA(CPU_ISA_X87)
#define MMX            CPU_ROW_ISA(CPU_ISA_MMX)
#define SSE            CPU_ROW_ISA(CPU_ISA_SSE)
#define SSE2           CPU_ROW_ISA(CPU_ISA_SSE2)
#define SSE3           CPU_ROW_ISA(CPU_ISA_SSE3)
#define SSSE3          CPU_ROW_ISA(CPU_ISA_SSSE3)
#define SSE41          CPU_ROW_ISA(CPU_ISA_SSE41)
#define SSE42          CPU_ROW_ISA(CPU_ISA_SSE42)
#define POPCNT         CPU_ROW_ISA(CPU_ISA_POPCNT)

/* Their keys. */
enum {
    PREFIX_NP = 0,
    PREFIX_66 = 0x66,
    PREFIX_F3 = 0xf3,
    PREFIX_F2 = 0xf2,
    MAP_0F = 2,
    MAP_38 = 3,
    MAP_3A = 4,
    WHICH_any = CPU_WHICH_ANY,
    WHICH_reg = CPU_WHICH_REG,
    WHICH_mem = CPU_WHICH_MEM,
    WHICH_0 = 0,
    WHICH_1,
    WHICH_2,
    WHICH_3,
    WHICH_4,
    WHICH_5,
    WHICH_6,
    WHICH_7,
    WHICH_m0 = CPU_WHICH_M0,
    WHICH_m1,
    WHICH_m2,
    WHICH_m3,
    WHICH_m4,
    WHICH_m5,
    WHICH_m6,
    WHICH_m7,
};
#define KEY(prefix_, map_, opcode_, which_)                                                                            \
    .key = {.map = MAP_##map_, .prefix = PREFIX_##prefix_, .opcode = 0x##opcode_, .which = WHICH_##which_}

/* An escape opcode; m and a number: a memory form; r and a number: the eight register forms with that ModRM.reg; x and
 * a ModRM byte: one form. */
#define X87_KEY(opcode_, how_, n_) .key = {.map = 1, .opcode = 0x##opcode_, .which = X87_##how_(0x##n_)}
#define X87_m(n)                   (CPU_WHICH_M0 + (n))
#define X87_r(n)                   (n)
#define X87_x(n)                   (n)

/* Pasted in one step: LOAD, STORE, CALL, RET and STR are also names of forms, classes or ids. */
#define ROW_COMMON(flags_, handler_, title_) .flags = (flags_), .handler = handler_, .title = (title_)

const struct cpu_row cpu_rows[] = {
    {.name = "(none)", .handler = "cpu_exec_unmodelled", .title = "no row", .fn = cpu_exec_unmodelled},
#define INSN(id_, form_, handler_, class_, flags_, title_)                                                             \
    {.id = X86_INS_##id_,                                                                                              \
     .form = CPU_FORM_##form_,                                                                                         \
     .tclass = TC_##class_,                                                                                            \
     .kind = CPU_ROW_FN,                                                                                               \
     .name = #id_,                                                                                                     \
     ROW_COMMON(flags_, #handler_, title_),                                                                            \
     .fn = handler_},
#define INSN_FAMILY(id_, form_, handler_, class_, flags_, title_)                                                      \
    {.id = X86_INS_##id_,                                                                                              \
     .form = CPU_FORM_##form_,                                                                                         \
     .tclass = TC_##class_,                                                                                            \
     .kind = CPU_ROW_FAMILY,                                                                                           \
     .name = #id_,                                                                                                     \
     ROW_COMMON(flags_, #handler_, title_),                                                                            \
     .family = handler_},
#define INSN_COND(id_, form_, handler_, class_, flags_, title_)                                                        \
    {.id = X86_INS_##id_,                                                                                              \
     .form = CPU_FORM_##form_,                                                                                         \
     .tclass = TC_##class_,                                                                                            \
     .kind = CPU_ROW_COND,                                                                                             \
     .name = #id_,                                                                                                     \
     ROW_COMMON(flags_, #handler_, title_),                                                                            \
     .conds = handler_},
#define BYTES_ROW(name_, key_, handler_, class_, flags_, title_)                                                       \
    .form = CPU_FORM_BYTES, .kind = CPU_ROW_BYTES, .tclass = TC_##class_, .name = name_,                               \
    ROW_COMMON(flags_, #handler_, title_), .fn = handler_
#define INSN_SIMD(name_, key_, handler_, class_, flags_, title_)                                                       \
    {BYTES_ROW(#name_, key_, handler_, class_, flags_, title_), KEY key_, .kernel = CPU_KERNEL key_},
#define INSN_SIMD_W(name_, key_, handler_, class_, flags_, title_)                                                     \
    {BYTES_ROW(#name_, key_, handler_, class_, flags_, title_), KEY key_, .kernel = CPU_KERNEL key_,                   \
     .kernel_w = CPU_KERNEL_W key_},
#define INSN_SIMD_I(name_, key_, handler_, class_, flags_, title_)                                                     \
    {BYTES_ROW(#name_, key_, handler_, class_, flags_, title_), KEY key_, .imm8 = CPU_IMM8, .kernel = CPU_KERNEL key_},
#define INSN_SIMD_IW(name_, key_, handler_, class_, flags_, title_)                                                    \
    {BYTES_ROW(#name_, key_, handler_, class_, flags_, title_), KEY key_, .imm8 = CPU_IMM8, .kernel = CPU_KERNEL key_, \
     .kernel_w = CPU_KERNEL_W key_},
#define INSN_SIMD_N(name_, key_, handler_, class_, flags_, title_)                                                     \
    {BYTES_ROW(#name_, key_, handler_, class_, flags_, title_), KEY key_},
#define INSN_SIMD_NI(name_, key_, handler_, class_, flags_, title_)                                                    \
    {BYTES_ROW(#name_, key_, handler_, class_, flags_, title_), KEY key_, .imm8 = CPU_IMM8},
#define INSN_X87(name_, key_, handler_, class_, flags_, title_)                                                        \
    {BYTES_ROW(#name_, key_, handler_, class_, flags_, title_), X87_KEY key_},
#include "cpu/insn.def"
};
const unsigned cpu_rows_n = sizeof cpu_rows / sizeof cpu_rows[0];

const char *cpu_form_name(enum cpu_form f)
{
    static const char *const names[] = {
#define FORM_NAME(name) #name,
        CPU_FORMS(FORM_NAME)
#undef FORM_NAME
    };
    return f < CPU_FORM_COUNT ? names[f] : "?";
}

const char *cpu_rows_check(const struct cpu_row *rows, unsigned n, unsigned *bad)
{
    for (unsigned k = 1; k < n; k++) {
        const struct cpu_row *r = &rows[k];
        *bad = k;
        if (r->kind != CPU_ROW_BYTES && cpu_form_is_ambiguous(r->id) && r->form == CPU_FORM_ANY)
            return "an id with several meanings has an ANY row";
        if (r->kind != CPU_ROW_BYTES && !cpu_form_is_ambiguous(r->id) && r->form != CPU_FORM_ANY)
            return "an id with one meaning has a row that is not ANY";
        if (!r->fn && !r->family && !r->conds)
            return "a row without handler";
        if (r->kind == CPU_ROW_BYTES) {
            for (unsigned j = 1; j < k; j++)
                if (rows[j].kind == CPU_ROW_BYTES && memcmp(&rows[j].key, &r->key, sizeof r->key) == 0)
                    return "two rows for the same bytes";
            continue;
        }
        for (unsigned j = 1; j < k; j++)
            if (rows[j].id == r->id && rows[j].form == r->form)
                return "two rows for one meaning";
    }
    return NULL;
}

unsigned cpu_row_find(unsigned id, enum cpu_form form)
{
    static uint16_t first[X86_INS_ENDING]; /* 0: not looked up; rows of an id are near each other but need not touch */
    if (id == 0 || id >= X86_INS_ENDING)
        return 0;
    unsigned k = first[id] ? first[id] : 1;
    for (; k < cpu_rows_n; k++) {
        if (cpu_rows[k].id != id)
            continue;
        if (!first[id])
            first[id] = (uint16_t)k;
        if (cpu_rows[k].form == form)
            return k;
    }
    return 0;
}
