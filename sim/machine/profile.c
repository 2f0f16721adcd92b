/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Machine profiles: cpu/profiles/NAME.ini -> struct machine_cfg, by the table in profile.def. Every error is one line
 * "file:line: what, and what is allowed".
 */
#include <string.h>
#include "sim/machine/machine_internal.h"

enum kind { U32, BOOL, STRING, ISA_LIST };

struct key_row {
    const char *group, *name;
    enum kind kind;
    size_t offset;
    uint32_t min, max;
    bool optional;
    uint32_t initial; /* value of an optional key that is not given */
};

/* clang-format off */
static const struct key_row keys[] = {
#define KEY(group, name, kind, field, min, max, text) \
    {group, name, kind, offsetof(struct machine_cfg, field), min, max, false, 0},
#include "sim/machine/profile.def"
#undef KEY
#define TCLASS(sym, name, latency, text) \
    {"latency", name, U32, offsetof(struct machine_cfg, cpu.lat[TC_##sym]), 0, 100000, true, latency},
#include "cpu/timing.def"
#undef TCLASS
};
/* clang-format on */

struct profile {
    const char *path;
    char *text;
    GKeyFile *kf;
    struct machine_cfg *cfg;
    GError **error;
};

/* Line of "[group]" (@key NULL) or of "key = ..." in it; 0 if there is none. GKeyFile does not keep lines. */
static unsigned line_of(const struct profile *p, const char *group, const char *key)
{
    char **lines = g_strsplit(p->text, "\n", -1);
    char *header = g_strdup_printf("[%s]", group);
    bool in_group = false;
    unsigned found = 0;

    for (unsigned i = 0; lines[i] && !found; i++) {
        char *line = g_strstrip(lines[i]);
        size_t n = key ? strlen(key) : 0;

        if (line[0] == '[')
            in_group = g_str_has_prefix(line, header);
        if (key ? in_group && strncmp(line, key, n) == 0 && strspn(line + n, " \t=") > 0 : in_group)
            found = i + 1;
    }
    g_free(header);
    g_strfreev(lines);
    return found;
}

static bool __attribute__((format(printf, 4, 5)))
refuse(struct profile *p, const char *group, const char *key, const char *fmt, ...)
{
    unsigned line = line_of(p, group, key);
    va_list ap;

    va_start(ap, fmt);
    char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_set_error(p->error, MACHINE_ERROR, 0, "%s:%u: %s", p->path, line ? line : 1, text);
    g_free(text);
    return false;
}

static const struct key_row *row_of(const char *group, const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        if (strcmp(keys[i].group, group) == 0 && (!name || strcmp(keys[i].name, name) == 0))
            return &keys[i];
    return NULL;
}

static bool check_names(struct profile *p)
{
    char **groups = g_key_file_get_groups(p->kf, NULL);
    bool ok = true;

    for (unsigned g = 0; ok && groups[g]; g++) {
        if (!row_of(groups[g], NULL)) {
            ok = refuse(p, groups[g], NULL, "unknown group [%s]; allowed: [core], [tlb], [memory], [latency]",
                        groups[g]);
            break;
        }
        char **names = g_key_file_get_keys(p->kf, groups[g], NULL, NULL);
        for (unsigned k = 0; ok && names[k]; k++)
            if (!row_of(groups[g], names[k]))
                ok = refuse(p, groups[g], names[k], "unknown key %s in [%s]", names[k], groups[g]);
        g_strfreev(names);
    }
    g_strfreev(groups);
    return ok;
}

static bool parse_u32(struct profile *p, const struct key_row *row, const char *text, void *field)
{
    uint64_t v;
    const char *digits = g_str_has_prefix(text, "0x") ? text + 2 : text;

    if (!g_ascii_string_to_unsigned(digits, digits == text ? 10 : 16, row->min, row->max, &v, NULL))
        return refuse(p, row->group, row->name, "%s = %s; allowed: a number %u..%u", row->name, text, row->min,
                      row->max);
    *(uint32_t *)field = (uint32_t)v;
    return true;
}

static bool parse_isa(struct profile *p, const struct key_row *row, const char *text, uint32_t *field)
{
    static const char *const names[] = {
#define ISA(sym, name, reg, bit, text) name,
#include "cpu/isa.def"
    };
    char **words = g_strsplit(text, " ", -1);
    bool ok = true;

    *field = 0;
    for (unsigned w = 0; ok && words[w]; w++) {
        unsigned k = 0;

        while (k < G_N_ELEMENTS(names) && strcmp(names[k], words[w]) != 0)
            k++;
        if (k < G_N_ELEMENTS(names))
            *field |= 1u << k;
        else if (words[w][0])
            ok = refuse(p, row->group, row->name,
                        "unknown extension %s; allowed: x87 mmx sse sse2 sse3 ssse3 sse4.1 sse4.2 popcnt", words[w]);
    }
    g_strfreev(words);
    return ok;
}

static void *field_of(struct profile *p, const struct key_row *row)
{
    return (char *)p->cfg + row->offset;
}

static bool parse(struct profile *p, const struct key_row *row, const char *text)
{
    void *field = field_of(p, row);

    if (row->kind == U32)
        return parse_u32(p, row, text, field);
    if (row->kind == ISA_LIST)
        return parse_isa(p, row, text, field);
    if (row->kind == BOOL) {
        *(bool *)field = strcmp(text, "yes") == 0;
        if (*(bool *)field || strcmp(text, "no") == 0)
            return true;
        return refuse(p, row->group, row->name, "%s = %s; allowed: yes, no", row->name, text);
    }
    if (strlen(text) < row->min || strlen(text) > row->max)
        return refuse(p, row->group, row->name, "%s = %s; allowed: %u..%u characters", row->name, text, row->min,
                      row->max);
    g_strlcpy(field, text, row->max + 1);
    return true;
}

static bool read_key(struct profile *p, const struct key_row *row)
{
    char *text = g_key_file_get_value(p->kf, row->group, row->name, NULL);

    if (!text && row->optional) {
        *(uint32_t *)field_of(p, row) = row->initial;
        return true;
    }
    if (!text)
        return refuse(p, row->group, NULL, "key %s is missing in [%s]", row->name, row->group);
    bool ok = parse(p, row, g_strstrip(text));
    g_free(text);
    return ok;
}

/* ---- rules over several keys ---- */
static bool is_power_of_two(uint32_t v)
{
    return v && (v & (v - 1)) == 0;
}

static bool check_sets(struct profile *p, const char *group, const char *key, uint32_t entries, uint32_t ways)
{
    if (entries == 0)
        return true;
    if (ways == 0 || entries % ways || !is_power_of_two(entries / ways))
        return refuse(p, group, key, "%s: %u entries in %u ways; allowed: a power of two of sets", key, entries, ways);
    return true;
}

static bool check_caches(struct profile *p)
{
    const struct mem_cfg *c = &p->cfg->mem;

    return check_sets(p, "memory", "l1i_bytes", c->l1i.size_bytes / SIM_LINE_BYTES, c->l1i.ways) &&
           check_sets(p, "memory", "l1d_bytes", c->l1d.size_bytes / SIM_LINE_BYTES, c->l1d.ways) &&
           check_sets(p, "memory", "l2_bytes", c->l2.size_bytes / SIM_LINE_BYTES, c->l2.ways) &&
           check_sets(p, "memory", "l3_bytes", c->l3.size_bytes / SIM_LINE_BYTES, c->l3.ways);
}

static bool check_tlbs(struct profile *p)
{
    const struct tlb_cfg *t = &p->cfg->cpu.tlb;
    const struct {
        const char *key;
        struct tlb_array_cfg a;
    } arrays[] = {
        {"itlb_small_entries", t->l1_small[TLB_FETCH]},
        {"itlb_large_entries", t->l1_large[TLB_FETCH]},
        {"dtlb_small_entries", t->l1_small[TLB_DATA]},
        {"dtlb_large_entries", t->l1_large[TLB_DATA]},
        {"l2_small_entries", t->l2_small},
        {"l2_large_entries", t->l2_large},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(arrays); i++)
        if (arrays[i].a.entries != arrays[i].a.ways && /* fully associative: one set of any size */
            !check_sets(p, "tlb", arrays[i].key, arrays[i].a.entries, arrays[i].a.ways))
            return false;
    return true;
}

/* What the memory system and the TLB themselves ask for. The number of cores is not the profile's. */
static bool accepted_below(struct profile *p)
{
    struct mem_cfg mem = p->cfg->mem;
    mem.n_cores = 1;
    const char *wrong = mem_cfg_error(&mem);

    if (wrong)
        return refuse(p, "memory", NULL, "[memory]: %s", wrong);
    wrong = tlb_cfg_error(&p->cfg->cpu.tlb);
    return !wrong || refuse(p, "tlb", NULL, "[tlb]: %s", wrong);
}

static bool check_together(struct profile *p)
{
    const struct machine_cfg *c = p->cfg;

    if (!check_caches(p) || !check_tlbs(p))
        return false;
    if (c->cpu.ipi_cyc < c->mem.probe_cyc)
        return refuse(p, "core", "ipi_cyc", "ipi_cyc = %u; allowed: at least probe_cyc = %u", c->cpu.ipi_cyc,
                      c->mem.probe_cyc);
    if (c->mem.cores_per_die % c->mem.l2_cores)
        return refuse(p, "memory", "l2_cores", "l2_cores = %u; allowed: a divisor of cores_per_die = %u",
                      c->mem.l2_cores, c->mem.cores_per_die);
    return accepted_below(p);
}

bool machine_profile_load(struct machine_cfg *cfg, const char *path, GError **error)
{
    struct profile p = {.path = path, .kf = g_key_file_new(), .cfg = cfg, .error = error};
    GError *inner = NULL;
    bool ok = g_file_get_contents(path, &p.text, NULL, &inner) &&
              g_key_file_load_from_data(p.kf, p.text, strlen(p.text), G_KEY_FILE_NONE, &inner);

    if (inner) {
        g_set_error(error, MACHINE_ERROR, 0, "%s: %s", path, inner->message);
        g_error_free(inner);
    }
    ok = ok && check_names(&p);
    for (size_t i = 0; ok && i < G_N_ELEMENTS(keys); i++)
        ok = read_key(&p, &keys[i]);
    ok = ok && check_together(&p);
    g_key_file_free(p.kf);
    g_free(p.text);
    return ok;
}
