/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The turn: execute from the core's own time up to a limit (docs/adr/0001).
 *
 * Between two instructions is a boundary. Whatever may happen there (interrupts, NMI, single step, being halted, a stop
 * that the board asked for) raises c->attention; without it a boundary costs one test. An instruction is issued (time
 * moves to when its sources are ready), executed (state changes or an event comes back), retired (time of its results).
 * Everything that may wait comes before anything that changes state, so a turn can end at any boundary and within any
 * instruction that has to wait, and the next turn simply goes on.
 */
#include "cpu/fetch.h"
#include "cpu/lapic.h"
#include "cpu/pipeline.h"
#include "sim/core/fault.h"

#define GO_ON (-1) /* beside enum cpu_stop */

void cpu_attend(struct cpu *c)
{
    bool interrupt = (c->rflags & CPU_RFLAGS_IF) && (c->extint_vector >= 0 || lapic_pending(c) >= 0 || lapic_extint(c));
    c->attention = c->raised.kind || c->woken || c->stop_asked || c->halted || c->shutdown || c->step_pending ||
                   c->int_shadow || interrupt || (c->nmi_pending && !c->nmi_blocked) || (c->rflags & CPU_RFLAGS_TF);
}

void cpu_stop_turn(struct cpu *c)
{
    c->stop_asked = true;
    c->attention = 1;
}

/* ---- boundaries ----------------------------------------------------------------------------------------------------
 */
/* Deliver; afterwards the core runs whatever it did before. False: it has to wait for its turn. */
static bool deliver(struct cpu *c, struct cpu_event ev, bool external)
{
    if (cpu_deliver(c, ev, external).kind == CPU_WAIT)
        return false;
    c->halted = c->woken = false;
    return true;
}

static int deliver_maskable(struct cpu *c)
{
    if (c->extint_vector < 0 && lapic_extint(c)) {
        if (cpu_need_turn(c).kind == CPU_WAIT)
            return CPU_STOP_TURN;
        c->extint_vector = c->ops->intack(c->opaque, c->core);
    }
    int vector = c->extint_vector >= 0 ? c->extint_vector : lapic_pending(c);
    if (vector < 0)
        return GO_ON;
    if (!deliver(c, CPU_EV_FAULT((uint8_t)vector), true))
        return CPU_STOP_TURN;
    if (c->extint_vector >= 0)
        c->extint_vector = -1;
    else
        lapic_ack(c, (uint8_t)vector);
    c->stats.interrupts++;
    return GO_ON;
}

/* The exception that the last instruction raised. It stays raised until it is delivered: the instruction is not run
 * again for it, so its fetch, its walks and their cycles are not repeated while the delivery waits for its turn. */
static int deliver_raised(struct cpu *c)
{
    if (cpu_deliver(c, c->raised, false).kind == CPU_WAIT) {
        c->stats.waits++;
        c->attention = 1;
        return CPU_STOP_TURN;
    }
    if (c->raised.kind == CPU_TRAP)
        c->stats.instructions++;
    c->raised = CPU_OK;
    c->int_shadow = 0;
    cpu_attend(c);
    return GO_ON;
}

/* Priorities as in SDM vol. 3A, "Prioritization of Concurrent Events". */
static int boundary(struct cpu *c)
{
    if (c->shutdown)
        return CPU_STOP_SHUTDOWN;
    if (c->stop_asked)
        return CPU_STOP_ASKED;
    if (c->wait_sipi)
        return CPU_STOP_HALT;
    if (c->step_pending) {
        if (!deliver(c, CPU_EV_FAULT(1), false))
            return CPU_STOP_TURN;
        c->step_pending = false;
    } else if (c->int_shadow == 0 && !c->acc.io_n) { /* none in the middle of one that has read a device */
        if (c->nmi_pending && !c->nmi_blocked) {
            if (!deliver(c, CPU_EV_FAULT(2), true))
                return CPU_STOP_TURN;
            c->nmi_pending = false;
            c->nmi_blocked = true;
        } else if (c->rflags & CPU_RFLAGS_IF) {
            int stop = deliver_maskable(c);
            if (stop != GO_ON)
                return stop;
        }
    }
    c->halted |= c->woken;
    c->woken = false;
    cpu_attend(c);
    return c->shutdown ? CPU_STOP_SHUTDOWN : c->halted ? CPU_STOP_HALT : GO_ON;
}

