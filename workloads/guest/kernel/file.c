/* SPDX-License-Identifier: Apache-2.0 */
/* Open files, descriptors, regular files and devices: see file.h. Pipes are in pipe.c. */
#include "kernel/file.h"
#include "kernel/lib.h"
#include "kernel/page.h"
#include "kernel/proc.h"

#define OPEN_MAX 1024u

static struct file open_files[OPEN_MAX];
struct wait_queue file_poll_waiters;

/* ---- Devices ---- */

static int64_t null_read(struct file *f, uint64_t user_buf, size_t n)
{
    (void)f;
    (void)user_buf;
    (void)n;
    return 0;
}

static int64_t null_write(struct file *f, uint64_t user_buf, size_t n)
{
    (void)f;
    (void)user_buf;
    return (int64_t)n;
}

static int64_t full_write(struct file *f, uint64_t user_buf, size_t n)
{
    (void)f;
    (void)user_buf;
    (void)n;
    return -ENOSPC;
}

static int64_t zero_read(struct file *f, uint64_t user_buf, size_t n)
{
    (void)f;
    int rc = user_clear(user_buf, n);
    return rc ? rc : (int64_t)n;
}

static int64_t random_read(struct file *f, uint64_t user_buf, size_t n)
{
    (void)f;
    int rc = user_random(user_buf, n);
    return rc ? rc : (int64_t)n;
}

static int64_t console_put(enum plat_channel to, uint64_t user_buf, size_t n)
{
    char text[256];

    for (size_t done = 0; done < n;) {
        size_t part = MIN(n - done, sizeof(text));
        if (user_copy_in(text, user_buf + done, part))
            return done ? (int64_t)done : -EFAULT;
        plat_console_write(to, text, part);
        done += part;
    }
    return (int64_t)n;
}

static int64_t console_write(struct file *f, uint64_t user_buf, size_t n)
{
    (void)f;
    return console_put(PLAT_OUT, user_buf, n);
}

static int64_t error_write(struct file *f, uint64_t user_buf, size_t n)
{
    (void)f;
    return console_put(PLAT_ERR, user_buf, n);
}

static const struct file_ops null_ops = {.read = null_read, .write = null_write};
static const struct file_ops zero_ops = {.read = zero_read, .write = null_write};
static const struct file_ops full_ops = {.read = zero_read, .write = full_write};
static const struct file_ops random_ops = {.read = random_read, .write = null_write};
static const struct file_ops console_ops = {.read = null_read, .write = console_write};
static const struct file_ops error_ops = {.read = null_read, .write = error_write};

static const struct {
    const char *path;
    const struct file_ops *ops;
    uint32_t rdev;
} devices[] = {
    {"/dev/null", &null_ops, 0x103},       {"/dev/zero", &zero_ops, 0x105},      {"/dev/full", &full_ops, 0x107},
    {"/dev/random", &random_ops, 0x108},   {"/dev/urandom", &random_ops, 0x109}, {"/dev/tty", &console_ops, 0x500},
    {"/dev/console", &console_ops, 0x501}, {"/dev/stdout", &console_ops, 0x501}, {"/dev/stderr", &error_ops, 0x501},
};

void file_init(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(devices); i++) {
        struct inode *d = tmpfs_create_path(devices[i].path, S_IFCHR | 0666);
        if (!d)
            panic("no memory for %s", devices[i].path);
        d->device = devices[i].ops;
        d->rdev = devices[i].rdev;
    }
}

/* ---- Regular files ---- */

static int64_t regular_read(struct file *f, uint64_t user_buf, size_t n)
{
    size_t done = 0, run;

    while (done < n) {
        const uint8_t *from = tmpfs_at(f->inode, f->position, &run);
        if (!run)
            break;
        run = MIN(run, n - done);
        if (user_copy_out(user_buf + done, from, run))
            return done ? (int64_t)done : -EFAULT;
        done += run;
        f->position += run;
    }
    return (int64_t)done;
}

