/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's firmware: a few instructions that the first core runs before a kernel, in the place of a boot loader's
 * last ones. They bring the core into the state that the boot protocol asks for and switch the local APIC to virtual
 * wire mode (PIC through LINT0), as a BIOS does. There are no BIOS services: INT n in real mode returns with the carry
 * flag set, which means "not supported"; hardware interrupts are acknowledged. The BIOS data area holds what kernels
 * look up there.
 */
#pragma once
#include <stdint.h>

struct machine;

enum firmware_kind {
    FIRMWARE_FLAT32, /* protected mode, paging off, flat segments 0x10 and 0x18, interrupts off */
    FIRMWARE_LONG64, /* long mode, the first 4 GiB mapped to themselves, the same selectors, interrupts off */
    FIRMWARE_REAL16, /* real mode at 0:entry, segments 0, SP = entry, DL = 0x80, interrupts on */
};
enum { FIRMWARE_AX, FIRMWARE_CX, FIRMWARE_DX, FIRMWARE_BX, FIRMWARE_SP, FIRMWARE_BP, FIRMWARE_SI, FIRMWARE_DI };
struct firmware_start {
    enum firmware_kind kind;
    uint64_t entry;
    uint32_t r[8]; /* FIRMWARE_*; 64-bit registers are zero-extended */
};

/* firmware_start() - writes the code and stands core 0 at its beginning. */
void firmware_start(struct machine *m, const struct firmware_start *s);
