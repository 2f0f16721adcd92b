/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding: the table is sound, the encodings that Capstone 4.0.2 gets wrong come out right, LOCK is legal only where
 * the manual says, what has no row is unmodelled and never #UD. How it could lie: the expectations are hand-written
 * from the manual; a misreading of it would be on both sides. The exhaustive comparison with a second decoder is
 * decode_peer_test.c, with silicon insn_host_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <capstone/capstone.h>
#include "cpu/tests/exec_fake.h"
#include "hv/abi/marker.h"

struct want {
    const char *bytes; /* hex */
    unsigned mode;
    const char *name, *form;
    unsigned size;
    unsigned len; /* 0: all the bytes */
};

static unsigned from_hex(const char *s, uint8_t out[32])
{
    unsigned n = 0;
    for (; *s; s++) {
        static const char digits[] = "0123456789abcdef";
        if (*s == ' ')
            continue;
        out[n++] = (uint8_t)((strchr(digits, s[0]) - digits) << 4 | (strchr(digits, s[1]) - digits));
        s++;
    }
    return n;
}

static struct cpu_insn decode(const char *hex, unsigned mode, unsigned *len)
{
    uint8_t b[32] = {0};
    struct cpu_insn i;
    from_hex(hex, b);
    memset(b + from_hex(hex, b), 0x90, 15);
    *len = cpu_decode(b, 15, mode, &i);
    return i;
}

