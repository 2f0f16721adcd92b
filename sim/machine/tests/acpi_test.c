/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI and MP tables of boards of several sizes. Sums and links are checked here; the disassembler and compiler of
 * ACPICA must take every table, DSDT included, without an error or a warning (skipped where iasl is not installed).
 * Could lie: a table may be well formed and describe what is not there; booting Linux is the witness for that.
 */
#include <glib/gstdio.h>
#include <string.h>
#include "fake_cpu.h"
#include "test_board.h"

static struct machine *board(unsigned n_cores)
{
    struct machine_cfg cfg = test_cfg(n_cores);

    fake_reset(1, 0);
    return machine_new(&cfg);
}

static uint64_t peek(struct machine *m, uint64_t at, unsigned bytes)
{
    uint64_t v = 0;

    assert_true(phys_copy_out(m->phys, &v, (hpa_t){at}, bytes));
    return v;
}

static void assert_sum(struct machine *m, uint64_t at, uint64_t bytes)
{
    uint8_t s = 0;

    for (uint64_t i = 0; i < bytes; i++)
        s = (uint8_t)(s + peek(m, at + i, 1));
    assert_int_equal(s, 0);
}

static void run(char **words)
{
    GError *error = NULL;
    char *out = NULL, *err = NULL;
    int status = 0;

    if (!g_spawn_sync(NULL, words, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &err, &status, &error))
        fail_msg("%s", error->message);
    if (status != 0 || strstr(out, "Warning  ") || strstr(err, "Warning  "))
        fail_msg("%s %s:\n%s%s", words[0], words[1], out, err);
    g_free(out);
    g_free(err);
}

static void check_with_iasl(struct machine *m, const char *dir, uint64_t at)
{
    char signature[5] = "";
    uint64_t bytes = peek(m, at + 4, 4);

    assert_true(phys_copy_out(m->phys, signature, (hpa_t){at}, 4));
    char *binary = g_strdup_printf("%s/%s.dat", dir, signature), *source = g_strdup_printf("%s/%s.dsl", dir, signature);
    assert_true(g_file_set_contents(binary, (const char *)m->phys->base + at, (gssize)bytes, NULL));
    run((char *[]){"iasl", "-d", binary, NULL});
    run((char *[]){"iasl", "-p", binary, source, NULL});
    g_remove(binary);
    g_remove(source);
    char *compiled = g_strdup_printf("%s/%s.aml", dir, signature);
    g_remove(compiled);
    g_free(compiled);
    g_free(binary);
    g_free(source);
}

static void each_size(void (*check)(struct machine *m, uint64_t table, void *opaque), void *opaque)
{
    static const unsigned sizes[] = {1, 3, 256};

    for (unsigned k = 0; k < G_N_ELEMENTS(sizes); k++) {
        struct machine *m = board(sizes[k]);
        uint64_t xsdt = peek(m, BOARD_RSDP + 24, 8);

        assert_memory_equal(m->phys->base + BOARD_RSDP, "RSD PTR ", 8);
        for (uint64_t at = xsdt + 36; at < xsdt + peek(m, xsdt + 4, 4); at += 8) {
            uint64_t table = peek(m, at, 8);

            check(m, table, opaque);
            if (peek(m, table, 4) == 0x50434146) /* FACP: its DSDT */
                check(m, peek(m, table + 40, 4), opaque);
        }
        machine_free(m);
    }
}

static void sum_of(struct machine *m, uint64_t table, void *opaque)
{
    (void)opaque;
    assert_sum(m, table, peek(m, table + 4, 4));
    assert_true(table + peek(m, table + 4, 4) <= m->phys->low_end);
}

static void sums(void **state)
{
    (void)state;
    each_size(sum_of, NULL);
}

static void iasl_of(struct machine *m, uint64_t table, void *opaque)
{
    check_with_iasl(m, opaque, table);
}

static void iasl_is_content(void **state)
{
    char *iasl = g_find_program_in_path("iasl"), *dir = g_dir_make_tmp("vmscale-acpi-XXXXXX", NULL);

    (void)state;
    if (!iasl)
        skip();
    each_size(iasl_of, dir);
    g_rmdir(dir);
    g_free(dir);
    g_free(iasl);
}

static void mp_table(void **state)
{
    struct machine *m = board(256);
    unsigned cores = 0, interrupts = 0;

    (void)state;
    assert_memory_equal(m->phys->base + BOARD_MP_TABLE, "_MP_", 4);
    assert_sum(m, BOARD_MP_TABLE, 16);
    uint64_t table = peek(m, BOARD_MP_TABLE + 4, 4), at = table + 44;
    assert_memory_equal(m->phys->base + table, "PCMP", 4);
    assert_sum(m, table, peek(m, table + 4, 2));
    assert_true(table + peek(m, table + 4, 2) <= BOARD_FIRMWARE);
    for (uint64_t n = peek(m, table + 34, 2); n > 0; n--) {
        uint64_t type = peek(m, at, 1);

        cores += type == 0;
        interrupts += type == 3;
        at += type == 0 ? 20 : 8;
    }
    assert_int_equal(at - table, peek(m, table + 4, 2));
    assert_int_equal(cores, 255);
    assert_int_equal(interrupts, 15);
    machine_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sums), cmocka_unit_test(iasl_is_content),
                                       cmocka_unit_test(mp_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
