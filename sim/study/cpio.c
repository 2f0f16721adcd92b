/* SPDX-License-Identifier: Apache-2.0 */
/* See cpio.h. A member is a 110-byte head of hexadecimal fields, the name, the data, each padded to four bytes. */
#include "sim/study/cpio.h"

#include <string.h>

#define MODE_REGULAR 0100644u

static void pad(GByteArray *archive)
{
    static const guint8 zero[4];
    g_byte_array_append(archive, zero, (4 - archive->len % 4) % 4);
}

static void add(GByteArray *archive, const char *name, unsigned mode, const void *data, gsize bytes)
{
    char head[111];
    unsigned inode = archive->len / 4 + 1, namesize = (unsigned)strlen(name) + 1;
    g_snprintf(head, sizeof head, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", inode, mode, 0u, 0u, 1u,
               0u, (unsigned)bytes, 0u, 0u, 0u, 0u, namesize, 0u);
    g_byte_array_append(archive, (const guint8 *)head, 110);
    g_byte_array_append(archive, (const guint8 *)name, namesize);
    pad(archive);
    g_byte_array_append(archive, data, (guint)bytes);
    pad(archive);
}

void cpio_add(GByteArray *archive, const char *name, const void *data, gsize bytes)
{
    add(archive, name, MODE_REGULAR, data, bytes);
}

void cpio_add_node(GByteArray *archive, const char *name, unsigned mode, const void *data, gsize bytes)
{
    add(archive, name, mode, data, bytes);
}

void cpio_end(GByteArray *archive)
{
    add(archive, CPIO_TRAILER, 0, "", 0);
}
