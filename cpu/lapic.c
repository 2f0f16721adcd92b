/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC: see lapic.h. Vectors, priorities, registers; the timer is in lapic_timer.c. */
#include <stdlib.h>
#include "cpu/lapic.h"
#include "cpu/lapic_internal.h"
#include "cpu/system.h"

#define BASE_EXTD           0x400ull
#define BASE_EN             0x800ull
#define BASE_BSP            0x100ull
#define VERSION             0x00050014u /* six LVT entries */
#define ESR_SEND_ILLEGAL    0x20u
#define ESR_RECEIVE_ILLEGAL 0x40u

struct lapic *lapic_new(unsigned core)
{
    struct lapic *l = calloc(1, sizeof *l);
    l->id = core;
    return l;
}

void lapic_reset(struct cpu *c)
{
    struct lapic *l = c->lapic;
    *l = (struct lapic){.id = c->core, .dfr = ~0u, .svr = 0xff};
    l->lvt_timer = l->lvt_thermal = l->lvt_perf = l->lvt_lint0 = l->lvt_lint1 = l->lvt_error = LVT_MASKED;
    if (lapic_x2(c))
        l->ldr = (l->id >> 4) << 16 | 1u << (l->id & 15);
    c->ops->timer(c->opaque, c->core, CYC_NEVER);
}

bool lapic_x2(const struct cpu *c)
{
    return c->apic_base & BASE_EXTD;
}
static bool is_enabled(const struct cpu *c)
{
    return c->apic_base & BASE_EN;
}

bool lapic_owns(const struct cpu *c, hpa_t a)
{
    return is_enabled(c) && !lapic_x2(c) && a.v >> 12 == c->apic_base >> 12;
}

/* ---- vectors --------------------------------------------------------------------------------------------------------
 */
static int highest(const uint32_t v[8])
{
    for (int k = 7; k >= 0; k--)
        if (v[k])
            return k * 32 + 31 - __builtin_clz(v[k]);
    return -1;
}
static void set_bit(uint32_t v[8], unsigned n, bool on)
{
    v[n / 32] = (v[n / 32] & ~(1u << n % 32)) | (uint32_t)on << n % 32;
}
static bool get_bit(const uint32_t v[8], unsigned n)
{
    return v[n / 32] >> n % 32 & 1;
}

static uint32_t ppr(const struct lapic *l)
{
    int in_service = highest(l->isr);
    uint32_t isrv = in_service < 0 ? 0 : (uint32_t)in_service;
    return (l->tpr & 0xf0) >= (isrv & 0xf0) ? l->tpr : isrv & 0xf0;
}

int lapic_pending(const struct cpu *c)
{
    int vector = highest(c->lapic->irr);
    if (vector < 0 || (uint32_t)vector >> 4 <= ppr(c->lapic) >> 4)
        return -1;
    return vector;
}

void lapic_ack(struct cpu *c, uint8_t vector)
{
    set_bit(c->lapic->irr, vector, false);
    set_bit(c->lapic->isr, vector, true);
    cpu_attend(c);
}

static void eoi(struct cpu *c)
{
    struct lapic *l = c->lapic;
    int vector = highest(l->isr);
    if (vector < 0)
        return;
    set_bit(l->isr, (unsigned)vector, false);
    if (get_bit(l->tmr, (unsigned)vector))
        c->ops->eoi(c->opaque, c->core, (uint8_t)vector, c->now);
    cpu_attend(c);
}

/* INTR of the PIC reaches the core through LINT0 in ExtINT mode, or directly when the APIC is switched off. */
bool lapic_extint(const struct cpu *c)
{
    if (!c->extint_line)
        return false;
    uint32_t lvt = c->lapic->lvt_lint0;
    return !is_enabled(c) || (!(lvt & LVT_MASKED) && (lvt >> 8 & 7) == 7);
}

uint64_t lapic_cr8(const struct cpu *c)
{
    return c->lapic->tpr >> 4;
}
void lapic_set_cr8(struct cpu *c, uint64_t v)
{
    c->lapic->tpr = (uint32_t)v << 4;
    cpu_attend(c);
}

/* ---- arrivals
 * ---------------------------------------------------------------------------------------------------------- */
/* A halted core starts to wake at @when if what arrived will be delivered. Should it be gone by then (the PIC's line
 * fell), the core stays halted: cpu/run.c. */
static void wake(struct cpu *c, cyc_t when)
{
    cpu_attend(c);
    bool nmi = c->nmi_pending && !c->nmi_blocked;
    bool maskable = (c->rflags & CPU_RFLAGS_IF) && (lapic_pending(c) >= 0 || lapic_extint(c));
    if (!c->halted || c->wait_sipi || !(nmi || maskable))
        return;
    cpu_idle_until(c, when + c->cfg->wake_cyc);
    c->halted = false;
    c->woken = true;
    cpu_attend(c);
}

void cpu_lapic_accept(struct cpu *c, uint8_t vector, bool level, cyc_t when)
{
    struct lapic *l = c->lapic;
    if (!is_enabled(c) || !(l->svr & SVR_ENABLE))
        return;
    if (vector < 16) {
        l->esr_pending |= ESR_RECEIVE_ILLEGAL;
        return;
    }
    set_bit(l->irr, vector, true);
    set_bit(l->tmr, vector, level);
    wake(c, when);
}

