/* SPDX-License-Identifier: Apache-2.0 */
/* guest-tests: system calls on memory and files within one process. */
#include "tests.h"

static volatile uint64_t *words(void *p)
{
    return (volatile uint64_t *)p;
}

bool test_getpid(void)
{
    return SYSCALL0(getpid) > 0 && SYSCALL0(getpid) == SYSCALL0(getpid);
}

bool test_bad_syscall(void)
{
    return syscall6(99999, 0, 0, 0, 0, 0, 0) == -38 && syscall6(511, 0, 0, 0, 0, 0, 0) == -38;
}

bool test_read_zero(void)
{
    uint8_t *p = bench_map(3 * PAGE_SIZE);
    long fd = SYSCALL3(open, "/dev/zero", 0, 0);
    size_t n = 2 * PAGE_SIZE + 100;

    memset(p, 0xaa, 3 * PAGE_SIZE);
    bool ok = fd >= 0 && SYSCALL3(read, fd, p + 7, n) == (long)n && p[6] == 0xaa && p[7 + n] == 0xaa;
    for (size_t i = 7; i < 7 + n; i++)
        ok = ok && !p[i];
    bench_unmap(p, 3 * PAGE_SIZE);
    return SYSCALL1(close, fd) == 0 && ok;
}

bool test_write_null(void)
{
    long fd = SYSCALL3(open, "/dev/null", 1, 0);
    bool ok = fd >= 0 && SYSCALL3(write, fd, "abc", 3) == 3;

    return SYSCALL1(close, fd) == 0 && SYSCALL1(close, fd) == -9 && ok;
}

bool test_read_write_errors(void)
{
    long fd = SYSCALL3(open, "/dev/zero", 0, 0);
    uint8_t *p = bench_map(PAGE_SIZE);
    char byte;

    bench_unmap(p, PAGE_SIZE);
    bool ok = SYSCALL3(open, "/dev/none-such", 0, 0) == -2 && SYSCALL3(read, 15, &byte, 1) == -9 &&
              SYSCALL3(read, fd, p, 1) == -14 && SYSCALL3(read, fd, 0xffff800000000000ul, 8) == -14;
    SYSCALL1(close, fd);
    return ok;
}

bool test_demand_zero(void)
{
    size_t pages = 64;
    uint8_t *p = bench_map(pages * PAGE_SIZE);
    bool ok = true;

    for (size_t i = 0; i < pages; i += 2)
        ok = ok && words(p + i * PAGE_SIZE)[i] == 0;
    for (size_t i = 0; i < pages; i++)
        words(p + i * PAGE_SIZE)[i] = i;
    for (size_t i = 0; i < pages; i++)
        ok = ok && words(p + i * PAGE_SIZE)[i] == i && words(p + i * PAGE_SIZE)[511] == 0;
    bench_unmap(p, pages * PAGE_SIZE);
    return ok;
}

bool test_large_brk(void)
{
    uint64_t start = (uint64_t)SYSCALL1(brk, 0), size = 5ul << 20;
    bool ok = (uint64_t)SYSCALL1(brk, start + size) == start + size;

    for (uint64_t at = 0; ok && at < size; at += 64 * 1024) {
        ok = *words((void *)((start + at + 7) & ~7ul)) == 0;
        *words((void *)((start + at + 7) & ~7ul)) = at;
    }
    ok = ok && (uint64_t)SYSCALL1(brk, start) == start;
    ok = ok && (uint64_t)SYSCALL1(brk, start + 2 * PAGE_SIZE) == start + 2 * PAGE_SIZE;
    ok = ok && *words((void *)((start + PAGE_SIZE + 7) & ~7ul)) == 0;
    return ok && (uint64_t)SYSCALL1(brk, start) == start;
}

static uint8_t *hole;

static int touch_hole(void)
{
    *words(hole) = 1;
    return 0;
}

bool test_munmap_split(void)
{
    uint8_t *p = bench_map(3 * PAGE_SIZE);

    p[0] = 1;
    p[PAGE_SIZE] = 2;
    p[2 * PAGE_SIZE] = 3;
    bench_unmap(p + PAGE_SIZE, PAGE_SIZE);
    hole = p + PAGE_SIZE;
    bool ok = test_in_child(touch_hole) == STATUS_SIGNAL(SIGSEGV) && p[0] == 1 && p[2 * PAGE_SIZE] == 3;
    bench_unmap(p, 3 * PAGE_SIZE);
    return ok;
}

bool test_munmap_kills(void)
{
    hole = bench_map(PAGE_SIZE);
    bool ok = test_in_child(touch_hole) == STATUS_EXIT(0);
    bench_unmap(hole, PAGE_SIZE);
    return ok && test_in_child(touch_hole) == STATUS_SIGNAL(SIGSEGV);
}

static int write_text(void)
{
    *(volatile uint8_t *)(uintptr_t)&test_text_read_only = 0x90;
    return 0;
}

bool test_text_read_only(void)
{
    return test_in_child(write_text) == STATUS_SIGNAL(SIGSEGV);
}

static int read_kernel(void)
{
    return *(volatile uint8_t *)0xffffffff80000000ul != 0;
}

static int read_hypervisor(void)
{
    return *(volatile uint8_t *)0xffff830000000000ul != 0; /* Xen's own; its table at ffff800000000000 is open to all */
}

