/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLB is the truth: a changed page-table entry is not seen before the flush that the manual asks for, and is seen
 * after it. Also code that changes itself, which needs no flush at all.
 * It could lie: on silicon an entry may leave the TLB by itself at any time; here nothing else runs, so a stale entry
 * that is gone means a model that looks into the tables too often.
 */
#include "cpu/tests/rig.h"

#define PAGE 0x40000000ull

/* Read PAGE (old; thrice, so that a shortcut stands), change its entry (at RSI) to RDI, do something, read again into
 * RBX; stop. */
#define PROGRAM(flush)                                                                                                 \
    "movabsq $0x40000000, %r8\n movq (%r8), %rax\n movq (%r8), %rax\n movq (%r8), %rax\n movq %rdi, (%rsi)\n" flush    \
    "movq (%r8), %rbx\n outb %al, $0xf4\n"

RIG_CODE_64(no_flush, PROGRAM(""));
RIG_CODE_64(with_invlpg, PROGRAM("invlpg (%r8)\n"));
RIG_CODE_64(with_cr3, PROGRAM("movq %cr3, %rcx\n movq %rcx, %cr3\n"));
RIG_CODE_64(with_pge, PROGRAM("movq %cr4, %rcx\n xorq $0x80, %rcx\n movq %rcx, %cr4\n"));

