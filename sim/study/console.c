/* SPDX-License-Identifier: Apache-2.0 */
/* Picking the stable lines out of a console. See console.h. */
#include "sim/study/console.h"

#include <string.h>

static void line_free(gpointer p)
{
    struct console_line *l = p;
    g_free(l->who);
    g_free(l->kind);
    g_free(l->name);
    g_free(l->rest);
    g_free(l);
}

/* Splits off the next blank-separated word of *@at. */
static char *word(const char **at)
{
    while (**at == ' ' || **at == '\t')
        ++*at;
    size_t n = strcspn(*at, " \t\r");
    char *w = g_strndup(*at, n);
    *at += n;
    return w;
}

static void parse_line(const char *text, GPtrArray *out)
{
    const char *close = text[0] == '(' ? strstr(text, ") @") : NULL;
    if (!close)
        return;
    struct console_line *l = g_new0(struct console_line, 1);
    const char *at = close + 3;
    l->who = g_strndup(text + 1, (gsize)(close - text - 1));
    l->kind = word(&at);
    l->name = word(&at);
    l->rest = g_strstrip(g_strdup(at));
    g_ptr_array_add(out, l);
}

GPtrArray *console_parse(const char *text)
{
    GPtrArray *out = g_ptr_array_new_with_free_func(line_free);
    char **lines = g_strsplit(text, "\n", -1);
    for (char **l = lines; *l; l++)
        parse_line(*l, out);
    g_strfreev(lines);
    return out;
}
