/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x87, MMX and SSE on a whole core: what CR0, CR4 and the profile forbid, faults of 16-byte operands, when exceptions
 * are delivered, CPUID. What the instructions compute is sse_host_test's and x87_host_test's business.
 * It could lie: the table of faults is written here from the manual (SDM vol. 3A, "System Programming for Instruction
 * Set Extensions and Processor Extended States"), not taken from a processor.
 */
#include <sys/wait.h>
#include <unistd.h>
#include "cpu/tests/rig.h"

#define FIRST    0x40001000ull /* two pages in a row, physical 0x20000 and 0x21000; the second read-only */
#define NO_ERROR (~0ull)
#define FPU_CR4  (CPU_CR4_OSFXSR | CPU_CR4_OSXMMEXCPT)

static unsigned vector_now(const struct rig *r)
{
    return (unsigned)(r->c->r[CPU_RIP] - RIG_HANDLER) / 16;
}

struct given {
    uint64_t cr0_set, cr0_clear, cr4_clear;
    void (*tune)(struct cpu_cfg *cfg);
};

static struct rig *run(const uint8_t *code, const uint8_t *end, struct given g)
{
    struct rig *r = rig_new_with(1, g.tune);
    rig_put(r, RIG_CODE, code, (uint64_t)(end - code));
    rig_map(r, FIRST, 0x20000, RIG_P | RIG_W);
    rig_map(r, FIRST + 0x1000, 0x21000, RIG_P);
    rig_long(r, r->c);
    r->c->cr4 = (r->c->cr4 | FPU_CR4) & ~g.cr4_clear;
    r->c->cr0 = (r->c->cr0 | CPU_CR0_NE | CPU_CR0_WP | g.cr0_set) & ~g.cr0_clear;
    assert_int_equal(rig_run(r), 0);
    return r;
}

/* The run ended in the handler of @vector, raised at @at bytes of the code; no_vector: it wrote the port itself. */
static void expect_at(struct rig *r, unsigned vector, uint64_t error, unsigned at)
{
    assert_int_equal(vector_now(r), vector);
    uint64_t sp = r->c->r[4];
    if (error != NO_ERROR)
        assert_int_equal(rig_read(r, sp), error);
    assert_int_equal(rig_read(r, sp + (error != NO_ERROR ? 8 : 0)), RIG_CODE + at);
    rig_check_ledger(r);
    rig_free(r);
}

RIG_CODE_64(sse, "addps %xmm1, %xmm0\n hlt");
RIG_CODE_64(mmx, "paddb %mm1, %mm0\n hlt");
RIG_CODE_64(x87, "fld1\n hlt");
RIG_CODE_64(wait_insn, "fwait\n ud2");
RIG_CODE_64(save, "fxsave 0x40001000\n hlt");
RIG_CODE_64(sse41, "pmulld %xmm1, %xmm0\n hlt");
RIG_CODE_64(popcount, "popcnt %rax, %rax\n ud2");

static void only_sse3(struct cpu_cfg *cfg)
{
    cfg->isa = (1u << CPU_ISA_SSSE3) - 1;
}
static void no_sse(struct cpu_cfg *cfg)
{
    cfg->isa = 1u << CPU_ISA_X87 | 1u << CPU_ISA_MMX;
}

#define CASE(code, vector, at, ...) expect_at(run(code, code##_end, (struct given){__VA_ARGS__}), vector, NO_ERROR, at)

static void test_forbidden(void **state)
{
    (void)state;
    CASE(sse, 7, 0, .cr0_set = CPU_CR0_TS);
    CASE(sse, 6, 0, .cr0_set = CPU_CR0_EM);
    CASE(sse, 6, 0, .cr0_set = CPU_CR0_EM | CPU_CR0_TS);
    CASE(sse, 6, 0, .cr4_clear = CPU_CR4_OSFXSR);
    CASE(mmx, 7, 0, .cr0_set = CPU_CR0_TS);
    CASE(mmx, 6, 0, .cr0_set = CPU_CR0_EM);
    CASE(x87, 7, 0, .cr0_set = CPU_CR0_TS);
    CASE(x87, 7, 0, .cr0_set = CPU_CR0_EM);
    CASE(wait_insn, 6, 1, .cr0_set = CPU_CR0_TS);
    CASE(wait_insn, 6, 1, .cr0_set = CPU_CR0_MP);
    CASE(wait_insn, 7, 0, .cr0_set = CPU_CR0_TS | CPU_CR0_MP);
    CASE(save, 7, 0, .cr0_set = CPU_CR0_TS);
    CASE(save, 7, 0, .cr0_set = CPU_CR0_EM);
    CASE(sse41, 6, 0, .tune = only_sse3);
    CASE(popcount, 6, 0, .tune = only_sse3);
    CASE(popcount, 6, 5, .cr0_set = CPU_CR0_TS | CPU_CR0_EM, .cr4_clear = CPU_CR4_OSFXSR);
    CASE(sse, 6, 0, .tune = no_sse);
}

RIG_CODE_64(unaligned, "mov $0x40001008, %eax\n movaps (%rax), %xmm0\n hlt");
RIG_CODE_64(unaligned_save, "mov $0x40001008, %eax\n fxsave (%rax)\n hlt");
RIG_CODE_64(across, "mov $0x40001ff8, %eax\n movups (%rax), %xmm0\n movups %xmm0, (%rax)\n hlt");

static void test_memory(void **state)
{
    (void)state;
    struct given none = {.cr0_set = 0};
    expect_at(run(unaligned, unaligned_end, none), 13, 0, 5);
    expect_at(run(unaligned_save, unaligned_save_end, none), 13, 0, 5);
    /* read across the pages, then a store whose second half may not be written: nothing is */
    struct rig *r = run(across, across_end, none);
    assert_int_equal(r->c->cr2, FIRST + 0x1000);
    assert_int_equal(rig_read(r, 0x20ff8), 0);
    expect_at(r, 14, 3, 8);
}

RIG_CODE_64(divide_by_zero, "sub $8, %rsp\n"
                            "movl $0x1d80, (%rsp)\n" /* ZM clear */
                            "ldmxcsr (%rsp)\n"
                            "mov $1, %eax\n"
                            "cvtsi2sd %eax, %xmm0\n"
                            "pxor %xmm1, %xmm1\n"
                            "divsd %xmm1, %xmm0\n"
                            "hlt");
RIG_CODE_64(pending, "fninit\n"
                     "sub $8, %rsp\n"
                     "movw $0x37b, (%rsp)\n" /* ZM clear */
                     "fldcw (%rsp)\n"
                     "fldz\n"
                     "fld1\n"
                     "fdiv %st(1), %st\n" /* stays pending */
                     "fnstsw %ax\n"       /* does not wait */
                     "fld1\n"             /* does */
                     "ud2");

static void test_exceptions(void **state)
{
    (void)state;
    struct given none = {.cr0_set = 0};
    struct rig *r = run(divide_by_zero, divide_by_zero_end, none);
    assert_int_equal(r->c->fpu.mxcsr, 0x1d84);
    assert_int_equal(r->c->fpu.xmm[0].q[0], 0x3ff0000000000000);
    unsigned at = (unsigned)(divide_by_zero_end - divide_by_zero) - 5;
    expect_at(r, 19, NO_ERROR, at);
    expect_at(run(divide_by_zero, divide_by_zero_end, (struct given){.cr4_clear = CPU_CR4_OSXMMEXCPT}), 6, NO_ERROR,
              at);
    r = run(pending, pending_end, none);
    assert_int_equal(r->c->r[0] & 0x84, 0x84);
    expect_at(r, 16, NO_ERROR, (unsigned)(pending_end - pending) - 4);
}

RIG_CODE_64(identify, "mov $1, %eax\n cpuid\n ud2");
RIG_CODE_64(set_osfxsr, "mov %cr4, %rax\n or $0x600, %rax\n mov %rax, %cr4\n ud2");

static void test_cpuid(void **state)
{
    (void)state;
    struct rig *r = run(identify, identify_end, (struct given){.tune = only_sse3});
    assert_int_equal(r->c->r[2] & 0x07880001, 0x07880001);
    assert_int_equal(r->c->r[1] & 0x00980201, 1);
    assert_int_equal(r->c->r[3] >> 8 & 0xff, 8);
    rig_free(r);
    r = run(identify, identify_end, (struct given){.cr0_set = 0});
    assert_int_equal(r->c->r[1] & 0x00980201, 0x00980201);
    rig_free(r);
    r = run(identify, identify_end, (struct given){.tune = no_sse});
    assert_int_equal(r->c->r[2] & 0x07880001, 0x00800001);
    rig_free(r);
    expect_at(run(set_osfxsr, set_osfxsr_end, (struct given){.cr4_clear = FPU_CR4}), 6, NO_ERROR, 12);
    expect_at(run(set_osfxsr, set_osfxsr_end, (struct given){.cr4_clear = FPU_CR4, .tune = no_sse}), 13, 0, 9);
}

RIG_CODE_64(after_reset, "fldz\n fbstp 0x40001000\n hlt"); /* FCW of reset unmasks, all registers are taken */

/* It ended the simulator with SIGFPE once: the exception was raised in the host. */
static void test_without_ne_ends_by_name(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        run(after_reset, after_reset_end, (struct given){.cr0_clear = CPU_CR0_NE});
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forbidden),  cmocka_unit_test(test_memory),
        cmocka_unit_test(test_exceptions), cmocka_unit_test(test_without_ne_ends_by_name),
        cmocka_unit_test(test_cpuid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
