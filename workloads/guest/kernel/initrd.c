/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking of the boot module: see initrd.h. A damaged archive is refused where the damage is found. */
#include "kernel/initrd.h"
#include "kernel/lib.h"

#define START_NAME "vmscale.start"
#define INPUT_NAME "vmscale.stdin"

struct cpio_header { /* "newc": numbers as 8 hexadecimal digits */
    char magic[6], ino[8], mode[8], uid[8], gid[8], nlink[8], mtime[8], filesize[8], devmajor[8], devminor[8],
        rdevmajor[8], rdevminor[8], namesize[8], check[8];
};

struct member {
    const char *name;
    const uint8_t *data;
    size_t bytes;
    uint32_t mode;
};

static size_t cpio_number(const char *digits)
{
    size_t v = 0;

    for (unsigned i = 0; i < 8; i++) {
        char c = digits[i];
        unsigned d = c >= '0' && c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
        v = v << 4 | (d & 15);
    }
    return v;
}

/* Path of process 1, its arguments, its environment. */
static bool read_start(const struct member *m, struct initrd *found)
{
    const char *s = (const char *)m->data, *end = s + m->bytes;
    unsigned nr = 0, argc = 0;

    if (!m->bytes || end[-1] || m->bytes > ARGS_BYTES)
        return false;
    found->path = s;
    s += strlen(s) + 1;
    for (; s < end && *s >= '0' && *s <= '9'; s++)
        argc = argc * 10 + (unsigned)(*s - '0');
    if (s >= end || *s)
        return false;
    found->args.strings = ++s;
    found->args.bytes = (size_t)(end - s);
    for (; s < end; s += strlen(s) + 1)
        nr++;
    found->args.argc = argc;
    found->args.envc = nr - argc;
    return argc && nr >= argc;
}

static bool add_file(const struct member *m, const char *path)
{
    uint32_t mode = (m->mode & S_IFMT) ? m->mode : S_IFREG | 0755;
    uint32_t type = mode & S_IFMT;

    if (type != S_IFREG && type != S_IFDIR && type != S_IFLNK)
        return true; /* devices are this kernel's own business */
    struct inode *i = tmpfs_create_path(path, mode);
    if (!i)
        return false;
    if (type == S_IFLNK)
        return !tmpfs_set_target(i, (const char *)m->data, m->bytes);
    if (type == S_IFREG) {
        i->image = m->bytes ? m->data : NULL;
        i->bytes = m->bytes;
    }
    return true;
}

static bool add_member(const struct member *m, struct initrd *found)
{
    char path[256] = "/";
    const char *name = m->name;

    while (name[0] == '/' || (name[0] == '.' && (name[1] == '/' || !name[1])))
        name++;
    size_t n = strlen(name);
    if (!strcmp(name, START_NAME))
        return read_start(m, found);
    if (!strcmp(name, INPUT_NAME)) {
        found->has_input = true;
        return add_file(m, "/dev/stdin");
    }
    if (!n)
        return true;
    if (n >= sizeof(path) - 1)
        return false;
    memcpy(path + 1, name, n + 1);
    return add_file(m, path);
}

static bool unpack(const char *at, size_t left, struct initrd *found)
{
    while (left >= sizeof(struct cpio_header)) {
        const struct cpio_header *h = (const void *)at;
        if (memcmp(h->magic, "070701", 6) != 0)
            return false;
        size_t name_bytes = cpio_number(h->namesize), bytes = cpio_number(h->filesize);
        size_t data_at = (sizeof(*h) + name_bytes + 3) & ~3ul;
        if (!name_bytes || data_at > left || bytes > left - data_at || at[sizeof(*h) + name_bytes - 1])
            return false;
        struct member m = {at + sizeof(*h), (const uint8_t *)at + data_at, bytes, (uint32_t)cpio_number(h->mode)};
        if (!strcmp(m.name, "TRAILER!!!"))
            return true;
        if (!add_member(&m, found))
            return false;
        size_t whole = (data_at + bytes + 3) & ~3ul;
        if (whole > left)
            return false;
        at += whole;
        left -= whole;
    }
    return false;
}

bool initrd_unpack(const void *data, size_t bytes, const char *name, struct initrd *found)
{
    struct member program = {name, data, bytes, S_IFREG | 0755};

    if (bytes >= 6 && !memcmp(data, "070701", 6))
        return unpack(data, bytes, found);
    return bytes >= 4 && !memcmp(data, "\177ELF", 4) && add_member(&program, found);
}
