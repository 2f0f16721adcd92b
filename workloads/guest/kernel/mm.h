/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address space of a process: which ranges are the user's (areas, sorted by address), and the page tables that
 * follow them on demand.
 *
 * The argument: an area says what an access may do, the page table only what has been done so far. A frame is shared
 * after fork (or between nobody, references 1); a writable area with a read-only entry therefore means "copy on write",
 * and no further mark is kept in the entry. On a write fault the last owner just gets its write permission back.
 */
#pragma once

#include "kernel/pt.h"

/* Linux's numbers ("asm-generic/mman-common.h"). */
#define PROT_READ     1u
#define PROT_WRITE    2u
#define PROT_EXEC     4u
#define AREA_SHARED   0x100u /* in vm_area.prot: fork shares the frames for good */
#define MAP_SHARED    1u
#define MAP_FIXED     0x10u
#define MAP_ANONYMOUS 0x20u

struct vm_area {
    uint64_t start, end; /* whole pages, start < end */
    unsigned prot;
};

#define MM_AREAS_MAX 160u

struct mm {
    struct pt pt;
    uint64_t brk_start, brk;
    unsigned refs; /* threads, and a parent in vfork */
    unsigned nr_areas;
    struct inode *exe; /* the program it was built from */
    char exe_path[128];
    struct vm_area areas[MM_AREAS_MAX];
};
_Static_assert(sizeof(struct mm) <= PAGE_SIZE, "an mm is one page");

/* An empty address space, not live; NULL without memory. */
struct mm *mm_new(void);
struct mm *mm_get(struct mm *mm);
/* One user less; the last one ends it: the tables must not be loaded then. */
void mm_put(struct mm *mm);
struct inode;
void mm_set_exe(struct mm *mm, struct inode *exe, const char *path);
/* A copy-on-write copy of the current address space @mm, made live; NULL without memory. */
struct mm *mm_fork(struct mm *mm);

/* Adds an area (no overlap with others); 0 or -ENOMEM. Adjacent areas of the same permissions become one. */
int mm_add_area(struct mm *mm, uint64_t start, uint64_t end, unsigned prot);
const struct vm_area *mm_find_area(const struct mm *mm, uint64_t va);

/**
 * mm_fault() - resolve an access of the current address space to @va.
 * Return: 0 (run it again), -EFAULT (not the user's, or not allowed), -ENOMEM.
 */
int mm_fault(struct mm *mm, uint64_t va, bool is_write);

/* The frame behind @va of a tree under construction, zeroed if it is new; NULL without memory. */
void *mm_populate(struct mm *mm, uint64_t va, unsigned prot);

/* The system calls of these names on the current address space; results as theirs. */
int64_t mm_mmap(struct mm *mm, uint64_t hint, uint64_t bytes, unsigned prot, unsigned flags);
int64_t mm_mmap_file(struct mm *mm, uint64_t hint, uint64_t bytes, unsigned prot, unsigned flags,
                     const struct inode *file, uint64_t offset);
int64_t mm_mremap(struct mm *mm, uint64_t old, uint64_t old_bytes, uint64_t new_bytes, unsigned flags);
int64_t mm_munmap(struct mm *mm, uint64_t start, uint64_t bytes);
int64_t mm_mprotect(struct mm *mm, uint64_t start, uint64_t bytes, unsigned prot);
uint64_t mm_brk(struct mm *mm, uint64_t brk);
