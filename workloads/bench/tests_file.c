/* SPDX-License-Identifier: Apache-2.0 */
/* guest-tests: files, directories and mappings, in a folder of their own that each test leaves empty. */
#include "tests.h"

#define O_RDONLY    0
#define O_RDWR_NEW  01102 /* O_RDWR | O_CREAT | O_TRUNC */
#define O_APPENDING 02001 /* O_WRONLY | O_APPEND */
#define ENOENT      2
#define ENOTEMPTY   39

static char dir[64];

/* The folder's name has the process's number in it: two runs on one host do not meet. */
static bool enter(void)
{
    char *to = dir;
    long pid = SYSCALL0(getpid);

    for (const char *from = "/tmp/guest-tests-"; *from;)
        *to++ = *from++;
    for (; pid; pid /= 10)
        *to++ = (char)('0' + pid % 10);
    *to = 0;
    SYSCALL2(mkdir, "/tmp", 01777);
    return SYSCALL2(mkdir, dir, 0700) == 0 && SYSCALL1(chdir, dir) == 0;
}

static bool leave(bool ok)
{
    return SYSCALL1(chdir, "/") == 0 && SYSCALL1(rmdir, dir) == 0 && ok;
}

static long size_of(long fd)
{
    uint64_t s[18] = {0};

    return SYSCALL2(fstat, fd, s) == 0 ? (long)s[6] : -1;
}

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 7 + i / 256);
}

bool test_file_data(void)
{
    static uint8_t data[10000], back[10000];

    if (!enter())
        return false;
    long fd = SYSCALL3(open, "a", O_RDWR_NEW, 0600);
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = pattern(i);
    bool ok = SYSCALL3(write, fd, data, sizeof(data)) == sizeof(data) && size_of(fd) == sizeof(data) &&
              SYSCALL3(lseek, fd, 0, 0) == 0 && SYSCALL3(read, fd, back, sizeof(back)) == sizeof(back) &&
              SYSCALL3(read, fd, back, 1) == 0;
    for (size_t i = 0; i < sizeof(back); i++)
        ok = ok && back[i] == pattern(i);
    ok = ok && SYSCALL4(pread64, fd, back, 10, 5000) == 10 && back[0] == pattern(5000) &&
         SYSCALL3(lseek, fd, -4, 2) == (long)sizeof(data) - 4 && SYSCALL3(read, fd, back, 100) == 4;
    uint64_t iov[4] = {(uint64_t)data, 3, (uint64_t)(data + 100), 5};
    long more = SYSCALL3(open, "a", O_APPENDING, 0);
    ok = ok && SYSCALL3(writev, more, iov, 2) == 8 && size_of(fd) == sizeof(data) + 8;
    ok = ok && SYSCALL4(pread64, fd, back, 100, sizeof(data)) == 8 && back[3] == pattern(100);
    SYSCALL1(close, more);
    SYSCALL1(close, fd);
    return leave(SYSCALL1(unlink, "a") == 0 && ok);
}