bool test_kernel_hidden(void)
{
    return test_in_child(read_kernel) == STATUS_SIGNAL(SIGSEGV) &&
           test_in_child(read_hypervisor) == STATUS_SIGNAL(SIGSEGV);
}

bool test_mprotect(void)
{
    hole = bench_map(PAGE_SIZE);
    *words(hole) = 5;
    bool ok = SYSCALL3(mprotect, hole, PAGE_SIZE, 1) == 0 && *words(hole) == 5 &&
              test_in_child(touch_hole) == STATUS_SIGNAL(SIGSEGV);
    ok = ok && SYSCALL3(mprotect, hole, PAGE_SIZE, 3) == 0 && test_in_child(touch_hole) == STATUS_EXIT(0);
    *words(hole) = 6;
    ok = ok && *words(hole) == 6;
    bench_unmap(hole, PAGE_SIZE);
    return ok;
}

static __attribute__((noinline)) uint64_t deepen(unsigned levels)
{
    volatile uint64_t room[128];

    room[0] = levels;
    room[127] = levels ? deepen(levels - 1) : 0;
    return room[0] + room[127];
}

bool test_stack_grows(void)
{
    return deepen(200) == 200ul * 201 / 2;
}

/*
 * Map a page, write it, unmap it, map another one at the same address: it must read zero. If the flush of the first
 * mapping was lost, the read finds the old frame through the TLB. A second frame is held in between, so that the new
 * page cannot be the old frame by chance.
 */
static bool is_stale(uint8_t *where, size_t pages)
{
    bool found = false;

    bench_map_at(where, pages * PAGE_SIZE);
    for (size_t i = 0; i < pages; i++)
        *words(where + i * PAGE_SIZE) = 0xdeadbeef;
    bench_unmap(where, pages * PAGE_SIZE);
    uint8_t *other = bench_map(pages * PAGE_SIZE);
    for (size_t i = 0; i < pages; i++)
        *words(other + i * PAGE_SIZE) = 0x0bad0bad;
    bench_map_at(where, pages * PAGE_SIZE);
    for (size_t i = 0; i < pages; i++)
        found = found || *words(where + i * PAGE_SIZE) != 0;
    bench_unmap(where, pages * PAGE_SIZE);
    bench_unmap(other, pages * PAGE_SIZE);
    return found;
}

bool test_stale(void)
{
    bool ok = true;

    for (unsigned i = 0; i < 8; i++)
        ok = !is_stale((uint8_t *)0x10000000000ul + i * PAGE_SIZE, 1) && ok;
    return ok;
}

bool test_stale_many(void)
{
    return !is_stale((uint8_t *)0x10000000000ul, 6) && !is_stale((uint8_t *)0x10000000000ul, 20);
}

bool test_fs_base(void)
{
    static uint64_t block[2] = {0x1111, 0x2222};
    uint64_t value;

    if (SYSCALL2(arch_prctl, 0x1002, block) != 0)
        return false;
    SYSCALL0(sched_yield);
    __asm__ volatile("mov %%fs:8, %0" : "=r"(value));
    return value == 0x2222 && SYSCALL2(arch_prctl, 0x1002, 0) == 0;
}

bool test_clock(void)
{
    int64_t before[2], after[2], nap[2] = {0, 5000000};
    bool ok = SYSCALL2(clock_gettime, 1, before) == 0 && SYSCALL2(nanosleep, nap, 0) == 0 &&
              SYSCALL2(clock_gettime, 1, after) == 0;

    return ok && (after[0] - before[0]) * 1000000000 + after[1] - before[1] >= 5000000;
}

/* A system call may change RAX, RCX and R11, nothing else. */
bool test_registers(void)
{
    uint64_t sum;

    __asm__ volatile(
        "mov $0x101, %%rbx\n mov $0x102, %%r12\n mov $0x103, %%r13\n mov $0x104, %%r14\n mov $0x105, %%r15\n"
        "mov $0x106, %%r8\n mov $0x107, %%r9\n mov $0x108, %%r10\n mov $0x109, %%rdi\n mov $0x10a, %%rsi\n"
        "mov $0x10b, %%rdx\n mov $24, %%eax\n syscall\n"
        "lea (%%rbx,%%r12,2), %%rbx\n lea (%%rbx,%%r13,4), %%rbx\n lea (%%rbx,%%r14,8), %%rbx\n"
        "lea (%%r15,%%r8,2), %%r15\n lea (%%r15,%%r9,4), %%r15\n lea (%%r15,%%r10,8), %%r15\n"
        "lea (%%rdi,%%rsi,2), %%rdi\n lea (%%rdi,%%rdx,4), %%rdi\n"
        "lea (%%rbx,%%r15), %%rax\n add %%rdi, %%rax\n"
        : "=a"(sum)
        :
        : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory");
    return sum == 0x101 + 2 * 0x102 + 4 * 0x103 + 8 * 0x104 + 0x105 + 2 * 0x106 + 4 * 0x107 + 8 * 0x108 + 0x109 +
                      2 * 0x10a + 4 * 0x10b;
}

bool test_uname(void)
{
    static char names[6 * 65];

    return SYSCALL1(uname, names) == 0 && bench_equal(names, "Linux") && bench_equal(names + 4 * 65, "x86_64");
}
