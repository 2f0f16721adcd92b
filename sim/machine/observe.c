/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at a machine without touching it: statistics, ledger check, state hash, counters of the hypervisor, reports.
 * Nothing here charges a cycle or changes simulated state.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "hv/abi/counters.h"
#include "sim/machine/machine_internal.h"

/* clang-format off */
static const struct stats_row cpu_rows[] = {
#define STAT STATS_ROW
#include "cpu/stats.def"
#undef STAT
};
static const struct stats_row tlb_rows[] = {
#define STAT STATS_ROW
#include "tlb/stats.def"
#undef STAT
};
static const struct stats_row mem_rows[] = {
#define STAT STATS_ROW
#include "sim/mem/stats.def"
#undef STAT
};
/* clang-format on */

static const uint64_t *cpu_values(const struct machine *m, unsigned core)
{
    return (const uint64_t *)cpu_stats(m->core[core]);
}

static const uint64_t *tlb_values(const struct machine *m, unsigned core)
{
    return (const uint64_t *)cpu_tlb_stats(m->core[core]);
}

static const uint64_t *mem_values(const struct machine *m, unsigned core)
{
    return (const uint64_t *)mem_core_stats(m->mem, core);
}

static const struct group {
    const char *name;
    const struct stats_row *rows;
    size_t n;
    const uint64_t *(*values)(const struct machine *m, unsigned core);
} groups[] = {
    {"cpu", cpu_rows, G_N_ELEMENTS(cpu_rows), cpu_values},
    {"tlb", tlb_rows, G_N_ELEMENTS(tlb_rows), tlb_values},
    {"mem", mem_rows, G_N_ELEMENTS(mem_rows), mem_values},
};

/* Sums over the cores: refreshed whenever machine_stats() is asked. */
struct total {
    const struct group *group;
    uint64_t *values;
};

static void free_total(void *p)
{
    g_free(((struct total *)p)->values);
}

void observe_init(struct machine *m)
{
    m->stats = stats_new();
    m->totals = g_array_new(FALSE, FALSE, sizeof(struct total));
    g_array_set_clear_func(m->totals, free_total);
    for (size_t g = 0; g < G_N_ELEMENTS(groups); g++) {
        struct total t = {&groups[g], g_new0(uint64_t, groups[g].n)};

        stats_add(m->stats, groups[g].name, groups[g].rows, groups[g].n, t.values);
        g_array_append_val(m->totals, t);
    }
    for (unsigned core = 0; core < m->cfg.n_cores; core++)
        for (size_t g = 0; g < G_N_ELEMENTS(groups); g++) {
            char prefix[32];

            snprintf(prefix, sizeof(prefix), "core%u.%s", core, groups[g].name);
            stats_add(m->stats, prefix, groups[g].rows, groups[g].n, groups[g].values(m, core));
        }
}

struct stats *machine_stats(struct machine *m)
{
    for (unsigned i = 0; i < m->totals->len; i++) {
        struct total *t = &g_array_index(m->totals, struct total, i);

        memset(t->values, 0, t->group->n * sizeof(*t->values));
        for (unsigned core = 0; core < m->cfg.n_cores; core++)
            for (size_t k = 0; k < t->group->n; k++)
                t->values[k] += t->group->values(m, core)[k];
    }
    return m->stats;
}

uint64_t machine_instructions(const struct machine *m)
{
    return m->instructions;
}

struct ledger *machine_ledger(struct machine *m)
{
    return m->ledger;
}

unsigned machine_exit_code(const struct machine *m)
{
    return m->exit.code;
}

int machine_exit_status(const struct machine *m)
{
    return m->exit.by_port ? (int)((m->exit.code << 1 | 1) & 0xff) : 0;
}

bool machine_was_reset(const struct machine *m)
{
    return m->exit.by_reset;
}

uint64_t machine_unknown_accesses(const struct machine *m)
{
    return m->unknown_accesses;
}

unsigned machine_dead_core(const struct machine *m)
{
    return m->exit.dead_core;
}

