/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The books of a window: leaves are named, split by symbol, and sum to cores x cycles. Could lie: over the fake machine
 * all cores have the same time, so the boundary leaf is nought here; the system tests see it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "sim/study/account.h"
#include "sim/study/cpio.h"

static struct machine *fake(const struct machine_cfg *cfg)
{
    static const char domains[] = "name=u1\nname=u2\n";
    GByteArray *module = g_byte_array_new();
    struct machine *m = machine_new(cfg);
    cpio_add(module, "domains", domains, strlen(domains));
    cpio_end(module);
    struct machine_module one = {module->data, module->len, ""};
    assert_true(machine_load_pvh(m, "hv.elf", "tlb-global=off", &one, 1, NULL));
    g_byte_array_unref(module);
    machine_set_domain_name(m, 1, "u1");
    machine_set_domain_name(m, 2, "u2");
    return m;
}

static uint64_t leaf(const struct result *r, const char *name)
{
    for (guint i = 0; i < r->leaves->len; i++)
        if (strcmp(g_array_index(r->leaves, struct result_leaf, i).name, name) == 0)
            return g_array_index(r->leaves, struct result_leaf, i).cyc;
    return 0;
}

static void test_window(void **state)
{
    (void)state;
    struct plan_domain doms[2] = {{.name = (char *)"u1"}, {.name = (char *)"u2"}};
    struct plan p = {.domains = g_ptr_array_new(), .window_cyc = 1600000};
    p.machine.n_cores = 3;
    p.machine.cpu.clock_khz = 2000000;
    g_ptr_array_add(p.domains, &doms[0]);
    g_ptr_array_add(p.domains, &doms[1]);
    struct machine *m = fake(&p.machine);
    machine_run(m, &(struct machine_until){.cycle = 2000000});
    struct account_mark *begin = account_mark(m);
    machine_run(m, &(struct machine_until){.cycle = 3600000});
    struct result *r = account_result(m, &p, begin, NULL);
    assert_non_null(r);
    assert_int_equal(r->cycles, 1600000);
    assert_int_equal(r->core_cycles, 4800000);
    assert_int_equal(leaf(r, "u1/v0/hv/retiring"), 1200000);
    assert_int_equal(leaf(r, "u2/v0/hv/coherence:tlbflush_clock"), 200000);
    assert_int_equal(leaf(r, "u2/v0/hv/coherence:other"), 200000);
    assert_int_equal(leaf(r, "idle/idle"), 1200000);
    double v, sum = 0;
    for (guint i = 0; i < r->leaves->len; i++)
        sum += (double)g_array_index(r->leaves, struct result_leaf, i).cyc;
    assert_true(sum == 4800000.0);
    assert_true(result_stat(r, "hv.ticks_per_syscall", &v) && v == 2.0);
    assert_int_equal(r->ops, 2 * 1000);
    assert_true(r->seconds == 0.0008);
    result_free(r);
    account_mark_free(begin);
    machine_free(m);
    g_ptr_array_unref(p.domains);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_window)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
