/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: a tiny set that lives in memory. The devices /dev/null, /dev/zero and /dev/console, the initrd's programs
 * (read only), and pipes. A struct file is an open file with its position, shared after fork like in Linux.
 */
#pragma once

#include "kernel/types.h"

#define FILE_MAX 16u /* descriptors a process */

struct file;

/* A file of the initrd; the bytes stay where the loader put them. */
struct file_image {
    const char *name;
    const void *data;
    size_t bytes;
};

/* Takes the initrd: a cpio archive ("newc") or a single program, which is then called @name. False: neither. */
bool file_init(const void *initrd, size_t bytes, const char *name);
/* The image of a path ("/bin/x", "x"); only the last component counts. NULL if there is none. */
const struct file_image *file_find_image(const char *path);

int file_open_console(struct file **files); /* descriptors 0 to 2; -ENOMEM */
void file_share_all(struct file **to, struct file *const *from);
void file_close_all(struct file **files);

/* The system calls of these names on the descriptors of a process; buffers are user addresses. */
int64_t file_open(struct file **files, const char *path);
int64_t file_close(struct file **files, unsigned fd);
int64_t file_dup2(struct file **files, unsigned from, unsigned to);
int64_t file_read(struct file **files, unsigned fd, uint64_t user_buf, size_t n);
int64_t file_write(struct file **files, unsigned fd, uint64_t user_buf, size_t n);
int64_t file_pipe(struct file **files, int fds[2]);
