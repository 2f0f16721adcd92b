/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the file "domains", good and bad. How it could lie: only what is written here is known to be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "hv/domain/domain.h"

static struct hv_domain_config cfg;
static char error[128];

static bool parse(const char *line)
{
    return hv_domain_config_parse(&cfg, line, strlen(line), error, sizeof(error));
}

static void test_good(void **state)
{
    (void)state;
    assert_true(parse("name=u1 type=pv64 vcpus=2 memory_mib=64 cpu=3 kernel=pv64.elf initrd=a.elf "
                      "cmdline=\"a b=c  d\" privileged=yes"));
    assert_string_equal(cfg.name, "u1");
    assert_true(cfg.vcpus == 2 && cfg.memory_mib == 64 && cfg.cpu == 3 && cfg.is_privileged);
    assert_string_equal(cfg.kernel, "pv64.elf");
    assert_string_equal(cfg.cmdline, "a b=c  d");
    assert_true(parse("  kernel=k\tname=x\r"));
    assert_true(cfg.vcpus == 1 && !cfg.is_privileged && !cfg.initrd[0]);
}

static void test_bad(void **state)
{
    static const char *const row[][2] = {
        {"kernel=k", "name"},
        {"name=x", "kernel"},
        {"name=sixteencharacter kernel=k", "name"},
        {"name= kernel=k", "name"},
        {"name=x kernel=k vcpus=0", "vcpus"},
        {"name=x kernel=k vcpus=33", "vcpus"},
        {"name=x kernel=k memory_mib=7", "8 to 65536"},
        {"name=x kernel=k memory_mib=64x", "memory_mib"},
        {"name=x kernel=k memory_mib=", "memory_mib"},
        {"name=x kernel=k memory_mib=18446744073709551680", "memory_mib"},
        {"name=x kernel=k type=hvm", "type"},
        {"name=x kernel=k colour=red", "unknown key"},
        {"name=x kernel=k privileged=maybe", "privileged"},
        {"name=x kernel=k cmdline=\"abc", "closing quote"},
        {"name=x kernel", "key=value"},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        error[0] = 0;
        assert_false(parse(row[i][0]));
        assert_non_null(strstr(error, row[i][1]));
    }
}

static void test_noise(void **state)
{
    static const char *const piece[] = {"name=", "kernel=", "\"", " ", "vcpus=", "9", "=", "x", "cmdline=", "\t"};
    char line[200];

    (void)state;
    srand(1);
    for (unsigned i = 0; i < 100000; i++) {
        line[0] = 0;
        for (unsigned n = (unsigned)rand() % 16; n; n--)
            strcat(line, piece[(unsigned)rand() % 10]);
        if (parse(line))
            assert_true(cfg.name[0] && cfg.kernel[0] && cfg.vcpus >= 1 && cfg.vcpus <= 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
