/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cpio reader: what it finds, and that no archive makes it read outside. The archive stands at the end of a heap
 * block of its exact size, so that the sanitizers see a read beyond it. Could lie: without sanitizers a short read
 * beyond the end goes unnoticed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "hv/include/cpio.h"

struct archive {
    char bytes[4096];
    size_t n;
};

static void add(struct archive *a, const char *name, const void *data, size_t bytes)
{
    char header[160];
    size_t name_bytes = strlen(name) + 1;

    snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1, 0100644, 0, 0, 1,
             0, (unsigned)bytes, 0, 0, 0, 0, (unsigned)name_bytes, 0);
    memcpy(a->bytes + a->n, header, 110);
    a->n += 110;
    memcpy(a->bytes + a->n, name, name_bytes);
    a->n = (a->n + name_bytes + 3) & ~(size_t)3;
    if (bytes > 0)
        memcpy(a->bytes + a->n, data, bytes);
    a->n = (a->n + bytes + 3) & ~(size_t)3;
}

static struct archive sample(void)
{
    struct archive a = {.n = 0};

    add(&a, "domains", "name=u1\n", 8);
    add(&a, "./kernel", "ELF", 3);
    add(&a, "empty", NULL, 0);
    add(&a, "TRAILER!!!", NULL, 0);
    return a;
}

static void test_find(void **state)
{
    struct archive a = sample();
    struct hv_cpio_file f;

    (void)state;
    assert_true(hv_cpio_find(a.bytes, a.n, "domains", &f));
    assert_int_equal(f.bytes, 8);
    assert_memory_equal(f.data, "name=u1\n", 8);
    assert_true(hv_cpio_find(a.bytes, a.n, "kernel", &f));
    assert_int_equal(f.bytes, 3);
    assert_true(hv_cpio_find(a.bytes, a.n, "empty", &f));
    assert_int_equal(f.bytes, 0);
    assert_false(hv_cpio_find(a.bytes, a.n, "kern", &f));
    assert_false(hv_cpio_find(a.bytes, a.n, "TRAILER!!!", &f));
    assert_false(hv_cpio_find(a.bytes, 0, "domains", &f));
}

/* Whatever comes out lies inside. */
static void walk(const char *bytes, size_t n)
{
    char *exact = malloc(n > 0 ? n : 1);
    struct hv_cpio_file f;
    size_t offset = 0, before = 0;

    memcpy(exact, bytes, n);
    while (hv_cpio_next(exact, n, &offset, &f)) {
        const char *data = f.data;

        assert_true(offset > before);
        before = offset;
        assert_true(f.name >= exact && f.name + strlen(f.name) < exact + n);
        assert_true(data >= exact && f.bytes <= n && data + f.bytes <= exact + n);
    }
    free(exact);
}

static void test_cut_anywhere(void **state)
{
    struct archive a = sample();

    (void)state;
    for (size_t n = 0; n <= a.n; n++)
        walk(a.bytes, n);
}

static void test_any_byte_damaged(void **state)
{
    const char values[] = {0, '0', '7', 'f', 'F', 'g', (char)0xff};
    struct archive a = sample();

    (void)state;
    for (size_t at = 0; at < a.n; at++) {
        for (size_t v = 0; v < sizeof(values); v++) {
            char was = a.bytes[at];

            a.bytes[at] = values[v];
            walk(a.bytes, a.n);
            a.bytes[at] = was;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_any_byte_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
