/* SPDX-License-Identifier: Apache-2.0 */
/* The domains of the boot module: reads its file "domains" and builds one domain a line. A bad line, file or kernel
 * costs that domain only; what is wrong is said in one line. All are built before the first one runs. */
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

static bool build_one(const struct module *m, const struct hv_domain_config *cfg)
{
    struct hv_cpio_file kernel = {0}, initrd = {0};
    const char *why = NULL;
    struct domain *d = NULL;

    if (!hv_cpio_find(m->data, m->bytes, cfg->kernel, &kernel))
        why = "its kernel is not in the module";
    else if (cfg->initrd[0] && !hv_cpio_find(m->data, m->bytes, cfg->initrd, &initrd))
        why = "its initrd is not in the module";
    else if (!(d = hv_domain_create(cfg)))
        why = "not enough memory, or too many domains";
    else
        why = hv_domain_build(d, cfg, kernel.data, kernel.bytes, initrd.data, initrd.bytes);
    if (!why) {
        HV_COUNT(domains_built);
        hv_domain_started(d);
        return true;
    }
    hv_printk("domain %s refused: %s\n", cfg->name, why);
    if (d) {
        d->is_dying = d->is_ended = true;
        hv_domain_release_memory(d);
    }
    return false;
}

static bool is_comment(const char *line, size_t n)
{
    while (n && (*line == ' ' || *line == '\t' || *line == '\r'))
        line++, n--;
    return n == 0 || *line == '#';
}

static void build_line(const struct module *m, const char *line, size_t n, unsigned number)
{
    static struct hv_domain_config cfg;
    char error[128];

    if (is_comment(line, n))
        return;
    if (hv_domain_config_parse(&cfg, line, n, error, sizeof(error)))
        build_one(m, &cfg);
    else
        hv_printk("domain refused: domains:%u: %s\n", number, error);
}

void hv_domains_build(void)
{
    const struct module m = {hv_phys_to_virt(hv_boot.module_phys), hv_boot.module_bytes};
    struct hv_cpio_file list;

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
        build_line(&m, at, n, number);
        at += n + 1;
    }
    struct domain *d;
    for (unsigned id = 1; (d = hv_domain_by_id(id)) != NULL; id++)
        if (!d->is_dying)
            hv_sched_up(d->vcpu[0]);
}
