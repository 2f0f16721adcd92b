/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open files and descriptors. A struct file is an open file with its position, shared after fork and dup like in Linux;
 * a struct files is a process's table of them with its working directory, shared by threads.
 *
 * Whoever may sleep in an operation holds a reference to the file meanwhile: another thread may close the descriptor.
 */
#pragma once

#include "kernel/tmpfs.h"

#define FILE_MAX 256u /* descriptors a process */

/* Linux's flags of open ("asm-generic/fcntl.h"). */
#define O_ACCMODE   03u
#define O_WRONLY    01u
#define O_RDWR      02u
#define O_CREAT     0100u
#define O_EXCL      0200u
#define O_TRUNC     01000u
#define O_APPEND    02000u
#define O_NONBLOCK  04000u
#define O_DIRECTORY 0200000u
#define O_NOFOLLOW  0400000u
#define O_CLOEXEC   02000000u
#define O_PATH      010000000u

#define POLLIN   1u
#define POLLOUT  4u
#define POLLERR  8u
#define POLLHUP  16u
#define POLLNVAL 32u

struct file;

struct file_ops {
    int64_t (*read)(struct file *f, uint64_t user_buf, size_t n); /* NULL: -EBADF */
    int64_t (*write)(struct file *f, uint64_t user_buf, size_t n);
    void (*close)(struct file *f);    /* the last reference went; NULL: nothing to do */
    unsigned (*poll)(struct file *f); /* NULL: always ready */
    bool can_seek;
};

struct file {
    unsigned refs; /* 0: free */
    unsigned flags;
    const struct file_ops *ops;
    uint64_t position;
    void *data;          /* of the kind: a struct pipe */
    struct inode *inode; /* NULL for pipes */
};

struct files {
    unsigned refs;
    unsigned nr; /* descriptors from here on are free */
    unsigned umask;
    struct inode *cwd;
    uint64_t close_on_exec[FILE_MAX / 64];
    struct file *fd[FILE_MAX];
};

void file_init(void); /* the devices in /dev */

struct file *file_new(const struct file_ops *ops, void *data);
void file_put(struct file *f);
/* The open file of a descriptor, or NULL. No reference is taken. */
struct file *file_at(const struct files *files, unsigned fd);

struct files *files_new(void); /* with root as working directory; NULL without memory */
struct files *files_copy(const struct files *from);
void files_put(struct files *files);
void files_exec(struct files *files); /* closes what is marked so */
void files_mark(struct files *files, unsigned fd, bool close_on_exec);

/* Results as those of the system calls of these names. */
int64_t file_open(struct files *files, struct inode *base, const char *path, unsigned flags, unsigned mode);
int64_t file_install(struct files *files, struct file *f, unsigned lowest, bool close_on_exec);
int64_t file_close(struct files *files, unsigned fd);
int64_t file_dup_to(struct files *files, unsigned from, unsigned to, bool close_on_exec);
int64_t file_read(struct file *f, uint64_t user_buf, size_t n);
int64_t file_write(struct file *f, uint64_t user_buf, size_t n);
int64_t file_seek(struct file *f, int64_t offset, unsigned whence);
int64_t file_pipe(struct files *files, int fds[2], unsigned flags);

/* The kinds of pipes.c, for stat and poll. */
bool file_is_pipe(const struct file *f);
extern struct wait_queue file_poll_waiters; /* woken whenever the readiness of anything may have changed */
