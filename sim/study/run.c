/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The phases of a measured run. Time is advanced in slices of simulated time, the same in every run, only so that
 * progress can be shown and a domain that ended early is found early; a slice changes no cycle of the machine.
 */
#include "sim/study/run.h"
#include "sim/study/account.h"
#include "hv/abi/counters.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define SLICE_US 1000

struct run {
    const struct plan *plan;
    const struct run_hooks *hooks;
    struct machine *machine;
    enum machine_stop stop;
    struct account_mark *begin; /* where the window began; NULL until then */
    double host_start, cpu_start;
};

static double host_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void put_serial(void *opaque, char c)
{
    const struct run_hooks *h = opaque;
    if (h->serial)
        putc(c, h->serial);
    if (h->is_echoed)
        putc(c, stderr);
}

static void show(const struct run *r, const char *phase, gboolean is_last)
{
    if (r->hooks->progress)
        r->hooks->progress(r->hooks->opaque, phase, (double)machine_now(r->machine) / r->plan->machine.cpu.clock_khz,
                           (double)machine_instructions(r->machine), is_last);
}

/* The machine stopped where it should not have: say what happened and where every core stands. */
static gboolean fail_stop(const struct run *r, const char *phase, GError **error)
{
    static const struct {
        int code; /* enum study_exit */
        const char *what;
    } why[] = {
        [MACHINE_CYCLE] = {STUDY_GUEST, "the time allowed by measure.max_ms was over"},
        [MACHINE_INSTRUCTIONS] = {STUDY_GUEST, "the instruction limit was reached"},
        [MACHINE_ROI] = {STUDY_GUEST, "all domains are in their region of interest"},
        [MACHINE_EXIT] = {STUDY_GUEST, "the hypervisor ended the machine"},
        [MACHINE_DEAD] = {STUDY_GUEST, "every core is halted and nothing is pending"},
        [MACHINE_SHUTDOWN] = {STUDY_GUEST, "a core had a triple fault"},
        [MACHINE_INTERRUPTED] = {STUDY_INTERRUPTED, "interrupted"},
    };
    g_set_error(error, STUDY_ERROR, why[r->stop].code, "%s: %s (simulated time %.3f ms)", phase, why[r->stop].what,
                (double)machine_now(r->machine) / r->plan->machine.cpu.clock_khz);
    if (r->stop == MACHINE_INTERRUPTED)
        return FALSE;
    GString *cores = g_string_new(NULL);
    machine_report_cores(r->machine, cores);
    fputs(cores->str, stderr);
    g_string_free(cores, TRUE);
    return FALSE;
}

/* A domain that ended is not measured any more: better no number than a wrong one. */
static gboolean none_ended(const struct run *r, const char *phase, GError **error)
{
    for (unsigned i = 0; i < r->plan->domains->len; i++) {
        const struct plan_domain *d = r->plan->domains->pdata[i];
        const struct machine_domain *m = machine_domain(r->machine, i + 1);
        if (m && (m->ended || m->roi_ended)) {
            g_set_error(error, STUDY_ERROR, STUDY_GUEST,
                        "%s: domain %s %s; give it more iterations, or measure.window_us = 0 to run to the end", phase,
                        d->name, m->ended ? "ended" : "finished its work");
            return FALSE;
        }
    }
    return TRUE;
}

/* Runs until @cycle, or all domains are in their ROI; FALSE on any other stop. */
static gboolean advance(struct run *r, cyc_t cycle, unsigned domains_in_roi, const char *phase, GError **error)
{
    cyc_t slice = plan_cycles(r->plan, SLICE_US);
    for (cyc_t next = machine_now(r->machine) + slice;; next += slice) {
        struct machine_until until = {
            .cycle = MIN(next, cycle), .domains_in_roi = domains_in_roi, .interrupted = r->hooks->interrupted};
        r->stop = machine_run(r->machine, &until);
        show(r, phase, FALSE);
        if (r->stop == MACHINE_ROI)
            return TRUE;
        if (r->stop != MACHINE_CYCLE)
            return fail_stop(r, phase, error);
        if (!none_ended(r, phase, error))
            return FALSE;
        if (next >= cycle)
            return domains_in_roi == 0 || fail_stop(r, phase, error);
    }
}

static gboolean measure_window(struct run *r, GError **error)
{
    machine_set_mode(r->machine, r->plan->boot_mode);
    if (!advance(r, r->plan->max_cyc, r->plan->domains->len, "boot", error))
        return FALSE;
    machine_set_mode(r->machine, r->plan->machine.mode);
    if (r->plan->warmup_cyc && !advance(r, machine_now(r->machine) + r->plan->warmup_cyc, 0, "warm-up", error))
        return FALSE;
    r->begin = account_mark(r->machine);
    return advance(r, machine_now(r->machine) + r->plan->window_cyc, 0, "window", error) &&
           none_ended(r, "window", error);
}

static gboolean run_to_end(struct run *r, GError **error)
{
    cyc_t slice = plan_cycles(r->plan, SLICE_US);
    r->begin = account_mark(r->machine);
    for (cyc_t next = slice;; next += slice) {
        struct machine_until until = {.cycle = MIN(next, r->plan->max_cyc), .interrupted = r->hooks->interrupted};
        r->stop = machine_run(r->machine, &until);
        show(r, "run", FALSE);
        if (r->stop == MACHINE_EXIT)
            return TRUE;
        if (r->stop != MACHINE_CYCLE || next >= r->plan->max_cyc)
            return fail_stop(r, "run to the end (iterations = 0 has none)", error);
    }
}

static void measure_host(const struct run *r, struct result *res)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    res->host.seconds = host_clock(CLOCK_MONOTONIC) - r->host_start;
    res->host.cpu_seconds = host_clock(CLOCK_PROCESS_CPUTIME_ID) - r->cpu_start;
    res->host.mips = (double)machine_instructions(r->machine) / res->host.cpu_seconds * 1e-6;
    res->host.max_rss_bytes = (uint64_t)use.ru_maxrss * 1024;
}

static struct result *measure(struct run *r, GError **error)
{
    const struct plan *p = r->plan;
    gboolean to_end = p->window_cyc == 0;
    if (!(to_end ? run_to_end(r, error) : measure_window(r, error)))
        return NULL;
    struct result *res = account_result(r->machine, p, r->begin, error);
    if (!res)
        return NULL;
    res->ran_to_end = to_end;
    res->exit_code = to_end ? machine_exit_code(r->machine) : 0;
    measure_host(r, res);
    show(r, "done", TRUE);
    return res;
}

struct result *run_measure(const struct plan *p, const struct run_hooks *hooks, GError **error)
{
    struct run r = {.plan = p,
                    .hooks = hooks,
                    .machine = machine_new(&p->machine),
                    .host_start = host_clock(CLOCK_MONOTONIC),
                    .cpu_start = host_clock(CLOCK_PROCESS_CPUTIME_ID)};
    struct machine_module module = {p->module->data, p->module->len, "modules.cpio"};
    struct result *res = NULL;
    GError *why = NULL;
    for (unsigned i = 0; i < p->domains->len; i++)
        machine_set_domain_name(r.machine, i + 1, ((struct plan_domain *)p->domains->pdata[i])->name);
    machine_set_serial(r.machine, put_serial, (void *)hooks);
    if (machine_load_pvh(r.machine, p->hv_path, p->hv_cmdline, &module, 1, &why)) {
        res = measure(&r, error);
    } else {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s", why->message);
        g_error_free(why);
    }
    account_mark_free(r.begin);
    machine_free(r.machine);
    return res;
}
