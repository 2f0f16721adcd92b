/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer of cpio archives in "newc" format, the form of the boot module (hv/abi/domains.md). The same members give
 * the same bytes: no times, no owners, inode numbers in order of adding.
 * Source: cpio(5), "New ASCII Format".
 */
#pragma once
#include <glib.h>

#define CPIO_TRAILER "TRAILER!!!" /* name of the end */

/* cpio_add() - append a regular file. @archive: starts empty. */
void cpio_add(GByteArray *archive, const char *name, const void *data, gsize bytes);
/* cpio_add_node() - the same with @mode of stat(2): files, directories (no data), symbolic links (data: the target). */
void cpio_add_node(GByteArray *archive, const char *name, unsigned mode, const void *data, gsize bytes);
/* cpio_end() - append the trailer; nothing may be added after it. */
void cpio_end(GByteArray *archive);
