/* SPDX-License-Identifier: Apache-2.0 */
/* Names and inodes: see tmpfs.h. The data of files is in tmpfs_data.c. */
#include "kernel/tmpfs.h"
#include "kernel/kmem.h"
#include "kernel/lib.h"
#include "kernel/platform.h"

#define LINKS_MAX 16u /* symbolic links on one path */

static struct inode root = {.refs = 1, .links = 2, .number = 1, .mode = S_IFDIR | 0755, .last_cookie = 2};
static uint32_t last_number = 1;

struct inode *tmpfs_root(void)
{
    return &root;
}

void tmpfs_init(void)
{
    root.parent = &root;
}

struct inode *tmpfs_get(struct inode *i)
{
    i->refs++;
    return i;
}

void tmpfs_put(struct inode *i)
{
    if (--i->refs)
        return;
    if ((i->mode & S_IFMT) == S_IFREG)
        tmpfs_truncate(i, 0);
    if (i->target)
        kmem_free(i->target, i->bytes + 1);
    kmem_free(i, sizeof(*i));
}

static bool is_dir(const struct inode *i)
{
    return (i->mode & S_IFMT) == S_IFDIR;
}

/* ---- Walking ---- */

static struct dentry **find_name(struct inode *dir, const char *name, size_t bytes)
{
    struct dentry **link = &dir->first;

    while (*link && ((*link)->name_bytes != bytes || memcmp((*link)->name, name, bytes) != 0))
        link = &(*link)->next;
    return link;
}

/* One component; "." and ".." included. */
static struct inode *step(struct inode *dir, const char *name, size_t bytes)
{
    if (bytes == 1 && name[0] == '.')
        return dir;
    if (bytes == 2 && name[0] == '.' && name[1] == '.')
        return dir->parent;
    const struct dentry *d = *find_name(dir, name, bytes);
    return d ? d->inode : NULL;
}

static bool is_dots(const char *name, size_t bytes)
{
    return name[0] == '.' && (bytes == 1 || (bytes == 2 && name[1] == '.'));
}

/* Puts a link's target in front of what is left of the path. */
static int splice(char *path, const struct inode *link, const char *rest)
{
    static char joined[PATH_BYTES];
    size_t rest_bytes = strlen(rest);

    if (link->bytes + rest_bytes >= PATH_BYTES)
        return -ENAMETOOLONG;
    memcpy(joined, link->target, link->bytes);
    memcpy(joined + link->bytes, rest, rest_bytes + 1);
    memcpy(path, joined, link->bytes + rest_bytes + 1);
    return 0;
}

int tmpfs_walk(struct inode *base, const char *user_path, bool follow_last, struct tmpfs_place *at)
{
    static char buffers[2][PATH_BYTES]; /* two, so that rename and link can hold two places */
    static unsigned turn;
    char *path = buffers[turn++ % 2], *p = path;
    struct inode *dir = *user_path == '/' ? &root : base;
    size_t n = strlen(user_path);
    unsigned links = 0;

    if (!n || n >= PATH_BYTES)
        return n ? -ENAMETOOLONG : -ENOENT;
    memcpy(path, user_path, n + 1);
    *at = (struct tmpfs_place){.dir = dir, .inode = dir, .name = ""};
    for (;;) {
        while (*p == '/')
            p++;
        if (!*p)
            return 0;
        char *end = p;
        while (*end && *end != '/')
            end++;
        size_t bytes = (size_t)(end - p);
        bool is_last = !end[0] || !end[1 + (end[0] && end[1] == '/')];
        if (bytes > NAME_BYTES)
            return -ENAMETOOLONG;
        if (!is_dir(dir))
            return -ENOTDIR;
        struct inode *next = step(dir, p, bytes);
        if (next && next->target && (!is_last || follow_last)) {
            if (++links > LINKS_MAX)
                return -ELOOP;
            int rc = splice(path, next, end);
            if (rc)
                return rc;
            p = path;
            dir = *p == '/' ? &root : dir;
            *at = (struct tmpfs_place){.dir = dir, .inode = dir, .name = ""};
            continue;
        }
        bool has_name = !is_dots(p, bytes);
        *at = (struct tmpfs_place){dir, next, has_name ? p : "", has_name ? bytes : 0, end[0] == '/'};
        if (is_last)
            return next && at->wants_dir && !is_dir(next) ? -ENOTDIR : 0;
        if (!next)
            return -ENOENT;
        dir = next;
        p = end;
    }
}

struct inode *tmpfs_find(struct inode *base, const char *path, bool follow_last, int *rc)
{
    struct tmpfs_place at;

    *rc = tmpfs_walk(base, path, follow_last, &at);
    if (!*rc && !at.inode)
        *rc = -ENOENT;
    return *rc ? NULL : at.inode;
}

/* ---- Names ---- */

