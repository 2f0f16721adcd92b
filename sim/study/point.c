/* SPDX-License-Identifier: Apache-2.0 */
/* Points of a scenario's grid: number to values and back. See scenario.h. */
#include "sim/study/scenario.h"

size_t scenario_points(const struct scenario *s)
{
    size_t n = 1;
    for (guint i = 0; i < s->slots->len && n <= 1000000; i++)
        n *= scenario_slot(s, i)->values->len;
    return n <= 1000000 ? n : 0;
}

const char *point_value(const struct point *p, const struct scenario_slot *slot)
{
    if (!scenario_slot_is_axis(slot))
        return slot->values->pdata[0];
    size_t index = p->index;
    for (size_t i = p->scenario->slots->len; i-- > 0;) {
        const struct scenario_slot *other = scenario_slot(p->scenario, i);
        if (other == slot)
            break;
        index /= other->values->len;
    }
    return slot->values->pdata[index % slot->values->len];
}

const char *point_text(const struct point *p, const char *section, enum option_id id)
{
    return point_value(p, scenario_find_id(p->scenario, section, id));
}

int64_t point_int(const struct point *p, const char *section, enum option_id id)
{
    return g_ascii_strtoll(point_text(p, section, id), NULL, 10);
}

char *point_label(const struct point *p)
{
    GString *label = g_string_new(NULL);
    for (guint i = 0; i < p->scenario->slots->len; i++) {
        const struct scenario_slot *slot = scenario_slot(p->scenario, i);
        if (scenario_slot_is_axis(slot))
            g_string_append_printf(label, "%s%s=%s", label->len ? "," : "", slot->key, point_value(p, slot));
    }
    if (label->len == 0)
        g_string_append(label, "point");
    return g_string_free(label, FALSE);
}