static uint64_t second_read(const uint8_t *code, const uint8_t *end, uint64_t flags, bool shortcut)
{
    struct rig *r = rig_new(1);
    rig_put(r, RIG_CODE, code, (uint64_t)(end - code));
    rig_map(r, PAGE, 0x20000, flags);
    rig_write(r, 0x20000, 1);
    rig_write(r, 0x21000, 2);
    uint64_t pte = rig_pte(r, PAGE);
    rig_map(r, pte & ~0xfffull, pte & ~0xfffull, RIG_P | RIG_W);
    rig_long(r, r->c);
    if (!shortcut)
        cpu_test_no_shortcut(r->c);
    r->c->r[6] = pte;
    r->c->r[7] = 0x21000 | flags;
    assert_int_equal(rig_run(r), 0);
    assert_int_equal(r->c->r[0] & 0xff, 1);
    uint64_t v = r->c->r[3];
    rig_check_ledger(r);
    rig_free(r);
    return v;
}
#define SECOND(name, flags)                                                                                            \
    (second_read(name, name##_end, flags, true) * 16 + second_read(name, name##_end, flags, false))

static void stale_until_flushed(void **state)
{
    (void)state;
    assert_int_equal(SECOND(no_flush, RIG_P | RIG_W), 0x11);
    assert_int_equal(SECOND(with_invlpg, RIG_P | RIG_W), 0x22);
    assert_int_equal(SECOND(with_cr3, RIG_P | RIG_W), 0x22);
    assert_int_equal(SECOND(with_pge, RIG_P | RIG_W), 0x22);
}

static void global_survives_cr3(void **state)
{
    (void)state;
    assert_int_equal(SECOND(with_cr3, RIG_P | RIG_W | RIG_G), 0x11);
    assert_int_equal(SECOND(with_invlpg, RIG_P | RIG_W | RIG_G), 0x22);
    assert_int_equal(SECOND(with_pge, RIG_P | RIG_W | RIG_G), 0x22);
}

/* A page made writable needs no flush: the fault rule drops the entry and walks again. */
RIG_CODE_64(relaxed, "movabsq $0x40000000, %r8\n movq (%r8), %rax\n movq %rdi, (%rsi)\n movq $5, (%r8)\n"
                     "outb %al, $0xf4\n");
static void relaxed_permission(void **state)
{
    struct rig *r = rig_new(1);
    (void)state;
    RIG_PUT(r, RIG_CODE, relaxed);
    rig_map(r, PAGE, 0x20000, RIG_P);
    uint64_t pte = rig_pte(r, PAGE);
    rig_map(r, pte & ~0xfffull, pte & ~0xfffull, RIG_P | RIG_W);
    rig_long(r, r->c);
    r->c->r[6] = pte;
    r->c->r[7] = 0x20000 | RIG_P | RIG_W;
    assert_int_equal(rig_run(r), 0);
    assert_int_equal(r->c->r[CPU_RIP] >> 12, RIG_CODE >> 12);
    assert_int_equal(rig_read(r, 0x20000), 5);
    assert_int_equal(rig_read(r, pte) & (RIG_A | RIG_D), RIG_A | RIG_D);
    rig_free(r);
}

/* A page fault drops what the TLBs hold for the page (SDM vol. 3A, "Invalidation of TLBs and Paging-Structure Caches"):
 * a write faults on the entry that was made not present, the handler maps another frame, and the read after it sees
 * that. The handler skips the store of 7 bytes. */
RIG_CODE_64(faulting, "movabsq $0x40000000, %r8\n movq (%r8), %rax\n movq $0, (%rsi)\n movq $5, (%r8)\n"
                      "movq (%r8), %rbx\n outb %al, $0xf4\n");
RIG_CODE_64(map_and_skip, "movq %rdi, (%rsi)\n addq $7, 8(%rsp)\n addq $8, %rsp\n iretq\n");
static void fault_drops_the_page(void **state)
{
    (void)state;
    for (unsigned shortcut = 0; shortcut < 2; shortcut++) {
        struct rig *r = rig_new(1);
        RIG_PUT(r, RIG_CODE, faulting);
        RIG_PUT(r, 0x13000, map_and_skip);
        rig_gate(r, 14, 0x13000, 0, 0);
        rig_map(r, PAGE, 0x20000, RIG_P | RIG_W);
        rig_write(r, 0x20000, 1);
        rig_write(r, 0x21000, 2);
        uint64_t pte = rig_pte(r, PAGE);
        rig_map(r, pte & ~0xfffull, pte & ~0xfffull, RIG_P | RIG_W);
        rig_long(r, r->c);
        if (!shortcut)
            cpu_test_no_shortcut(r->c);
        r->c->r[6] = pte, r->c->r[7] = 0x21000 | RIG_P | RIG_W;
        assert_int_equal(rig_run(r), 0);
        assert_int_equal(cpu_stats(r->c)->page_faults, 1);
        assert_int_equal(r->c->r[0] & 0xff, 1);
        assert_int_equal(r->c->r[3], 2);
        rig_free(r);
    }
}

/* A 2 MiB page is split into 4 KiB pages without a flush. The first write walks, for D, and finds the small page: from
 * then on it alone is used, for the lines too that had a shortcut through the large one. */
RIG_CODE_64(split, "movabsq $0x40001000, %r8\n movq (%r8), %rax\n movq 64(%r8), %rax\n movq 64(%r8), %rax\n"
                   "movq 64(%r8), %rax\n movq %rdi, (%rsi)\n movq $5, (%r8)\n movq 64(%r8), %rbx\n outb %al, $0xf4\n");
static uint64_t read_after_split(bool shortcut)
{
    struct rig *r = rig_new(1);
    RIG_PUT(r, RIG_CODE, split);
    uint64_t table = rig_pte(r, PAGE) & ~0xfffull, pde = r->cr3;
    for (unsigned shift = 39; shift > 21; shift -= 9)
        pde = rig_read(r, pde + 8 * (PAGE >> shift & 511)) & 0xffffffffff000;
    pde += 8 * (PAGE >> 21 & 511);
    rig_write(r, pde, 0x400000 | RIG_P | RIG_W | 0x80);
    for (uint64_t k = 0; k < 512; k++)
        rig_write(r, table + 8 * k, (0x600000 + 4096 * k) | RIG_P | RIG_W);
    rig_write(r, 0x401040, 1);
    rig_write(r, 0x601040, 2);
    rig_map(r, pde & ~0xfffull, pde & ~0xfffull, RIG_P | RIG_W);
    rig_long(r, r->c);
    if (!shortcut)
        cpu_test_no_shortcut(r->c);
    r->c->r[6] = pde, r->c->r[7] = table | RIG_P | RIG_W;
    assert_int_equal(rig_run(r), 0);
    uint64_t v = r->c->r[3] + 16 * (r->c->r[0] & 15);
    rig_free(r);
    return v;
}
static void split_page(void **state)
{
    (void)state;
    assert_int_equal(read_after_split(false), 0x12);
    assert_int_equal(read_after_split(true), 0x12);
}

/* The first write through a clean entry sets D, a read does not. */
RIG_CODE_64(dirty, "movabsq $0x40000000, %r8\n movq (%r8), %rax\n movq (%rsi), %rbx\n movq %rax, (%r8)\n"
                   "movq (%rsi), %rcx\n outb %al, $0xf4\n");
static void dirty_bit(void **state)
{
    struct rig *r = rig_new(1);
    (void)state;
    RIG_PUT(r, RIG_CODE, dirty);
    rig_map(r, PAGE, 0x20000, RIG_P | RIG_W);
    uint64_t pte = rig_pte(r, PAGE);
    rig_map(r, pte & ~0xfffull, pte & ~0xfffull, RIG_P | RIG_W);
    rig_long(r, r->c);
    r->c->r[6] = pte;
    assert_int_equal(rig_run(r), 0);
    assert_int_equal(r->c->r[3] & (RIG_A | RIG_D), RIG_A);
    assert_int_equal(r->c->r[1] & (RIG_A | RIG_D), RIG_A | RIG_D);
    rig_free(r);
}

/* ---- self-modifying code
 * ------------------------------------------------------------------------------------------------ */
/* A loop whose ADD has its immediate changed from 1 to 100 in the third round, by a store just before it. */
RIG_CODE_64(selfmod, "xorl %eax, %eax\n xorl %ecx, %ecx\n"
                     "1: incl %ecx\n cmpl $3, %ecx\n jne 2f\n movb $100, 3f+2(%rip)\n"
                     "2: nop\n 3: addl $1, %eax\n cmpl $5, %ecx\n jne 1b\n outl %eax, $0xf4\n");
static void modifies_itself(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        struct rig *r = rig_new(1);
        RIG_PUT(r, RIG_CODE, selfmod);
        rig_long(r, r->c);
        if (k)
            cpu_test_no_shortcut(r->c);
        assert_int_equal(rig_run(r), 0);
        assert_int_equal(r->exit_code, 302);
        assert_true(cpu_stats(r->c)->code_writes >= 1);
        rig_check_ledger(r);
        rig_free(r);
    }
}

/* Core 1 spins in a loop that core 0 turns into a way out: JMP to itself becomes OUT F4. */
RIG_CODE_64(writer,
            "movl $200, %ecx\n 1: decl %ecx\n jnz 1b\n movl $0xf4e6, %eax\n movw %ax, 0x14000\n 2: pause\n jmp 2b\n");
RIG_CODE_64(spinner, "1: jmp 1b\n");
static void modifies_another(void **state)
{
    struct rig *r = rig_new(2);
    (void)state;
    RIG_PUT(r, RIG_CODE, writer);
    RIG_PUT(r, 0x14000, spinner);
    rig_long(r, r->core[0]);
    rig_long(r, r->core[1]);
    r->core[1]->r[CPU_RIP] = 0x14000;
    r->core[1]->r[0] = 9;
    assert_int_equal(rig_run_all(r, 40), 0);
    assert_int_equal(r->exit_code, 9);
    rig_check_ledger(r);
    rig_free(r);
}

/* An instruction over two pages whose second page is mapped anew: its bytes are looked at each time. */
RIG_CODE_64(straddle, "movl $0x01010101, %eax\n");
static void straddles_pages(void **state)
{
    struct rig *r = rig_new(1);
    uint64_t at = PAGE + 0x1000 - 3;
    static const uint8_t out[] = {0xe6, 0xf4}, other[] = {2, 2, 0xe6, 0xf4};
    (void)state;
    rig_map(r, PAGE, 0x20000, RIG_P | RIG_W);
    rig_map(r, PAGE + 0x1000, 0x21000, RIG_P | RIG_W);
    rig_put(r, 0x21000 - 3, straddle, 5);
    rig_put(r, 0x21002, out, 2);
    rig_put(r, 0x22000, other, 4);
    rig_long(r, r->c);
    r->c->r[CPU_RIP] = at;
    assert_int_equal(rig_run(r), 0);
    assert_int_equal(r->c->r[0], 0x01010101);
    rig_map(r, PAGE + 0x1000, 0x22000, RIG_P | RIG_W);
    tlb_flush_all(r->c->tlb);
    r->c->r[CPU_RIP] = at;
    assert_int_equal(rig_run(r), 0);
    assert_int_equal(r->c->r[0], 0x02020101);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(stale_until_flushed), cmocka_unit_test(global_survives_cr3),
                                       cmocka_unit_test(relaxed_permission),  cmocka_unit_test(fault_drops_the_page),
                                       cmocka_unit_test(split_page),          cmocka_unit_test(dirty_bit),
                                       cmocka_unit_test(modifies_itself),     cmocka_unit_test(modifies_another),
                                       cmocka_unit_test(straddles_pages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
