/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Window = end minus beginning, leaf by leaf. See account.h.
 *
 * Leaves are "context/cause". Cycles of COHERENCE are split by the symbol that covers the contended line, as far as
 * the loaded image has one: "u1/v0/hv/coherence:tlbflush_clock"; the rest is ":other".
 */
#include "sim/study/account.h"
#include "hv/abi/counters.h"

#include <string.h>

/* An instruction in flight may end this late; more than that is an account that lost cycles. */
#define BOUNDARY_MAX_CYC 1000000

struct account_mark {
    struct ledger *ledger;
    uint64_t instructions;
    uint64_t counters[HV_COUNTERS];
    uint64_t ops[1 + HV_ABI_MAX_CPUS * 2];
};

static const struct {
    const char *name, *text;
} counter_rows[HV_COUNTERS] = {
#define COUNTER(sym, kind, text) {"hv." #sym, text},
#include "hv/abi/counters.def"
#undef COUNTER
};

struct account_mark *account_mark(struct machine *m)
{
    struct account_mark *a = g_new0(struct account_mark, 1);
    machine_settle(m);
    a->ledger = ledger_snapshot(machine_ledger(m));
    a->instructions = machine_instructions(m);
    for (unsigned i = 0; i < HV_COUNTERS; i++)
        a->counters[i] = machine_hv_counter(m, i);
    for (unsigned i = 1; i < G_N_ELEMENTS(a->ops); i++)
        a->ops[i] = machine_domain(m, i) ? machine_domain(m, i)->ops : 0;
    stats_mark(machine_stats(m));
    return a;
}

void account_mark_free(struct account_mark *a)
{
    if (!a)
        return;
    ledger_free(a->ledger);
    g_free(a);
}

/* Cycles that one context spent on the lines of one symbol. */
struct hot {
    char *context;
    const char *symbol;
    uint64_t cyc;
};
struct naming {
    struct machine *machine;
    struct result *result;
    GArray *hot; /* struct hot */
};

static void collect_line(void *opaque, const char *context, hpa_t line, uint64_t cyc)
{
    struct naming *n = opaque;
    const char *symbol = machine_symbol(n->machine, line);
    if (!symbol)
        return;
    for (guint i = 0; i < n->hot->len; i++) {
        struct hot *h = &g_array_index(n->hot, struct hot, i);
        if (strcmp(h->context, context) == 0 && strcmp(h->symbol, symbol) == 0) {
            h->cyc += cyc;
            return;
        }
    }
    struct hot h = {g_strdup(context), symbol, cyc};
    g_array_append_val(n->hot, h);
}

static void add_leaf(struct naming *n, const char *context, const char *cause, const char *symbol, uint64_t cyc)
{
    char *name = g_strdup_printf("%s/%s%s%s", context, cause, symbol ? ":" : "", symbol ? symbol : "");
    if (cyc)
        result_add_leaf(n->result, name, cyc);
    g_free(name);
}

static void name_leaf(void *opaque, const char *context, enum ledger_cause cause, uint64_t cyc)
{
    struct naming *n = opaque;
    if (cause != LEDGER_COHERENCE) {
        add_leaf(n, context, ledger_cause_name(cause), NULL, cyc);
        return;
    }
    for (guint i = 0; i < n->hot->len; i++) {
        const struct hot *h = &g_array_index(n->hot, struct hot, i);
        if (strcmp(h->context, context) == 0 && h->cyc <= cyc) {
            add_leaf(n, context, ledger_cause_name(cause), h->symbol, h->cyc);
            cyc -= h->cyc;
        }
    }
    add_leaf(n, context, ledger_cause_name(cause), "other", cyc);
}

static void hot_clear(gpointer p)
{
    g_free(((struct hot *)p)->context);
}

static void name_leaves(struct naming *n, const struct ledger *window)
{
    n->hot = g_array_new(FALSE, FALSE, sizeof(struct hot));
    g_array_set_clear_func(n->hot, hot_clear);
    ledger_foreach_line(window, collect_line, n);
    ledger_foreach(window, name_leaf, n);
    g_array_unref(n->hot);
}

