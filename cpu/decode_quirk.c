/* SPDX-License-Identifier: Apache-2.0 */
/* quirks.def as a table and its search. Decode time only. */
#include "cpu/decode.h"

enum quirk_when { ALWAYS, FAILED };
enum quirk_prefix { PREFIX_ANY, PREFIX_F3, PREFIX_MAND, PREFIX_REXR };

static const struct quirk {
    uint8_t when, map, opcode, mask, value, prefix, modes, action;
} quirks[] = {
#define QUIRK(when, map, opcode, mask, value, prefix, modes, action, why)                                              \
    {when, map, opcode, mask, value, PREFIX_##prefix, modes, CPU_QUIRK_##action},
#include "cpu/quirks.def"
};

static bool prefix_fits(const struct cpu_bytes *p, enum quirk_prefix want)
{
    switch (want) {
    case PREFIX_F3:
        return p->rep == 0xf3;
    case PREFIX_MAND:
        return p->rep || p->has66;
    case PREFIX_REXR:
        return p->rex & 4;
    default:
        return true;
    }
}

enum cpu_quirk_action cpu_quirk(const struct cpu_bytes *p, bool failed)
{
    unsigned mode_bit = p->mode == 2 ? 1 : p->mode == 4 ? 2 : 4;
    for (size_t k = 0; k < sizeof quirks / sizeof quirks[0]; k++) {
        const struct quirk *q = &quirks[k];
        if (q->map == p->map && q->opcode == p->opcode && (p->modrm & q->mask) == q->value && (q->modes & mode_bit) &&
            q->when == (failed ? FAILED : ALWAYS) && prefix_fits(p, q->prefix))
            return q->action;
    }
    return CPU_QUIRK_NONE;
}