/* The dangerous ones of Capstone 4.0.2, then one or two of each group. */
static const struct want wants[] = {
    {"66 f3 a5", 8, "MOVSW", "ANY", 2, 0},
    {"f3 66 a5", 8, "MOVSW", "ANY", 2, 0},
    {"66 f3 ab", 8, "STOSW", "ANY", 2, 0},
    {"66 f3 ab", 4, "STOSW", "ANY", 2, 0},
    {"66 f2 ae", 8, "SCASB", "ANY", 1, 0},
    {"66 f2 a7", 8, "CMPSW", "ANY", 2, 0},
    {"f3 a5", 8, "MOVSD", "STRING", 4, 0},
    {"f2 a5", 8, "MOVSD", "STRING", 4, 0},
    {"f3 48 a5", 8, "MOVSQ", "ANY", 8, 0},
    {"66 f3 01 08", 8, "ADD", "ANY", 2, 0},
    {"66 f2 50", 8, "PUSH", "GPR", 2, 0},
    {"66 f3 9c", 8, "PUSHF", "ANY", 2, 0},
    {"66 67 0f b6 08", 8, "MOVZX", "SRC8", 2, 0},
    {"67 66 0f b6 08", 8, "MOVZX", "SRC8", 2, 0},
    {"98", 2, "CWDE", "ANY", 2, 0}, /* named wrong by Capstone; the handler goes by size */
    {"99", 2, "CDQ", "ANY", 2, 0},
    {"66 98", 2, "CWDE", "ANY", 4, 0},
    {"66 99", 2, "CDQ", "ANY", 4, 0},
    {"66 48 9c", 8, "PUSHFQ", "ANY", 8, 0},
    {"66 48 9d", 8, "POPFQ", "ANY", 8, 0},
    {"66 48 c2 08 00", 8, "RET", "ANY", 8, 0},
    {"66 48 ff 30", 8, "PUSH", "GPR", 8, 0},
    {"66 e8 00 00 00 00", 8, "CALL", "DIRECT", 8, 0},
    {"66 e9 00 00 00 00", 8, "JMP", "DIRECT", 8, 0},
    {"66 0f 84 00 00 00 00", 8, "JE", "ANY", 8, 0},
    {"66 2e e8 00 00 00 00", 8, "CALL", "DIRECT", 8, 0},
    {"66 e8 00 00", 4, "CALL", "DIRECT", 2, 0},
    {"f3 48 90", 8, "PAUSE", "ANY", 8, 0},
    {"f3 90", 2, "NOP", "PLAIN", 2, 0},
    {"f3 0f 09", 8, "WBINVD", "ANY", 4, 0},
    {"f3 c3", 8, "RET", "ANY", 8, 0},
    {"f2 e8 00 00 00 00", 8, "CALL", "DIRECT", 8, 0},
    {"f3 0f bc c1", 8, "TZCNT", "ANY", 4, 0},
    {"44 8c c0", 8, "MOV", "SREG_STORE", 4, 0},
    {"f3 48 0f 1e c8", 8, "NOP", "PLAIN", 8, 0},
    {"f3 0f 1e fa", 8, "ENDBR64", "ANY", 4, 0},
    {"0f 1f c0", 8, "NOP", "PLAIN", 8, 0},
    {"66 2e 0f 1f 84 00 00 00 00 00", 8, "NOP", "PLAIN", 2, 0},
    {"0f 0d 08", 8, "PREFETCHW", "ANY", 4, 0},
    {"0f 18 08", 8, "PREFETCHT0", "ANY", 4, 0},
    {"0f 20 d8", 8, "MOV", "CR_READ", 8, 0},
    {"0f 22 d8", 8, "MOV", "CR_WRITE", 8, 0},
    {"0f 23 f8", 8, "MOV", "DR_WRITE", 8, 0},
    {"8e d8", 8, "MOV", "SREG_LOAD", 2, 0},
    {"8c d8", 8, "MOV", "SREG_STORE", 4, 0},
    {"48 8c d8", 8, "MOV", "SREG_STORE", 8, 0},
    {"8c 18", 8, "MOV", "SREG_STORE", 2, 0},
    {"48 a1 88 77 66 55 44 33 22 11", 8, "MOVABS", "MOFFS_LOAD", 8, 0},
    {"a1 44 33 22 11", 4, "MOV", "MOFFS_LOAD", 4, 0},
    {"48 b8 88 77 66 55 44 33 22 11", 8, "MOVABS", "GPR", 8, 0},
    {"0f a0", 8, "PUSH", "SREG", 8, 0},
    {"0f a9", 8, "POP", "SREG", 8, 0},
    {"48 0f 07", 8, "SYSRET", "ANY", 8, 0},
    {"0f 07", 8, "SYSRET", "ANY", 4, 0},
    {"48 cf", 8, "IRETQ", "ANY", 8, 0},
    {"cf", 8, "IRETD", "ANY", 4, 0},
    {"48 cb", 8, "RETFQ", "ANY", 8, 0},
    {"ff 28", 8, "LJMP", "ANY", 4, 0},
    {"48 ff 28", 8, "LJMP", "ANY", 8, 0},
    {"ea 44 33 22 11 08 00", 4, "LJMP", "ANY", 4, 0},
    {"66 ea 44 33 22 11 08 00", 2, "LJMP", "ANY", 4, 0},
    {"ea 22 11 08 00", 2, "LJMP", "ANY", 2, 0},
    {"0f 01 10", 8, "LGDT", "ANY", 8, 0},
    {"0f 01 10", 2, "LGDT", "ANY", 2, 0},
    {"c8 10 00 01", 8, "ENTER", "ANY", 8, 0},
    {"c9", 8, "LEAVE", "ANY", 8, 0},
    {"66 c9", 8, "LEAVE", "ANY", 2, 0},
    {"f0 0f c7 08", 8, "CMPXCHG8B", "ANY", 4, 0},
    {"f0 48 0f c7 08", 8, "CMPXCHG16B", "ANY", 8, 0},
    {"ed", 8, "IN", "REG", 4, 0},
    {"48 ed", 8, "IN", "REG", 4, 0},
    {"66 e5 60", 8, "IN", "IMM", 2, 0},
    {"6d", 8, "INSD", "ANY", 4, 0},
    {"d1 e0", 8, "SHL", "IMM", 4, 0},
    {"d3 e0", 8, "SHL", "CL", 4, 0},
    {"0f c3 08", 8, "MOVNTI", "ANY", 4, 0},
    {"40 48 89 c8", 8, "MOV", "GPR", 8, 0},
    {"48 66 89 c8", 8, "MOV", "GPR", 2, 0}, /* a REX that is not last does not count */
    {"0f ae e8", 8, "LFENCE", "ANY", 4, 0},
    {"0f ae f0", 8, "MFENCE", "ANY", 4, 0},
    {"0f 0b", 8, "UD2", "ANY", 4, 0},
};

static void test_rows(void **state)
{
    (void)state;
    unsigned bad = 0;
    for (size_t k = 0; k < sizeof wants / sizeof wants[0]; k++) {
        uint8_t b[32];
        const struct want *w = &wants[k];
        unsigned len, n = w->len ? w->len : from_hex(w->bytes, b);
        struct cpu_insn i = decode(w->bytes, w->mode, &len);
        const struct cpu_row *row = &cpu_rows[i.row];
        if (strcmp(row->name, w->name) != 0 || strcmp(cpu_form_name(row->form), w->form) != 0 || i.size != w->size ||
            len != n)
            bad++, print_error("%s (%u): %s/%s size %u length %u, want %s/%s size %u length %u\n", w->bytes, w->mode,
                               row->name, cpu_form_name(row->form), i.size, len, w->name, w->form, w->size, n);
    }
    assert_int_equal(bad, 0);
}