/* After an instruction, when something has attention. */
static void after_instruction(struct cpu *c, bool step)
{
    if (c->int_shadow)
        c->int_shadow--;
    if (step) {
        c->step_pending = true;
        c->dr[6] |= 1u << 14; /* BS */
    }
    cpu_attend(c);
}

/* An instruction that did not simply retire. */
static int handle(struct cpu *c, const struct cpu_insn *i, struct cpu_event ev, bool step)
{
    switch (ev.kind) {
    case CPU_WAIT:
        c->stats.waits++;
        return CPU_STOP_TURN;
    case CPU_AGAIN:
        pipeline_retire(c, i, false);
        if (c->attention)
            after_instruction(c, step); /* each iteration is an instruction to the debugger */
        return GO_ON;
    case CPU_FAULT:
    case CPU_TRAP:
        c->raised = ev;
        return deliver_raised(c);
    default:
        sim_bug("event kind %u from row %u", ev.kind, i ? i->row : 0);
    }
}

/* ---- the hot loop
 * ---------------------------------------------------------------------------------------------------- */
/* From @i on until a limit, an event, or attention. Return: a stop, or GO_ON to look at the boundary. */
static int run_from(struct cpu *c, const struct cpu_insn *i)
{
    for (;;) {
        pipeline_issue(c, i);
        if (cpu_unlikely(c->now >= c->run_limit))
            return CPU_STOP_LIMIT;
        uint64_t behind = c->r[CPU_RIP] + i->len;
        c->next_rip = behind;
        bool step = c->attention && (c->rflags & CPU_RFLAGS_TF);
        struct cpu_event ev = i->exec(c, i);
        if (cpu_unlikely(ev.kind != CPU_NONE))
            return handle(c, i, ev, step);
        bool taken = c->next_rip != behind;
        pipeline_retire(c, i, taken);
        c->stats.instructions++;
        c->r[CPU_RIP] = c->next_rip;
        if (cpu_unlikely(c->attention)) {
            after_instruction(c, step);
            return GO_ON;
        }
        if (cpu_likely(!taken && i->next && fetch_stays(c, i + 1))) {
            i++;
        } else {
            i = fetch_insn(c, &ev);
            if (cpu_unlikely(!i))
                return handle(c, NULL, ev, false);
        }
    }
}

/* A core that waits for a line waits at once: its next turn is when it may ask again. */
static enum cpu_stop end_turn(struct cpu *c, int stop)
{
    c->acc.io_at = 0; /* whatever is run again begins at its first device read */
    if (stop == CPU_STOP_TURN && c->line_until) {
        cyc_t from = c->now;
        pipeline_wait_line(c, c->line_until, c->line_wanted);
        pipeline_waited(c, c->now - from);
        c->line_until = 0;
    }
    return (enum cpu_stop)stop;
}

enum cpu_stop cpu_run(struct cpu *c, cyc_t run_limit, cyc_t share_limit)
{
    c->run_limit = run_limit;
    c->share_limit = share_limit;
    c->stop_asked = false;
    code_reclaim(c->code);
    tlb_ages_check(c->tlb);
    mem_ages_check(c->mem, c->core);
    cpu_attend(c);
    for (;;) {
        if (c->now >= c->run_limit)
            return CPU_STOP_LIMIT;
        if (c->attention) {
            int stop = c->raised.kind != CPU_NONE ? deliver_raised(c) : GO_ON;
            if (stop == GO_ON && c->now < c->run_limit)
                stop = boundary(c);
            if (stop != GO_ON)
                return end_turn(c, stop);
            if (c->now >= c->run_limit)
                return CPU_STOP_LIMIT;
        }
        struct cpu_event ev;
        const struct cpu_insn *i = fetch_insn(c, &ev);
        int stop = i ? run_from(c, i) : handle(c, NULL, ev, false);
        if (stop != GO_ON)
            return end_turn(c, stop);
    }
}
