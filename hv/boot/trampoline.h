/* SPDX-License-Identifier: Apache-2.0 */
/* The page below 1 MiB at which other CPUs start in real mode. Used only until they all run. */
#pragma once

#define HV_TRAMPOLINE_PHYS 0x8000

#ifndef __ASSEMBLER__
#include <stdint.h>

extern const uint8_t hv_trampoline_start[], hv_trampoline_end[];
extern void *hv_ap_stack;
void hv_ap_main(void) __attribute__((noreturn));
#endif
