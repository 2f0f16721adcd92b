/* SPDX-License-Identifier: Apache-2.0 */
/* System calls on names of files. The "at" forms take a descriptor of a directory, or AT_FDCWD, before each path. */
#include "kernel/lib.h"
#include "kernel/page.h"
#include "kernel/proc.h"
#include "kernel/syscall.h"

#define AT_FDCWD            (-100)
#define AT_SYMLINK_NOFOLLOW 0x100u
#define AT_REMOVEDIR        0x200u
#define AT_SYMLINK_FOLLOW   0x400u
#define AT_EMPTY_PATH       0x1000u

/* Paths of user memory; two, for rename and link. Nothing that uses them sleeps. */
static char paths[2][PATH_BYTES];

static int get_path(uint64_t user, unsigned which)
{
    int n = user_copy_string(paths[which], user, PATH_BYTES);

    return n < 0 ? n : 0;
}

static int base_of(uint64_t dirfd, struct inode **base)
{
    if ((int)dirfd == AT_FDCWD) {
        *base = proc_current->files->cwd;
        return 0;
    }
    const struct file *file = file_at(proc_current->files, (unsigned)dirfd);
    *base = file ? file->inode : NULL;
    return *base ? 0 : -EBADF;
}

static int walk(uint64_t dirfd, uint64_t user_path, unsigned which, bool follow, struct tmpfs_place *at)
{
    struct inode *base;
    int rc = get_path(user_path, which);

    if (!rc && paths[which][0] != '/')
        rc = base_of(dirfd, &base);
    else
        base = tmpfs_root();
    return rc ? rc : tmpfs_walk(base, paths[which], follow, at);
}

/* The same for a name that must be there. */
static int find(uint64_t dirfd, uint64_t user_path, bool follow, struct tmpfs_place *at)
{
    int rc = walk(dirfd, user_path, 0, follow, at);

    return rc ? rc : at->inode ? 0 : -ENOENT;
}

#define CWD ((uint64_t)AT_FDCWD)

/* ---- Opening ---- */

static int64_t open_at(uint64_t dirfd, uint64_t user_path, uint64_t flags, uint64_t mode)
{
    struct inode *base = tmpfs_root();
    int rc = get_path(user_path, 0);

    if (!rc && paths[0][0] != '/')
        rc = base_of(dirfd, &base);
    return rc ? rc : file_open(proc_current->files, base, paths[0], (unsigned)flags, (unsigned)mode);
}

int64_t sys_open(struct trap_frame *f)
{
    return open_at(CWD, f->rdi, f->rsi, f->rdx);
}

int64_t sys_openat(struct trap_frame *f)
{
    return open_at(f->rdi, f->rsi, f->rdx, f->r10);
}

int64_t sys_creat(struct trap_frame *f)
{
    return open_at(CWD, f->rdi, O_CREAT | O_WRONLY | O_TRUNC, f->rsi);
}

/* ---- Looking ---- */

struct linux_stat {
    uint64_t dev, number, links;
    uint32_t mode, uid, gid, pad;
    uint64_t rdev, bytes, block_bytes, blocks;
    struct timespec atime, mtime, ctime;
    int64_t reserved[3];
};
_Static_assert(sizeof(struct linux_stat) == 144, "Linux's layout");

static int64_t stat_out(const struct inode *i, uint64_t user)
{
    struct timespec t = {0, 0};
    struct linux_stat s = {.dev = 1, .mode = S_IFIFO | 0600, .links = 1, .block_bytes = PAGE_SIZE};

    if (i) {
        t = (struct timespec){(int64_t)(i->mtime_ns / NS_PER_S), (int64_t)(i->mtime_ns % NS_PER_S)};
        s.number = i->number;
        s.links = i->links;
        s.mode = i->mode;
        s.rdev = i->rdev;
        s.bytes = i->bytes;
        s.blocks = (i->bytes + 511) / 512;
    }
    s.atime = s.mtime = s.ctime = t;
    return user_copy_out(user, &s, sizeof(s));
}

static int64_t stat_at(uint64_t dirfd, uint64_t user_path, uint64_t user, bool follow)
{
    struct tmpfs_place at;
    int rc = find(dirfd, user_path, follow, &at);

    return rc ? rc : stat_out(at.inode, user);
}

static int64_t stat_fd(uint64_t fd, uint64_t user)
{
    const struct file *file = file_at(proc_current->files, (unsigned)fd);

    return file ? stat_out(file->inode, user) : -EBADF;
}

int64_t sys_stat(struct trap_frame *f)
{
    return stat_at(CWD, f->rdi, f->rsi, true);
}

int64_t sys_lstat(struct trap_frame *f)
{
    return stat_at(CWD, f->rdi, f->rsi, false);
}

int64_t sys_fstat(struct trap_frame *f)
{
    return stat_fd(f->rdi, f->rsi);
}

