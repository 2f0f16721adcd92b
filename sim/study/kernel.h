/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a file at all a 64-bit PV guest kernel that is whole? Found here it is a bad input, told before anything runs; the
 * hypervisor, which trusts nobody, judges notes and addresses again (hv/domain/elf_image.c).
 */
#pragma once
#include <glib.h>

/* kernel_error() - NULL, or what is wrong with the @bytes at @data, in one sentence with what is allowed. */
char *kernel_error(const char *data, gsize bytes);