void cpu_nmi(struct cpu *c, cyc_t when)
{
    c->nmi_pending = true;
    wake(c, when);
}

void cpu_extint(struct cpu *c, bool asserted, cyc_t when)
{
    c->extint_line = asserted;
    wake(c, when);
}

bool cpu_lapic_match(const struct cpu *c, uint32_t dest, bool logical)
{
    const struct lapic *l = c->lapic;
    if (!logical)
        return dest == l->id;
    if (lapic_x2(c))
        return dest == UINT32_MAX || (dest >> 16 == l->ldr >> 16 && (dest & l->ldr & 0xffff));
    uint32_t mine = l->ldr >> 24;
    if (l->dfr >> 28 == 0xf)
        return dest & mine;
    return (dest >> 4 == 0xf || dest >> 4 == mine >> 4) && (dest & mine & 0xf);
}

uint32_t cpu_lapic_id(const struct cpu *c)
{
    return c->lapic->id;
}

/* ---- registers, by offset in the page
 * ------------------------------------------------------------------------------------ */
struct lapic_lvt {
    unsigned off;
    size_t field;
    uint32_t may_set;
};
static const struct lapic_lvt lvts[] = {
    {0x330, offsetof(struct lapic, lvt_thermal), 0x107ff}, {0x340, offsetof(struct lapic, lvt_perf), 0x107ff},
    {0x350, offsetof(struct lapic, lvt_lint0), 0x1a7ff},   {0x360, offsetof(struct lapic, lvt_lint1), 0x1a7ff},
    {0x370, offsetof(struct lapic, lvt_error), 0x100ff},   {0x320, offsetof(struct lapic, lvt_timer), 0x700ff},
};

static const struct lapic_lvt *find_lvt(unsigned off)
{
    for (size_t k = 0; k < sizeof lvts / sizeof lvts[0]; k++)
        if (lvts[k].off == off)
            return &lvts[k];
    return NULL;
}
static uint32_t *lvt_field(struct lapic *l, const struct lapic_lvt *lvt)
{
    return (uint32_t *)(void *)((char *)l + lvt->field);
}

static bool reg_read(struct cpu *c, unsigned off, uint32_t *v)
{
    struct lapic *l = c->lapic;
    const struct lapic_lvt *lvt = find_lvt(off);
    if (lvt) {
        *v = *lvt_field(l, lvt);
        return true;
    }
    if (off >= 0x100 && off < 0x280) {
        const uint32_t *bits = off < 0x180 ? l->isr : off < 0x200 ? l->tmr : l->irr;
        *v = bits[off >> 4 & 7];
        return true;
    }
    switch (off) {
    case 0x020:
        *v = lapic_x2(c) ? l->id : l->id << 24;
        return true;
    case 0x030:
        *v = VERSION;
        return true;
    case 0x080:
        *v = l->tpr;
        return true;
    case 0x0a0:
        *v = ppr(l);
        return true;
    case 0x0d0:
        *v = l->ldr;
        return true;
    case 0x0e0:
        *v = l->dfr;
        return true;
    case 0x0f0:
        *v = l->svr;
        return true;
    case 0x280:
        *v = l->esr;
        return true;
    case 0x300:
        *v = (uint32_t)l->icr;
        return true;
    case 0x310:
        *v = l->icr_high;
        return true;
    case 0x380:
        *v = l->timer_initial;
        return true;
    case 0x390:
        *v = lapic_timer_count(c);
        return true;
    case 0x3e0:
        *v = l->timer_divide;
        return true;
    }
    *v = 0;
    return off == 0x090 || off == 0x0b0;
}

static void send(struct cpu *c, uint64_t icr)
{
    c->lapic->icr = icr & ~0x1000ull; /* delivery status: always idle */
    if ((icr >> 8 & 7) == 0 && (icr & 0xff) < 16)
        c->lapic->esr_pending |= ESR_SEND_ILLEGAL;
    else
        c->ops->icr_write(c->opaque, c->core, icr, lapic_x2(c), c->now);
}

static void write_lvt(struct cpu *c, const struct lapic_lvt *lvt, uint32_t v)
{
    v &= lvt->may_set;
    if (!(c->lapic->svr & SVR_ENABLE))
        v |= LVT_MASKED;
    if (lvt->off == 0x320)
        lapic_timer_mode(c, v);
    *lvt_field(c->lapic, lvt) = v;
}

static void write_svr(struct cpu *c, uint32_t v)
{
    c->lapic->svr = v & 0x1ff;
    if (!(v & SVR_ENABLE))
        for (size_t k = 0; k < sizeof lvts / sizeof lvts[0]; k++)
            *lvt_field(c->lapic, &lvts[k]) |= LVT_MASKED;
}

