/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both profiles load, and each kind of mistake is refused with file, line and what is allowed. The bad files are the
 * good one with a line changed, so a refusal for another reason would show in the text that is compared.
 */
#include <glib/gstdio.h>
#include "test_board.h"
#include <string.h>

static char *bad_path;

/* Error text (after the path) for the good profile with the first occurrence of @from replaced by @to. */
static char *error_of(const char *from, const char *to)
{
    char *text, *at, *result;
    struct machine_cfg cfg = {0};
    GError *error = NULL;

    assert_true(g_file_get_contents(PROFILES "/opteron-2006.ini", &text, NULL, NULL));
    at = strstr(text, from);
    assert_non_null(at);
    *at = 0;
    char *changed = g_strconcat(text, to, at + strlen(from), NULL);
    assert_true(g_file_set_contents(bad_path, changed, -1, NULL));
    assert_false(machine_profile_load(&cfg, bad_path, &error));
    assert_true(g_str_has_prefix(error->message, bad_path));
    result = g_strdup(error->message + strlen(bad_path));
    g_error_free(error);
    g_free(changed);
    g_free(text);
    return result;
}

static unsigned line_with(const char *wanted)
{
    char *text;
    unsigned n = 1;

    assert_true(g_file_get_contents(PROFILES "/opteron-2006.ini", &text, NULL, NULL));
    for (const char *p = text; p < strstr(text, wanted); p++)
        n += *p == '\n';
    g_free(text);
    return n;
}

static void check(const char *from, const char *to, const char *line_text, const char *want)
{
    char *got = error_of(from, to), *full = g_strdup_printf(":%u: %s", line_with(line_text), want);

    assert_string_equal(got, full);
    g_free(full);
    g_free(got);
}

static void good_profiles(void **state)
{
    static const char *const names[] = {"opteron-2006", "core2-2006"};

    (void)state;
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        struct machine_cfg cfg = {0};
        char *path = g_strdup_printf("%s/%s.ini", PROFILES, names[i]);
        GError *error = NULL;

        if (!machine_profile_load(&cfg, path, &error))
            fail_msg("%s", error->message);
        g_free(path);
    }
    struct machine_cfg k8 = test_cfg(1);
    assert_string_equal(k8.cpu.vendor, "AuthenticAMD");
    assert_int_equal(k8.cpu.lat[TC_SYSCALL], 27);
    assert_int_equal(k8.cpu.lat[TC_ALU], 1); /* not in the file: the table's default */
    assert_int_equal(k8.cpu.tlb.l2_small.entries, 512);
    assert_true(k8.mem.l2_exclusive && k8.mem.moesi && !k8.mem.bus);
    assert_int_equal(k8.mem.dram_cyc, 170);
}

static void mistakes(void **state)
{
    (void)state;
    check("width = 3", "widht = 3", "width = 3", "unknown key widht in [core]");
    check("[tlb]", "[tbl]", "[tlb]", "unknown group [tbl]; allowed: [core], [tlb], [memory], [latency]");
    check("width = 3\n", "", "[core]", "key width is missing in [core]");
    check("width = 3", "width = 99", "width = 3", "width = 99; allowed: a number 1..16");
    check("width = 3", "width = three", "width = 3", "width = three; allowed: a number 1..16");
    check("bus = no", "bus = maybe", "bus = no", "bus = maybe; allowed: yes, no");
    check("AuthenticAMD", "AMD", "vendor", "vendor = AMD; allowed: 12..12 characters");
    check("l1d_bytes = 65536", "l1d_bytes = 98304", "l1d_bytes",
          "l1d_bytes: 1536 entries in 2 ways; allowed: a power of two of sets");
    check("l2_small_ways = 4", "l2_small_ways = 3", "l2_small_entries",
          "l2_small_entries: 512 entries in 3 ways; allowed: a power of two of sets");
    check("ipi_cyc = 400", "ipi_cyc = 5", "ipi_cyc", "ipi_cyc = 5; allowed: at least probe_cyc = 40");
    check("l2_small_entries = 512", "l2_small_entries = 32768", "[tlb]",
          "[tlb]: a TLB array may have at most 16384 entries");
    check("l2_cores = 1", "l2_cores = 2", "[memory]",
          "[memory]: an L2 that several cores share must be there, and inclusive");
    check("l2_cores = 1", "l2_cores = 3", "l2_cores", "l2_cores = 3; allowed: a divisor of cores_per_die = 2");
}

static void no_file_and_no_key_file(void **state)
{
    struct machine_cfg cfg = {0};
    GError *error = NULL;

    (void)state;
    g_remove(bad_path);
    assert_false(machine_profile_load(&cfg, bad_path, &error));
    assert_non_null(strstr(error->message, "No such file"));
    g_clear_error(&error);
    assert_true(g_file_set_contents(bad_path, "width = 3\n", -1, NULL));
    assert_false(machine_profile_load(&cfg, bad_path, &error));
    assert_true(g_str_has_prefix(error->message, bad_path));
    g_clear_error(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_profiles),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(no_file_and_no_key_file),
    };
    char *dir = g_dir_make_tmp("vmscale-profile-XXXXXX", NULL);
    bad_path = g_build_filename(dir, "bad.ini", NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    g_remove(bad_path);
    g_rmdir(dir);
    g_free(dir);
    g_free(bad_path);
    return failed;
}