/* Bytes never written, cut off, or cut off and grown over again are zero. */
bool test_file_hole(void)
{
    uint8_t b[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    if (!enter())
        return false;
    long fd = SYSCALL3(open, "a", O_RDWR_NEW, 0600);
    bool ok = SYSCALL3(write, fd, b, 8) == 8 && SYSCALL3(lseek, fd, 20000, 0) == 20000 &&
              SYSCALL3(write, fd, b, 8) == 8 && size_of(fd) == 20008 && SYSCALL4(pread64, fd, b, 8, 12000) == 8 &&
              !b[0] && !b[7];
    ok = ok && SYSCALL2(ftruncate, fd, 4) == 0 && SYSCALL2(ftruncate, fd, 100) == 0 &&
         SYSCALL4(pread64, fd, b, 8, 0) == 8 && b[3] == 4 && !b[4] && !b[7] && size_of(fd) == 100;
    SYSCALL1(close, fd);
    return leave(SYSCALL1(unlink, "a") == 0 && ok);
}

static bool is_there(const char *path)
{
    return SYSCALL2(access, path, 0) == 0;
}

bool test_file_names(void)
{
    char target[8] = {0};

    if (!enter())
        return false;
    long fd = SYSCALL3(open, "one", O_RDWR_NEW, 0600);
    bool ok = fd >= 0 && SYSCALL2(mkdir, "d", 0700) == 0 && SYSCALL2(mkdir, "d", 0700) == -17 &&
              SYSCALL2(rename, "one", "d/two") == 0 && !is_there("one") && is_there("d/../d/./two") &&
              SYSCALL1(rmdir, "d") == -ENOTEMPTY && SYSCALL1(unlink, "d") == -21;
    ok = ok && SYSCALL2(symlink, "d/two", "s") == 0 && SYSCALL3(readlink, "s", target, 8) == 5 &&
         bench_equal(target, "d/two") && is_there("s") && SYSCALL3(open, "d/two/x", O_RDONLY, 0) == -20;
    ok = ok && SYSCALL1(unlink, "d/two") == 0 && !is_there("s") && SYSCALL3(write, fd, "x", 1) == 1 &&
         SYSCALL1(unlink, "d/two") == -ENOENT && SYSCALL2(symlink, "s2", "s2") == 0 &&
         SYSCALL3(open, "s2", O_RDONLY, 0) == -40;
    SYSCALL1(close, fd);
    return leave(SYSCALL1(unlink, "s") == 0 && SYSCALL1(unlink, "s2") == 0 && SYSCALL1(rmdir, "d") == 0 && ok);
}

struct entry {
    uint64_t number, cookie;
    uint16_t bytes;
    uint8_t type;
    char name[];
};

/* 50 names, listed through a buffer that holds a few: each is seen once, also while others are removed. */
bool test_file_list(void)
{
    char name[] = "f00";
    uint64_t buf[40], seen = 0;
    unsigned dots = 0;
    long n = 0;

    if (!enter())
        return false;
    bool ok = true;
    for (unsigned i = 0; i < 50; i++) {
        name[1] = (char)('0' + i / 10);
        name[2] = (char)('0' + i % 10);
        ok = SYSCALL1(close, SYSCALL3(open, name, O_RDWR_NEW, 0600)) == 0 && ok;
    }
    long fd = SYSCALL3(open, ".", 0200000 /* O_DIRECTORY */, 0);
    while ((n = SYSCALL3(getdents64, fd, buf, sizeof(buf))) > 0)
        for (long at = 0; at < n;) {
            const struct entry *e = (const void *)((const char *)buf + at);
            at += e->bytes;
            if (e->name[0] == '.') {
                dots++;
                continue;
            }
            unsigned i = (unsigned)(e->name[1] - '0') * 10 + (unsigned)(e->name[2] - '0');
            ok = ok && i < 50 && !(seen >> i & 1) && e->type == 8 && SYSCALL1(unlink, e->name) == 0;
            seen |= 1ul << i;
        }
    SYSCALL1(close, fd);
    return leave(ok && n == 0 && dots == 2 && seen == (1ul << 50) - 1);
}

bool test_file_map(void)
{
    if (!enter())
        return false;
    long fd = SYSCALL3(open, "a", O_RDWR_NEW, 0600);
    uint8_t b[100];
    memset(b, 5, sizeof(b));
    bool ok = SYSCALL3(lseek, fd, PAGE_SIZE, 0) == PAGE_SIZE && SYSCALL3(write, fd, b, 100) == 100;
    uint8_t *p = (uint8_t *)syscall6(SYS_mmap, 0, 2 * PAGE_SIZE, 3, 2 /* MAP_PRIVATE */, fd, 0);
    ok = ok && (long)p > 0 && !p[0] && p[PAGE_SIZE] == 5 && p[PAGE_SIZE + 99] == 5 && !p[PAGE_SIZE + 100];
    if (ok) {
        p[PAGE_SIZE] = 6;
        ok = SYSCALL4(pread64, fd, b, 1, PAGE_SIZE) == 1 && b[0] == 5 && p[PAGE_SIZE] == 6;
        bench_unmap(p, 2 * PAGE_SIZE);
    }
    SYSCALL1(close, fd);
    return leave(SYSCALL1(unlink, "a") == 0 && ok);
}

/* Descriptors from dup and fork share one position; one marked close-on-exec is marked alone. */
bool test_file_shared(void)
{
    enum { F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2 };

    if (!enter())
        return false;
    long fd = SYSCALL3(open, "a", O_RDWR_NEW, 0600), copy = SYSCALL1(dup, fd);
    long high = SYSCALL3(fcntl, fd, F_DUPFD, 100);
    bool ok = SYSCALL3(write, fd, "abc", 3) == 3 && SYSCALL3(lseek, copy, 0, 1) == 3 && high >= 100 &&
              SYSCALL3(fcntl, high, F_SETFD, 1) == 0 && SYSCALL3(fcntl, high, F_GETFD, 0) == 1 &&
              SYSCALL3(fcntl, fd, F_GETFD, 0) == 0;
    long pid = bench_fork();
    if (!pid)
        bench_exit(SYSCALL3(write, copy, "de", 2) == 2 ? 0 : 1);
    ok = bench_wait(pid) == 0 && ok && SYSCALL3(lseek, fd, 0, 1) == 5;
    SYSCALL1(close, fd);
    SYSCALL1(close, copy);
    SYSCALL1(close, high);
    return leave(SYSCALL1(unlink, "a") == 0 && ok);
}

bool test_working_directory(void)
{
    char path[64];

    if (!enter())
        return false;
    bool ok = SYSCALL2(getcwd, path, sizeof(path)) > 0 && bench_equal(path, dir) && SYSCALL2(getcwd, path, 3) == -34 &&
              SYSCALL1(chdir, "..") == 0 && SYSCALL2(getcwd, path, sizeof(path)) == 5 && bench_equal(path, "/tmp") &&
              SYSCALL1(chdir, "none-such") == -ENOENT;
    return leave(ok);
}

bool test_poll(void)
{
    struct {
        int fd;
        int16_t events, revents;
    } p = {0, 1 /* POLLIN */, 0};
    int fds[2];
    char byte;

    if (SYSCALL1(pipe, fds))
        return false;
    p.fd = fds[0];
    bool ok = SYSCALL3(poll, &p, 1, 1) == 0 && p.revents == 0;
    long pid = bench_fork();
    if (!pid)
        bench_exit(SYSCALL3(write, fds[1], "x", 1) == 1 ? 0 : 1);
    ok = SYSCALL3(poll, &p, 1, -1) == 1 && p.revents == 1 && SYSCALL3(read, fds[0], &byte, 1) == 1 && ok;
    ok = bench_wait(pid) == 0 && ok;
    SYSCALL1(close, fds[1]);
    ok = ok && SYSCALL3(poll, &p, 1, -1) == 1 && p.revents == 16 /* POLLHUP */;
    SYSCALL1(close, fds[0]);
    return ok;
}

static volatile uint8_t *hidden;

static int read_hidden(void)
{
    return *hidden;
}

/* Taking all access away keeps the contents, here and in a child. */
bool test_prot_none(void)
{
    hidden = bench_map(2 * PAGE_SIZE);
    hidden[0] = 9;
    bool ok = SYSCALL3(mprotect, hidden, 2 * PAGE_SIZE, 0) == 0 &&
              test_in_child(read_hidden) == STATUS_SIGNAL(SIGSEGV) &&
              SYSCALL3(read, SYSCALL3(open, "/dev/zero", 0, 0), hidden, 1) == -14 &&
              SYSCALL3(mprotect, hidden, 2 * PAGE_SIZE, 3) == 0 && hidden[0] == 9 &&
              test_in_child(read_hidden) == STATUS_EXIT(9);
    hidden[0] = 10;
    ok = ok && hidden[0] == 10;
    bench_unmap((void *)(uintptr_t)hidden, 2 * PAGE_SIZE);
    return ok;
}

bool test_shared_memory(void)
{
    volatile uint64_t *p = (void *)syscall6(SYS_mmap, 0, PAGE_SIZE, 3, 0x21 /* MAP_SHARED | MAP_ANONYMOUS */, -1, 0);

    p[0] = 1;
    long pid = bench_fork();
    if (!pid) {
        p[1] = p[0] + 1;
        bench_exit(0);
    }
    bool ok = bench_wait(pid) == 0 && p[1] == 2;
    bench_unmap((void *)(uintptr_t)p, PAGE_SIZE);
    return ok;
}

bool test_mremap(void)
{
    uint64_t *p = bench_map(2 * PAGE_SIZE);

    p[0] = 1;
    p[512] = 2;
    uint64_t *q = (void *)syscall6(SYS_mremap, (long)p, 2 * PAGE_SIZE, 40 * PAGE_SIZE, 1, 0, 0);
    bool ok = (long)q > 0 && q[0] == 1 && q[512] == 2 && q[1024] == 0;
    q[39 * 512] = 3;
    bench_unmap(q, 40 * PAGE_SIZE);
    return ok;
}
