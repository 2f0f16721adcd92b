/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real kernel image on real cores (pvh_image.S): console, long mode, INIT-SIPI, local timer, IPIs, exit code; on both
 * profiles and in both modes; the ledger sums; a second run ends in the same state at the same cycle.
 * Could lie if the image printed without doing: it waits for what it reports, and QEMU runs the same image (pvh_qemu).
 */
#include <string.h>
#include "test_board.h"

static const char *image;

struct outcome {
    char serial[256];
    unsigned n_serial;
    cyc_t end;
    uint64_t instructions, hash;
};

static void put(void *opaque, char c)
{
    struct outcome *o = opaque;

    if (o->n_serial < sizeof(o->serial) - 1)
        o->serial[o->n_serial++] = c;
}

static struct machine *loaded(const char *profile, unsigned n_cores, enum cpu_mode mode)
{
    struct machine_cfg cfg = {.n_cores = n_cores, .memory_bytes = 64 << 20, .mode = mode};
    char *path = g_strdup_printf("%s/%s.ini", PROFILES, profile), cmdline[2] = {(char)('0' + n_cores), 0};
    GError *error = NULL;

    if (!machine_profile_load(&cfg, path, &error))
        fail_msg("%s", error->message);
    g_free(path);
    struct machine *m = machine_new(&cfg);
    if (!machine_load_pvh(m, image, cmdline, NULL, 0, &error))
        fail_msg("%s", error->message);
    return m;
}

static struct outcome run(const char *profile, unsigned n_cores, enum cpu_mode mode)
{
    struct machine *m = loaded(profile, n_cores, mode);
    struct outcome o = {.n_serial = 0};
    GError *error = NULL;

    machine_set_serial(m, put, &o);
    enum machine_stop why = machine_run(m, &(struct machine_until){.cycle = 50 * 1000 * 1000});
    if (why != MACHINE_EXIT) {
        GString *s = g_string_new(NULL);

        machine_report_cores(m, s);
        fail_msg("%s, %u cores: stop %d after \"%s\"\n%s", profile, n_cores, (int)why, o.serial, s->str);
    }
    assert_int_equal(machine_exit_code(m), 0x21);
    machine_settle(m);
    if (!machine_ledger_check(m, &error))
        fail_msg("%s", error->message);
    o.end = machine_now(m);
    o.instructions = machine_instructions(m);
    o.hash = machine_state_hash(m);
    const struct symbol *counter = symbols_named(m->symbols, "started");
    assert_non_null(counter);
    assert_string_equal(machine_symbol(m, (hpa_t){counter->pa + 3}), "started");
    machine_free(m);
    return o;
}

static void both_ways(unsigned n_cores)
{
    static const char *const profiles[] = {"opteron-2006", "core2-2006"};
    char want[64];

    g_snprintf(want, sizeof(want), "hello\n%u cores\ntick\nipi\n", n_cores);
    for (unsigned p = 0; p < G_N_ELEMENTS(profiles); p++)
        for (unsigned mode = CPU_TIMING; mode <= CPU_FUNCTIONAL; mode++) {
            struct outcome a = run(profiles[p], n_cores, (enum cpu_mode)mode);
            struct outcome b = run(profiles[p], n_cores, (enum cpu_mode)mode);

            assert_string_equal(a.serial, want);
            assert_int_equal(a.end, b.end);
            assert_int_equal(a.instructions, b.instructions);
            assert_int_equal(a.hash, b.hash);
        }
}

static void one_core(void **state)
{
    (void)state;
    both_ways(1);
}

static void four_cores(void **state)
{
    (void)state;
    both_ways(4);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_core), cmocka_unit_test(four_cores)};

    if (argc != 2)
        return 2;
    image = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
