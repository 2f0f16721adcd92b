/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "False has changed nothing", and "what stays private gives the same result whether sharing is allowed or not".
 * Each access is made twice on twin systems: with may_share = false first on one, with true at once on the other. Could
 * lie if the hash left something out; it covers tags, ages, states, the directory, queues and counters, and the test
 * of the hash below changes each of them. Host-only data: none in this library.
 */
#include "sim/mem/tests/mem_fixture.h"

static unsigned told;
static void line_lost(void *opaque, unsigned core, unsigned slot, bool keep_read)
{
    (void)opaque, (void)core, (void)slot, (void)keep_read;
    told++;
}
static void fetch_lost(void *opaque, unsigned core, unsigned slot)
{
    (void)opaque, (void)core, (void)slot;
    told++;
}
static const struct mem_client_ops client = {line_lost, fetch_lost};

static void same_result(const struct mem_result *a, const struct mem_result *b)
{
    assert_int_equal(a->latency_cyc, b->latency_cyc);
    assert_int_equal(a->source, b->source);
    assert_int_equal(a->writable, b->writable);
    assert_int_equal(a->slot, b->slot);
}

/* ---- what other cores could notice ---------------------------------------------------------------------------------
 */
static uint64_t hash_bytes(uint64_t h, const void *p, size_t n)
{
    for (size_t i = 0; i < n; i += 8) {
        uint64_t v = 0;
        memcpy(&v, (const uint8_t *)p + i, n - i < 8 ? n - i : 8);
        h = (h ^ v) * 0x9e3779b97f4a7c15u;
        h ^= h >> 32;
    }
    return h;
}

static uint64_t hash_tags(uint64_t h, const struct cache *c)
{
    size_t n = (size_t)c->sets * c->ways;
    return hash_bytes(hash_bytes(hash_bytes(h, c->tag, n * 4), c->age, n * 4), c->state, n);
}

/* All of the state but the private caches and counters of @core. */
static uint64_t hash_of_the_rest(const struct mem_sys *m, unsigned core)
{
    uint64_t h = hash_bytes(0, m->dir.slots, ((size_t)m->dir.mask + 1) * m->dir.stride);
    h = hash_bytes(h, m->link_until, m->n_dies * sizeof(cyc_t));
    h = hash_bytes(h, m->dram_until, m->n_sockets * m->cfg.dram_channels * sizeof(cyc_t));
    for (unsigned i = 0; i < m->n_groups; i++)
        h = hash_tags(h, &m->l3[i]);
    for (unsigned i = 0; i < m->n_nodes; i++)
        if (i != m->node_of[core] || m->cfg.l2_cores > 1)
            h = hash_tags(h, &m->l2[i]);
    for (unsigned i = 0; i < m->cfg.n_cores; i++)
        if (i != core)
            h = hash_bytes(hash_tags(hash_tags(h, &m->l1d[i]), &m->l1i[i]), &m->stats[i], sizeof m->stats[i]);
    return h;
}

/* What is done without the turn leaves no trace outside the core's own caches. */
static void private_is_private(void **state)
{
    (void)state;
    for (size_t f = 0; f < N_FIXTURES; f++) {
        struct mem_sys *m = mem_new(&fixtures[f].cfg);
        struct rng r;
        rng_seed(&r, 50 + f);
        unsigned private_l2 = 0;
        struct op o = {0};
        cyc_t now = 0;
        for (unsigned i = 0; i < 2000; i++) {
            struct mem_result res;
            now += 30;
            if (i % 3)
                o = random_op(&r, fixtures[f].cfg.n_cores, 70);
            uint64_t before = hash_of_the_rest(m, o.core);
            if (mem_access(m, o.core, o.a, o.op, now, false, &res)) {
                assert_int_equal(hash_of_the_rest(m, o.core), before);
                private_l2 += res.source == MEM_SRC_L2;
            } else {
                now = access_when_free(m, &o, now, &res);
            }
        }
        if (fixtures[f].cfg.l2_cores <= 1 && fixtures[f].cfg.l2.size_bytes > 512)
            assert_true(private_l2 > 10); /* an L2 of one's own needs no turn */
        mem_free(m);
    }
}

