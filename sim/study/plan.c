/* SPDX-License-Identifier: Apache-2.0 */
/* From a scenario's point to machine configuration, boot module and command lines. See plan.h. */
#include "sim/study/plan.h"
#include "sim/study/cpio.h"
#include "sim/study/kernel.h"

#include <string.h>

/* What the hypervisor itself needs beside the domains and the module; domains are copied out of the module. */
#define HV_MEMORY_MIB 32
#define HV_MAX_MIB    (56 * 1024) /* what its early page tables reach (hv/boot) */
#define DOMAINS_MAX   256         /* HV_MAX_DOMAINS of hv/domain */
#define CMDLINE_MAX   1023
#define DOMAIN_LIST   "domains" /* hv/abi/domains.md */

static void domain_free(gpointer p)
{
    struct plan_domain *d = p;
    g_free(d->name);
    g_free(d->kernel);
    g_free(d->initrd);
    g_free(d->cmdline);
    g_free(d);
}

void plan_free(struct plan *p)
{
    if (!p)
        return;
    g_ptr_array_unref(p->domains);
    g_byte_array_unref(p->module);
    g_free(p->hv_path);
    g_free(p->hv_cmdline);
    g_free(p);
}

static gboolean fail_at(const struct plan *p, const char *section, enum option_id id, GError **error, const char *fmt,
                        ...) G_GNUC_PRINTF(5, 6);
static gboolean fail_at(const struct plan *p, const char *section, enum option_id id, GError **error, const char *fmt,
                        ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    char *where = scenario_where(p->point.scenario, scenario_find_id(p->point.scenario, section, id));
    g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s: %s", where, text);
    g_free(where);
    g_free(text);
    return FALSE;
}

/* Gives @why the place in the scenario and hands it on. */
static gboolean fail_why(const struct plan *p, const char *section, enum option_id id, GError **error, GError *why)
{
    fail_at(p, section, id, error, "%s", why->message);
    g_error_free(why);
    return FALSE;
}

/* A path in a scenario is relative to the scenario's folder, so that a folder with both can be moved. */
static char *resolve(const struct plan *p, const char *path)
{
    char *folder = g_path_get_dirname(p->point.scenario->path);
    char *absolute = g_canonicalize_filename(folder, NULL); /* a relative base is refused by GLib */
    char *full = g_canonicalize_filename(path, absolute);
    g_free(absolute);
    g_free(folder);
    return full;
}

static gboolean find_files(struct plan *p, struct plan_domain *d, const struct images *im, GError **error)
{
    const char *kernel = point_text(&p->point, d->section, OPTION_domain_kernel);
    const char *initrd = point_text(&p->point, d->section, OPTION_domain_initrd);
    const char *workload = point_text(&p->point, d->section, OPTION_domain_workload);
    GError *why = NULL;
    if (!kernel[0] && !initrd[0] && !workload[0] && !point_text(&p->point, d->section, OPTION_domain_cmdline)[0])
        return fail_at(p, d->section, OPTION_domain_workload, error,
                       "a domain needs a workload (see list workloads), a kernel, an initrd or a cmdline");
    d->kernel = kernel[0] ? resolve(p, kernel) : images_kernel(im, d->type, &why);
    if (!d->kernel)
        return fail_why(p, d->section, OPTION_domain_type, error, why);
    if (initrd[0])
        d->initrd = resolve(p, initrd);
    else if (workload[0] && !(d->initrd = images_workload(im, workload, &why)))
        return fail_why(p, d->section, OPTION_domain_workload, error, why);
    return TRUE;
}

static gboolean make_cmdline(struct plan *p, struct plan_domain *d, GError **error)
{
    const char *workload = point_text(&p->point, d->section, OPTION_domain_workload);
    const char *extra = point_text(&p->point, d->section, OPTION_domain_cmdline);
    GString *line = g_string_new(workload);
    d->iterations = point_int(&p->point, d->section, OPTION_domain_iterations);
    if (workload[0])
        g_string_append_printf(line, " iterations=%" G_GINT64_FORMAT, d->iterations);
    if (extra[0])
        g_string_append_printf(line, "%s%s", line->len ? " " : "", extra);
    d->cmdline = g_string_free(line, FALSE);
    if (strlen(d->cmdline) > CMDLINE_MAX || strchr(d->cmdline, '"'))
        return fail_at(p, d->section, OPTION_domain_cmdline, error,
                       "allowed is a line of up to %d characters without double quotes", CMDLINE_MAX);
    return TRUE;
}

/* Sections [domain.u] and [domain.u1] can both make a u11. */
static gboolean is_new_name(const struct plan *p, const struct plan_domain *d, GError **error)
{
    for (guint i = 0; i + 1 < p->domains->len; i++) {
        const struct plan_domain *other = p->domains->pdata[i];
        if (strcmp(other->name, d->name) == 0)
            return fail_at(p, d->section, OPTION_domain_count, error, "a second domain %s: [%s] has one", d->name,
                           other->section);
    }
    return p->domains->len <= DOMAINS_MAX ||
           fail_at(p, d->section, OPTION_domain_count, error, "allowed are %d domains in all", DOMAINS_MAX);
}