static void test_undefined(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        unsigned mode;
    } ud[] = {
        {"f3 0f c7 f8", 8},
        {"0f c7 f0", 8},
        {"0f c7 f8", 8},
        {"66 0f ae f0", 8},
        {"f3 0f ae e8", 8},
        {"c5 f8 77", 8},
        {"0f 0f c0 b4", 8},
        {"f3 0f 54 c1", 8},
        {"f2 0f 6f 00", 2},
        {"66 0f 38 dc c1", 8},
        {"f0 0f 58 00", 8},
        {"0f 20 c8", 8},
        {"0f 22 f8", 8},
        {"8e c8", 8},
        {"f0 02 08", 8},
        {"f0 12 08", 8},
        {"f0 22 08", 8},
        {"f0 90", 8},
        {"f0 01 c8", 8},
        {"f0 89 08", 8},
        {"f0 39 08", 8},
        {"f0 0f a3 08", 8},
        {"f0 e8 00 00 00 00", 8},
        {"06", 8},
        {"9a 00 00 00 00 00 00", 8},
        {"ff f8", 8},
        {"8d c0", 8},
    };
    for (size_t k = 0; k < sizeof ud / sizeof ud[0]; k++) {
        unsigned len;
        struct cpu_insn i = decode(ud[k].bytes, ud[k].mode, &len);
        if (i.exec != cpu_exec_ud)
            fail_msg("%s (%u) is not #UD but %s", ud[k].bytes, ud[k].mode, cpu_rows[i.row].name);
    }
}

static void test_unmodelled(void **state)
{
    (void)state;
    static const char *const holes[] = {"0f 01 d9", "0f 01 c1", "0f 33"};
    for (size_t k = 0; k < sizeof holes / sizeof holes[0]; k++) {
        unsigned len;
        struct cpu_insn i = decode(holes[k], 8, &len);
        if (i.exec != cpu_exec_unmodelled)
            fail_msg("%s is not unmodelled but %s", holes[k], cpu_rows[i.row].name);
    }
}

static void test_lock(void **state)
{
    (void)state;
    static const char *const legal[] = {"f0 01 08",    "f0 48 0f b1 0f", "f0 0f c1 08", "f0 0f ab 08",   "f0 ff 00",
                                        "f0 83 00 01", "f0 87 08",       "f0 f7 18",    "f0 0f ba 28 01"};
    for (size_t k = 0; k < sizeof legal / sizeof legal[0]; k++) {
        unsigned len;
        struct cpu_insn i = decode(legal[k], 8, &len);
        assert_true(i.row && (i.flags & CPU_I_LOCK) && (i.flags & CPU_I_LOAD) && (i.flags & CPU_I_STORE));
    }
    unsigned len;
    struct cpu_insn i = decode("87 08", 8, &len); /* XCHG with memory locks by itself */
    assert_true(i.flags & CPU_I_LOCK);
    assert_int_equal(i.tclass, TC_XCHG);
}

static void test_operands(void **state)
{
    (void)state;
    unsigned len;
    struct cpu_insn i = decode("48 8b 05 10 00 00 00", 8, &len); /* mov rax, [rip+0x10] */
    assert_int_equal(i.base, CPU_RIP);
    assert_int_equal(i.disp, 0x17); /* from the start of the instruction */
    assert_int_equal(i.dst, 1);
    assert_int_equal(i.addr, 0);
    assert_int_equal(i.tclass, TC_LOAD);
    i = decode("64 8b 44 8d f8", 8, &len); /* mov eax, fs:[rbp+rcx*4-8] */
    assert_int_equal(i.seg, CPU_SEG_FS);
    assert_int_equal(i.base, 5);
    assert_int_equal(i.index, 1);
    assert_int_equal(i.scale, 2);
    assert_int_equal(i.disp, -8);
    assert_int_equal(i.addr, 1 << 5 | 1 << 1);
    i = decode("2e 8b 45 00", 8, &len); /* CS override is ignored in 64-bit code; rbp means SS */
    assert_int_equal(i.seg, CPU_SEG_SS);
    i = decode("88 e3", 8, &len); /* mov bl, ah */
    assert_true((i.flags & CPU_I_HIGH_RM) && !(i.flags & CPU_I_HIGH_REG));
    assert_int_equal(i.rm, 0);
    assert_int_equal(i.reg, 3);
    assert_int_equal(i.src, 1 << 0 | 1 << 3); /* a byte write merges */
    i = decode("40 88 e3", 8, &len);          /* mov bl, spl */
    assert_false(i.flags & CPU_I_HIGH_RM);
    assert_int_equal(i.rm, 4);
    i = decode("eb fe", 8, &len);
    assert_int_equal((int64_t)i.imm, -2);
    i = decode("eb fe", 2, &len);
    assert_int_equal((int64_t)i.imm, -2);
    i = decode("e8 fb ff ff ff", 4, &len);
    assert_int_equal((int64_t)i.imm, -5);
    i = decode("6a ff", 8, &len);
    assert_int_equal((int64_t)i.imm, -1);
    i = decode("8b 42 fe", 2, &len); /* mov ax, [bp+si-2] */
    assert_int_equal(i.base, 5);
    assert_int_equal(i.index, 6);
    assert_int_equal(i.seg, CPU_SEG_SS);
    assert_int_equal(i.asize, 2);
    i = decode("0f 22 d8", 8, &len); /* mov cr3, rax */
    assert_int_equal(i.reg, 3);
    assert_int_equal(i.rm, 0);
    assert_int_equal(i.src, 1);
    assert_true(i.flags & CPU_I_SERIAL);
    i = decode("44 0f 20 c1", 8, &len); /* mov rcx, cr8 */
    assert_int_equal(i.reg, 8);
    assert_int_equal(i.dst, 2);
    i = decode("66 ea 44 33 22 11 08 00", 2, &len);
    assert_int_equal(i.imm, 0x11223344);
    assert_int_equal(i.disp, 8);
    i = decode("f3 aa", 8, &len);
    assert_true(i.flags & CPU_I_REP);
    assert_int_equal(i.src, 1 << 0 | 1 << 7 | 1 << 1);
}

