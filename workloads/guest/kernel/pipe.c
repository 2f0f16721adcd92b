/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipes: one page of bytes between a writing and a reading end. Bytes in the pipe = put - got, counters that only grow.
 * A reader waits while it is empty and a writer exists, a writer while it is full and a reader exists; each change
 * wakes everybody, who look again. Writing without a reader is -EPIPE and SIGPIPE.
 */
#include "kernel/file.h"
#include "kernel/lib.h"
#include "kernel/page.h"
#include "kernel/proc.h"
#include "kernel/signal.h"

#define PIPE_MAX 64u

struct pipe {
    uint8_t *buffer; /* NULL: free */
    size_t put, got;
    bool has_reader, has_writer;
    struct wait_queue changed;
};

static struct pipe pipes[PIPE_MAX];

/* The longest run of at most @n bytes at counter @at that does not wrap around the page. */
static size_t run_bytes(size_t at, size_t n)
{
    return MIN(n, PAGE_SIZE - (at & PAGE_MASK));
}

static void wake(struct pipe *p)
{
    sched_wake_all(&p->changed);
    sched_wake_all(&file_poll_waiters);
}

static int64_t pipe_read(struct file *f, uint64_t user_buf, size_t n)
{
    struct pipe *p = f->data;
    size_t done = 0;

    while (n && p->put == p->got && p->has_writer) {
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        sched_block(&p->changed, 0);
        if (proc_current->has_signal)
            return -ERESTARTSYS;
    }
    while (done < n && p->put != p->got) {
        size_t part = run_bytes(p->got, MIN(n - done, p->put - p->got));
        if (user_copy_out(user_buf + done, p->buffer + (p->got & PAGE_MASK), part))
            return -EFAULT;
        p->got += part;
        done += part;
    }
    if (done)
        wake(p);
    return (int64_t)done;
}

static int64_t pipe_write(struct file *f, uint64_t user_buf, size_t n)
{
    struct pipe *p = f->data;
    size_t done = 0;

    while (done < n) {
        while (p->put - p->got == PAGE_SIZE && p->has_reader) {
            if (f->flags & O_NONBLOCK)
                return done ? (int64_t)done : -EAGAIN;
            sched_block(&p->changed, 0);
            if (proc_current->has_signal)
                return done ? (int64_t)done : -ERESTARTSYS;
        }
        if (!p->has_reader) {
            if (!done)
                signal_send(proc_current, SIGPIPE, 0);
            return done ? (int64_t)done : -EPIPE;
        }
        size_t part = run_bytes(p->put, MIN(n - done, PAGE_SIZE - (p->put - p->got)));
        if (user_copy_in(p->buffer + (p->put & PAGE_MASK), user_buf + done, part))
            return -EFAULT;
        p->put += part;
        done += part;
        wake(p);
    }
    return (int64_t)done;
}

static void end_closed(struct pipe *p)
{
    wake(p);
    if (!p->has_reader && !p->has_writer) {
        page_free(p->buffer);
        p->buffer = NULL;
    }
}

static void close_reader(struct file *f)
{
    struct pipe *p = f->data;

    p->has_reader = false;
    end_closed(p);
}

static void close_writer(struct file *f)
{
    struct pipe *p = f->data;

    p->has_writer = false;
    end_closed(p);
}

static unsigned poll_reader(struct file *f)
{
    const struct pipe *p = f->data;

    return (p->put != p->got ? POLLIN : 0) | (p->has_writer ? 0 : POLLHUP);
}

static unsigned poll_writer(struct file *f)
{
    const struct pipe *p = f->data;

    return (p->put - p->got < PAGE_SIZE ? POLLOUT : 0) | (p->has_reader ? 0 : POLLERR);
}

static const struct file_ops reader_ops = {.read = pipe_read, .close = close_reader, .poll = poll_reader};
static const struct file_ops writer_ops = {.write = pipe_write, .close = close_writer, .poll = poll_writer};

bool file_is_pipe(const struct file *f)
{
    return f->ops == &reader_ops || f->ops == &writer_ops;
}

static struct pipe *new_pipe(void)
{
    for (unsigned i = 0; i < PIPE_MAX; i++) {
        if (pipes[i].buffer)
            continue;
        pipes[i] = (struct pipe){.buffer = page_alloc(), .has_reader = true, .has_writer = true};
        return pipes[i].buffer ? &pipes[i] : NULL;
    }
    return NULL;
}

int64_t file_pipe(struct files *files, int fds[2], unsigned flags)
{
    struct pipe *p = new_pipe();
    struct file *reader = p ? file_new(&reader_ops, p) : NULL;
    struct file *writer = reader ? file_new(&writer_ops, p) : NULL;
    int64_t rc = -ENOMEM;

    if (writer) {
        reader->flags = flags & O_NONBLOCK;
        writer->flags = O_WRONLY | (flags & O_NONBLOCK);
        rc = file_install(files, reader, 0, flags & O_CLOEXEC);
        fds[0] = (int)rc;
        if (rc >= 0) {
            rc = file_install(files, writer, 0, flags & O_CLOEXEC);
            fds[1] = (int)rc;
            if (rc >= 0)
                return 0;
            file_close(files, (unsigned)fds[0]);
            reader = NULL;
        }
    }
    if (writer)
        file_put(writer);
    else if (p)
        close_writer(&(struct file){.data = p});
    if (reader)
        file_put(reader);
    else if (p && !writer)
        close_reader(&(struct file){.data = p});
    return rc;
}