static int64_t regular_write(struct file *f, uint64_t user_buf, size_t n)
{
    size_t done = 0;

    if (f->flags & O_APPEND)
        f->position = f->inode->bytes;
    while (done < n) {
        size_t run = MIN(PAGE_SIZE - (f->position & PAGE_MASK), n - done);
        uint8_t *to = tmpfs_for_write(f->inode, f->position);
        if (!to)
            return done ? (int64_t)done : -ENOSPC;
        if (user_copy_in(to, user_buf + done, run))
            return done ? (int64_t)done : -EFAULT;
        done += run;
        f->position += run;
        tmpfs_grow(f->inode, f->position);
    }
    return (int64_t)done;
}

static int64_t dir_read(struct file *f, uint64_t user_buf, size_t n)
{
    (void)f;
    (void)user_buf;
    (void)n;
    return -EISDIR;
}

static const struct file_ops regular_ops = {.read = regular_read, .write = regular_write, .can_seek = true};
static const struct file_ops dir_ops = {.read = dir_read, .can_seek = true};

/* ---- Open files ---- */

struct file *file_new(const struct file_ops *ops, void *data)
{
    static unsigned hint;

    for (unsigned i = 0; i < OPEN_MAX; i++) {
        struct file *f = &open_files[(hint + i) % OPEN_MAX];
        if (f->refs)
            continue;
        hint = (unsigned)(f - open_files) + 1;
        *f = (struct file){.refs = 1, .ops = ops, .data = data};
        return f;
    }
    return NULL;
}

void file_put(struct file *f)
{
    if (--f->refs)
        return;
    if (f->ops->close)
        f->ops->close(f);
    if (f->inode)
        tmpfs_put(f->inode);
}

int64_t file_read(struct file *f, uint64_t user_buf, size_t n)
{
    if ((f->flags & O_ACCMODE) == O_WRONLY || !f->ops->read)
        return -EBADF;
    f->refs++;
    int64_t rc = f->ops->read(f, user_buf, n);
    file_put(f);
    return rc;
}

int64_t file_write(struct file *f, uint64_t user_buf, size_t n)
{
    if ((f->flags & O_ACCMODE) == 0 || !f->ops->write)
        return -EBADF;
    f->refs++;
    int64_t rc = f->ops->write(f, user_buf, n);
    file_put(f);
    return rc;
}

int64_t file_seek(struct file *f, int64_t offset, unsigned whence)
{
    enum { SEEK_SET, SEEK_CUR, SEEK_END };

    if (!f->ops->can_seek)
        return -ESPIPE;
    if (whence > SEEK_END)
        return -EINVAL;
    int64_t base = whence == SEEK_CUR ? (int64_t)f->position : whence == SEEK_END ? (int64_t)f->inode->bytes : 0;
    if (__builtin_add_overflow(base, offset, &offset) || offset < 0)
        return -EINVAL;
    f->position = (uint64_t)offset;
    return offset;
}

/* ---- Descriptors ---- */

struct file *file_at(const struct files *files, unsigned fd)
{
    return fd < files->nr ? files->fd[fd] : NULL;
}

void files_mark(struct files *files, unsigned fd, bool close_on_exec)
{
    uint64_t bit = 1ul << fd % 64;

    if (close_on_exec)
        files->close_on_exec[fd / 64] |= bit;
    else
        files->close_on_exec[fd / 64] &= ~bit;
}

struct files *files_new(void)
{
    struct files *files = page_alloc_zeroed();

    if (files) {
        files->refs = 1;
        files->umask = 022;
        files->cwd = tmpfs_get(tmpfs_root());
    }
    return files;
}

struct files *files_copy(const struct files *from)
{
    struct files *files = page_alloc();

