/* SPDX-License-Identifier: Apache-2.0 */
/* Running one program. See exec.h. */
#include "sim/study/exec.h"
#include "sim/study/scenario.h"

#include <string.h>

enum { DLE = 0x10, SLICES_PER_S = 100 };

struct run {
    const struct exec_cfg *cfg;
    struct machine *machine;
    enum machine_stop stop;
    gboolean is_escaped, has_begun;
    char gave_up; /* 'x': the kernel, 'n': there was nothing to start */
    char stream;  /* 'k', 'o', 'e' */
    GString *log; /* the kernel's words before the program starts, and its last ones */
};

/* ---- The serial line ---- */

static void put_log(struct run *r, char c)
{
    if (r->has_begun)
        putc(c, r->cfg->err);
    g_string_append_c(r->log, c);
    if (c == '\n' && r->has_begun)
        g_string_truncate(r->log, 0);
}

static void put_byte(struct run *r, char c)
{
    if (r->stream == 'k')
        put_log(r, c);
    else
        putc(c, r->stream == 'o' ? r->cfg->out : r->cfg->err);
}

static void put_serial(void *opaque, char c)
{
    struct run *r = opaque;
    if (!r->is_escaped) {
        r->is_escaped = c == DLE;
        if (c != DLE)
            put_byte(r, c);
        return;
    }
    r->is_escaped = FALSE;
    if (c == DLE)
        put_byte(r, c);
    else if (c == 'x' || c == 'n')
        r->gave_up = c;
    else
        r->stream = c;
}

/* ---- Ends that are not the program's ---- */

static gboolean fail(struct run *r, GError **error)
{
    static const struct {
        int code;
        const char *what;
    } why[] = {
        [MACHINE_CYCLE] = {STUDY_BUG, "the machine stopped"},
        [MACHINE_INSTRUCTIONS] = {STUDY_GUEST, "--max-insns is used up"},
        [MACHINE_ROI] = {STUDY_BUG, "the machine stopped"},
        [MACHINE_EXIT] = {STUDY_BUG, "the guest kernel gave up"},
        [MACHINE_DEAD] = {STUDY_BUG, "the core is halted and nothing is pending"},
        [MACHINE_SHUTDOWN] = {STUDY_BUG, "the core had a triple fault"},
        [MACHINE_INTERRUPTED] = {STUDY_INTERRUPTED, "interrupted"},
    };
    fflush(r->cfg->out);
    fflush(r->cfg->err);
    if (r->stop != MACHINE_EXIT) {
        GString *cores = g_string_new(NULL);
        machine_settle(r->machine);
        machine_report_cores(r->machine, cores);
        fputs(cores->str, stderr);
        g_string_free(cores, TRUE);
    }
    g_strchomp(r->log->str);
    if (r->stop == MACHINE_EXIT && r->gave_up == 'n') {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s", r->log->str);
        return FALSE;
    }
    g_set_error(error, STUDY_ERROR, why[r->stop].code, "%s, after %" G_GUINT64_FORMAT " instructions%s%s",
                why[r->stop].what, machine_instructions(r->machine), r->log->str[0] ? ": " : "", r->log->str);
    return FALSE;
}

/* ---- The phases: the kernel's boot, the program, the kernel's end (native_mark_program() in the guest) ---- */

/* In slices of simulated time, so that what the program prints without an end of line is seen too. */
static enum machine_stop advance(struct run *r, unsigned domains_in_roi)
{
    cyc_t slice = (cyc_t)r->cfg->machine.cpu.clock_khz * 1000 / SLICES_PER_S;
    do {
        struct machine_until until = {.cycle = machine_now(r->machine) + slice,
                                      .instructions = r->cfg->max_insns,
                                      .domains_in_roi = domains_in_roi,
                                      .interrupted = r->cfg->interrupted};
        r->stop = machine_run(r->machine, &until);
        fflush(r->cfg->out);
    } while (r->stop == MACHINE_CYCLE);
    return r->stop;
}

static gboolean measure(struct run *r, struct exec_result *res, GError **error)
{
    machine_set_mode(r->machine, CPU_FUNCTIONAL);
    if (advance(r, 1) != MACHINE_ROI || !machine_domain(r->machine, 1)->roi_begun) {
        if (r->stop == MACHINE_ROI)
            advance(r, 0); /* it never began: to the kernel's last words */
        return fail(r, error);
    }
    r->has_begun = TRUE;
    g_string_truncate(r->log, 0);
    machine_set_mode(r->machine, r->cfg->machine.mode);
    uint64_t cycle = machine_now(r->machine), instructions = machine_instructions(r->machine);
    gint64 start_us = g_get_monotonic_time();
    if (advance(r, 2) != MACHINE_ROI)
        return fail(r, error);
    *res = (struct exec_result){.cycles = machine_now(r->machine) - cycle,
                                .instructions = machine_instructions(r->machine) - instructions,
                                .host_seconds = (double)(g_get_monotonic_time() - start_us) * 1e-6};
    machine_set_mode(r->machine, CPU_FUNCTIONAL);
    if (advance(r, 0) != MACHINE_EXIT || r->gave_up)
        return fail(r, error);
    res->exit_code = machine_exit_code(r->machine);
    return TRUE;
}

gboolean exec_run(const struct exec_cfg *cfg, struct exec_result *res, GError **error)
{
    struct run r = {.cfg = cfg, .machine = machine_new(&cfg->machine), .stream = 'k', .log = g_string_new(NULL)};
    struct machine_module module = {cfg->module->data, cfg->module->len, NULL};
    GError *why = NULL;
    gboolean ok = FALSE;
    machine_set_domain_name(r.machine, 1, "program");
    machine_set_serial(r.machine, put_serial, &r);
    if (machine_load_pvh(r.machine, cfg->kernel, "init", &module, 1, &why)) {
        ok = measure(&r, res, error);
    } else {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s", why->message);
        g_error_free(why);
    }
    machine_free(r.machine);
    g_string_free(r.log, TRUE);
    return ok;
}
