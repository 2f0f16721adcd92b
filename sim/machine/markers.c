/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the software says through markers (hv/abi/marker.h): whom a core works for (ledger contexts) and how far the
 * workload of a domain is. A marker's argument is guest data: anything out of range is ignored, and only CPL 0 may say
 * for whom a core works or that a domain ended.
 */
#include "hv/abi/marker.h"
#include "sim/machine/machine_internal.h"

enum { CTX_HV, CTX_KERNEL, CTX_USER, CTX_KINDS };
#define UNSET UINT_MAX

struct domain_record {
    struct machine_domain pub;
    char *name;
    unsigned context[MACHINE_VCPUS][CTX_KINDS]; /* ledger contexts, UNSET until first used */
};

static struct domain_record *record(struct machine *m, unsigned domid)
{
    struct domain_record *d = m->domain[domid];

    if (d)
        return d;
    d = m->domain[domid] = g_new0(struct domain_record, 1);
    d->name = g_strdup_printf("d%u", domid);
    for (unsigned v = 0; v < MACHINE_VCPUS; v++)
        for (unsigned k = 0; k < CTX_KINDS; k++)
            d->context[v][k] = UNSET;
    return d;
}

void machine_set_domain_name(struct machine *m, unsigned domid, const char *name)
{
    if (domid >= MACHINE_DOMAINS)
        return;
    struct domain_record *d = record(m, domid);

    g_free(d->name);
    d->name = g_strdup(name);
}

static unsigned context_of(struct machine *m, struct domain_record *d, unsigned vcpu, unsigned kind)
{
    static const char *const suffix[CTX_KINDS] = {"hv", "kernel", "user"};
    unsigned *context = &d->context[vcpu][kind];

    if (*context == UNSET) {
        char *name = g_strdup_printf("%s/v%u/%s", d->name, vcpu, suffix[kind]);

        *context = ledger_context(m->ledger, name);
        g_free(name);
    }
    return *context;
}

static void mark_context(struct machine *m, unsigned core, uint64_t arg)
{
    uint64_t domid = arg >> 32;
    unsigned vcpu = arg >> 16 & 0xffff, mode = arg & 0xffff;

    if (domid == HV_MARK_DOM_IDLE) {
        unsigned idle = ledger_context(m->ledger, "idle");

        cpu_set_context(m->core[core], idle, idle);
        m->core_domid[core] = 0;
        return;
    }
    if (domid >= MACHINE_DOMAINS || vcpu >= MACHINE_VCPUS || mode > HV_MARK_MODE_USER)
        return;
    struct domain_record *d = record(m, (unsigned)domid);
    d->pub.seen = true;
    m->core_domid[core] = (unsigned)domid;
    cpu_set_context(m->core[core], context_of(m, d, vcpu, CTX_HV),
                    context_of(m, d, vcpu, mode == HV_MARK_MODE_USER ? CTX_USER : CTX_KERNEL));
}

static void mark_roi_begin(struct machine *m, struct machine_domain *d, cyc_t now)
{
    if (d->roi_begun)
        return;
    d->roi_begun = true;
    d->roi_begin = now;
    m->domains_in_roi++;
    if (m->roi_target && m->domains_in_roi >= m->roi_target)
        machine_ask_stop(m, MACHINE_ROI);
}

static void mark_roi_end(struct machine_domain *d, cyc_t now)
{
    if (!d->roi_begun || d->roi_ended)
        return;
    d->roi_ended = true;
    d->roi_end = now;
}

static void mark_domain_end(struct machine *m, uint64_t arg)
{
    uint64_t domid = arg >> 32;

    if (domid >= MACHINE_DOMAINS)
        return;
    struct machine_domain *d = &record(m, (unsigned)domid)->pub;
    d->seen = true;
    d->ended = true;
    d->end_reason = (uint32_t)arg;
}

static bool is_cpl0(const struct machine *m, unsigned core)
{
    struct cpu_state s;

    cpu_get_state(m->core[core], &s);
    return s.cpl == 0;
}

void markers_seen(void *opaque, unsigned core, uint32_t code, uint64_t arg, cyc_t now)
{
    struct machine *m = opaque;
    struct machine_domain *d = &record(m, m->core_domid[core])->pub;

    switch (code) {
    case HV_MARK_CONTEXT:
        if (is_cpl0(m, core))
            mark_context(m, core, arg);
        break;
    case HV_MARK_ROI_BEGIN:
        mark_roi_begin(m, d, now);
        break;
    case HV_MARK_ROI_END:
        mark_roi_end(d, now);
        break;
    case HV_MARK_OPS:
        d->ops += arg;
        break;
    case HV_MARK_DOM_END:
        if (is_cpl0(m, core))
            mark_domain_end(m, arg);
        break;
    default: /* a later version's marker: no business of ours */
        break;
    }
}

void markers_init(struct machine *m)
{
    unsigned boot = ledger_context(m->ledger, "boot");

    for (unsigned i = 0; i < m->cfg.n_cores; i++)
        cpu_set_context(m->core[i], boot, boot);
}

void markers_free(struct machine *m)
{
    for (unsigned i = 0; i < MACHINE_DOMAINS; i++) {
        if (!m->domain[i])
            continue;
        g_free(m->domain[i]->name);
        g_free(m->domain[i]);
    }
}

const struct machine_domain *machine_domain(const struct machine *m, unsigned domid)
{
    static const struct machine_domain never_seen;

    return domid < MACHINE_DOMAINS && m->domain[domid] ? &m->domain[domid]->pub : &never_seen;
}
