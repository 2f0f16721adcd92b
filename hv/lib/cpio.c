/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpio "newc": a header of 110 ASCII characters (magic 070701, then 13 fields of 8 hex digits), the name, the data;
 * name and data end on multiples of 4. The member "TRAILER!!!" ends the archive.
 */
#include "hv/include/cpio.h"
#include <stdint.h>
#include "hv/include/string.h"

#define HEADER_BYTES   110u
#define FIELD_FILESIZE 6u
#define FIELD_NAMESIZE 11u

static bool field(const char *header, unsigned index, size_t *value)
{
    const char *s = header + 6 + 8 * index;
    size_t v = 0;

    for (unsigned i = 0; i < 8; i++) {
        char c = s[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                : 16;

        if (digit == 16)
            return false;
        v = v << 4 | digit;
    }
    *value = v;
    return true;
}

static size_t round4(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

bool hv_cpio_next(const void *archive, size_t bytes, size_t *offset, struct hv_cpio_file *file)
{
    const char *header = (const char *)archive + *offset;
    size_t left, name_bytes, data_bytes, data_at;

    if (*offset > bytes || (left = bytes - *offset) < HEADER_BYTES)
        return false;
    if (memcmp(header, "070701", 6) != 0 || !field(header, FIELD_NAMESIZE, &name_bytes) ||
        !field(header, FIELD_FILESIZE, &data_bytes))
        return false;
    data_at = round4(HEADER_BYTES + name_bytes); /* both sizes are below 2^32: no overflow in 64 bits */
    if (name_bytes == 0 || data_at > left || data_bytes > left - data_at ||
        header[HEADER_BYTES + name_bytes - 1] != '\0')
        return false;
    if (strcmp(header + HEADER_BYTES, "TRAILER!!!") == 0)
        return false;
    *file = (struct hv_cpio_file){header + HEADER_BYTES, header + data_at, data_bytes};
    *offset += round4(data_at + data_bytes);
    return true;
}

bool hv_cpio_find(const void *archive, size_t bytes, const char *name, struct hv_cpio_file *file)
{
    size_t offset = 0;

    while (hv_cpio_next(archive, bytes, &offset, file)) {
        const char *member = strncmp(file->name, "./", 2) == 0 ? file->name + 2 : file->name;

        if (strcmp(member, name) == 0)
            return true;
    }
    return false;
}