int64_t sys_newfstatat(struct trap_frame *f)
{
    int rc = get_path(f->rsi, 0);

    if (!rc && !paths[0][0] && (f->r10 & AT_EMPTY_PATH) && (int)f->rdi != AT_FDCWD)
        return stat_fd(f->rdi, f->rdx);
    return rc ? rc : stat_at(f->rdi, f->rsi, f->rdx, !(f->r10 & AT_SYMLINK_NOFOLLOW));
}

static int64_t statfs_out(uint64_t user)
{
    uint64_t s[15] = {0x01021994 /* TMPFS_MAGIC */, PAGE_SIZE, page_total_count(), page_free_count(),
                      page_free_count()};

    s[8] = NAME_BYTES;
    s[9] = PAGE_SIZE;
    return user_copy_out(user, s, sizeof(s));
}

int64_t sys_statfs(struct trap_frame *f)
{
    struct tmpfs_place at;
    int rc = find(CWD, f->rdi, true, &at);

    return rc ? rc : statfs_out(f->rsi);
}

int64_t sys_fstatfs(struct trap_frame *f)
{
    return file_at(proc_current->files, (unsigned)f->rdi) ? statfs_out(f->rsi) : -EBADF;
}

/* Everybody is root, who may do all but run what nobody may run. */
static int64_t access_at(uint64_t dirfd, uint64_t user_path, uint64_t wanted)
{
    enum { X_OK = 1 };
    struct tmpfs_place at;
    int rc = find(dirfd, user_path, true, &at);

    if (rc)
        return rc;
    return (wanted & X_OK) && !(at.inode->mode & 0111) ? -EACCES : 0;
}

int64_t sys_access(struct trap_frame *f)
{
    return access_at(CWD, f->rdi, f->rsi);
}

int64_t sys_faccessat(struct trap_frame *f)
{
    return access_at(f->rdi, f->rsi, f->rdx);
}

static int64_t readlink_at(uint64_t dirfd, uint64_t user_path, uint64_t user_buf, uint64_t bytes)
{
    struct tmpfs_place at;
    int rc = get_path(user_path, 0);

    if (!rc && !strcmp(paths[0], "/proc/self/exe")) {
        const char *exe = proc_current->mm->exe_path;
        size_t n = MIN(strlen(exe), bytes);
        return user_copy_out(user_buf, exe, n) ? -EFAULT : (int64_t)n;
    }
    if (!rc)
        rc = find(dirfd, user_path, false, &at);
    if (rc)
        return rc;
    if (!at.inode->target || !bytes)
        return -EINVAL;
    size_t n = MIN(at.inode->bytes, bytes);
    return user_copy_out(user_buf, at.inode->target, n) ? -EFAULT : (int64_t)n;
}

int64_t sys_readlink(struct trap_frame *f)
{
    return readlink_at(CWD, f->rdi, f->rsi, f->rdx);
}

int64_t sys_readlinkat(struct trap_frame *f)
{
    return readlink_at(f->rdi, f->rsi, f->rdx, f->r10);
}

/* ---- The working directory ---- */

static int64_t set_cwd(struct inode *i)
{
    struct files *files = proc_current->files;

    if ((i->mode & S_IFMT) != S_IFDIR)
        return -ENOTDIR;
    tmpfs_get(i);
    tmpfs_put(files->cwd);
    files->cwd = i;
    return 0;
}

int64_t sys_chdir(struct trap_frame *f)
{
    struct tmpfs_place at;
    int rc = find(CWD, f->rdi, true, &at);

    return rc ? rc : set_cwd(at.inode);
}

int64_t sys_fchdir(struct trap_frame *f)
{
    struct inode *i;
    int rc = base_of(f->rdi, &i);

    return rc ? rc : set_cwd(i);
}

int64_t sys_getcwd(struct trap_frame *f)
{
    const char *path = tmpfs_path(proc_current->files->cwd, paths[0], PATH_BYTES);
    size_t n = path ? strlen(path) + 1 : 0;

    if (!path || n > f->rsi)
        return path ? -ERANGE : -ENOENT;
    return user_copy_out(f->rdi, path, n) ? -EFAULT : (int64_t)n;
}

/* ---- Changing ---- */

static int64_t make_at(uint64_t dirfd, uint64_t user_path, uint32_t mode, struct tmpfs_place *at, unsigned which)
{
    int rc = walk(dirfd, user_path, which, false, at);

    if (rc)
        return rc;
    if (at->inode || !at->name_bytes)
        return -EEXIST;
    at->inode = tmpfs_create(at, mode, &rc);
    return at->inode ? 0 : rc;
}

static int64_t mkdir_at(uint64_t dirfd, uint64_t user_path, uint64_t mode)
{
    struct tmpfs_place at;

    return make_at(dirfd, user_path, S_IFDIR | (uint32_t)(mode & 07777 & ~proc_current->files->umask), &at, 0);
}

int64_t sys_mkdir(struct trap_frame *f)
{
    return mkdir_at(CWD, f->rdi, f->rsi);
}