/* Sets cycles and core_cycles, adds the boundary leaf, and proves that the leaves make up exactly that. */
static gboolean close_books(struct result *r, const struct ledger *window, unsigned n_cores, GError **error)
{
    uint64_t sum = 0, named = 0;
    for (unsigned c = 0; c < n_cores; c++) {
        r->cycles = MAX(r->cycles, ledger_core_total(window, c));
        sum += ledger_core_total(window, c);
    }
    for (guint i = 0; i < r->leaves->len; i++)
        named += g_array_index(r->leaves, struct result_leaf, i).cyc;
    r->core_cycles = r->cycles * n_cores;
    if (named != sum || r->core_cycles - sum > (uint64_t)BOUNDARY_MAX_CYC * n_cores) {
        g_set_error(error, STUDY_ERROR, STUDY_BUG,
                    "the ledger does not add up: leaves %" G_GUINT64_FORMAT ", cores %" G_GUINT64_FORMAT
                    ", cores x cycles %" G_GUINT64_FORMAT,
                    named, sum, r->core_cycles);
        return FALSE;
    }
    if (r->core_cycles > sum)
        result_add_leaf(r, "window/boundary", r->core_cycles - sum);
    return TRUE;
}

static void add_domains(struct machine *m, struct result *r, const struct plan *p, const struct account_mark *begin)
{
    double hz = (double)p->machine.cpu.clock_khz * 1000.0;
    for (unsigned i = 0; i < p->domains->len; i++) {
        const struct machine_domain *md = machine_domain(m, i + 1);
        struct result_domain d = {.name = g_strdup(((struct plan_domain *)p->domains->pdata[i])->name)};
        double seconds = r->seconds;
        if (md) {
            d.ops = md->ops - begin->ops[i + 1];
            if (p->window_cyc == 0)
                seconds = md->roi_ended ? (double)(md->roi_end - md->roi_begin) / hz : 0;
        }
        d.throughput = seconds > 0 ? (double)d.ops / seconds : 0;
        r->throughput += d.throughput;
        r->ops += d.ops;
        g_array_append_val(r->domains, d);
    }
}

static void add_stat(void *opaque, const char *name, const struct stats_row *row, uint64_t value)
{
    result_add_stat(opaque, name, row->unit, row->text, value);
}

static void add_stats(struct machine *m, struct result *r, const struct account_mark *begin)
{
    result_add_stat(r, "core_cycles", "cycles", "cores times cycles of the window", r->core_cycles);
    result_add_stat(r, "instructions", "count", "instructions retired, all cores", r->instructions);
    result_add_stat(r, "ops", "count", "operations of all domains", r->ops);
    for (unsigned i = 0; i < HV_COUNTERS; i++)
        result_add_stat(r, counter_rows[i].name, "count", counter_rows[i].text,
                        machine_hv_counter(m, i) - begin->counters[i]);
    stats_foreach(machine_stats(m), add_stat, r);
    result_add_derived(r);
}

struct result *account_result(struct machine *m, const struct plan *p, const struct account_mark *begin, GError **error)
{
    GError *why = NULL;
    machine_settle(m);
    if (!machine_ledger_check(m, &why)) {
        g_set_error(error, STUDY_ERROR, STUDY_BUG, "%s", why->message);
        g_error_free(why);
        return NULL;
    }
    struct result *r = result_new();
    struct naming n = {.machine = m, .result = r};
    struct ledger *window = ledger_snapshot(machine_ledger(m));
    ledger_subtract(window, begin->ledger);
    name_leaves(&n, window);
    gboolean ok = close_books(r, window, p->machine.n_cores, error);
    ledger_free(window);
    if (!ok) {
        result_free(r);
        return NULL;
    }
    r->seconds = (double)r->cycles / ((double)p->machine.cpu.clock_khz * 1000.0);
    r->instructions = machine_instructions(m) - begin->instructions;
    r->state_hash = machine_state_hash(m);
    add_domains(m, r, p, begin);
    add_stats(m, r, begin);
    return r;
}