static gboolean add_domain(struct plan *p, const char *section, int64_t number, unsigned *next_cpu,
                           const struct images *im, GError **error)
{
    struct plan_domain *d = g_new0(struct plan_domain, 1);
    g_ptr_array_add(p->domains, d);
    d->section = section;
    d->name = g_strdup_printf("%s%" G_GINT64_FORMAT, strchr(section, '.') + 1, number);
    d->type = point_text(&p->point, section, OPTION_domain_type);
    d->vcpus = (unsigned)point_int(&p->point, section, OPTION_domain_vcpus);
    d->memory_mib = (unsigned)point_int(&p->point, section, OPTION_domain_memory_mib);
    d->privileged = strcmp(point_text(&p->point, section, OPTION_domain_privileged), "on") == 0;
    int64_t cpu = point_int(&p->point, section, OPTION_domain_cpu);
    if (cpu >= (int64_t)p->machine.n_cores)
        return fail_at(p, section, OPTION_domain_cpu, error, "the machine has cores 0..%u", p->machine.n_cores - 1);
    d->cpu = cpu < 0 ? *next_cpu : ((unsigned)cpu + ((unsigned)number - 1) * d->vcpus) % p->machine.n_cores;
    if (cpu < 0)
        *next_cpu = (*next_cpu + d->vcpus) % p->machine.n_cores;
    return is_new_name(p, d, error) && find_files(p, d, im, error) && make_cmdline(p, d, error);
}

static gboolean add_domains(struct plan *p, const struct images *im, GError **error)
{
    GPtrArray *sections = scenario_sections(p->point.scenario, OPTION_SECTION_domain);
    unsigned next_cpu = 0;
    gboolean ok = TRUE;
    for (guint i = 0; ok && i < sections->len; i++) {
        int64_t count = point_int(&p->point, sections->pdata[i], OPTION_domain_count);
        for (int64_t n = 1; ok && n <= count; n++)
            ok = add_domain(p, sections->pdata[i], n, &next_cpu, im, error);
    }
    g_ptr_array_unref(sections);
    if (ok && p->domains->len == 0) {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s: no domains: a section [domain.NAME] with a count is needed",
                    p->point.scenario->path);
        ok = FALSE;
    }
    return ok;
}

/* TRUE: the file may go into the module under @name. */
static gboolean check_member(const char *path, const char *name, const char *data, gsize bytes, gboolean is_kernel,
                             GError **error)
{
    char *wrong = NULL;
    if (bytes > G_MAXUINT32 / 4)
        wrong = g_strdup_printf("%" G_GSIZE_FORMAT " bytes, allowed are 1 GiB", bytes);
    else if (strcmp(name, DOMAIN_LIST) == 0 || strcmp(name, CPIO_TRAILER) == 0)
        wrong = g_strdup_printf("a file in a boot module may not be called %s", name);
    else if (is_kernel)
        wrong = kernel_error(data, bytes);
    if (wrong)
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s: %s", path, wrong);
    g_free(wrong);
    return !wrong;
}

/* Two files of one name cannot both be members. TRUE in @is_done: @path is one already. */
static gboolean check_name(const GPtrArray *done, const char *path, const char *name, gboolean *is_done, GError **error)
{
    *is_done = FALSE;
    for (guint i = 0; i < done->len && !*is_done; i++) {
        char *other = g_path_get_basename(done->pdata[i]);
        gboolean same_name = strcmp(other, name) == 0;
        *is_done = strcmp(done->pdata[i], path) == 0;
        g_free(other);
        if (same_name && !*is_done) {
            g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s and %s: two files of one name in a boot module", path,
                        (char *)done->pdata[i]);
            return FALSE;
        }
    }
    return TRUE;
}

/* Adds @path to the archive once; its member name is the file's own name. */
static gboolean add_member(struct plan *p, GPtrArray *done, const char *path, gboolean is_kernel, GError **error)
{
    char *name = g_path_get_basename(path), *data = NULL;
    gsize bytes = 0;
    gboolean is_done, ok = check_name(done, path, name, &is_done, error);
    if (ok && !is_done) {
        GError *why = NULL;
        g_ptr_array_add(done, (gpointer)path);
        ok = g_file_get_contents(path, &data, &bytes, &why);
        if (!ok) {
            g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s", why->message);
            g_error_free(why);
        }
        ok = ok && check_member(path, name, data, bytes, is_kernel, error);
        if (ok)
            cpio_add(p->module, name, data, bytes);
    }
    g_free(data);
    g_free(name);
    return ok;
}

static void domain_line(const struct plan_domain *d, GString *text)
{
    char *kernel = g_path_get_basename(d->kernel);
    g_string_append_printf(text, "name=%s type=%s vcpus=%u memory_mib=%u cpu=%u kernel=%s", d->name, d->type, d->vcpus,
                           d->memory_mib, d->cpu, kernel);
    g_free(kernel);
    if (d->initrd) {
        char *initrd = g_path_get_basename(d->initrd);
        g_string_append_printf(text, " initrd=%s", initrd);
        g_free(initrd);
    }
    if (d->privileged)
        g_string_append(text, " privileged=yes");
    g_string_append_printf(text, " cmdline=\"%s\"\n", d->cmdline);
}

