/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A boot sector: 512 bytes with the signature 55 AA, run in real mode at 0:7C00 with DL = 0x80. There is no BIOS behind
 * it (firmware.h) and no disk: it talks to the hardware. Source: the PC/AT BIOS, as everybody has copied it since.
 */
#include "sim/machine/firmware.h"
#include "sim/machine/loader.h"

enum { SECTOR = 512, SIGNATURE_AT = 510, SIGNATURE = 0xaa55, LOAD_AT = 0x7c00 };

static bool recognises(struct image *im)
{
    return im->size == SECTOR && loader_get(im, SIGNATURE_AT, 2) == SIGNATURE;
}

static bool load(struct image *im)
{
    if (im->n_modules)
        return loader_refuse(im, "a boot sector takes no modules (%zu given)", im->n_modules);
    if (!loader_add_segment(im, &(struct segment){LOAD_AT, 0, SECTOR, SECTOR}))
        return false;
    loader_copy(im);
    firmware_start(im->m, &(struct firmware_start){.kind = FIRMWARE_REAL16, .entry = LOAD_AT});
    return true;
}

const struct loader loader_sector = {"boot sector", recognises, load};
