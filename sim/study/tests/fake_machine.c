/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine that only looks like one: it fulfils sim/machine/machine.h with arithmetic instead of a simulation, so that
 * the study and the tool are tested without CPU, hypervisor or guest. It reads the boot module, so a test that runs it
 * also tests the module. It lies about everything else: its numbers mean nothing.
 *
 * Behaviour is chosen by words in a domain's command line: "fake=dead" (the machine stops), "fake=shutdown",
 * "fake=ends" (ends before its ROI), "fake=slow" (takes host time), "fake=crash" (run to the end exits with 1).
 */
#include "sim/machine/machine.h"
#include "sim/core/ledger.h"
#include "hv/abi/counters.h"

#include <string.h>

#define BOOT_CYC  1000000u
#define FAKE_DOMS 64

struct machine {
    struct machine_cfg cfg;
    struct ledger *ledger;
    struct stats *stats;
    uint64_t values[1];
    uint64_t counters[HV_COUNTERS];
    struct machine_domain domains[FAKE_DOMS + 1];
    unsigned n_domains;
    bool is_tlb_global;
    char *names[FAKE_DOMS + 1];
    char *text; /* the module's "domains" */
    cyc_t now;
    void (*put)(void *, char);
    void *opaque;
};

static const struct stats_row rows[] = {STATS_ROW(walks, "count", "page walks")};

bool machine_profile_load(struct machine_cfg *cfg, const char *path, GError **error)
{
    char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, error))
        return false;
    g_free(text);
    cfg->cpu.clock_khz = 2400000;
    return true;
}

struct machine *machine_new(const struct machine_cfg *cfg)
{
    struct machine *m = g_new0(struct machine, 1);
    m->cfg = *cfg;
    m->ledger = ledger_new(cfg->n_cores);
    m->stats = stats_new();
    stats_add(m->stats, "cpu", rows, 1, m->values);
    return m;
}

void machine_free(struct machine *m)
{
    ledger_free(m->ledger);
    stats_free(m->stats);
    for (unsigned i = 0; i <= FAKE_DOMS; i++)
        g_free(m->names[i]);
    g_free(m->text);
    g_free(m);
}

void machine_set_mode(struct machine *m, enum cpu_mode mode)
{
    (void)m, (void)mode;
}
void machine_set_domain_name(struct machine *m, unsigned domid, const char *name)
{
    m->names[domid] = g_strdup(name);
}

bool machine_load_pvh(struct machine *m, const char *path, const char *cmdline, const struct machine_module *modules,
                      size_t n_modules, GError **error)
{
    if (n_modules != 1 || modules[0].bytes < 120 || memcmp(modules[0].data, "070701", 6) != 0) {
        g_set_error(error, g_quark_from_static_string("fake"), 1, "%s: module is no cpio archive", path);
        return false;
    }
    const char *head = modules[0].data;
    char size[9] = {0};
    memcpy(size, head + 54, 8);
    m->text = g_strndup(head + 120, g_ascii_strtoull(size, NULL, 16));
    m->is_tlb_global = strstr(cmdline, "tlb-global=on") != NULL;
    for (const char *l = m->text; (l = strstr(l, "name=")); l++)
        m->n_domains++;
    return m->n_domains <= FAKE_DOMS;
}

void machine_set_serial(struct machine *m, void (*put)(void *opaque, char c), void *opaque)
{
    m->put = put;
    m->opaque = opaque;
}

static void say(const struct machine *m, const char *text)
{
    for (; *text; text++)
        m->put(m->opaque, *text);
}

