/* SPDX-License-Identifier: Apache-2.0 */
/* System calls on open files and descriptors. Those on names are in sys_name.c. */
#include "kernel/lib.h"
#include "kernel/proc.h"
#include "kernel/syscall.h"

#define IOV_MAX 1024u

static struct files *files(void)
{
    return proc_current->files;
}

static struct file *fd_file(uint64_t fd)
{
    return file_at(files(), (unsigned)fd);
}

int64_t sys_read(struct trap_frame *f)
{
    struct file *file = fd_file(f->rdi);

    return file ? file_read(file, f->rsi, f->rdx) : -EBADF;
}

int64_t sys_write(struct trap_frame *f)
{
    struct file *file = fd_file(f->rdi);

    return file ? file_write(file, f->rsi, f->rdx) : -EBADF;
}

typedef int64_t transfer_fn(struct file *f, uint64_t user_buf, size_t n);

/* At a position of its own: only what can be sought, and that never sleeps. */
static int64_t transfer_at(const struct trap_frame *f, transfer_fn *fn)
{
    struct file *file = fd_file(f->rdi);

    if (!file)
        return -EBADF;
    if (!file->ops->can_seek)
        return -ESPIPE;
    if ((int64_t)f->r10 < 0)
        return -EINVAL;
    uint64_t position = file->position;
    file->position = f->r10;
    int64_t rc = fn(file, f->rsi, f->rdx);
    file->position = position;
    return rc;
}

int64_t sys_pread64(struct trap_frame *f)
{
    return transfer_at(f, file_read);
}

int64_t sys_pwrite64(struct trap_frame *f)
{
    return transfer_at(f, file_write);
}

static int64_t transfer_vector(const struct trap_frame *f, transfer_fn *fn)
{
    struct file *file = fd_file(f->rdi);
    int64_t done = 0;

    if (!file)
        return -EBADF;
    if (f->rdx > IOV_MAX)
        return -EINVAL;
    file->refs++;
    for (unsigned i = 0; i < f->rdx; i++) {
        uint64_t iov[2];
        int64_t rc = user_copy_in(iov, f->rsi + i * sizeof(iov), sizeof(iov)) ? -EFAULT : 0;
        if (!rc && iov[1])
            rc = fn(file, iov[0], iov[1]);
        if (rc < 0) {
            done = done ? done : rc;
            break;
        }
        done += rc;
        if ((uint64_t)rc < iov[1])
            break;
    }
    file_put(file);
    return done;
}

int64_t sys_readv(struct trap_frame *f)
{
    return transfer_vector(f, file_read);
}

int64_t sys_writev(struct trap_frame *f)
{
    return transfer_vector(f, file_write);
}

int64_t sys_lseek(struct trap_frame *f)
{
    struct file *file = fd_file(f->rdi);

    return file ? file_seek(file, (int64_t)f->rsi, (unsigned)f->rdx) : -EBADF;
}

int64_t sys_close(struct trap_frame *f)
{
    return file_close(files(), (unsigned)f->rdi);
}

static int64_t dup_from(uint64_t fd, unsigned lowest, bool close_on_exec)
{
    struct file *file = fd_file(fd);

    if (!file)
        return -EBADF;
    int64_t rc = lowest < FILE_MAX ? file_install(files(), file, lowest, close_on_exec) : -EINVAL;
    if (rc >= 0)
        file->refs++;
    return rc;
}

int64_t sys_dup(struct trap_frame *f)
{
    return dup_from(f->rdi, 0, false);
}

int64_t sys_dup2(struct trap_frame *f)
{
    if (f->rdi == f->rsi)
        return fd_file(f->rdi) ? (int64_t)f->rdi : -EBADF;
    return file_dup_to(files(), (unsigned)f->rdi, (unsigned)f->rsi, false);
}

int64_t sys_dup3(struct trap_frame *f)
{
    return f->rdi == f->rsi ? -EINVAL : file_dup_to(files(), (unsigned)f->rdi, (unsigned)f->rsi, f->rdx & O_CLOEXEC);
}

int64_t sys_fcntl(struct trap_frame *f)
{
    enum { F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_DUPFD_CLOEXEC = 1030 };
    unsigned fd = (unsigned)f->rdi, changeable = O_APPEND | O_NONBLOCK;
    struct file *file = fd_file(fd);

    if (!file)
        return -EBADF;
    switch (f->rsi) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return dup_from(fd, (unsigned)f->rdx, f->rsi == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return files()->close_on_exec[fd / 64] >> fd % 64 & 1;
    case F_SETFD:
        files_mark(files(), fd, f->rdx & 1);
        return 0;
    case F_GETFL:
        return file->flags;
    case F_SETFL:
        file->flags = (file->flags & ~changeable) | ((unsigned)f->rdx & changeable);
        return 0;
    case F_SETLK: /* nobody else is there to lock out */
    case F_SETLKW:
        return 0;
    default:
        return -EINVAL;
    }
}

int64_t sys_ioctl(struct trap_frame *f)
{
    return fd_file(f->rdi) ? -ENOTTY : -EBADF; /* nothing here is a terminal */
}

