/* SPDX-License-Identifier: Apache-2.0 */
/* Futexes: threads of one address space sleep on a word of it. Those of other kinds (shared memory, PI) are not here.
 */
#pragma once

#include "kernel/types.h"

/* Wakes up to @count threads that wait for @address of the current address space with a bit of @mask; how many. */
int64_t futex_wake(uint64_t address, unsigned count, uint32_t mask);
