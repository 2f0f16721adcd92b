/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU's firmware configuration, as far as kernels use it: numbered items behind a selector port (0x510, 16 bits) and a
 * data port (0x511, byte after byte). Read-only, no DMA. The board gives the items; past an item's end reads are zero.
 * Source: QEMU documentation, "QEMU Firmware Configuration (fw_cfg) Device".
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { FW_CFG_ITEMS = 16 };

struct fw_cfg_item {
    uint16_t key;
    size_t bytes;
    const uint8_t *data; /* the board's */
};
struct fw_cfg {
    struct fw_cfg_item item[FW_CFG_ITEMS];
    unsigned n;
    uint16_t selector;
    size_t at;
};

void fw_cfg_add(struct fw_cfg *f, uint16_t key, const void *data, size_t bytes);
uint8_t fw_cfg_read(struct fw_cfg *f);
void fw_cfg_select(struct fw_cfg *f, uint16_t key);
