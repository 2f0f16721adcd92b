/* SPDX-License-Identifier: Apache-2.0 */
/* See fake_cpu.h. */
#include "fake_cpu.h"
#include <glib.h>
#include "sim/core/rng.h"

enum { LOG_MAX = 1 << 16, IPI_VECTOR = 0x40 };
enum step_kind { PRIVATE, SHARED, IPI, TIMER, HALT, STEP_KINDS };

struct fake_shared fake_log[LOG_MAX];
struct fake_arrival fake_arrivals[LOG_MAX];
unsigned fake_cpl;
unsigned fake_logged, fake_late, fake_interrupts, fake_started_late;
cyc_t fake_end;
static uint64_t seed_now;
static unsigned steps_now;
static struct cpu_flat_start start_now;

struct cpu {
    unsigned core, n_cores, steps_left;
    cyc_t now, last_start;
    bool started, halted, stop_asked, has_step;
    enum step_kind step;
    uint32_t cost;
    struct rng rng;
    const struct cpu_ops *ops;
    void *opaque;
    struct ledger *ledger;
    struct ledger_row *row;
    unsigned ctx_cpl0, ctx_cpl3;
    struct cpu_stats stats;
    struct tlb_stats tlb;
};

static struct cpu *fake_cores[SIM_MAX_CORES];

void fake_reset(uint64_t seed, unsigned steps)
{
    seed_now = seed;
    steps_now = steps;
    fake_logged = fake_late = fake_interrupts = fake_started_late = 0;
    fake_end = CYC_NEVER;
    fake_cpl = 0;
}

const struct cpu_flat_start *fake_start(void)
{
    return &start_now;
}

struct cpu *cpu_new(const struct cpu_cfg *cfg, unsigned core, unsigned n_cores, struct phys *phys, struct mem_sys *mem,
                    struct ledger *ledger, const struct cpu_ops *ops, void *opaque)
{
    struct cpu *c = g_new0(struct cpu, 1);

    (void)cfg;
    (void)phys;
    (void)mem;
    c->core = core;
    c->n_cores = n_cores;
    c->ops = ops;
    c->opaque = opaque;
    c->ledger = ledger;
    c->steps_left = steps_now;
    c->halted = steps_now == 0;
    rng_seed(&c->rng, seed_now + core);
    return c;
}

static void pass(struct cpu *c, enum ledger_cause cause, cyc_t cyc)
{
    c->row->cyc[cause] += cyc;
    c->now += cyc;
}

static void choose(struct cpu *c)
{
    static const enum step_kind often[] = {PRIVATE, PRIVATE, PRIVATE, PRIVATE, PRIVATE, SHARED,
                                           SHARED,  SHARED,  IPI,     TIMER,   HALT};

    if (c->has_step)
        return;
    c->has_step = true;
    c->step = often[rng_below(&c->rng, G_N_ELEMENTS(often))];
    c->cost = (uint32_t)(1 + rng_below(&c->rng, rng_below(&c->rng, 10) ? 4 : 200));
}

static void act(struct cpu *c)
{
    if (c->step == SHARED || c->step == IPI)
        fake_log[fake_logged++ % LOG_MAX] = (struct fake_shared){c->now, c->core};
    if (c->step == IPI)
        c->ops->icr_write(c->opaque, c->core, rng_below(&c->rng, c->n_cores) << 56 | IPI_VECTOR, false, c->now);
    if (c->step == TIMER || c->step == HALT) /* so that who halts wakes */
        c->ops->timer(c->opaque, c->core, c->now + 500 + rng_below(&c->rng, 1000));
    c->halted = c->step == HALT;
}

enum cpu_stop cpu_run(struct cpu *c, cyc_t run_limit, cyc_t share_limit)
{
    c->stop_asked = false;
    for (;;) {
        if (c->halted || !c->steps_left) {
            c->halted = true;
            return CPU_STOP_HALT;
        }
        if (c->stop_asked)
            return CPU_STOP_ASKED;
        if (c->now >= run_limit)
            return CPU_STOP_LIMIT;
        choose(c);
        if (c->step != PRIVATE && c->now >= share_limit)
            return CPU_STOP_TURN;
        fake_started_late += c->now >= fake_end;
        c->last_start = c->now;
        c->started = true;
        act(c);
        pass(c, LEDGER_RETIRING, c->cost);
        c->stats.instructions++;
        c->steps_left--;
        c->has_step = false;
    }
}

