/* SPDX-License-Identifier: Apache-2.0 */
/* The boot module's file "domains": one line, one domain (hv/abi/domains.md). Pure, tested on the host. */
#include "hv/domain/domain.h"
#include "hv/include/printk.h"
#include "hv/include/string.h"

#define MAX_VALUE HV_DOMAIN_CMDLINE_BYTES

struct word {
    char key[16];
    char value[MAX_VALUE];
};
struct error {
    char *text;
    size_t bytes;
};

static bool fail(const struct error *e, const char *what, const char *key)
{
    hv_snprintf(e->text, e->bytes, "%s: %s", key, what);
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Takes the next key=value off [*at, end). *@more false: there is none. */
static bool next_word(const char **at, const char *end, struct word *w, bool *more, const struct error *e)
{
    size_t n = 0;

    while (*at < end && is_blank(**at))
        (*at)++;
    *more = *at < end;
    if (!*more)
        return true;
    for (; *at < end && **at != '=' && !is_blank(**at); (*at)++)
        if (n < sizeof(w->key) - 1)
            w->key[n++] = **at;
    w->key[n] = 0;
    if (*at == end || **at != '=')
        return fail(e, "a word is key=value", w->key);
    (*at)++;
    bool quoted = *at < end && **at == '"';
    *at += quoted;
    for (n = 0; *at < end && (quoted ? **at != '"' : !is_blank(**at)); (*at)++) {
        if (n == MAX_VALUE - 1)
            return fail(e, "longer than 1023 characters", w->key);
        w->value[n++] = **at;
    }
    w->value[n] = 0;
    if (quoted && *at == end)
        return fail(e, "no closing quote", w->key);
    *at += quoted;
    return true;
}

static bool take_number(unsigned *to, const struct word *w, unsigned min, unsigned max, const struct error *e)
{
    uint64_t v = 0;

    for (const char *c = w->value; *c || c == w->value; c++) {
        if (*c < '0' || *c > '9' || v > max)
            break;
        v = v * 10 + (uint64_t)(*c - '0');
        if (c[1] == 0 && v >= min && v <= max) {
            *to = (unsigned)v;
            return true;
        }
    }
    hv_snprintf(e->text, e->bytes, "%s=%.40s: a number from %u to %u is expected", w->key, w->value, min, max);
    return false;
}

static bool take_text(char *to, size_t bytes, const struct word *w, const struct error *e)
{
    size_t n = strlen(w->value);

    if (n == 0 || n >= bytes) {
        hv_snprintf(e->text, e->bytes, "%s: 1 to %zu characters are expected", w->key, bytes - 1);
        return false;
    }
    memcpy(to, w->value, n + 1);
    return true;
}

static bool take_word(struct hv_domain_config *cfg, const struct word *w, const struct error *e)
{
    if (strcmp(w->key, "name") == 0)
        return take_text(cfg->name, sizeof(cfg->name), w, e);
    if (strcmp(w->key, "type") == 0)
        return strcmp(w->value, "pv64") == 0 || fail(e, "only pv64 is there", w->key);
    if (strcmp(w->key, "vcpus") == 0)
        return take_number(&cfg->vcpus, w, 1, HV_MAX_CPUS < 32 ? HV_MAX_CPUS : 32, e);
    if (strcmp(w->key, "memory_mib") == 0)
        return take_number(&cfg->memory_mib, w, 8, 65536, e);
    if (strcmp(w->key, "cpu") == 0)
        return take_number(&cfg->cpu, w, 0, HV_MAX_CPUS - 1, e);
    if (strcmp(w->key, "kernel") == 0)
        return take_text(cfg->kernel, sizeof(cfg->kernel), w, e);
    if (strcmp(w->key, "initrd") == 0)
        return take_text(cfg->initrd, sizeof(cfg->initrd), w, e);
    if (strcmp(w->key, "cmdline") == 0) {
        memcpy(cfg->cmdline, w->value, sizeof(cfg->cmdline));
        return true;
    }
    if (strcmp(w->key, "privileged") == 0) {
        cfg->is_privileged = strcmp(w->value, "yes") == 0;
        return cfg->is_privileged || strcmp(w->value, "no") == 0 || fail(e, "yes or no", w->key);
    }
    return fail(e, "unknown key", w->key);
}

bool hv_domain_config_parse(struct hv_domain_config *cfg, const char *line, size_t n, char *error, size_t error_bytes)
{
    const struct error e = {error, error_bytes};
    const char *at = line, *end = line + n;
    struct word w;
    bool more;

    memset(cfg, 0, sizeof(*cfg));
    cfg->vcpus = 1;
    cfg->memory_mib = 64;
    for (;;) {
        if (!next_word(&at, end, &w, &more, &e))
            return false;
        if (!more)
            break;
        if (!take_word(cfg, &w, &e))
            return false;
    }
    if (!cfg->name[0])
        return fail(&e, "missing", "name");
    if (!cfg->kernel[0])
        return fail(&e, "missing", "kernel");
    return true;
}