static int64_t make_pipe(uint64_t user_fds, unsigned flags)
{
    int fds[2];
    int64_t rc = file_pipe(files(), fds, flags);

    if (!rc && user_copy_out(user_fds, fds, sizeof(fds))) {
        file_close(files(), (unsigned)fds[0]);
        file_close(files(), (unsigned)fds[1]);
        rc = -EFAULT;
    }
    return rc;
}

int64_t sys_pipe(struct trap_frame *f)
{
    return make_pipe(f->rdi, 0);
}

int64_t sys_pipe2(struct trap_frame *f)
{
    return make_pipe(f->rdi, (unsigned)f->rsi);
}

int64_t sys_ftruncate(struct trap_frame *f)
{
    const struct file *file = fd_file(f->rdi);

    if (!file)
        return -EBADF;
    if (!file->inode || (file->inode->mode & S_IFMT) != S_IFREG || (file->flags & O_ACCMODE) == 0)
        return -EINVAL;
    return (int64_t)f->rsi < 0 ? -EINVAL : tmpfs_truncate(file->inode, f->rsi);
}

/* ---- Directories ---- */

struct linux_dirent {
    uint64_t number, cookie;
    uint16_t bytes;
    uint8_t type;
    char name[NAME_BYTES + 1];
};

/* Puts one entry at user_buf + @used; its size, 0 if it does not fit, or -EFAULT. */
static int64_t put_entry(uint64_t user_buf, size_t room, const struct inode *i, uint64_t cookie, const char *name,
                         size_t name_bytes)
{
    static struct linux_dirent d;
    size_t bytes = (offsetof(struct linux_dirent, name) + name_bytes + 1 + 7) & ~7ul;

    if (bytes > room)
        return 0;
    memset(&d, 0, bytes);
    d.number = i->number;
    d.cookie = cookie;
    d.bytes = (uint16_t)bytes;
    d.type = (uint8_t)(i->mode >> 12);
    memcpy(d.name, name, name_bytes);
    return user_copy_out(user_buf, &d, bytes) ? -EFAULT : (int64_t)bytes;
}

/* The position is the cookie of the entry last seen; 1 and 2 are "." and "..". */
int64_t sys_getdents64(struct trap_frame *f)
{
    struct file *file = fd_file(f->rdi);
    size_t used = 0;
    int64_t rc = 1;

    if (!file)
        return -EBADF;
    const struct inode *dir = file->inode;
    if (!dir || (dir->mode & S_IFMT) != S_IFDIR)
        return -ENOTDIR;
    while (file->position < 2 && rc > 0) {
        uint64_t cookie = file->position + 1;
        rc = put_entry(f->rsi + used, f->rdx - used, cookie == 1 ? dir : dir->parent, cookie, "..", cookie);
        if (rc > 0) {
            file->position = cookie;
            used += (size_t)rc;
        }
    }
    for (const struct dentry *d = dir->first; d && rc > 0; d = d->next) {
        if (d->cookie <= file->position)
            continue;
        rc = put_entry(f->rsi + used, f->rdx - used, d->inode, d->cookie, d->name, d->name_bytes);
        if (rc > 0) {
            file->position = d->cookie;
            used += (size_t)rc;
        }
    }
    if (!used && rc <= 0)
        return rc ? rc : -EINVAL;
    return (int64_t)used;
}

/* ---- Waiting for files ---- */

struct pollfd {
    int fd;
    uint16_t events, revents;
};

static unsigned readiness(const struct pollfd *p)
{
    struct file *file = p->fd < 0 ? NULL : fd_file((unsigned)p->fd);

    if (!file)
        return p->fd < 0 ? 0 : POLLNVAL;
    unsigned ready = file->ops->poll ? file->ops->poll(file) : POLLIN | POLLOUT;
    return ready & (p->events | POLLERR | POLLHUP);
}

static int64_t poll_once(uint64_t user_fds, uint64_t n)
{
    int64_t ready = 0;

    for (uint64_t i = 0; i < n; i++) {
        struct pollfd p;
        if (user_copy_in(&p, user_fds + i * sizeof(p), sizeof(p)))
            return -EFAULT;
        p.revents = (uint16_t)readiness(&p);
        ready += p.revents != 0;
        if (user_copy_out(user_fds + i * sizeof(p), &p, sizeof(p)))
            return -EFAULT;
    }
    return ready;
}

/* @until_ns 0: without end. */
static int64_t poll_until(uint64_t user_fds, uint64_t n, uint64_t until_ns)
{
    if (n > FILE_MAX)
        return -EINVAL;
    for (;;) {
        int64_t ready = poll_once(user_fds, n);
        if (ready || (until_ns && plat_time_ns() >= until_ns))
            return ready;
        if (proc_current->has_signal)
            return -EINTR;
        sched_block(&file_poll_waiters, until_ns);
    }
}

int64_t sys_poll(struct trap_frame *f)
{
    int ms = (int)f->rdx;

    return poll_until(f->rdi, f->rsi, ms < 0 ? 0 : plat_time_ns() + (uint64_t)ms * 1000000 + 1);
}

int64_t sys_ppoll(struct trap_frame *f)
{
    uint64_t ns = 0;
    int rc = f->rdx ? syscall_time_in(f->rdx, &ns) : 0;

    return rc ? rc : poll_until(f->rdi, f->rsi, f->rdx ? plat_time_ns() + ns + 1 : 0);
}
