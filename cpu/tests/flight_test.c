/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines on their way: a second access to a line that was asked for a moment ago waits for it too; shortcuts do not get
 * round that.
 * It could lie: an access that waits for its own reasons (TLB miss, another miss) would look right; so the page is
 * touched before, and each case is compared with the one that differs by the first access only.
 */
#include "cpu/tests/rig.h"

/* Cycles from before @FIRST until the value at R9, 8 bytes further, was used. */
#define CASE(name, FIRST)                                                                                              \
    RIG_CODE_64(name, "movq $0x50000, %r8\n movq $0x50008, %r9\n movq %rsi, 0x800(%r8)\n mfence\n rdtsc\n"             \
                      "movl %eax, %edi\n" FIRST "movq (%r9), %rbx\n addq $1, %rbx\n imulq %rbx, %rbx\n"                \
                      "rdtsc\n subl %edi, %eax\n outb %al, $0xf4\n")
CASE(alone, "");
CASE(behind_load, "movq (%r8), %r11\n");
CASE(behind_two_loads, "movq (%r8), %r11\n movq 16(%r8), %r12\n");
CASE(behind_store, "movq %r11, (%r8)\n");
CASE(behind_used_load, "movq (%r8), %r11\n addq $1, %r11\n");

static uint64_t cycles(const uint8_t *code, const uint8_t *end, bool shortcut)
{
    struct rig *r = rig_new(1);
    rig_put(r, RIG_CODE, code, (uint64_t)(end - code));
    rig_long(r, r->c);
    if (!shortcut)
        cpu_test_no_shortcut(r->c);
    assert_int_equal(rig_run(r), 0);
    uint64_t v = r->c->r[0];
    rig_check_ledger(r);
    rig_free(r);
    return v;
}
#define CYCLES(name) cycles(name, name##_end, true)

static void later_loads_wait_too(void **state)
{
    (void)state;
    uint64_t once = CYCLES(alone);
    assert_true(once > 170);
    assert_in_range(CYCLES(behind_load), once, once + 3);
    assert_in_range(CYCLES(behind_two_loads), once, once + 3);
    assert_in_range(CYCLES(behind_used_load), once, once + 10);
}

static void a_store_forwards(void **state)
{
    (void)state;
    assert_true(CYCLES(behind_store) < 30);
}

static void shortcuts_wait_too(void **state)
{
    (void)state;
#define SAME(name) assert_int_equal(CYCLES(name), cycles(name, name##_end, false))
    SAME(alone);
    SAME(behind_load);
    SAME(behind_two_loads);
    SAME(behind_store);
    SAME(behind_used_load);
}

/* A line that both cores have is read through a shortcut, then added to, which takes as long as the other core's copy
 * needs to go: the next read waits for that, and so it does without the shortcut. */
RIG_CODE_64(reader, "movq $0x50000, %r8\n movq (%r8), %rax\n 1: pause\n jmp 1b\n");
RIG_CODE_64(upgrader,
            "movq $0x50000, %r8\n movq %rax, 0x800(%r8)\n movl $900, %ecx\n 1: decl %ecx\n jnz 1b\n"
            "movq (%r8), %rax\n movl $300, %ecx\n 1: decl %ecx\n jnz 1b\n movq (%r8), %rax\n movq (%r8), %rax\n"
            "mfence\n rdtsc\n movl %eax, %edi\n addq $1, (%r8)\n movq 8(%r8), %rbx\n addq $1, %rbx\n"
            "imulq %rbx, %rbx\n rdtsc\n subl %edi, %eax\n outb %al, $0xf4\n");
static uint64_t upgrade(bool shortcut)
{
    struct rig *r = rig_new(2);
    RIG_PUT(r, RIG_CODE, upgrader);
    RIG_PUT(r, 0x12000, reader);
    rig_long(r, r->core[0]);
    rig_long(r, r->core[1]);
    r->core[1]->r[CPU_RIP] = 0x12000;
    if (!shortcut)
        cpu_test_no_shortcut(r->c);
    assert_int_equal(rig_run_all(r, 40), 0);
    uint64_t v = r->c->r[0];
    rig_free(r);
    return v;
}
static void upgrades_take_their_shortcut_along(void **state)
{
    (void)state;
    assert_true(upgrade(true) > 100);
    assert_int_equal(upgrade(true), upgrade(false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(later_loads_wait_too), cmocka_unit_test(a_store_forwards),
                                       cmocka_unit_test(shortcuts_wait_too),
                                       cmocka_unit_test(upgrades_take_their_shortcut_along)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
