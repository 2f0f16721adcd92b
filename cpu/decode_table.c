/* SPDX-License-Identifier: Apache-2.0 */
/*
 * insn.def as an array, the index from (id, form) to row, and the start-up check. Used while decoding only; at run time
 * a record holds its handler.
 */
#include "cpu/exec.h"
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
        if (cpu_form_is_ambiguous(r->id) && r->form == CPU_FORM_ANY)
            return "an id with several meanings has an ANY row";
        if (!cpu_form_is_ambiguous(r->id) && r->form != CPU_FORM_ANY)
            return "an id with one meaning has a row that is not ANY";
        if (!r->fn && !r->family && !r->conds)
            return "a row without handler";
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
