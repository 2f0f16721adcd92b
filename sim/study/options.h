/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The option table of sim/options.def, as data: which sections and keys there are, of what type, and what is allowed.
 *
 * Not here: a scenario's values (scenario.h). Values are kept as canonical text ("8", "off") because a value is an axis
 * coordinate, a column and a word of a command line long before it is a number.
 */
#pragma once
#include <glib.h>
#include <stdint.h>

enum option_type { OPTION_INT, OPTION_ENUM, OPTION_BOOL, OPTION_NAME, OPTION_TEXT, OPTION_SECTION };

/* Rows in table order; a section's own row stands before its options. */
enum option_id {
#define SECTION(sym, name, text)                           OPTION_SECTION_##sym,
#define OPT(sym, name, type, def, min, max, choices, text) OPTION_##sym,
#include "sim/options.def"
#undef SECTION
#undef OPT
    OPTION_COUNT
};

struct option_row {
    const char *name;
    enum option_type type;
    int64_t def, min, max; /* INT, ENUM, BOOL */
    const char *def_text;  /* NAME, TEXT */
    const char *choices;   /* "a|b" for ENUM and BOOL, else the unit */
    const char *text;
};

#define STUDY_ERROR study_error_quark()
GQuark study_error_quark(void);
/* Error codes are the exit codes of the tool. */
enum study_exit { STUDY_OK, STUDY_GUEST, STUDY_INPUT, STUDY_BUG, STUDY_INTERRUPTED = 130 };

const struct option_row *option_row(enum option_id id);
/* option_section_of() - the section row that @id belongs to. */
enum option_id option_section_of(enum option_id id);
/* option_section_find() - section row for an instance name ("hv", "domain.u", "plot"); -1: unknown. */
int option_section_find(const char *instance);
/* option_section_is_open() - does the section exist in named instances ([domain.NAME])? */
gboolean option_section_is_open(enum option_id section);
/* option_find() - option called @name in @section; -1: unknown. */
int option_find(enum option_id section, const char *name);

/* option_default() - canonical text of the default; free with g_free. */
char *option_default(enum option_id id);
/*
 * option_parse() - check one value and make it canonical. Return: new text, or NULL and @error that says what is
 * allowed (without place: the caller knows file and line).
 */
char *option_parse(enum option_id id, const char *value, GError **error);
/* option_parse_list() - "a, b", "1..8": appends canonical values to @out. TEXT is taken whole. */
gboolean option_parse_list(enum option_id id, const char *value, GPtrArray *out, GError **error);
/* option_allowed() - "1..64 cores", "off or on": for messages and help; free with g_free. */
char *option_allowed(enum option_id id);

/* study_nearest() - the word of @words (NULL-terminated) nearest to @word by edit distance; NULL if none is close. */
const char *study_nearest(const char *word, const char *const *words);
