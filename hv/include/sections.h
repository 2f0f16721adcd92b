/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a variable stands.
 *
 * HV_READ_MOSTLY: set at boot, read by all CPUs ever after; such data share lines only with each other, so that no
 * CPU's stores take them away.
 * HV_OWN_LINE: written by many CPUs all the time, so alone on its cache line: whoever waits for the line waits for this
 * variable, and an observer that names lines by symbols names it right.
 *
 * Both must have an initialiser.
 */
#pragma once

#define HV_READ_MOSTLY __attribute__((section(".data.read_mostly")))
#define HV_OWN_LINE    __attribute__((section(".data.own_line"), aligned(64)))