    if (!files)
        return NULL;
    memcpy(files, from, offsetof(struct files, fd) + from->nr * sizeof(from->fd[0]));
    files->refs = 1;
    tmpfs_get(files->cwd);
    for (unsigned fd = 0; fd < files->nr; fd++)
        if (files->fd[fd])
            files->fd[fd]->refs++;
    return files;
}

void files_put(struct files *files)
{
    if (--files->refs)
        return;
    for (unsigned fd = 0; fd < files->nr; fd++)
        if (files->fd[fd])
            file_put(files->fd[fd]);
    tmpfs_put(files->cwd);
    page_free(files);
}

void files_exec(struct files *files)
{
    for (unsigned fd = 0; fd < files->nr; fd++)
        if (files->close_on_exec[fd / 64] >> fd % 64 & 1)
            file_close(files, fd);
}

/* Puts @file at a free descriptor. Past nr, the table is not initialised. */
static void put_at(struct files *files, unsigned fd, struct file *f, bool close_on_exec)
{
    while (files->nr <= fd)
        files->fd[files->nr++] = NULL;
    files->fd[fd] = f;
    files_mark(files, fd, close_on_exec);
}

int64_t file_install(struct files *files, struct file *f, unsigned lowest, bool close_on_exec)
{
    for (unsigned fd = lowest; fd < FILE_MAX; fd++) {
        if (file_at(files, fd))
            continue;
        put_at(files, fd, f, close_on_exec);
        return fd;
    }
    return -EMFILE;
}

int64_t file_close(struct files *files, unsigned fd)
{
    struct file *f = file_at(files, fd);

    if (!f)
        return -EBADF;
    files->fd[fd] = NULL;
    files_mark(files, fd, false);
    while (files->nr && !files->fd[files->nr - 1])
        files->nr--;
    file_put(f);
    return 0;
}

int64_t file_dup_to(struct files *files, unsigned from, unsigned to, bool close_on_exec)
{
    struct file *f = file_at(files, from);

    if (!f || to >= FILE_MAX)
        return -EBADF;
    f->refs++;
    if (file_at(files, to))
        file_close(files, to);
    put_at(files, to, f, close_on_exec);
    return to;
}

/* ---- Opening ---- */

static int64_t open_inode(struct files *files, struct inode *i, unsigned flags)
{
    unsigned type = i->mode & S_IFMT;
    const struct file_ops *ops = type == S_IFDIR ? &dir_ops : type == S_IFREG ? &regular_ops : i->device;

    if (type == S_IFDIR && (flags & O_ACCMODE))
        return -EISDIR;
    if ((flags & O_DIRECTORY) && type != S_IFDIR)
        return -ENOTDIR;
    if (!ops)
        return -ELOOP; /* a symbolic link that was not to be followed */
    if ((flags & O_TRUNC) && type == S_IFREG && (flags & O_ACCMODE))
        tmpfs_truncate(i, 0);
    struct file *f = file_new(ops, NULL);
    if (!f)
        return -ENOMEM;
    f->inode = tmpfs_get(i);
    f->flags = flags & (O_ACCMODE | O_APPEND | O_NONBLOCK);
    int64_t fd = file_install(files, f, 0, flags & O_CLOEXEC);
    if (fd < 0)
        file_put(f);
    return fd;
}

int64_t file_open(struct files *files, struct inode *base, const char *path, unsigned flags, unsigned mode)
{
    struct tmpfs_place at;
    bool is_new = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
    int rc = tmpfs_walk(base, path, !(flags & O_NOFOLLOW) && !is_new, &at);

    if (rc)
        return rc;
    if (at.inode && is_new)
        return -EEXIST;
    if (!at.inode && !(flags & O_CREAT))
        return -ENOENT;
    if (!at.inode && at.wants_dir)
        return -EISDIR;
    if (!at.inode)
        at.inode = tmpfs_create(&at, S_IFREG | (mode & 07777 & ~files->umask), &rc);
    return at.inode ? open_inode(files, at.inode, flags) : rc;
}