bool machine_ledger_check(struct machine *m, GError **error)
{
    for (unsigned i = 0; i < m->cfg.n_cores; i++) {
        uint64_t sum = ledger_core_total(m->ledger, i);

        if (sum == cpu_now(m->core[i]))
            continue;
        g_set_error(error, MACHINE_ERROR, 0, "the ledger of core %u sums to %" PRIu64 " cycles, its time is %" PRIu64,
                    i, sum, cpu_now(m->core[i]));
        return false;
    }
    return true;
}

/* ---- state hash ---- */
static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x100000001b3u; /* FNV-1a's prime, a word at a time; the rotation brings high bits down */
    return h << 29 | h >> 35;
}

static uint64_t hash_range(uint64_t h, const struct phys *p, uint64_t from, uint64_t to)
{
    static const uint64_t zero[SIM_PAGE_BYTES / 8];

    for (uint64_t a = from; a < to; a += SIM_PAGE_BYTES) {
        uint64_t page[SIM_PAGE_BYTES / 8];

        if (memcmp(p->base + a, zero, sizeof(zero)) == 0)
            continue; /* whether the host ever allocated it must not be visible */
        memcpy(page, p->base + a, sizeof(page));
        h = mix(h, a);
        for (size_t i = 0; i < G_N_ELEMENTS(page); i++)
            h = mix(h, page[i]);
    }
    return h;
}

uint64_t machine_state_hash(const struct machine *m)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (unsigned i = 0; i < m->cfg.n_cores; i++)
        h = mix(cpu_state_hash(m->core[i], h), cpu_now(m->core[i]));
    h = hash_range(h, m->phys, 0, m->phys->low_end);
    return hash_range(h, m->phys, 1ull << 32, m->phys->high_end);
}

/* ---- names and counters of the image ---- */
uint64_t machine_hv_counter(const struct machine *m, unsigned index)
{
    const struct symbol *s = symbols_named(m->symbols, "hv_abi_counters");
    uint64_t sum = 0;

    if (!s || index >= HV_COUNTERS)
        return 0;
    for (unsigned cpu = 0; cpu < HV_ABI_MAX_CPUS; cpu++) {
        uint64_t at = (cpu * HV_COUNTERS_PADDED + index) * sizeof(uint64_t), v = 0;

        if (at + sizeof(v) <= s->bytes && phys_copy_out(m->phys, &v, (hpa_t){s->pa + at}, sizeof(v)))
            sum += v;
    }
    return sum;
}

const char *machine_symbol(const struct machine *m, hpa_t a)
{
    const struct symbol *s = symbols_at_pa(m->symbols, a.v);

    if (!s)
        s = symbols_in_line(m->symbols, a.v);
    return s ? s->name : NULL;
}

void machine_report_cores(struct machine *m, GString *out)
{
    for (unsigned i = 0; i < m->cfg.n_cores; i++) {
        struct cpu_state s;

        cpu_get_state(m->core[i], &s);
        const struct symbol *sym = symbols_at_va(m->symbols, s.rip);
        g_string_append_printf(out, "core %u: cycle %" PRIu64 " rip %#" PRIx64, i, cpu_now(m->core[i]), s.rip);
        if (sym)
            g_string_append_printf(out, " %s+%#" PRIx64, sym->name, s.rip - sym->va);
        g_string_append_printf(out, " cpl %u cr3 %#" PRIx64 " rsp %#" PRIx64 " cr2 %#" PRIx64 "%s%s\n", s.cpl, s.cr3,
                               s.r[4], s.cr2, s.rflags >> 9 & 1 ? "" : " interrupts off",
                               cpu_is_halted(m->core[i]) ? " halted" : "");
    }
}

void observe_context(void *opaque)
{
    struct machine *m = opaque;
    GString *s = g_string_new(NULL);

    if (m->in_turn)
        g_string_append_printf(s, "core %u was running\n", m->running);
    machine_report_cores(m, s);
    fputs(s->str, stderr);
    g_string_free(s, TRUE);
}
