/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot-word parser. Everything it knows is in hv/abi/options.def. It compares whole words: a parser that compares
 * only as many letters as the user typed turns "no" into every option that begins so.
 */
#include "hv/include/options.h"
#include <stdbool.h>
#include "hv/include/printk.h"
#include "hv/include/sections.h"
#include "hv/include/string.h"

enum type { INT, ENUM, BOOL };
struct row {
    const char *name;
    enum type type;
    size_t offset;
    uint32_t min, max;
    const char *choices;
};
static const struct row rows[] = {
#define OPT(sym, name, type, def, min, max, choices, text)                                                             \
    {name, type, offsetof(struct hv_options, sym), min, max, choices},
#include "hv/abi/options.def"
#undef OPT
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))
_Static_assert(N_ROWS <= 64, "one bit a row in parse state");

static const struct hv_options defaults = {
#define OPT(sym, name, type, def, min, max, choices, text) .sym = (def),
#include "hv/abi/options.def"
#undef OPT
};
HV_READ_MOSTLY struct hv_options hv_opt = {
#define OPT(sym, name, type, def, min, max, choices, text) .sym = (def),
#include "hv/abi/options.def"
#undef OPT
};

struct word {
    const char *text;
    size_t n;
};

static bool equal(struct word w, const char *s, size_t n)
{
    return w.n == n && strncmp(w.text, s, n) == 0;
}

static bool parse_int(struct word w, const struct row *row, uint32_t *value)
{
    uint64_t v = 0;

    if (w.n == 0 || w.n > 10)
        return false;
    for (size_t i = 0; i < w.n; i++) {
        if (w.text[i] < '0' || w.text[i] > '9')
            return false;
        v = v * 10 + (uint64_t)(w.text[i] - '0');
    }
    *value = (uint32_t)v;
    return v >= row->min && v <= row->max;
}

static bool parse_choice(struct word w, const char *choices, uint32_t *value)
{
    uint32_t index = 0;

    for (const char *c = choices;; index++) {
        const char *end = strchr(c, '|');
        size_t n = end != NULL ? (size_t)(end - c) : strlen(c);

        if (equal(w, c, n)) {
            *value = index;
            return true;
        }
        if (end == NULL)
            return false;
        c = end + 1;
    }
}

static bool parse_value(struct word w, const struct row *row, uint32_t *value)
{
    if (row->type == INT)
        return parse_int(w, row, value);
    return parse_choice(w, row->type == BOOL ? "off|on" : row->choices, value);
}

static const struct row *find_row(struct word name)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        if (equal(name, rows[i].name, strlen(rows[i].name)))
            return &rows[i];
    }
    return NULL;
}

/* Writes why @w is refused into @message; false if it is not. */
static bool refuse(struct word w, struct hv_options *opt, uint64_t *seen, char *message, size_t bytes)
{
    const char *equals = w.text;
    struct word name, value;
    const struct row *row;
    uint32_t v;

    while (equals < w.text + w.n && *equals != '=')
        equals++;
    name = (struct word){w.text, (size_t)(equals - w.text)};
    row = find_row(name);
    if (row == NULL) {
        hv_snprintf(message, bytes, "\"%.*s\" is not a boot word", (int)(w.n < 64 ? w.n : 64), w.text);
    } else if (name.n == w.n) {
        hv_snprintf(message, bytes, "%s needs a value: %s=...", row->name, row->name);
    } else if (*seen >> (row - rows) & 1) {
        hv_snprintf(message, bytes, "%s is given twice", row->name);
    } else {
        value = (struct word){equals + 1, w.n - name.n - 1};
        *seen |= UINT64_C(1) << (row - rows);
        if (parse_value(value, row, &v)) {
            memcpy((char *)opt + row->offset, &v, sizeof(v));
            return false;
        }
        if (row->type == INT)
            hv_snprintf(message, bytes, "%s takes %u to %u %s, not \"%.*s\"", row->name, row->min, row->max,
                        row->choices, (int)(value.n < 32 ? value.n : 32), value.text);
        else
            hv_snprintf(message, bytes, "%s takes %s, not \"%.*s\"", row->name, row->choices,
                        (int)(value.n < 32 ? value.n : 32), value.text);
    }
    return true;
}

unsigned hv_options_parse(struct hv_options *opt, const char *line, void (*report)(const char *message))
{
    char message[HV_OPTION_ERROR_BYTES];
    unsigned refused = 0;
    uint64_t seen = 0;

    *opt = defaults;
    while (*line != '\0') {
        struct word w = {line, 0};

        while (line[w.n] != '\0' && line[w.n] != ' ' && line[w.n] != '\t')
            w.n++;
        if (w.n > 0 && refuse(w, opt, &seen, message, sizeof(message))) {
            refused++;
            report(message);
        }
        line += w.n + (line[w.n] != '\0');
    }
    return refused;
}
