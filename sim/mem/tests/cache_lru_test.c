/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tag array against a naive model that keeps each set as a list, most recent first; and ages that are renormalised in
 * the middle of it. Could lie if the model used stamps too: it moves elements.
 */
#include "sim/mem/tests/mem_fixture.h"
#include "sim/mem/tests/naive_lru.h"

static void equals_model(uint32_t sets, uint32_t ways, uint64_t seed)
{
    struct mem_cache_cfg cfg = {sets * ways * 64, ways, 1};
    struct naive n = {.sets = sets, .ways = ways};
    struct cache c;
    struct rng r;
    cache_init(&c, &cfg);
    rng_seed(&r, seed);
    for (unsigned i = 0; i < 250000; i++) {
        uint32_t line = (uint32_t)rng_below(&r, sets * ways * 2), out, s = cache_find(&c, line);
        if (i % 1000 == 17)
            c.tick = AGE_LIMIT - 5; /* a later age than any: order stays; the renormalisation comes within 5 touches */
        if (rng_below(&r, 20) == 0) {
            naive_remove(&n, line);
            if (s != NO_SLOT)
                cache_drop(&c, s);
            continue;
        }
        bool hit = naive_access(&n, line, &out);
        assert_int_equal(hit, s != NO_SLOT);
        if (hit) {
            cache_touch(&c, s);
            continue;
        }
        s = cache_victim(&c, line);
        assert_int_equal(c.tag[s], out);
        cache_put(&c, s, line, LINE_S);
    }
    assert_true(c.tick < AGE_LIMIT);
    cache_destroy(&c);
}

static void lru_equals_model(void **state)
{
    (void)state;
    equals_model(8, 2, 1);
    equals_model(32, 16, 2);
    equals_model(1, 4, 3);
    equals_model(3, 11, 4); /* not a power of two */
}

static void absent_level_never_finds(void **state)
{
    (void)state;
    struct cache c;
    cache_init(&c, &(struct mem_cache_cfg){0, 0, 0});
    assert_int_equal(cache_find(&c, 5), NO_SLOT);
    assert_int_equal(cache_victim(&c, 5), NO_SLOT);
    cache_destroy(&c);
}

static void directory_equals_array(void **state)
{
    (void)state;
    enum { LINES = 20000 };
    static uint8_t present[LINES];
    struct dir d;
    struct rng r;
    dir_init(&d, 70);
    rng_seed(&r, 5);
    uint32_t count = 0;
    for (unsigned i = 0; i < 400000; i++) {
        uint32_t line = (uint32_t)rng_below(&r, LINES);
        bool grows = i / 100000 % 2 == 0;
        struct dir_entry *e = dir_find(&d, line);
        assert_int_equal(e != NULL, present[line]);
        if (e) {
            assert_int_equal(e->busy_until, line * 3u);
            assert_true(dir_has(e, line % 70));
            assert_false(dir_any_but(&d, e, line % 70));
        }
        if (rng_below(&r, 4) < (grows ? 3 : 1)) {
            count += e == NULL;
            e = dir_get(&d, line);
            e->busy_until = line * 3u;
            dir_set(e, line % 70);
            present[line] = 1;
        } else if (e) {
            dir_remove(&d, e);
            present[line] = 0;
            count--;
        }
        assert_int_equal(d.count, count);
    }
    dir_destroy(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lru_equals_model),
        cmocka_unit_test(absent_level_never_finds),
        cmocka_unit_test(directory_equals_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