/* The horizon check: an interrupt for a moment that this core has already passed. */
static void reached(struct cpu *c, char kind, uint8_t vector, bool level, cyc_t when)
{
    if (c->started && c->last_start >= when)
        fake_late++;
    fake_arrivals[fake_interrupts++ % LOG_MAX] = (struct fake_arrival){kind, c->core, vector, level, when};
    if (c->halted && c->steps_left) {
        cpu_idle_until(c, when);
        c->halted = false;
    }
}

void cpu_idle_until(struct cpu *c, cyc_t when)
{
    if (when > c->now)
        pass(c, LEDGER_IDLE, when - c->now);
}

void cpu_lapic_accept(struct cpu *c, uint8_t vector, bool level, cyc_t when)
{
    reached(c, 'F', vector, level, when);
}

void cpu_timer_fired(struct cpu *c, cyc_t when)
{
    reached(c, 'T', 0, false, when);
}

void cpu_nmi(struct cpu *c, cyc_t when)
{
    reached(c, 'N', 0, false, when);
}

void cpu_init(struct cpu *c, cyc_t when)
{
    reached(c, 'I', 0, false, when);
}

void cpu_sipi(struct cpu *c, uint8_t vector, cyc_t when)
{
    reached(c, 'S', vector, false, when);
}

void cpu_extint(struct cpu *c, bool asserted, cyc_t when)
{
    if (asserted)
        reached(c, 'E', 0, false, when);
}

bool cpu_lapic_match(const struct cpu *c, uint32_t dest, bool logical)
{
    return logical ? dest >> c->core & 1 : dest == c->core;
}

void cpu_set_context(struct cpu *c, unsigned ctx_cpl0, unsigned ctx_cpl3)
{
    c->ctx_cpl0 = ctx_cpl0;
    c->ctx_cpl3 = ctx_cpl3;
    fake_cores[c->core] = c;
    c->row = ledger_row(c->ledger, c->core, ctx_cpl0);
}

void fake_context(unsigned core, unsigned *cpl0, unsigned *cpl3)
{
    *cpl0 = fake_cores[core]->ctx_cpl0;
    *cpl3 = fake_cores[core]->ctx_cpl3;
}

void cpu_get_state(const struct cpu *c, struct cpu_state *out)
{
    *out = (struct cpu_state){.rip = c->core, .cpl = fake_cpl};
}

void cpu_start_flat32(struct cpu *c, const struct cpu_flat_start *s)
{
    (void)c;
    start_now = *s;
}

void cpu_free(struct cpu *c)
{
    g_free(c);
}

void cpu_stop_turn(struct cpu *c)
{
    c->stop_asked = true;
}

cyc_t cpu_now(const struct cpu *c)
{
    return c->now;
}

bool cpu_is_halted(const struct cpu *c)
{
    return c->halted;
}

uint64_t cpu_instructions(const struct cpu *c)
{
    return c->stats.instructions;
}

uint64_t cpu_state_hash(const struct cpu *c, uint64_t seed)
{
    return seed * 31 + c->now;
}

const struct cpu_stats *cpu_stats(const struct cpu *c)
{
    return &c->stats;
}

const struct tlb_stats *cpu_tlb_stats(const struct cpu *c)
{
    return &c->tlb;
}

void cpu_peers(struct cpu *c, struct cpu **cores, unsigned n)
{
    (void)c;
    (void)cores;
    (void)n;
}

void cpu_set_mode(struct cpu *c, enum cpu_mode mode)
{
    (void)c;
    (void)mode;
}

void cpu_mem_line_lost(struct cpu *c, unsigned slot, bool keep_read)
{
    (void)c;
    (void)slot;
    (void)keep_read;
}

void cpu_mem_fetch_lost(struct cpu *c, unsigned slot)
{
    (void)c;
    (void)slot;
}