static void test_short_bytes(void **state)
{
    (void)state;
    static const uint8_t mov[] = {0x48, 0x8b, 0x84, 0x24, 0x10, 0, 0, 0};
    struct cpu_insn i;
    for (unsigned n = 0; n < sizeof mov; n++)
        assert_int_equal(cpu_decode(mov, n, 8, &i), 0);
    assert_int_equal(cpu_decode(mov, sizeof mov, 8, &i), sizeof mov);
    static const uint8_t nop[] = {0x0f, 0x1f, 0xc0};
    assert_int_equal(cpu_decode(nop, 1, 8, &i), 0);
    assert_int_equal(cpu_decode(nop, 2, 8, &i), 0);
    assert_int_equal(cpu_decode(nop, 3, 8, &i), 3);
    uint8_t prefixes[16];
    memset(prefixes, 0x66, sizeof prefixes);
    assert_int_equal(cpu_decode(prefixes, 15, 8, &i), 15);
    assert_ptr_equal(i.exec, cpu_exec_gp0);
}

static struct {
    uint32_t code;
    uint64_t arg;
} marked;

static void take_marker(void *opaque, unsigned core, uint32_t code, uint64_t arg, cyc_t now)
{
    (void)opaque, (void)core, (void)now;
    marked.code = code;
    marked.arg = arg;
}

static void test_marker(void **state)
{
    (void)state;
    assert_int_equal(CPU_MARK_MAGIC, HV_MARK_MAGIC);
    struct fake *f = fake_new(0, 64);
    struct cpu_ops ops = {.marker = take_marker};
    struct cpu_insn i;
    f->cpu.ops = &ops;
    f->cpu.r[0] = 0x123456789abcdef0;
    uint8_t b[15] = {0x0f, 0x1f, 0x80, HV_MARK_OPS, 0x53, 0x6d, 0x76, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90};
    assert_int_equal(fake_run(f, b, 15, 8, &i).kind, CPU_NONE);
    assert_int_equal(i.len, 7);
    assert_int_equal(marked.code, HV_MARK_OPS);
    assert_int_equal(marked.arg, 0x123456789abcdef0);
    b[4] = 0x54; /* another displacement is a plain NOP */
    marked.code = 0;
    fake_run(f, b, 15, 8, &i);
    assert_int_equal(marked.code, 0);
    assert_int_equal(i.len, 7);
    fake_free(f);
}

/* The check must refuse what would let one meaning run as another. */
static void test_table_check(void **state)
{
    (void)state;
    unsigned bad;
    assert_null(cpu_rows_check(cpu_rows, cpu_rows_n, &bad));
    struct cpu_row rows[3] = {{0}, {.id = X86_INS_MOV, .form = CPU_FORM_ANY, .fn = cpu_exec_ud}};
    assert_non_null(cpu_rows_check(rows, 2, &bad));
    rows[1].form = CPU_FORM_CR_READ;
    assert_null(cpu_rows_check(rows, 2, &bad));
    rows[2] = rows[1];
    assert_non_null(cpu_rows_check(rows, 3, &bad));
    rows[2].id = X86_INS_ADD;
    assert_non_null(cpu_rows_check(rows, 3, &bad));
    rows[2].form = CPU_FORM_ANY;
    assert_null(cpu_rows_check(rows, 3, &bad));
    rows[2].fn = NULL;
    assert_non_null(cpu_rows_check(rows, 3, &bad));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),   cmocka_unit_test(test_undefined),   cmocka_unit_test(test_unmodelled),
        cmocka_unit_test(test_lock),   cmocka_unit_test(test_operands),    cmocka_unit_test(test_short_bytes),
        cmocka_unit_test(test_marker), cmocka_unit_test(test_table_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
