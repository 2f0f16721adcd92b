/* SPDX-License-Identifier: Apache-2.0 */
/* RDMSR and WRMSR: plain values from msr.def, the others by function. */
#include "cpu/lapic.h"
#include "cpu/system.h"

enum rule { RULE_ANY, RULE_CANONICAL };

struct plain {
    uint32_t number;
    enum rule rule;
    size_t offset;
    uint64_t may_set;
};
static const struct plain plain_msrs[] = {
#define MSR(number, name, field, may_set, rule, title) {number, RULE_##rule, offsetof(struct cpu, field), may_set},
#include "cpu/msr.def"
};

static uint64_t *plain_value(struct cpu *c, const struct plain *p)
{
    return (uint64_t *)(void *)((char *)c + p->offset);
}

static const struct plain *find_plain(uint32_t msr)
{
    for (size_t k = 0; k < sizeof plain_msrs / sizeof plain_msrs[0]; k++)
        if (plain_msrs[k].number == msr)
            return &plain_msrs[k];
    return NULL;
}

/* ---- those that do something
 * ------------------------------------------------------------------------------------------- */
static struct cpu_event tsc_read(struct cpu *c, uint64_t *v)
{
    *v = c->now + c->tsc_offset;
    return CPU_OK;
}
/* An armed deadline is compared with the new count. */
static struct cpu_event tsc_write(struct cpu *c, uint64_t v)
{
    uint64_t deadline = c->lapic->tsc_deadline;
    if (deadline)
        CPU_TRY(cpu_need_turn(c));
    c->tsc_offset = v - c->now;
    return deadline ? lapic_deadline_write(c, deadline) : CPU_OK;
}

static struct cpu_event efer_read(struct cpu *c, uint64_t *v)
{
    *v = c->efer;
    return CPU_OK;
}

static struct cpu_event base_write(struct cpu *c, unsigned seg, uint64_t v)
{
    if (!cpu_is_canonical(c, v))
        return SYS_GP0;
    c->seg[seg].base = v;
    cpu_segs_changed(c);
    return CPU_OK;
}
static struct cpu_event fs_base_read(struct cpu *c, uint64_t *v)
{
    *v = c->seg[CPU_SEG_FS].base;
    return CPU_OK;
}
static struct cpu_event fs_base_write(struct cpu *c, uint64_t v)
{
    return base_write(c, CPU_SEG_FS, v);
}
static struct cpu_event gs_base_read(struct cpu *c, uint64_t *v)
{
    *v = c->seg[CPU_SEG_GS].base;
    return CPU_OK;
}
static struct cpu_event gs_base_write(struct cpu *c, uint64_t v)
{
    return base_write(c, CPU_SEG_GS, v);
}

static struct cpu_event pat_read(struct cpu *c, uint64_t *v)
{
    *v = c->pat;
    return CPU_OK;
}
static struct cpu_event pat_write(struct cpu *c, uint64_t v)
{
    for (unsigned k = 0; k < 8; k++) {
        unsigned type = v >> (8 * k) & 0xff;
        if (type > 7 || type == 2 || type == 3)
            return SYS_GP0;
    }
    c->pat = v;
    return CPU_OK;
}

static struct cpu_event apic_base_read(struct cpu *c, uint64_t *v)
{
    *v = c->apic_base;
    return CPU_OK;
}
static struct cpu_event deadline_read(struct cpu *c, uint64_t *v)
{
    *v = c->lapic->tsc_deadline;
    return c->cfg->has_tsc_deadline ? CPU_OK : SYS_GP0;
}

static const struct special {
    uint32_t number;
    struct cpu_event (*read)(struct cpu *c, uint64_t *v);
    struct cpu_event (*write)(struct cpu *c, uint64_t v);
} special_msrs[] = {
    {0x00000010, tsc_read, tsc_write},                 /* IA32_TIME_STAMP_COUNTER */
    {0x0000001b, apic_base_read, lapic_base_write},    /* IA32_APIC_BASE */
    {0x00000277, pat_read, pat_write},                 /* IA32_PAT */
    {0x000006e0, deadline_read, lapic_deadline_write}, /* IA32_TSC_DEADLINE */
    {0xc0000080, efer_read, control_efer_write},       /* IA32_EFER */
    {0xc0000100, fs_base_read, fs_base_write},         /* IA32_FS_BASE */
    {0xc0000101, gs_base_read, gs_base_write},         /* IA32_GS_BASE */
};

static const struct special *find_special(uint32_t msr)
{
    for (size_t k = 0; k < sizeof special_msrs / sizeof special_msrs[0]; k++)
        if (special_msrs[k].number == msr)
            return &special_msrs[k];
    return NULL;
}

static bool is_x2apic(uint32_t msr)
{
    return msr >= 0x800 && msr <= 0x8ff;
}

struct cpu_event msr_read(struct cpu *c, uint32_t msr, uint64_t *v)
{
    const struct plain *p = find_plain(msr);
    const struct special *s = find_special(msr);
    if (p) {
        *v = *plain_value(c, p);
        return CPU_OK;
    }
    if (is_x2apic(msr))
        return lapic_msr_read(c, msr, v);
    return s ? s->read(c, v) : SYS_GP0;
}

struct cpu_event msr_write(struct cpu *c, uint32_t msr, uint64_t v)
{
    const struct plain *p = find_plain(msr);
    const struct special *s = find_special(msr);
    if (p) {
        if ((v & ~p->may_set) || (p->rule == RULE_CANONICAL && !cpu_is_canonical(c, v)))
            return SYS_GP0;
        *plain_value(c, p) = v;
        return CPU_OK;
    }
    if (is_x2apic(msr))
        return lapic_msr_write(c, msr, v);
    return s ? s->write(c, v) : SYS_GP0;
}
