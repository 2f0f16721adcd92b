/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one file system: a tree in memory. An inode is a directory, a regular file, a symbolic link or a device; it lives
 * while somebody refers to it: names, open files, working directories, running programs.
 *
 * A file from the initrd keeps its bytes where the loader put them until it is first changed; then they move to pages.
 * Permissions are kept and shown, not enforced: everybody is root.
 */
#pragma once

#include "kernel/types.h"

#define PATH_BYTES 1024u
#define NAME_BYTES 255u

/* Linux's mode bits ("linux/stat.h"). */
#define S_IFMT  0170000u
#define S_IFIFO 0010000u
#define S_IFCHR 0020000u
#define S_IFDIR 0040000u
#define S_IFREG 0100000u
#define S_IFLNK 0120000u

struct file_ops;
struct dentry;

struct inode {
    unsigned refs;
    unsigned links;
    uint32_t number, mode;
    uint64_t bytes; /* of a file's data or a link's target */
    uint64_t mtime_ns;
    const uint8_t *image; /* a file's data in the initrd, or NULL: it is in pages */
    void ***pages;        /* two levels of 512: a page of pointers to pages of pointers to data; holes are NULL */
    char *target;         /* of a symbolic link, with its zero */
    const struct file_ops *device;
    uint32_t rdev;
    struct dentry *first; /* of a directory: its names in order of their cookies */
    struct inode *parent; /* of a directory; the root's is itself */
    uint64_t last_cookie;
};

struct dentry {
    struct dentry *next;
    struct inode *inode;
    uint64_t cookie; /* position for getdents: never used again */
    uint16_t name_bytes;
    char name[];
};

/* Where a path leads: the inode, if there is one, and where its name is or would be. */
struct tmpfs_place {
    struct inode *dir;
    struct inode *inode; /* NULL: no such name in dir */
    const char *name;    /* the last component, valid until the next walk; "" for the root and for "." and ".." */
    size_t name_bytes;
    bool wants_dir; /* the path ended in a slash */
};

void tmpfs_init(void);
struct inode *tmpfs_root(void);

/* Takes and gives up a reference. */
struct inode *tmpfs_get(struct inode *i);
void tmpfs_put(struct inode *i);

/* tmpfs_walk() - from @base, or the root for an absolute path. 0, or -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG; a
 * missing last component is no error. No reference is taken: nothing here sleeps. */
int tmpfs_walk(struct inode *base, const char *path, bool follow_last, struct tmpfs_place *at);
/* tmpfs_find() - the inode of an existing path, or a negated error in @rc. */
struct inode *tmpfs_find(struct inode *base, const char *path, bool follow_last, int *rc);

/* tmpfs_create() - a new inode at a place that has none; its only reference is the name. NULL: no memory, and @rc. */
struct inode *tmpfs_create(const struct tmpfs_place *at, uint32_t mode, int *rc);
struct inode *tmpfs_create_path(const char *path, uint32_t mode); /* with directories on the way; NULL without memory */
int tmpfs_set_target(struct inode *link, const char *target, size_t bytes);
int tmpfs_link(const struct tmpfs_place *at, struct inode *i);
int tmpfs_unlink(const struct tmpfs_place *at); /* files, links, devices, empty directories */
int tmpfs_rename(const struct tmpfs_place *from, const struct tmpfs_place *to);

/* tmpfs_at() - a file's bytes from @offset on: as many as lie side by side, @run (0: end of file). */
const uint8_t *tmpfs_at(const struct inode *i, uint64_t offset, size_t *run);
/* tmpfs_for_write() - the same for writing, to the end of the page; the file grows to hold it only by tmpfs_grow(). */
uint8_t *tmpfs_for_write(struct inode *i, uint64_t offset);
void tmpfs_grow(struct inode *i, uint64_t bytes);
int tmpfs_truncate(struct inode *i, uint64_t bytes);
size_t tmpfs_read(const struct inode *i, uint64_t offset, void *to, size_t n); /* into kernel memory; bytes read */

/* tmpfs_path() - absolute path of a directory into @buf, ending at its end; NULL if it does not fit or is gone. */
char *tmpfs_path(const struct inode *dir, char *buf, size_t size);
