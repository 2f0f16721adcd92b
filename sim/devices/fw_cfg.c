/* SPDX-License-Identifier: Apache-2.0 */
/* See fw_cfg.h. */
#include "sim/devices/fw_cfg.h"
#include "sim/core/fault.h"

void fw_cfg_add(struct fw_cfg *f, uint16_t key, const void *data, size_t bytes)
{
    if (f->n == FW_CFG_ITEMS)
        sim_bug("fw_cfg: more than %d items", FW_CFG_ITEMS);
    f->item[f->n++] = (struct fw_cfg_item){key, bytes, data};
}

void fw_cfg_select(struct fw_cfg *f, uint16_t key)
{
    f->selector = key;
    f->at = 0;
}

uint8_t fw_cfg_read(struct fw_cfg *f)
{
    for (unsigned i = 0; i < f->n; i++)
        if (f->item[i].key == f->selector)
            return f->at < f->item[i].bytes ? f->item[i].data[f->at++] : 0;
    return 0;
}
