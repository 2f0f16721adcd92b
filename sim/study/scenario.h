/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scenario: a key file whose values may be lists, and so span a grid of points.
 *
 * Every option of every section instance is a slot with one or more canonical values; a slot with more than one is an
 * axis. Slots stand in table order (named sections in the file's order), so the order of points is a function of the
 * scenario alone: the first axis changes slowest. A point is just its number.
 * Errors name file and line, the nearest known name or what is allowed.
 */
#pragma once
#include "sim/study/options.h"

struct scenario_slot {
    char *section;     /* instance: "machine", "domain.u" */
    enum option_id id; /* row of the table */
    char *key;         /* "domain.u.count" */
    GPtrArray *values; /* canonical text, at least one */
    unsigned line;     /* in the file; 0: default or --set */
    gboolean is_set;
};
struct scenario {
    char *name, *path;
    char *hash;       /* of the file's text, for the head of a CSV */
    GPtrArray *slots; /* struct scenario_slot */
};
struct point {
    const struct scenario *scenario;
    size_t index; /* 0..scenario_points()-1 */
};

/* scenario_load() - read and check @path. NULL and @error on anything unknown or not allowed. */
struct scenario *scenario_load(const char *path, GError **error);
void scenario_free(struct scenario *s);
/* scenario_set() - "section.key=value", as --set has it. A section that the file lacks is an error, so that a misspelt
 * domain does not silently become a new one. */
gboolean scenario_set(struct scenario *s, const char *assignment, GError **error);

/* scenario_points() - product of the axes' lengths; 0 when over a million. */
size_t scenario_points(const struct scenario *s);
const struct scenario_slot *scenario_slot(const struct scenario *s, size_t i);
/* scenario_find() - slot by "section.key", or by section instance and option; NULL if there is none. */
const struct scenario_slot *scenario_find(const struct scenario *s, const char *key);
const struct scenario_slot *scenario_find_id(const struct scenario *s, const char *section, enum option_id id);
gboolean scenario_slot_is_axis(const struct scenario_slot *slot);
/* scenario_sections() - names of the instances of an open section, in order; free the array with g_ptr_array_unref. */
GPtrArray *scenario_sections(const struct scenario *s, enum option_id section);

/* point_value() - canonical text of a slot at this point; point_text/int look it up by section and option. */
const char *point_value(const struct point *p, const struct scenario_slot *slot);
const char *point_text(const struct point *p, const char *section, enum option_id id);
int64_t point_int(const struct point *p, const char *section, enum option_id id);
/* point_label() - "hv.tlb-global=off,domain.u.count=3", the axes' values; "point" without axes. g_free. */
char *point_label(const struct point *p);
/* scenario_where() - "file:line: key" of a slot, for messages about its value. g_free. */
char *scenario_where(const struct scenario *s, const struct scenario_slot *slot);
