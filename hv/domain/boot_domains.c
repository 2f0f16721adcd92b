/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The domains of the boot module: reads its file "domains" and builds one domain a line. A bad line, file or kernel
 * costs that domain only: one line on the console says which and why, and the run ends as failed. Ids go by the lines,
 * so a domain has the same id whatever happens to the others. All are built before the first one runs.
 */
#include "hv/domain/domain.h"
#include "hv/include/boot.h"
#include "hv/include/count.h"
#include "hv/include/cpio.h"
#include "hv/include/printk.h"
#include "hv/include/string.h"
#include "hv/mm/mm.h"
#include "hv/mm/pv/pt.h"

struct module {
    const void *data;
    size_t bytes;
};

static bool is_name_taken(const char *name, unsigned id)
{
    for (unsigned other = 1; other < id; other++) {
        const struct domain *d = hv_domain_by_id(other);
        if (d && strcmp(d->name, name) == 0)
            return true;
    }
    return false;
}

/* NULL, or why not. */
static const char *build_one(const struct module *m, const struct hv_domain_config *cfg, unsigned id)
{
    struct hv_cpio_file kernel = {0}, initrd = {0};

    if (id > HV_MAX_DOMAINS)
        return "too many domains";
    if (is_name_taken(cfg->name, id))
        return "another domain has this name";
    if (!hv_cpio_find(m->data, m->bytes, cfg->kernel, &kernel))
        return "its kernel is not in the module";
    if (cfg->initrd[0] && !hv_cpio_find(m->data, m->bytes, cfg->initrd, &initrd))
        return "its initrd is not in the module";
    struct domain *d = hv_domain_create(cfg, id);
    if (!d)
        return "not enough memory for what describes it";
    const char *why = hv_domain_build(d, cfg, kernel.data, kernel.bytes, initrd.data, initrd.bytes);
    if (why) {
        hv_domain_forget(d);
        return why;
    }
    HV_COUNT(domains_built);
    hv_domain_started(d);
    return NULL;
}

static bool is_comment(const char *line, size_t n)
{
    while (n && (*line == ' ' || *line == '\t' || *line == '\r'))
        line++, n--;
    return n == 0 || *line == '#';
}

static void build_line(const struct module *m, const char *line, size_t n, unsigned number, unsigned id)
{
    static struct hv_domain_config cfg;
    char error[128], where[160];

    if (!hv_domain_config_parse(&cfg, line, n, error, sizeof(error))) {
        hv_snprintf(where, sizeof(where), "domains:%u: %s", number, error);
        hv_domain_refused(id, cfg.name[0] ? cfg.name : "?", where);
        return;
    }
    const char *why = build_one(m, &cfg, id);
    if (why)
        hv_domain_refused(id, cfg.name, why);
}

void hv_domains_build(void)
{
    const struct module m = {hv_phys_to_virt(hv_boot.module_phys), hv_boot.module_bytes};
    struct hv_cpio_file list;
    unsigned id = 0;

    hv_pt_init();
    if (m.bytes == 0 || !hv_cpio_find(m.data, m.bytes, "domains", &list)) {
        hv_printk("no boot module with a file \"domains\"\n");
        return;
    }
    const char *at = list.data, *end = at + list.bytes;
    for (unsigned number = 1; at < end; number++) {
        size_t n = 0;
        while (at + n < end && at[n] != '\n')
            n++;
        if (!is_comment(at, n))
            build_line(&m, at, n, number, ++id);
        at += n + 1;
    }
    for (unsigned i = 1; i <= id; i++) {
        struct domain *d = hv_domain_by_id(i);
        if (d)
            hv_sched_up(d->vcpu[0]);
    }
}
