/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a variable stands. HV_READ_MOSTLY: set at boot, read by all CPUs ever after; such data share lines only with
 * each other, so that no CPU's stores take them away. Must have an initialiser.
 */
#pragma once

#define HV_READ_MOSTLY __attribute__((section(".data.read_mostly")))
