/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of regular files: see tmpfs.h. Up to 1 GiB a file, more than this kernel has memory for. */
#include "kernel/lib.h"
#include "kernel/page.h"
#include "kernel/platform.h"
#include "kernel/tmpfs.h"

#define POINTERS       512u
#define FILE_BYTES_MAX ((uint64_t)POINTERS * POINTERS * PAGE_SIZE)

static const uint8_t zeros[PAGE_SIZE] __attribute__((aligned(4096)));

/* The pointer to a data page, tables made on the way if @make; NULL: a hole, or no memory. */
static void **page_slot(struct inode *i, uint64_t offset, bool make)
{
    uint64_t index = offset >> PAGE_SHIFT;

    if (!i->pages && make)
        i->pages = page_alloc_zeroed();
    if (!i->pages)
        return NULL;
    void ***table = &i->pages[index / POINTERS];
    if (!*table && make)
        *table = page_alloc_zeroed();
    return *table ? &(*table)[index % POINTERS] : NULL;
}

const uint8_t *tmpfs_at(const struct inode *i, uint64_t offset, size_t *run)
{
    if (offset >= i->bytes) {
        *run = 0;
        return NULL;
    }
    *run = i->bytes - offset;
    if (i->image)
        return i->image + offset;
    void **slot = page_slot((struct inode *)(uintptr_t)i, offset, false);
    *run = MIN(*run, PAGE_SIZE - (offset & PAGE_MASK));
    return (slot && *slot ? (const uint8_t *)*slot : zeros) + (offset & PAGE_MASK);
}

size_t tmpfs_read(const struct inode *i, uint64_t offset, void *to, size_t n)
{
    size_t done = 0, run;

    while (done < n) {
        const uint8_t *from = tmpfs_at(i, offset + done, &run);
        if (!run)
            break;
        run = MIN(run, n - done);
        memcpy((uint8_t *)to + done, from, run);
        done += run;
    }
    return done;
}

/* Copies what the initrd holds to pages; it stays as it was without memory. */
static bool own_data(struct inode *i)
{
    const uint8_t *image = i->image;
    uint64_t bytes = i->bytes;

    if (!image)
        return true;
    i->image = NULL;
    for (uint64_t at = 0; at < bytes; at += PAGE_SIZE) {
        uint8_t *page = tmpfs_for_write(i, at);
        if (!page) {
            tmpfs_truncate(i, 0);
            i->image = image;
            i->bytes = bytes;
            return false;
        }
        memcpy(page, image + at, MIN(PAGE_SIZE, bytes - at));
    }
    return true;
}

uint8_t *tmpfs_for_write(struct inode *i, uint64_t offset)
{
    if (offset >= FILE_BYTES_MAX || !own_data(i))
        return NULL;
    void **slot = page_slot(i, offset, true);
    if (slot && !*slot)
        *slot = page_alloc_zeroed();
    return slot && *slot ? (uint8_t *)*slot + (offset & PAGE_MASK) : NULL;
}

void tmpfs_grow(struct inode *i, uint64_t bytes)
{
    if (bytes > i->bytes)
        i->bytes = bytes;
    i->mtime_ns = plat_wall_ns();
}

static void free_pages(struct inode *i, uint64_t from)
{
    for (uint64_t index = from >> PAGE_SHIFT; i->pages && index < (uint64_t)POINTERS * POINTERS; index++) {
        void **table = i->pages[index / POINTERS];
        if (!table) {
            index |= POINTERS - 1;
            continue;
        }
        if (table[index % POINTERS])
            page_free(table[index % POINTERS]);
        table[index % POINTERS] = NULL;
    }
}

static void free_tables(struct inode *i)
{
    for (unsigned t = 0; i->pages && t < POINTERS; t++)
        if (i->pages[t])
            page_free(i->pages[t]);
    if (i->pages)
        page_free(i->pages);
    i->pages = NULL;
}

int tmpfs_truncate(struct inode *i, uint64_t bytes)
{
    if (bytes > FILE_BYTES_MAX)
        return -EFBIG;
    if (bytes == 0)
        i->image = NULL;
    if (!own_data(i))
        return -ENOSPC;
    if (bytes < i->bytes) {
        free_pages(i, PAGE_UP(bytes));
        void **slot = page_slot(i, bytes, false);
        if (slot && *slot && (bytes & PAGE_MASK))
            memset((uint8_t *)*slot + (bytes & PAGE_MASK), 0, PAGE_SIZE - (bytes & PAGE_MASK));
    }
    if (!bytes)
        free_tables(i);
    i->bytes = bytes;
    i->mtime_ns = plat_wall_ns();
    return 0;
}
