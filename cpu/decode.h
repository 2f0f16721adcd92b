/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What insn.def and the handlers agree on: operand shapes, families of handlers, forms, rows. Includable only from
 * cpu/, its tests and the tool that lists instructions.
 */
#pragma once
#include "cpu/cpu_internal.h"

/* How the two explicit operands stand: register, immediate, memory; destination first. */
enum cpu_shape {
    CPU_SHAPE_RR,
    CPU_SHAPE_RI,
    CPU_SHAPE_RM,
    CPU_SHAPE_MR,
    CPU_SHAPE_MI,
    CPU_SHAPE_R, /* one operand; a shift by CL also */
    CPU_SHAPE_M,
    CPU_SHAPE_I, /* one immediate */
    CPU_SHAPES
};

/* A family: one short function for each shape and operand size (1, 2, 4, 8); NULL where no encoding exists. */
typedef cpu_exec_fn *const cpu_exec_family[CPU_SHAPES][4];
/* One function for each condition code. */
typedef cpu_exec_fn *const cpu_exec_conds[16];

/* What tells apart the meanings of one Capstone id (cpu/decode_form.c). (clang-format does not settle on a layout.) */
/* clang-format off */
#define CPU_FORMS(X)                                                                                                   \
    X(ANY)                                                                                                             \
    X(GPR)                                                                                                             \
    X(LOAD)                                                                                                            \
    X(STORE)                                                                                                           \
    X(MOFFS_LOAD)                                                                                                      \
    X(MOFFS_STORE)                                                                                                     \
    X(CR_READ) X(CR_WRITE) X(DR_READ) X(DR_WRITE) X(SREG_LOAD) X(SREG_STORE) X(SREG) X(SRC8) X(SRC16) X(IMM) X(CL)     \
        X(REG) X(ONE) X(TWO) X(THREE) X(DIRECT) X(INDIRECT) X(STRING) X(SSE) X(PLAIN) X(MARKER) X(BYTES)
/* clang-format on */
enum cpu_form {
#define CPU_FORM_ENUM(name) CPU_FORM_##name,
    CPU_FORMS(CPU_FORM_ENUM)
#undef CPU_FORM_ENUM
        CPU_FORM_COUNT
};

/* Row flags above the CPU_I_* bits 0..15. */
#define CPU_ROW_R0         (1ull << 16)
#define CPU_ROW_W0         (1ull << 17)
#define CPU_ROW_R1         (1ull << 18)
#define CPU_ROW_W1         (1ull << 19)
#define CPU_ROW_FI         (1ull << 20)
#define CPU_ROW_FO         (1ull << 21)
#define CPU_ROW_LOCKABLE   (1ull << 22)
#define CPU_ROW_STR        (1ull << 23)
#define CPU_ROW_SIZE(n)    ((unsigned long long)(n) << 24) /* enum cpu_size_rule */
#define CPU_ROW_IN(reg)    (1ull << (28 + (reg)))
#define CPU_ROW_OUT(reg)   (1ull << (40 + (reg)))
#define CPU_ROW_IN_OF(f)   ((uint32_t)((f) >> 28) & 0xfffu)
#define CPU_ROW_OUT_OF(f)  ((uint32_t)((f) >> 40) & 0xfffu)
#define CPU_ROW_SIZE_OF(f) ((enum cpu_size_rule)((f) >> 24 & 15))

/* Rows that are found by their bytes (insn_simd.def, insn_x87.def). */
enum cpu_kind { CPU_KIND_NONE, CPU_KIND_GPR, CPU_KIND_XMM, CPU_KIND_MMX };
#define CPU_ROW_REG(kind) ((uint64_t)(kind) << 52) /* what ModRM.reg is */
#define CPU_ROW_RM(kind)  ((uint64_t)(kind) << 54) /* what ModRM.rm is, if not memory */
#define CPU_ROW_MEM(code) ((uint64_t)(code) << 56) /* memory operand: log2 of its bytes, or CPU_MEM_* */
#define CPU_ROW_ISA(isa)  ((uint64_t)(isa) << 60)  /* enum cpu_isa */
#define CPU_ROW_REG_OF(f) ((enum cpu_kind)((f) >> 52 & 3))
#define CPU_ROW_RM_OF(f)  ((enum cpu_kind)((f) >> 54 & 3))
#define CPU_ROW_MEM_OF(f) ((unsigned)((f) >> 56 & 7))
#define CPU_ROW_ISA_OF(f) ((uint8_t)((f) >> 60 & 15))
#define CPU_MEM_BY_SIZE   5u /* the general register's size */
#define CPU_MEM_TEN       6u
#define CPU_MEM_OTHER     7u

enum cpu_bytes_which { /* which ModRM bytes of an opcode; a number 0..7 is a register form with that reg */
                       CPU_WHICH_ANY = 8,
                       CPU_WHICH_REG,
                       CPU_WHICH_MEM,
                       CPU_WHICH_M0, /* memory, reg = 0; and so on to 7 */
                       CPU_WHICH_END = CPU_WHICH_M0 + 8,
};
struct cpu_key {
    uint8_t map, prefix, opcode; /* map as in struct cpu_bytes; prefix: 0, 66, F3, F2. An x87 row: 1, 0, D8 to DF */
    uint8_t which;               /* enum cpu_bytes_which; x87: the ModRM byte of a single register form */
};
enum cpu_imm8 { CPU_IMM8_NONE, CPU_IMM8 };