static void pass(struct machine *m, cyc_t cycles)
{
    for (unsigned c = 0; c < m->cfg.n_cores; c++) {
        char name[32];
        g_snprintf(name, sizeof name, "%s/v0/hv", m->names[c + 1]);
        unsigned context = ledger_context(m->ledger, c < m->n_domains ? name : "idle");
        struct ledger_row *row = ledger_row(m->ledger, c, context);
        row->cyc[c < m->n_domains ? LEDGER_RETIRING : LEDGER_IDLE] += cycles - cycles / 4;
        row->cyc[LEDGER_COHERENCE] += cycles / 4;
        ledger_line(m->ledger, context, (hpa_t){0x1000}, cycles / 8);
        ledger_line(m->ledger, context, (hpa_t){0x2000}, cycles / 16);
    }
    m->now += cycles;
    m->values[0] += cycles / 100;
    uint64_t ops = cycles / (m->is_tlb_global ? 1000 : 1000 + 300 * m->n_domains);
    for (unsigned d = 1; d <= m->n_domains && m->now > BOOT_CYC; d++)
        m->domains[d].ops += ops;
    m->counters[HV_COUNTER_syscalls_bounced] += ops * m->n_domains;
    m->counters[HV_COUNTER_iret_hypercalls] += ops * m->n_domains;
    m->counters[HV_COUNTER_clock_ticks] += m->is_tlb_global ? 0 : 2 * ops * m->n_domains;
}

static void finish(struct machine *m)
{
    for (unsigned d = 1; d <= m->n_domains; d++) {
        m->domains[d].roi_begin = BOOT_CYC;
        m->domains[d].roi_end = m->now;
        m->domains[d].ended = m->domains[d].roi_ended = true;
        say(m, "(u) @result checksum 42 hash\n");
    }
    say(m, "(hv) @counter hypercalls 7\n(hv) @counter timer_irqs 3\n(hv) @done 1 0\n");
}

enum machine_stop machine_run(struct machine *m, const struct machine_until *until)
{
    if (strstr(m->text, "fake=slow"))
        g_usleep(20000);
    if (until->interrupted && *until->interrupted)
        return MACHINE_INTERRUPTED;
    pass(m, until->cycle - m->now);
    if (strstr(m->text, "fake=dead"))
        return MACHINE_DEAD;
    if (strstr(m->text, "fake=shutdown"))
        return MACHINE_SHUTDOWN;
    m->domains[1].ended = strstr(m->text, "fake=ends") != NULL;
    if (m->now < BOOT_CYC)
        return MACHINE_CYCLE;
    if (until->domains_in_roi && !m->domains[1].ended)
        return MACHINE_ROI;
    if (!until->domains_in_roi && strstr(m->text, "iterations=1\"") && m->now > 4 * BOOT_CYC) {
        finish(m);
        return MACHINE_EXIT;
    }
    return MACHINE_CYCLE;
}

unsigned machine_exit_code(const struct machine *m)
{
    return strstr(m->text, "fake=crash") != NULL;
}

cyc_t machine_now(const struct machine *m)
{
    return m->now;
}

void machine_settle(struct machine *m)
{
    (void)m;
}

uint64_t machine_instructions(const struct machine *m)
{
    return m->now * m->cfg.n_cores / 2;
}

struct ledger *machine_ledger(struct machine *m)
{
    return m->ledger;
}

struct stats *machine_stats(struct machine *m)
{
    return m->stats;
}

const struct machine_domain *machine_domain(const struct machine *m, unsigned domid)
{
    return domid >= 1 && domid <= m->n_domains ? &m->domains[domid] : NULL;
}

uint64_t machine_state_hash(const struct machine *m)
{
    return m->now * 0x9e3779b97f4a7c15u ^ m->cfg.seed;
}

bool machine_ledger_check(struct machine *m, GError **error)
{
    (void)m;
    (void)error;
    return true;
}

uint64_t machine_hv_counter(const struct machine *m, unsigned index)
{
    return m->counters[index];
}

const char *machine_symbol(const struct machine *m, hpa_t a)
{
    (void)m;
    return a.v == 0x1000 ? "tlbflush_clock" : NULL;
}

void machine_report_cores(struct machine *m, GString *out)
{
    g_string_append_printf(out, "core 0: fake at cycle %" G_GUINT64_FORMAT "\n", m->now);
}
