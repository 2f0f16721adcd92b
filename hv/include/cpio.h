/* SPDX-License-Identifier: Apache-2.0 */
/* Reader of cpio archives in "newc" format. Trusts nothing: every size is checked against the archive. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct hv_cpio_file {
    const char *name; /* zero-terminated, in the archive */
    const void *data;
    size_t bytes;
};
/* hv_cpio_next() - the member at *@offset (0 at first), and moves on. False at the trailer or at damage. */
bool hv_cpio_next(const void *archive, size_t bytes, size_t *offset, struct hv_cpio_file *file);
/* hv_cpio_find() - the member called @name; a leading "./" in the archive does not count. */
bool hv_cpio_find(const void *archive, size_t bytes, const char *name, struct hv_cpio_file *file);