enum cpu_size_rule {
    CPU_SIZE_W, /* byte by opcode bit "w", else 66 and REX.W */
    CPU_SIZE_D64,
    CPU_SIZE_N64,
    CPU_SIZE_CR,
    CPU_SIZE_CR66, /* 8 in 64-bit code, else 66 */
    CPU_SIZE_M16,
    CPU_SIZE_IO, /* as W, but never 8 */
    CPU_SIZE_1,
    CPU_SIZE_2,
    CPU_SIZE_4,
    CPU_SIZE_8,
};

enum cpu_row_kind { CPU_ROW_FN, CPU_ROW_FAMILY, CPU_ROW_COND, CPU_ROW_BYTES };

struct cpu_row {
    uint16_t id; /* x86_insn */
    uint8_t form, tclass, kind;
    uint64_t flags;
    cpu_exec_fn *fn;                 /* CPU_ROW_FN */
    cpu_exec_fn *const (*family)[4]; /* CPU_ROW_FAMILY */
    cpu_exec_fn *const *conds;       /* CPU_ROW_COND */
    const char *name, *handler, *title;
    /* CPU_ROW_BYTES */
    struct cpu_key key;
    uint8_t imm8;                     /* enum cpu_imm8 */
    const uint8_t *kernel, *kernel_w; /* code that runs it on host registers; with REX.W. NULL: none */
};
/* A kernel and the next immediate byte's. */
#define CPU_KERNEL_STRIDE 8u

/* The table. Row 0 stands for "no row"; struct cpu_insn.row is an index here. */
extern const struct cpu_row cpu_rows[];
extern const unsigned cpu_rows_n;
const char *cpu_form_name(enum cpu_form f);

/* cpu_row_find() - the row of (@id, @form), 0 if there is none. */
unsigned cpu_row_find(unsigned id, enum cpu_form form);
/* cpu_rows_check() - is a table sound? NULL, or what is wrong: an ambiguous id with an ANY row, an unambiguous one with
 * another form, two rows for one meaning, a row without handler. @bad: row number. */
const char *cpu_rows_check(const struct cpu_row *rows, unsigned n, unsigned *bad);

struct cpu_bytes;
/* cpu_row_by_bytes() - the row of an instruction that is found by its bytes, 0 if there is none. */
unsigned cpu_row_by_bytes(const struct cpu_bytes *p);
/* cpu_bytes_are_known() - is this a place in the opcode maps where every instruction has its row in insn_simd.def or
 * insn_x87.def, so that none means #UD? */
bool cpu_bytes_are_known(const struct cpu_bytes *p);
/* cpu_decode_bytes() - fill in the record of @row. Return: length, 0 if the bytes end too early. */
unsigned cpu_decode_bytes(const struct cpu_bytes *p, unsigned row, struct cpu_insn *out);

/* ---- the decoder's own view of the bytes, before and beside Capstone ---- */
struct cpu_bytes {
    const uint8_t *b;
    unsigned avail, mode;
    unsigned n_prefix;           /* prefix bytes, REX included: index of the first opcode byte */
    uint8_t rex, seg, lock, rep; /* seg: CPU_SEG_* or CPU_SEG_COUNT; rep: 0, F2, F3 */
    uint8_t has66, has67;
    uint8_t map, opcode; /* map 1: one byte, 2: 0F, 3: 0F38, 4: 0F3A */
    uint8_t op_at;       /* index of .opcode */
    uint8_t modrm;       /* the byte behind the opcode, whatever it is; 0 if not there */
};
#define CPU_INSN_MAX 15
/* cpu_bytes_scan() - fill in @p from .b, .avail, .mode. false: the bytes end before the opcode does. */
bool cpu_bytes_scan(struct cpu_bytes *p);
/* cpu_bytes_normalise() - the same instruction with its prefixes in Capstone's order. Return: bytes in @out. */
unsigned cpu_bytes_normalise(const struct cpu_bytes *p, uint8_t out[CPU_INSN_MAX + 8]);
bool cpu_bytes_is_byte(const struct cpu_bytes *p);      /* operand is a byte by the opcode */
bool cpu_bytes_has_long_rel(const struct cpu_bytes *p); /* a relative branch with 2 or 4 bytes of displacement */
unsigned cpu_bytes_address_size(const struct cpu_bytes *p);
uint64_t cpu_bytes_at(const struct cpu_bytes *p, unsigned at, unsigned n); /* little-endian, 0 beyond the end */
/* Length of an instruction with ModRM and no immediate, 0 if the bytes end too early. */
unsigned cpu_bytes_modrm_length(const struct cpu_bytes *p);

/* Form of an id with several meanings, CPU_FORM_ANY for the others (cpu/decode_form.c). */
enum cpu_form cpu_form_of(unsigned id, const struct cpu_bytes *p);
bool cpu_form_is_ambiguous(unsigned id);

enum cpu_quirk_action { CPU_QUIRK_NONE, CPU_QUIRK_UD, CPU_QUIRK_NOP };
/* cpu_quirk() - quirks.def's word on these bytes. @failed: Capstone could not decode them. */
enum cpu_quirk_action cpu_quirk(const struct cpu_bytes *p, bool failed);

/* Handlers that no row names. */
cpu_exec_fn cpu_exec_ud, cpu_exec_gp0, cpu_exec_unmodelled;

/* The displacement of a marker NOP: value of HV_MARK_MAGIC in hv/abi/marker.h, which this library may not include; a
 * test compares them. */
#define CPU_MARK_MAGIC 0x766d5300u
#define CPU_MARK_MASK  0xffffff00u
