/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions of the hypervisor that may fault (copies to and from guests, MSR probes): a fault at the first address
 * goes on at the second, with all registers as they were. For use inside asm statements.
 */
#pragma once

#define HV_EXTABLE(fault, fixup)                                                                                       \
    ".pushsection __ex_table, \"a\"\n"                                                                                 \
    ".balign 8\n"                                                                                                      \
    ".quad " fault ", " fixup "\n"                                                                                     \
    ".popsection\n"