static void refused_changes_nothing(void **state)
{
    (void)state;
    for (size_t f = 0; f < N_FIXTURES; f++) {
        struct mem_sys *a = mem_new(&fixtures[f].cfg), *b = mem_new(&fixtures[f].cfg);
        struct rng r;
        rng_seed(&r, f + 1);
        mem_set_client(a, &client, NULL);
        unsigned refused = 0, taken = 0;
        struct op o = {0};
        cyc_t now = 0;
        for (unsigned i = 0; i < 8000; i++) {
            if (i % 3) /* a third of the accesses repeats the one before, perhaps as a write */
                o = random_op(&r, fixtures[f].cfg.n_cores, 150);
            else if (o.op == MEM_READ && i & 1)
                o.op = MEM_WRITE;
            struct mem_result ra, rb;
            cyc_t at = now += 30;
            uint64_t before = mem_state_hash(a, 0);
            unsigned told_before = told;
            if (mem_access(a, o.core, o.a, o.op, now, false, &ra)) {
                taken++;
            } else {
                refused++;
                assert_int_equal(mem_state_hash(a, 0), before);
                assert_int_equal(told, told_before);
                assert_int_equal(ra.wait_until, 0);
                now = access_when_free(a, &o, at, &ra);
                assert_int_not_equal(mem_state_hash(a, 0), before);
            }
            assert_int_equal(access_when_free(b, &o, at, &rb), now);
            same_result(&ra, &rb);
            assert_int_equal(mem_state_hash(a, 0), mem_state_hash(b, 0));
        }
        assert_true(refused > 100);
        assert_true(taken > 100);
        mem_free(a);
        mem_free(b);
    }
}

static void private_is_what_it_says(void **state)
{
    (void)state;
    struct mem_sys *m = mem_new(&fixtures[0].cfg);
    struct mem_result r;
    hpa_t a = {0x1000};
    assert_false(mem_access(m, 0, a, MEM_READ, 0, false, &r));
    assert_true(mem_access(m, 0, a, MEM_READ, 0, true, &r)); /* E: no other has it */
    assert_false(r.writable);
    assert_true(mem_access(m, 0, a, MEM_WRITE, 300, false, &r)); /* E to M in silence */
    assert_true(r.writable);
    assert_int_equal(r.latency_cyc, 3);
    assert_true(mem_access(m, 1, a, MEM_READ, 400, true, &r));
    assert_int_equal(r.source, MEM_SRC_REMOTE);
    assert_false(mem_access(m, 0, a, MEM_WRITE, 900, false, &r)); /* O: the other copy has to go */
    assert_true(mem_access(m, 0, a, MEM_READ, 900, false, &r));
    assert_false(r.writable);
    mem_free(m);
}

static void hash_sees_everything(void **state)
{
    (void)state;
    struct mem_sys *m = mem_new(&fixtures[3].cfg);
    struct mem_result res;
    for (unsigned i = 0; i < 40; i++)
        mem_access(m, i % 6, (hpa_t){i * 64}, MEM_WRITE, i * 1000, true, &res);
    uint64_t h = mem_state_hash(m, 0);
#define SEES(lvalue)                                                                                                   \
    do {                                                                                                               \
        (lvalue) ^= 1;                                                                                                 \
        assert_int_not_equal(mem_state_hash(m, 0), h);                                                                 \
        (lvalue) ^= 1;                                                                                                 \
    } while (0)
    SEES(m->l1d[5].tag[1]);
    SEES(m->l1i[0].age[0]);
    SEES(m->l2[2].state[3]);
    SEES(m->l3[1].tick);
    SEES(m->link_until[0]);
    SEES(m->dram_until[1]);
    SEES(m->stats[4].writebacks);
    SEES(dir_find(&m->dir, m->l1d[0].tag[0])->busy_until);
    SEES(dir_find(&m->dir, m->l1d[0].tag[0])->owner);
    SEES(dir_find(&m->dir, m->l1d[0].tag[0])->agents[0]);
    assert_int_equal(mem_state_hash(m, 0), h);
    mem_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_changes_nothing),
        cmocka_unit_test(private_is_private),
        cmocka_unit_test(private_is_what_it_says),
        cmocka_unit_test(hash_sees_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