/* Return: does such a register exist and may be written? */
static bool reg_write(struct cpu *c, unsigned off, uint32_t v)
{
    struct lapic *l = c->lapic;
    const struct lapic_lvt *lvt = find_lvt(off);
    if (lvt) {
        write_lvt(c, lvt, v);
        return true;
    }
    switch (off) {
    case 0x080:
        l->tpr = v & 0xff;
        return true;
    case 0x0b0:
        eoi(c);
        return true;
    case 0x0d0:
        l->ldr = v & 0xff000000;
        return !lapic_x2(c);
    case 0x0e0:
        l->dfr = v | 0x0fffffff;
        return !lapic_x2(c);
    case 0x0f0:
        write_svr(c, v);
        return true;
    case 0x280:
        l->esr = l->esr_pending;
        l->esr_pending = 0;
        return true;
    case 0x300:
        send(c, (uint64_t)l->icr_high << 32 | v);
        return true;
    case 0x310:
        l->icr_high = v;
        return true;
    case 0x380:
        lapic_timer_start(c, v);
        return true;
    case 0x3e0:
        lapic_timer_divide(c, v);
        return true;
    }
    return false;
}

/* ---- the page
 * ---------------------------------------------------------------------------------------------------------------- */
bool lapic_is_private(const struct cpu *c, hpa_t a, bool write)
{
    unsigned off = a.v & 0xff0;
    int in_service = highest(c->lapic->isr);
    if (!write)
        return true;
    if (off == 0x0b0)
        return in_service < 0 || !get_bit(c->lapic->tmr, (unsigned)in_service);
    return off != 0x300 && off != 0x320 && off != 0x380 && off != 0x3e0;
}

uint32_t lapic_mmio_read(struct cpu *c, unsigned off)
{
    uint32_t v;
    reg_read(c, off & 0xff0, &v);
    return v;
}

void lapic_mmio_write(struct cpu *c, unsigned off, uint32_t v)
{
    reg_write(c, off & 0xff0, v);
    cpu_attend(c);
}

/* ---- MSRs
 * --------------------------------------------------------------------------------------------------------------------
 */
struct cpu_event lapic_msr_read(struct cpu *c, uint32_t msr, uint64_t *v)
{
    unsigned off = (msr & 0xff) << 4;
    uint32_t v32 = 0;
    if (!lapic_x2(c) || off == 0x0e0 || off == 0x310 || off == 0x0b0 || off == 0x3f0 || !reg_read(c, off, &v32))
        return SYS_GP0;
    *v = off == 0x300 ? c->lapic->icr : v32;
    return CPU_OK;
}

struct cpu_event lapic_msr_write(struct cpu *c, uint32_t msr, uint64_t v)
{
    unsigned off = (msr & 0xff) << 4;
    if (!lapic_x2(c) || off == 0x0d0 || off == 0x0e0 || off == 0x310 || (off != 0x300 && v >> 32) ||
        ((off == 0x0b0 || off == 0x280) && v))
        return SYS_GP0;
    if (!lapic_is_private(c, (hpa_t){off}, true))
        CPU_TRY(cpu_need_turn(c));
    if (off == 0x3f0) {
        if (v >> 8)
            return SYS_GP0;
        cpu_lapic_accept(c, (uint8_t)v, false, c->now);
        return CPU_OK;
    }
    if (off == 0x300)
        send(c, v);
    else if (!reg_write(c, off, (uint32_t)v))
        return SYS_GP0;
    cpu_attend(c);
    return CPU_OK;
}

struct cpu_event lapic_base_write(struct cpu *c, uint64_t v)
{
    uint64_t page = ((1ull << c->cfg->phys_bits) - 1) & ~0xfffull;
    uint64_t defined = page | BASE_BSP | BASE_EN | (c->cfg->has_x2apic ? BASE_EXTD : 0);
    bool was_x2 = lapic_x2(c), extd = v & BASE_EXTD, en = v & BASE_EN;
    if ((v & ~defined) || (extd && !en) || (was_x2 && en && !extd) || (extd && !is_enabled(c)))
        return SYS_GP0;
    CPU_TRY(cpu_need_turn(c));
    bool off = !en && is_enabled(c);
    c->apic_base = (v & ~BASE_BSP) | (c->apic_base & BASE_BSP);
    if (off)
        lapic_reset(c);
    if (extd && !was_x2)
        c->lapic->ldr = (c->lapic->id >> 4) << 16 | 1u << (c->lapic->id & 15);
    cpu_attend(c);
    return CPU_OK;
}

uint64_t lapic_hash(const struct cpu *c, uint64_t h)
{
    const struct lapic *l = c->lapic;
    const uint64_t parts[] = {l->id,           l->tpr,         l->ldr,       l->dfr,       l->svr,
                              l->esr,          l->icr_high,    l->icr,       l->lvt_timer, l->lvt_thermal,
                              l->lvt_perf,     l->lvt_lint0,   l->lvt_lint1, l->lvt_error, l->timer_initial,
                              l->timer_divide, l->tsc_deadline};
    for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++)
        h = cpu_mix(h, parts[k]);
    for (unsigned k = 0; k < 8; k++)
        h = cpu_mix(cpu_mix(h, l->isr[k] | (uint64_t)l->irr[k] << 32), l->tmr[k]);
    return h;
}
