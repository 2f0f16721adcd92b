/* SPDX-License-Identifier: Apache-2.0 */
/*
 * syscall-mix: a fixed mix of kernel-bound work, in the spirit of lmbench and forkwait, as one number: operations done.
 *
 *     syscall-mix [iterations=N]        N operations (default 100); 0: for ever
 *
 * One operation is
 *   5 x getpid                                    null system calls
 *   1 x read of /dev/zero                         the kernel writes user memory; 1, 64, 512, 4096 bytes in turn
 *   1 x write of as many bytes to /dev/null
 * every 4th one also, at its end,
 *   8 pages mapped by mmap, one word written in each: 8 page faults on fresh zero pages; then read back, and munmap
 * and every 32nd one also, at its very end,
 *   fork; the child writes one shared page (copy on write) and exits; wait4; the parent writes the same page and 4 more
 *   of the set (its own copy-on-write faults).
 *
 * Before each getpid, read and write the program does work of its own: it reads one word in each of the 24 pages of its
 * working set and mixes them into a running hash. A real program touches its data between system calls as well; here
 * this makes the price of lost TLB entries count. The words lie at different offsets in their pages, so that they do
 * not compete for one set of the data cache.
 *
 * Operations are small, so that a window of a millisecond holds many; one that is to hold all parts of the mix in their
 * right shares should hold a multiple of 32 or many more.
 *
 * Results: "ops" as asked for, and "checksum": a hash over every value a system call or memory gave back, process ids
 * replaced by "the right one or not". So it depends on iterations only, and is the same on every kernel that works.
 *
 * An endless run says where it is by the markers of hv/abi/marker.h: ROI_BEGIN when all is set up, OPS 1 an operation.
 */
#include "hv/abi/marker.h"
#include "lib/bench.h"

#define SET_PAGES   24u
#define FRESH_PAGES 8u
#define NULL_CALLS  5u
#define FRESH_EVERY 4u
#define FORK_EVERY  32u
#define WORD_STRIDE (PAGE_SIZE + 3 * 64) /* three cache lines further in each page */

static const uint16_t sizes[4] = {1, 64, 512, 4096};

struct mix {
    long pid;
    long zero_fd, null_fd;
    uint8_t *buffer;      /* one page */
    uint8_t *working_set; /* SET_PAGES pages and a few words more */
    uint64_t hash;
};

static void mix_in(struct mix *m, uint64_t value)
{
    m->hash = (m->hash ^ value) * 0x100000001b3ul;
    m->hash ^= m->hash >> 29;
}

static uint64_t *set_word(const struct mix *m, unsigned page)
{
    return (uint64_t *)(void *)(m->working_set + page * WORD_STRIDE);
}

/* The program's own work between system calls. */
static void touch_working_set(struct mix *m)
{
    uint64_t h = m->hash;

    for (unsigned i = 0; i < SET_PAGES; i++) {
        h = (h ^ *set_word(m, i)) * 0x9e3779b97f4a7c15ul;
        h ^= h >> 31;
    }
    m->hash = h;
}

static void do_null_calls(struct mix *m)
{
    for (unsigned i = 0; i < NULL_CALLS; i++) {
        touch_working_set(m);
        mix_in(m, SYSCALL0(getpid) == m->pid);
    }
}

static void do_read_and_write(struct mix *m, uint16_t size)
{
    touch_working_set(m);
    m->buffer[0] = m->buffer[size - 1] = 0xff;
    mix_in(m, (uint64_t)SYSCALL3(read, m->zero_fd, m->buffer, size));
    mix_in(m, (uint64_t)m->buffer[0] << 8 | m->buffer[size - 1]);
    touch_working_set(m);
    mix_in(m, (uint64_t)SYSCALL3(write, m->null_fd, m->buffer, size));
}

static void do_fresh_pages(struct mix *m, uint64_t op)
{
    uint8_t *fresh = bench_map(FRESH_PAGES * PAGE_SIZE);

    for (unsigned i = 0; i < FRESH_PAGES; i++) {
        uint64_t *word = (uint64_t *)(void *)(fresh + i * WORD_STRIDE);
        *word += op + i + 1; /* zero before, or the sum shows it */
    }
    for (unsigned i = 0; i < FRESH_PAGES; i++)
        mix_in(m, *(uint64_t *)(void *)(fresh + i * WORD_STRIDE));
    bench_unmap(fresh, FRESH_PAGES * PAGE_SIZE);
}

static void do_fork(struct mix *m, uint64_t op)
{
    unsigned shared = (unsigned)(op / FORK_EVERY) % SET_PAGES;
    long pid = bench_fork();

    if (!pid) {
        *set_word(m, shared) += 1; /* its own copy: must not reach the parent */
        bench_exit((int)(*set_word(m, shared) & 0x7f));
    }
    mix_in(m, (uint64_t)bench_wait(pid));
    for (unsigned i = 0; i < 5; i++)
        *set_word(m, (shared + i) % SET_PAGES) += op;
}

static void do_operation(struct mix *m, uint64_t op)
{
    do_null_calls(m);
    do_read_and_write(m, sizes[op % 4]);
    if (op % FRESH_EVERY == FRESH_EVERY - 1)
        do_fresh_pages(m, op);
    if (op % FORK_EVERY == FORK_EVERY - 1)
        do_fork(m, op);
}

static void set_up(struct mix *m)
{
    m->pid = SYSCALL0(getpid);
    m->zero_fd = SYSCALL3(open, "/dev/zero", 0, 0);
    m->null_fd = SYSCALL3(open, "/dev/null", 1, 0);
    if (m->zero_fd < 0 || m->null_fd < 0)
        bench_die("cannot open /dev/zero and /dev/null");
    m->buffer = bench_map(PAGE_SIZE);
    m->working_set = bench_map((SET_PAGES + 2) * PAGE_SIZE);
    for (unsigned i = 0; i < SET_PAGES; i++)
        *set_word(m, i) = i;
    m->hash = 0xcbf29ce484222325ul;
}

int main(int argc, char **argv)
{
    uint64_t iterations = bench_option(argc, argv, "iterations", 100);
    static struct mix m;

    set_up(&m);
    HV_MARK(HV_MARK_ROI_BEGIN, 0);
    for (uint64_t op = 0; !iterations || op < iterations; op++) {
        do_operation(&m, op);
        HV_MARK(HV_MARK_OPS, 1);
    }
    HV_MARK(HV_MARK_ROI_END, 0);
    bench_result("syscall-mix.ops", iterations, 10, "ops");
    bench_result("syscall-mix.checksum", m.hash, 16, "hex");
    return 0;
}
