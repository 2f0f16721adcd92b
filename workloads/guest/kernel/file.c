/* SPDX-License-Identifier: Apache-2.0 */
/* Open files, descriptors, devices and initrd images: see file.h. Pipes are in pipe.c. */
#include "kernel/file_internal.h"
#include "kernel/lib.h"
#include "kernel/platform.h"
#include "kernel/proc.h"

#define OPEN_MAX 512u

static struct file open_files[OPEN_MAX];
static struct file_image images[16];
static unsigned nr_images;

/* ---- Initrd ---- */

struct cpio_header { /* "newc": numbers as 8 hexadecimal digits */
    char magic[6], ino[8], mode[8], uid[8], gid[8], nlink[8], mtime[8], filesize[8], devmajor[8], devminor[8],
        rdevmajor[8], rdevminor[8], namesize[8], check[8];
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

static const char *last_component(const char *path)
{
    const char *last = path;

    for (; *path; path++)
        if (*path == '/')
            last = path + 1;
    return last;
}

static bool parse_cpio(const char *at, size_t left)
{
    while (left >= sizeof(struct cpio_header)) {
        const struct cpio_header *h = (const void *)at;
        if (memcmp(h->magic, "070701", 6))
            return false;
        size_t name_bytes = cpio_number(h->namesize), bytes = cpio_number(h->filesize);
        size_t data_at = (sizeof(*h) + name_bytes + 3) & ~3ul;
        if (!name_bytes || data_at > left || bytes > left - data_at || at[sizeof(*h) + name_bytes - 1])
            return false;
        const char *name = at + sizeof(*h);
        if (!strcmp(name, "TRAILER!!!"))
            return true;
        if (bytes && nr_images < ARRAY_SIZE(images))
            images[nr_images++] = (struct file_image){last_component(name), at + data_at, bytes};
        size_t member = (data_at + bytes + 3) & ~3ul;
        if (member > left)
            return false;
        at += member;
        left -= member;
    }
    return false;
}

bool file_init(const void *initrd, size_t bytes, const char *name)
{
    if (bytes >= 6 && !memcmp(initrd, "070701", 6))
        return parse_cpio(initrd, bytes);
    if (bytes < 4 || memcmp(initrd, "\177ELF", 4))
        return false;
    images[nr_images++] = (struct file_image){last_component(name), initrd, bytes};
    return true;
}

const struct file_image *file_find_image(const char *path)
{
    if (!strcmp(path, "/proc/self/exe"))
        return proc_current->exe;
    for (unsigned i = 0; i < nr_images; i++)
        if (!strcmp(images[i].name, last_component(path)))
            return &images[i];
    return NULL;
}

/* ---- Devices and images ---- */

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

static int64_t zero_read(struct file *f, uint64_t user_buf, size_t n)
{
    (void)f;
    int rc = user_clear(user_buf, n);
    return rc ? rc : (int64_t)n;
}

static int64_t console_write(struct file *f, uint64_t user_buf, size_t n)
{
    char text[256];

    (void)f;
    for (size_t done = 0; done < n;) {
        size_t part = MIN(n - done, sizeof(text));
        if (user_copy_in(text, user_buf + done, part))
            return done ? (int64_t)done : -EFAULT;
        plat_console_write(PLAT_OUT, text, part);
        done += part;
    }
    return (int64_t)n;
}

static int64_t image_read(struct file *f, uint64_t user_buf, size_t n)
{
    const struct file_image *image = f->data;
    size_t part = MIN(n, image->bytes - f->position);

    if (user_copy_out(user_buf, (const uint8_t *)image->data + f->position, part))
        return -EFAULT;
    f->position += part;
    return (int64_t)part;
}

static const struct file_ops null_ops = {.read = null_read, .write = null_write};
static const struct file_ops zero_ops = {.read = zero_read, .write = null_write};
static const struct file_ops console_ops = {.read = null_read, .write = console_write};
static const struct file_ops image_ops = {.read = image_read};

static const struct {
    const char *path;
    const struct file_ops *ops;
} devices[] = {{"/dev/null", &null_ops}, {"/dev/zero", &zero_ops}, {"/dev/console", &console_ops}};

/* ---- Open files and descriptors ---- */

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
    if (--f->refs == 0 && f->ops->close)
        f->ops->close(f);
}

int file_free_fd(struct file *const *files)
{
    for (int fd = 0; fd < (int)FILE_MAX; fd++)
        if (!files[fd])
            return fd;
    return -EMFILE;
}

int file_open_console(struct file **files)
{
    struct file *f = file_new(&console_ops, NULL);

    if (!f)
        return -ENOMEM;
    f->refs = 3;
    files[0] = files[1] = files[2] = f;
    return 0;
}

void file_share_all(struct file **to, struct file *const *from)
{
    for (unsigned fd = 0; fd < FILE_MAX; fd++) {
        to[fd] = from[fd];
        if (to[fd])
            to[fd]->refs++;
    }
}

void file_close_all(struct file **files)
{
    for (unsigned fd = 0; fd < FILE_MAX; fd++)
        if (files[fd])
            file_close(files, fd);
}

int64_t file_open(struct file **files, const char *path)
{
    const struct file_ops *ops = NULL;
    const struct file_image *image = NULL;
    int fd = file_free_fd(files);

    if (fd < 0)
        return fd;
    for (unsigned i = 0; i < ARRAY_SIZE(devices); i++)
        if (!strcmp(path, devices[i].path))
            ops = devices[i].ops;
    if (!ops && (image = file_find_image(path)))
        ops = &image_ops;
    if (!ops)
        return -ENOENT;
    files[fd] = file_new(ops, (void *)(uintptr_t)image);
    return files[fd] ? fd : -ENOMEM;
}

int64_t file_close(struct file **files, unsigned fd)
{
    if (fd >= FILE_MAX || !files[fd])
        return -EBADF;
    struct file *f = files[fd];
    files[fd] = NULL;
    file_put(f);
    return 0;
}

int64_t file_dup2(struct file **files, unsigned from, unsigned to)
{
    if (from >= FILE_MAX || to >= FILE_MAX || !files[from])
        return -EBADF;
    if (from == to)
        return to;
    if (files[to])
        file_close(files, to);
    files[to] = files[from];
    files[to]->refs++;
    return to;
}

int64_t file_read(struct file **files, unsigned fd, uint64_t user_buf, size_t n)
{
    if (fd >= FILE_MAX || !files[fd] || !files[fd]->ops->read)
        return -EBADF;
    return files[fd]->ops->read(files[fd], user_buf, n);
}

int64_t file_write(struct file **files, unsigned fd, uint64_t user_buf, size_t n)
{
    if (fd >= FILE_MAX || !files[fd] || !files[fd]->ops->write)
        return -EBADF;
    return files[fd]->ops->write(files[fd], user_buf, n);
}
