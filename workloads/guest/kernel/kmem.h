/* SPDX-License-Identifier: Apache-2.0 */
/* Small pieces of kernel memory, in sizes of powers of two from 32 to 2048 bytes. Pages once taken stay with their
 * size. */
#pragma once

#include "kernel/types.h"

#define KMEM_MAX_BYTES 2048u

void *kmem_alloc(size_t bytes); /* zeroed; NULL without memory; bytes <= KMEM_MAX_BYTES */
void kmem_free(void *p, size_t bytes);
