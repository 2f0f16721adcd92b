/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damaged kernels: each image of the command line, with bytes changed, words replaced by awkward numbers, and cut off,
 * the same way on every run. Loading must end with a kernel that stands in memory or with one line of error, and an
 * error must leave the machine as it was. What this cannot see without AddressSanitizer is a read past the file's end:
 * the sanitized build runs it too. Could lie: damage mostly lands where the loaders look (the first KiB), and checks
 * behind a checksum (Multiboot) are reached because half of the cases repair it.
 */
#define _GNU_SOURCE /* memfd_create() */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "fake_cpu.h"
#include "sim/core/rng.h"
#include "test_board.h"

enum { CASES = 2000, HASH_EVERY = 50, HEAD_BYTES = 1024 };

static int file, n_images;
static char path[32];
static char **images;

static const uint32_t awkward[] = {0,          1,          0x7f,       0x80,       0xff,     0xffff,  0x7fffffff,
                                   0x80000000, 0xfffffff8, 0xfffffffc, 0xffffffff, 0x100000, 0xa0000, 0x2000000,
                                   0x1fffff0,  52,         64,         0x40000000, 0xfff,    0x1000};

static void put32(char *data, size_t bytes, uint64_t at, uint32_t v)
{
    if (at + sizeof(v) <= bytes)
        memcpy(data + at, &v, sizeof(v));
}

/* Multiboot headers are found by their checksum: make it right again. */
static void repair(char *data, size_t bytes)
{
    for (size_t at = 0; at + 16 <= MIN(bytes, 8192u); at += 4) {
        uint32_t w[4];

        memcpy(w, data + at, sizeof(w));
        if (w[0] == 0x1badb002)
            put32(data, bytes, at + 8, -(w[0] + w[1]));
        if (w[0] == 0xe85250d6)
            put32(data, bytes, at + 12, -(w[0] + w[1] + w[2]));
    }
}

static size_t damage(struct rng *r, char *data, size_t bytes)
{
    uint64_t n = 1 + rng_below(r, 4);

    for (uint64_t i = 0; i < n; i++) {
        uint64_t head = MIN(bytes, (size_t)HEAD_BYTES), at = rng_below(r, rng_below(r, 8) ? head : bytes);

        if (rng_below(r, 2))
            data[at] = (char)rng_next(r);
        else
            put32(data, bytes, at & ~3ull, awkward[rng_below(r, G_N_ELEMENTS(awkward))]);
    }
    if (rng_below(r, 2))
        repair(data, bytes);
    return rng_below(r, 6) ? bytes : rng_below(r, bytes) + 1;
}

static void one_case(struct machine *m, const char *data, size_t bytes, bool with_hash)
{
    const struct machine_module module = {"module", 6, "name"};
    uint64_t before = with_hash ? machine_state_hash(m) : 0;
    GError *error = NULL;

    assert_int_equal(ftruncate(file, 0), 0);
    assert_int_equal(pwrite(file, data, bytes, 0), bytes);
    if (machine_load(m, &(struct machine_boot){path, "a b", &module, 1}, &error)) {
        assert_null(error);
        return;
    }
    assert_non_null(error);
    assert_null(strchr(error->message, '\n'));
    if (with_hash)
        assert_int_equal(machine_state_hash(m), before);
    g_error_free(error);
}

static void damaged_images(void **state)
{
    struct machine_cfg cfg = test_cfg(1);
    struct rng r;

    (void)state;
    rng_seed(&r, 1);
    file = memfd_create("kernel", 0); /* a file without a disk */
    assert_true(file >= 0);
    g_snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    for (int k = 0; k < n_images; k++) {
        struct machine *m = machine_new(&cfg);
        char *good;
        size_t bytes;

        assert_true(g_file_get_contents(images[k], &good, &bytes, NULL));
        one_case(m, good, bytes, true);
        for (unsigned i = 0; i < CASES; i++) {
            char *bad = g_memdup2(good, bytes);

            one_case(m, bad, damage(&r, bad, bytes), i % HASH_EVERY == 0);
            g_free(bad);
        }
        g_free(good);
        machine_free(m);
    }
    close(file);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(damaged_images)};

    n_images = argc - 1;
    images = argv + 1;
    fake_reset(1, 0);
    return n_images ? cmocka_run_group_tests(tests, NULL, NULL) : 2;
}
