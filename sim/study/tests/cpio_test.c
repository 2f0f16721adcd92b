/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The archive writer, read back by a reader written here from cpio(5). Could lie: reader and writer are of one hand;
 * cli/tests also gives an archive to cpio(1) where it is installed, and the hypervisor reads every one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "sim/study/cpio.h"

static gsize field(const guint8 *head, unsigned index)
{
    char text[9] = {0};
    memcpy(text, head + 6 + 8 * index, 8);
    return g_ascii_strtoull(text, NULL, 16);
}

/* Offset of the next head; checks one member. */
static gsize expect_member(const GByteArray *a, gsize at, const char *name, const char *data)
{
    assert_int_equal(at % 4, 0);
    assert_true(at + 110 <= a->len);
    const guint8 *head = a->data + at;
    assert_memory_equal(head, "070701", 6);
    gsize bytes = field(head, 6), namesize = field(head, 11);
    assert_int_equal(bytes, strlen(data));
    assert_int_equal(namesize, strlen(name) + 1);
    assert_string_equal((const char *)head + 110, name);
    gsize start = (at + 110 + namesize + 3) & ~(gsize)3;
    assert_memory_equal(a->data + start, data, bytes);
    return (start + bytes + 3) & ~(gsize)3;
}

static void test_members(void **state)
{
    (void)state;
    GByteArray *a = g_byte_array_new();
    cpio_add(a, "domains", "name=u1\n", 8);
    cpio_add(a, "a", "", 0);
    cpio_add(a, "pv64.elf", "12345", 5);
    cpio_end(a);
    gsize at = expect_member(a, 0, "domains", "name=u1\n");
    at = expect_member(a, at, "a", "");
    at = expect_member(a, at, "pv64.elf", "12345");
    at = expect_member(a, at, "TRAILER!!!", "");
    assert_int_equal(at, a->len);
    g_byte_array_unref(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_members)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
