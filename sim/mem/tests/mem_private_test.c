/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One core's caches against a naive model, a million accesses each: the rules of mem_internal.h once more, on lists.
 * Compared: source, latency, the right to write, misses, write-backs. Could lie where both read the rules wrongly; the
 * rules are few and stand in the two functions below. Time moves on by 1000 cycles an access: queues are never felt
 * here.
 */
#include "sim/mem/tests/mem_fixture.h"
#include "sim/mem/tests/naive_lru.h"

enum { LINES = 400, UPGRADE_CYC = 100, DRAM_CYC = 200, L1_CYC = 3, L2_CYC = 15 };
struct model {
    struct naive l1d, l1i, l2;
    enum line_state st[LINES]; /* of the core */
    uint64_t writebacks;
};
struct expected {
    uint32_t latency_cyc;
    enum mem_source source;
};

static void gone(struct model *n, uint32_t line)
{
    naive_remove(&n->l1i, line);
    naive_remove(&n->l1d, line);
    n->writebacks += n->st[line] == LINE_M;
    n->st[line] = LINE_I;
}

/* Ownership and time of an access that L1 does not satisfy. @near_cyc: latency when the core has the line. */
static struct expected own(struct model *n, uint32_t line, enum mem_op op, uint32_t near_cyc, enum mem_source near)
{
    enum line_state was = n->st[line];
    if (op == MEM_WRITE)
        n->st[line] = LINE_M;
    else if (was == LINE_I)
        n->st[line] = op == MEM_FETCH ? LINE_S : LINE_E;
    if (was == LINE_I)
        return (struct expected){DRAM_CYC, MEM_SRC_DRAM};
    if (op == MEM_WRITE && was == LINE_S)
        return (struct expected){UPGRADE_CYC, MEM_SRC_DRAM};
    return (struct expected){near_cyc, near};
}

static struct expected inclusive(struct model *n, uint32_t line, enum mem_op op)
{
    struct naive *l1 = op == MEM_FETCH ? &n->l1i : &n->l1d;
    uint32_t out;
    if (naive_has(l1, line)) {
        naive_access(l1, line, &out);
        return own(n, line, op, L1_CYC, MEM_SRC_L1);
    }
    naive_access(&n->l2, line, &out);
    if (out != NO_LINE)
        gone(n, out);
    naive_access(l1, line, &out);
    return own(n, line, op, L2_CYC, MEM_SRC_L2);
}

static struct expected exclusive(struct model *n, uint32_t line, enum mem_op op)
{
    struct naive *l1 = op == MEM_FETCH ? &n->l1i : &n->l1d;
    uint32_t out, pushed = NO_LINE;
    if (naive_has(l1, line)) {
        naive_access(l1, line, &out);
        return own(n, line, op, L1_CYC, MEM_SRC_L1);
    }
    bool stays = op == MEM_FETCH && n->st[line] != LINE_S; /* L1I cannot keep an owner's state */
    if (naive_has(&n->l2, line)) {
        if (stays)
            naive_access(&n->l2, line, &out);
        else
            naive_remove(&n->l2, line);
    }
    struct expected x = own(n, line, op, L2_CYC, MEM_SRC_L2);
    naive_access(l1, line, &out);
    if (out == NO_LINE || (op == MEM_FETCH && (naive_has(&n->l1d, out) || naive_has(&n->l2, out))))
        return x;
    naive_access(&n->l2, out, &pushed);
    if (pushed != NO_LINE)
        gone(n, pushed);
    return x;
}

static struct naive naive_of(const struct mem_cache_cfg *c)
{
    return (struct naive){.sets = c->size_bytes / 64 / c->ways, .ways = c->ways};
}

static void equals_model(const struct mem_cfg *cfg, uint64_t seed)
{
    struct mem_sys *m = mem_new(cfg);
    struct model *n = test_calloc(1, sizeof *n);
    struct rng r;
    uint64_t misses = 0, reads = 0, source[5] = {0};
    rng_seed(&r, seed);
    n->l1d = naive_of(&cfg->l1d);
    n->l1i = naive_of(&cfg->l1i);
    n->l2 = naive_of(&cfg->l2);
    for (uint64_t i = 0; i < 1000000; i++) {
        struct op o = random_op(&r, 1, i & 0x10000 ? 60 : LINES); /* phases that fit and that do not */
        uint32_t line = (uint32_t)(o.a.v >> 6);
        struct expected x = cfg->l2_exclusive ? exclusive(n, line, o.op) : inclusive(n, line, o.op);
        struct mem_result res;
        assert_true(mem_access(m, 0, o.a, o.op, i * 1000, true, &res));
        assert_int_equal(res.latency_cyc, x.latency_cyc);
        assert_int_equal(res.source, x.source);
        assert_int_equal(res.writable, o.op != MEM_FETCH && n->st[line] == LINE_M);
        misses += x.latency_cyc == DRAM_CYC;
        reads += x.source == MEM_SRC_DRAM && x.latency_cyc == DRAM_CYC;
        source[x.source]++;
    }
    const struct mem_stats *s = mem_core_stats(m, 0);
    assert_int_equal(s->l2_misses, misses);
    assert_int_equal(s->dram_reads, reads);
    assert_int_equal(s->writebacks, n->writebacks);
    assert_true(source[MEM_SRC_L1] > 50000 && source[MEM_SRC_L2] > 50000 && source[MEM_SRC_DRAM] > 50000);
    char why[200];
    if (!mem_check(m, why, sizeof why))
        fail_msg("%s", why);
    test_free(n);
    mem_free(m);
}

static struct mem_cfg one_core(const struct fixture *f)
{
    struct mem_cfg cfg = f->cfg;
    cfg.n_cores = 1;
    cfg.dram_busy_cyc = cfg.link_busy_cyc = 0;
    return cfg;
}

static void victim_l2_equals_model(void **state)
{
    (void)state;
    struct mem_cfg cfg = one_core(&fixtures[0]);
    equals_model(&cfg, 1);
    cfg.l1d = cfg.l1i = (struct mem_cache_cfg)L1(1024, 2);
    cfg.l2 = (struct mem_cache_cfg)L2(8192, 16);
    equals_model(&cfg, 2);
}

static void inclusive_l2_equals_model(void **state)
{
    (void)state;
    struct mem_cfg cfg = one_core(&fixtures[1]);
    equals_model(&cfg, 3);
    cfg.l1d = (struct mem_cache_cfg)L1(1536, 12);
    cfg.l2 = (struct mem_cache_cfg)L2(2048, 2); /* throws lines out that L1 uses */
    equals_model(&cfg, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(victim_l2_equals_model),
        cmocka_unit_test(inclusive_l2_equals_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
