/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.json and stats.txt. Keys stand in a fixed order and numbers are printed with 17 digits, which bring back the same
 * double; so equal results are equal bytes. Only "host" differs from run to run.
 */
#include "sim/study/result.h"
#include "sim/study/scenario.h"
#include "sim/study/version.h"

#include <jansson.h>
#include <string.h>

/* Every effective option but those of the figures, which change no run. */
static json_t *options_json(const struct point *p)
{
    json_t *o = json_object();
    for (guint i = 0; i < p->scenario->slots->len; i++) {
        const struct scenario_slot *slot = scenario_slot(p->scenario, i);
        if (option_section_of(slot->id) == OPTION_SECTION_plot)
            continue;
        const char *v = point_value(p, slot);
        gboolean is_int = option_row(slot->id)->type == OPTION_INT;
        json_object_set_new(o, slot->key, is_int ? json_integer(g_ascii_strtoll(v, NULL, 10)) : json_string(v));
    }
    return o;
}

static json_t *domains_json(const struct result *r)
{
    json_t *all = json_array();
    for (guint i = 0; i < r->domains->len; i++) {
        const struct result_domain *d = &g_array_index(r->domains, struct result_domain, i);
        json_array_append_new(
            all, json_pack("{s:s, s:I, s:f}", "name", d->name, "ops", (json_int_t)d->ops, "throughput", d->throughput));
    }
    return all;
}

static json_t *ledger_json(const struct result *r)
{
    json_t *o = json_object();
    for (guint i = 0; i < r->leaves->len; i++) {
        const struct result_leaf *l = &g_array_index(r->leaves, struct result_leaf, i);
        json_object_set_new(o, l->name, json_integer((json_int_t)l->cyc));
    }
    return o;
}

static json_t *stats_json(const struct result *r)
{
    json_t *o = json_object();
    for (guint i = 0; i < r->stats->len; i++) {
        const struct result_stat *s = &g_array_index(r->stats, struct result_stat, i);
        json_object_set_new(o, s->name, s->is_real ? json_real(s->real) : json_integer((json_int_t)s->count));
    }
    return o;
}

char *result_write_json(const struct result *r, const struct point *p)
{
    char hash[19];
    g_snprintf(hash, sizeof hash, "0x%016" G_GINT64_MODIFIER "x", r->state_hash);
    json_t *o =
        json_pack("{s:s, s:s, s:o, s:s, s:I, s:f, s:I, s:f, s:o, s:o, s:o}", "version", STUDY_VERSION, "scenario",
                  p->scenario->name, "options", options_json(p), "state_hash", hash, "cycles", (json_int_t)r->cycles,
                  "seconds", r->seconds, "instructions", (json_int_t)r->instructions, "throughput", r->throughput,
                  "domains", domains_json(r), "ledger", ledger_json(r), "stats", stats_json(r));
    json_object_set_new(o, "host",
                        json_pack("{s:f, s:f, s:f, s:I}", "seconds", r->host.seconds, "cpu_seconds",
                                  r->host.cpu_seconds, "mips", r->host.mips, "max_rss_bytes",
                                  (json_int_t)r->host.max_rss_bytes));
    char *raw = json_dumps(o, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    char *text = g_strconcat(raw, "\n", NULL);
    free(raw);
    json_decref(o);
    return text;
}

static void stat_line(GString *out, const char *name, const char *value, const char *text, const char *unit)
{
    g_string_append_printf(out, "%-44s %20s  # %s (%s)\n", name, value, text, unit);
}

static void stat_count(GString *out, const char *name, uint64_t v, const char *text, const char *unit)
{
    char value[32];
    g_snprintf(value, sizeof value, "%" G_GUINT64_FORMAT, v);
    stat_line(out, name, value, text, unit);
}

static void stat_real(GString *out, const char *name, double v, const char *text, const char *unit)
{
    char value[G_ASCII_DTOSTR_BUF_SIZE];
    stat_line(out, name, g_ascii_formatd(value, sizeof value, "%.17g", v), text, unit);
}

char *result_write_stats(const struct result *r)
{
    GString *out = g_string_new("\n---------- Begin Simulation Statistics ----------\n");
    stat_real(out, "simSeconds", r->seconds, "Simulated time of the measured window", "Second");
    stat_count(out, "simTicks", r->cycles, "Core cycles of the measured window", "Cycle");
    stat_count(out, "simInsts", r->instructions, "Instructions retired in the window, all cores", "Count");
    stat_real(out, "throughput", r->throughput, "Operations of all domains a second", "Count/Second");
    for (guint i = 0; i < r->domains->len; i++) {
        const struct result_domain *d = &g_array_index(r->domains, struct result_domain, i);
        char *name = g_strdup_printf("domain.%s.ops", d->name);
        stat_count(out, name, d->ops, "Operations of the workload in the window", "Count");
        g_free(name);
    }
    for (guint i = 0; i < r->stats->len; i++) {
        const struct result_stat *s = &g_array_index(r->stats, struct result_stat, i);
        if (s->is_real)
            stat_real(out, s->name, s->real, s->text, s->unit);
        else
            stat_count(out, s->name, s->count, s->text, s->unit);
    }
    for (guint i = 0; i < r->leaves->len; i++) {
        const struct result_leaf *l = &g_array_index(r->leaves, struct result_leaf, i);
        char *name = g_strdelimit(g_strdup_printf("ledger.%s", l->name), " ", '_');
        stat_count(out, name, l->cyc, "Cycles of this leaf, all cores", "Cycle");
        g_free(name);
    }
    g_string_append(out, "\n---------- End Simulation Statistics   ----------\n");
    return g_string_free(out, FALSE);
}