int64_t sys_mkdirat(struct trap_frame *f)
{
    return mkdir_at(f->rdi, f->rsi, f->rdx);
}

static int64_t unlink_at(uint64_t dirfd, uint64_t user_path, bool wants_dir)
{
    struct tmpfs_place at;
    int rc = find(dirfd, user_path, false, &at);

    if (rc)
        return rc;
    bool is_dir = (at.inode->mode & S_IFMT) == S_IFDIR;
    if (is_dir != wants_dir)
        return is_dir ? -EISDIR : -ENOTDIR;
    return tmpfs_unlink(&at);
}

int64_t sys_unlink(struct trap_frame *f)
{
    return unlink_at(CWD, f->rdi, false);
}

int64_t sys_rmdir(struct trap_frame *f)
{
    return unlink_at(CWD, f->rdi, true);
}

int64_t sys_unlinkat(struct trap_frame *f)
{
    return unlink_at(f->rdi, f->rsi, f->rdx & AT_REMOVEDIR);
}

static int64_t rename_at(uint64_t from_fd, uint64_t from, uint64_t to_fd, uint64_t to)
{
    struct tmpfs_place a, b;
    int rc = walk(from_fd, from, 0, false, &a);

    if (!rc && !a.inode)
        rc = -ENOENT;
    if (!rc)
        rc = walk(to_fd, to, 1, false, &b);
    return rc ? rc : tmpfs_rename(&a, &b);
}

int64_t sys_rename(struct trap_frame *f)
{
    return rename_at(CWD, f->rdi, CWD, f->rsi);
}

int64_t sys_renameat(struct trap_frame *f)
{
    return rename_at(f->rdi, f->rsi, f->rdx, f->r10);
}

static int64_t link_at(uint64_t from_fd, uint64_t from, uint64_t to_fd, uint64_t to, bool follow)
{
    struct tmpfs_place a, b;
    int rc = walk(from_fd, from, 0, follow, &a);

    if (!rc && !a.inode)
        rc = -ENOENT;
    if (!rc)
        rc = walk(to_fd, to, 1, false, &b);
    return rc ? rc : tmpfs_link(&b, a.inode);
}

int64_t sys_link(struct trap_frame *f)
{
    return link_at(CWD, f->rdi, CWD, f->rsi, false);
}

int64_t sys_linkat(struct trap_frame *f)
{
    return link_at(f->rdi, f->rsi, f->rdx, f->r10, f->r8 & AT_SYMLINK_FOLLOW);
}

static int64_t symlink_at(uint64_t user_target, uint64_t dirfd, uint64_t user_path)
{
    struct tmpfs_place at;
    int64_t rc = get_path(user_target, 0);

    if (rc || !paths[0][0])
        return rc ? rc : -ENOENT;
    rc = make_at(dirfd, user_path, S_IFLNK | 0777, &at, 1);
    if (!rc)
        rc = tmpfs_set_target(at.inode, paths[0], strlen(paths[0]));
    return rc;
}

int64_t sys_symlink(struct trap_frame *f)
{
    return symlink_at(f->rdi, CWD, f->rsi);
}

int64_t sys_symlinkat(struct trap_frame *f)
{
    return symlink_at(f->rdi, f->rsi, f->rdx);
}

int64_t sys_truncate(struct trap_frame *f)
{
    struct tmpfs_place at;
    int rc = find(CWD, f->rdi, true, &at);

    if (rc)
        return rc;
    if ((at.inode->mode & S_IFMT) != S_IFREG || (int64_t)f->rsi < 0)
        return (at.inode->mode & S_IFMT) == S_IFDIR ? -EISDIR : -EINVAL;
    return tmpfs_truncate(at.inode, f->rsi);
}

static int64_t set_mode(struct inode *i, uint64_t mode)
{
    i->mode = (i->mode & S_IFMT) | (uint32_t)(mode & 07777);
    return 0;
}

static int64_t chmod_at(uint64_t dirfd, uint64_t user_path, uint64_t mode)
{
    struct tmpfs_place at;
    int rc = find(dirfd, user_path, true, &at);

    return rc ? rc : set_mode(at.inode, mode);
}

int64_t sys_chmod(struct trap_frame *f)
{
    return chmod_at(CWD, f->rdi, f->rsi);
}

int64_t sys_fchmodat(struct trap_frame *f)
{
    return chmod_at(f->rdi, f->rsi, f->rdx);
}

int64_t sys_fchmod(struct trap_frame *f)
{
    struct inode *i;
    int rc = base_of(f->rdi, &i);

    return rc ? rc : set_mode(i, f->rsi);
}

int64_t sys_chown(struct trap_frame *f)
{
    struct tmpfs_place at;

    return find(CWD, f->rdi, false, &at); /* everything stays root's */
}

int64_t sys_umask(struct trap_frame *f)
{
    unsigned old = proc_current->files->umask;

    proc_current->files->umask = f->rdi & 0777;
    return old;
}
