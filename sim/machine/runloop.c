/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run loop: which core runs next, and how far (docs/adr/0001).
 *
 * Always the runnable core with the smallest (time, number). "Second" is the next one in that order:
 *   share_limit = second's time, plus 1 if this core wins a tie: until then it is first in time order;
 *   run_limit   = second's time + lookahead: nothing another core does before that can reach this core;
 * both are cut at the next event and at the end of the run. Events whose time has come run first. A core that halts is
 * out of the order until an event wakes it, and when all cores are halted time jumps to the next event.
 *
 * Why it is causal: a shared action happens at now < share_limit, so no other runnable core is behind it; halted cores
 * wake only through events, and an event posted in a turn ends that turn (machine_post). Why it ends: the first core
 * has now < share_limit, so it can always run one instruction.
 */
#include "sim/core/fault.h"
#include "sim/machine/machine_internal.h"

/* A lone core comes back this often, for Ctrl-C and the instruction limit. It changes no cycle: nothing else runs. */
enum { TURN_MAX_CYC = 1 << 16 };

struct order {
    unsigned first, second;
    cyc_t first_time, second_time; /* CYC_NEVER: there is none */
};

eventq_id machine_post(struct machine *m, cyc_t when, eventq_fn *fn, uint64_t arg)
{
    if (m->in_turn)
        cpu_stop_turn(m->core[m->running]);
    return eventq_post(m->events, when, fn, m, arg);
}

void machine_refresh(struct machine *m, unsigned core)
{
    m->time[core] = cpu_is_halted(m->core[core]) ? CYC_NEVER : cpu_now(m->core[core]);
}

void machine_ask_stop(struct machine *m, enum machine_stop reason)
{
    if (!m->exit.stop)
        m->exit.reason = reason;
    m->exit.stop = true;
    if (m->in_turn)
        cpu_stop_turn(m->core[m->running]);
}

static struct order order_of(const struct machine *m)
{
    struct order o = {0, 0, CYC_NEVER, CYC_NEVER};

    for (unsigned i = 0; i < m->cfg.n_cores; i++) {
        cyc_t t = m->time[i];

        if (t < o.first_time) {
            o.second = o.first;
            o.second_time = o.first_time;
            o.first = i;
            o.first_time = t;
        } else if (t < o.second_time) {
            o.second = i;
            o.second_time = t;
        }
    }
    return o;
}

static cyc_t sum(cyc_t a, cyc_t b)
{
    return a > CYC_NEVER - b ? CYC_NEVER : a + b;
}

static cyc_t least(cyc_t a, cyc_t b)
{
    return a < b ? a : b;
}

static void account(struct machine *m, unsigned core)
{
    uint64_t n = cpu_instructions(m->core[core]);

    m->instructions += n - m->instructions_seen[core];
    m->instructions_seen[core] = n;
}

/* How long a turn may be. Towards the instruction limit it gets shorter, so that the run ends near it. */
static cyc_t longest_turn(const struct machine *m, const struct machine_until *until)
{
    uint64_t left = until->instructions ? (until->instructions - m->instructions) / m->cfg.cpu.width : TURN_MAX_CYC;

    return left < 1 ? 1 : least(left, TURN_MAX_CYC);
}

static void turn(struct machine *m, const struct order *o, const struct machine_until *until)
{
    cyc_t wall = least(least(until->cycle, eventq_next(m->events)), sum(o->first_time, longest_turn(m, until)));
    cyc_t run_limit = least(wall, sum(o->second_time, m->lookahead_cyc));
    cyc_t share_limit = least(wall, sum(o->second_time, o->first < o->second ? 1 : 0));
    struct cpu *c = m->core[o->first];
    uint64_t before = m->instructions;

    m->running = o->first;
    m->in_turn = true;
    enum cpu_stop stop = cpu_run(c, run_limit, share_limit);
    m->in_turn = false;
    account(m, o->first);
    machine_refresh(m, o->first);
    if (stop == CPU_STOP_SHUTDOWN) {
        m->exit.dead_core = o->first;
        machine_ask_stop(m, MACHINE_SHUTDOWN);
    } else if (m->time[o->first] == o->first_time && m->instructions == before && stop != CPU_STOP_ASKED) {
        sim_bug("core %u is first at cycle %" G_GUINT64_FORMAT
                " and does not go on (stop %d, limits +%" G_GUINT64_FORMAT ", +%" G_GUINT64_FORMAT ")",
                o->first, o->first_time, (int)stop, run_limit - o->first_time, share_limit - o->first_time);
    }
}

/* Nothing more to do before @end, or something asked to stop. */
static bool finished(struct machine *m, const struct machine_until *until, enum machine_stop *why)
{
    if (m->exit.stop) {
        m->exit.stop = false;
        *why = m->exit.reason;
        return true;
    }
    *why = MACHINE_INSTRUCTIONS;
    if (until->instructions && m->instructions >= until->instructions)
        return true;
    *why = MACHINE_INTERRUPTED;
    return until->interrupted && *until->interrupted;
}

enum machine_stop machine_run(struct machine *m, const struct machine_until *until)
{
    enum machine_stop why;

    m->roi_target = until->domains_in_roi;
    if (m->roi_target && m->domains_in_roi >= m->roi_target)
        return MACHINE_ROI;
    for (;;) {
        if (finished(m, until, &why))
            return why;
        struct order o = order_of(m);
        cyc_t event = eventq_next(m->events), next = least(o.first_time, event);

        if (next == CYC_NEVER)
            return MACHINE_DEAD;
        if (next >= until->cycle) {
            m->now = m->now > until->cycle ? m->now : until->cycle;
            return MACHINE_CYCLE;
        }
        m->now = m->now > next ? m->now : next;
        if (event <= o.first_time)
            eventq_run_one(m->events);
        else
            turn(m, &o, until);
    }
}

cyc_t machine_now(const struct machine *m)
{
    return m->now;
}

void machine_settle(struct machine *m)
{
    for (unsigned i = 0; i < m->cfg.n_cores; i++)
        if (m->time[i] == CYC_NEVER)
            cpu_idle_until(m->core[i], m->now);
}
