/* SPDX-License-Identifier: Apache-2.0 */
/* What the kinds of files (file.c, pipe.c) share with each other and nobody else. */
#pragma once

#include "kernel/file.h"

struct file_ops {
    int64_t (*read)(struct file *f, uint64_t user_buf, size_t n);
    int64_t (*write)(struct file *f, uint64_t user_buf, size_t n);
    void (*close)(struct file *f); /* the last reference went; NULL: nothing to do */
};

struct file {
    unsigned refs; /* 0: free */
    const struct file_ops *ops;
    size_t position;
    void *data; /* of the kind: a struct file_image or a struct pipe */
};

struct file *file_new(const struct file_ops *ops, void *data);
void file_put(struct file *f);
int file_free_fd(struct file *const *files); /* or -EMFILE */