static gboolean make_module(struct plan *p, GError **error)
{
    GString *text = g_string_new(NULL);
    GPtrArray *done = g_ptr_array_new();
    gboolean ok = TRUE;
    for (guint i = 0; i < p->domains->len; i++)
        domain_line(p->domains->pdata[i], text);
    cpio_add(p->module, DOMAIN_LIST, text->str, text->len);
    for (guint i = 0; ok && i < p->domains->len; i++) {
        struct plan_domain *d = p->domains->pdata[i];
        ok =
            add_member(p, done, d->kernel, TRUE, error) && (!d->initrd || add_member(p, done, d->initrd, FALSE, error));
    }
    cpio_end(p->module);
    g_ptr_array_unref(done);
    g_string_free(text, TRUE);
    return ok;
}

/* All boot words in table order, defaults too: what ran is what run.json says, whatever the image's own defaults. */
static void make_hv_cmdline(struct plan *p)
{
    GString *line = g_string_new(NULL);
    for (int i = OPTION_SECTION_hv + 1; option_row((enum option_id)i)->type != OPTION_SECTION; i++)
        g_string_append_printf(line, "%s%s=%s", line->len ? " " : "", option_row((enum option_id)i)->name,
                               point_text(&p->point, "hv", (enum option_id)i));
    p->hv_cmdline = g_string_free(line, FALSE);
}

static gboolean size_memory(struct plan *p, GError **error)
{
    uint64_t need = HV_MEMORY_MIB + 2 * ((uint64_t)p->module->len >> 20);
    for (guint i = 0; i < p->domains->len; i++)
        need += ((struct plan_domain *)p->domains->pdata[i])->memory_mib;
    need = (need + need / 64 + 15) / 16 * 16; /* frame table, page tables */
    uint64_t have = (uint64_t)point_int(&p->point, "machine", OPTION_machine_memory_mib);
    if (have != 0 && have < need)
        return fail_at(p, "machine", OPTION_machine_memory_mib, error,
                       "%" G_GUINT64_FORMAT " MiB is too little for these domains: allowed is 0 or at least "
                       "%" G_GUINT64_FORMAT,
                       have, need);
    if (MAX(have, need) > HV_MAX_MIB)
        return fail_at(p, "machine", OPTION_machine_memory_mib, error,
                       "%" G_GUINT64_FORMAT " MiB in all: the hypervisor manages at most %d", MAX(have, need),
                       HV_MAX_MIB);
    p->memory_mib = (unsigned)(have ? have : need);
    p->machine.memory_bytes = (uint64_t)p->memory_mib << 20;
    return TRUE;
}

uint64_t plan_cycles(const struct plan *p, uint64_t us)
{
    return us * p->machine.cpu.clock_khz / 1000;
}

static enum cpu_mode mode_of(const char *name)
{
    return strcmp(name, "timing") == 0 ? CPU_TIMING : CPU_FUNCTIONAL;
}

static gboolean set_up_machine(struct plan *p, const struct images *im, GError **error)
{
    const struct point *pt = &p->point;
    GError *why = NULL;
    char *profile = images_profile(im, point_text(pt, "machine", OPTION_profile), &why);
    if (!profile)
        return fail_why(p, "machine", OPTION_profile, error, why);
    p->machine.n_cores = (unsigned)point_int(pt, "machine", OPTION_cores);
    p->machine.seed = (uint64_t)point_int(pt, "study", OPTION_seed);
    p->machine.mode = mode_of(point_text(pt, "machine", OPTION_mode));
    gboolean ok = machine_profile_load(&p->machine, profile, &why);
    g_free(profile);
    if (!ok) {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s", why->message);
        g_error_free(why);
        return FALSE;
    }
    p->machine.mem.n_cores = p->machine.n_cores;
    p->boot_mode = p->machine.mode == CPU_TIMING ? mode_of(point_text(pt, "measure", OPTION_boot)) : CPU_FUNCTIONAL;
    p->warmup_cyc = plan_cycles(p, (uint64_t)point_int(pt, "measure", OPTION_warmup_us));
    p->window_cyc = plan_cycles(p, (uint64_t)point_int(pt, "measure", OPTION_window_us));
    p->max_cyc = plan_cycles(p, (uint64_t)point_int(pt, "measure", OPTION_max_ms) * 1000);
    return TRUE;
}

struct plan *plan_new(const struct scenario *s, size_t point, const struct images *im, GError **error)
{
    struct plan *p = g_new0(struct plan, 1);
    p->point = (struct point){s, point};
    p->domains = g_ptr_array_new_with_free_func(domain_free);
    p->module = g_byte_array_new();
    if (set_up_machine(p, im, error) && (p->hv_path = images_hv(im, error)) && add_domains(p, im, error) &&
        make_module(p, error) && size_memory(p, error)) {
        make_hv_cmdline(p);
        return p;
    }
    plan_free(p);
    return NULL;
}
