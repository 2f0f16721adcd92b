/* SPDX-License-Identifier: Apache-2.0 */
/* Patching of static branches, through the direct map: the image's own text is read-only in the end. */
#include "hv/include/static_branch.h"
#include "hv/include/layout.h"
#include "hv/include/string.h"
#include "hv/include/x86_insn.h"

struct static_branch_row {
    uint64_t at, target;
    struct hv_static_key *key;
};
extern const struct static_branch_row __static_branch_start[], __static_branch_end[];

#define BRANCH_BYTES 5
static const uint8_t nop5[BRANCH_BYTES] = {0x0f, 0x1f, 0x44, 0x00, 0x00};

static void patch(const struct static_branch_row *row, bool taken)
{
    uint8_t *text = hv_phys_to_virt(hv_image_to_phys((const void *)row->at));
    int32_t distance = (int32_t)(row->target - (row->at + BRANCH_BYTES));

    if (taken) {
        text[0] = 0xe9; /* JMP rel32 */
        memcpy(text + 1, &distance, sizeof(distance));
    } else {
        memcpy(text, nop5, BRANCH_BYTES);
    }
}

void hv_static_key_set(struct hv_static_key *key, bool enabled)
{
    if (key->enabled == enabled)
        return;
    key->enabled = enabled;
    for (const struct static_branch_row *row = __static_branch_start; row < __static_branch_end; row++) {
        if (row->key == key)
            patch(row, enabled);
    }
    hv_cpuid(0, 0); /* serialises: no old instruction is executed after this (manual: "Self-Modifying Code") */
}