static int add_name(struct inode *dir, const char *name, size_t bytes, struct inode *i)
{
    struct dentry *d = kmem_alloc(sizeof(*d) + bytes);
    struct dentry **link = &dir->first;

    if (!d)
        return -ENOSPC;
    *d = (struct dentry){.inode = i, .cookie = ++dir->last_cookie, .name_bytes = (uint16_t)bytes};
    memcpy(d->name, name, bytes);
    while (*link)
        link = &(*link)->next;
    *link = d;
    dir->mtime_ns = plat_wall_ns();
    return 0;
}

static void remove_name(struct inode *dir, struct dentry **link)
{
    struct dentry *d = *link;

    *link = d->next;
    kmem_free(d, sizeof(*d) + d->name_bytes);
    dir->mtime_ns = plat_wall_ns();
}

struct inode *tmpfs_create(const struct tmpfs_place *at, uint32_t mode, int *rc)
{
    struct inode *i = at->dir->links && at->name_bytes ? kmem_alloc(sizeof(*i)) : NULL;

    *rc = at->dir->links ? -ENOSPC : -ENOENT; /* a directory that was removed takes no names */
    if (!i)
        return NULL;
    *i = (struct inode){.refs = 1, .links = 1, .number = ++last_number, .mode = mode, .mtime_ns = plat_wall_ns()};
    *rc = add_name(at->dir, at->name, at->name_bytes, i);
    if (*rc) {
        kmem_free(i, sizeof(*i));
        return NULL;
    }
    if (is_dir(i)) {
        i->parent = at->dir;
        i->links = 2;
        i->last_cookie = 2; /* 1 and 2 are "." and ".." */
        at->dir->links++;
    }
    return i;
}

struct inode *tmpfs_create_path(const char *path, uint32_t mode)
{
    struct tmpfs_place at;
    char part[PATH_BYTES / 4];
    int rc;

    for (size_t i = 1; path[i] && i < sizeof(part); i++) {
        if (path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (!tmpfs_walk(&root, part, true, &at) && !at.inode && !tmpfs_create(&at, S_IFDIR | 0755, &rc))
            return NULL;
    }
    if (tmpfs_walk(&root, path, (mode & S_IFMT) == S_IFDIR, &at))
        return NULL;
    if (at.inode && is_dir(at.inode))
        return (mode & S_IFMT) == S_IFDIR ? at.inode : NULL;
    if (at.inode)
        tmpfs_unlink(&at);
    at.inode = NULL;
    return tmpfs_create(&at, mode, &rc);
}

int tmpfs_set_target(struct inode *link, const char *target, size_t bytes)
{
    link->target = bytes < PATH_BYTES ? kmem_alloc(bytes + 1) : NULL;
    if (!link->target)
        return -ENOSPC;
    memcpy(link->target, target, bytes);
    link->bytes = bytes;
    return 0;
}

int tmpfs_link(const struct tmpfs_place *at, struct inode *i)
{
    int rc = is_dir(i) ? -EPERM : at->inode ? -EEXIST : add_name(at->dir, at->name, at->name_bytes, i);

    if (!rc) {
        tmpfs_get(i);
        i->links++;
    }
    return rc;
}

int tmpfs_unlink(const struct tmpfs_place *at)
{
    struct inode *i = at->inode;

    if (!at->name_bytes)
        return -EINVAL;
    if (is_dir(i)) {
        if (i->first)
            return -ENOTEMPTY;
        at->dir->links--;
        i->links--;
    }
    remove_name(at->dir, find_name(at->dir, at->name, at->name_bytes));
    i->links--;
    tmpfs_put(i);
    return 0;
}

static bool is_within(const struct inode *dir, const struct inode *ancestor)
{
    while (dir != ancestor && dir != dir->parent)
        dir = dir->parent;
    return dir == ancestor;
}

int tmpfs_rename(const struct tmpfs_place *from, const struct tmpfs_place *to)
{
    struct inode *i = from->inode;
    int rc = 0;

    if (!from->name_bytes || !to->name_bytes || (is_dir(i) && is_within(to->dir, i)))
        return -EINVAL;
    if (to->inode == i)
        return 0;
    if (to->inode && is_dir(to->inode) != is_dir(i))
        return is_dir(i) ? -ENOTDIR : -EISDIR;
    if (to->inode)
        rc = tmpfs_unlink(to);
    if (!rc)
        rc = add_name(to->dir, to->name, to->name_bytes, i);
    if (rc)
        return rc;
    remove_name(from->dir, find_name(from->dir, from->name, from->name_bytes));
    if (is_dir(i)) {
        from->dir->links--;
        to->dir->links++;
        i->parent = to->dir;
    }
    return 0;
}

char *tmpfs_path(const struct inode *dir, char *buf, size_t size)
{
    char *at = buf + size - 1;

    *at = 0;
    while (dir != &root) {
        const struct dentry *d = dir->parent->first;
        while (d && d->inode != dir)
            d = d->next;
        if (!d || (size_t)(at - buf) < d->name_bytes + 1u)
            return NULL;
        at -= d->name_bytes;
        memcpy(at, d->name, d->name_bytes);
        *--at = '/';
        dir = dir->parent;
    }
    if (!*at && at > buf)
        *--at = '/';
    return at;
}
