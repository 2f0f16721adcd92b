/* SPDX-License-Identifier: Apache-2.0 */
/* Static ELF programs: from a file into an address space under construction, with the stack that the System V ABI for
 * AMD64 promises at process entry (argc, argv, environment, auxiliary vector). */
#pragma once

#include "kernel/proc.h"

#define ELF_ARGS_MAX 4096u /* strings: arguments and environment together */

struct elf_start {
    uint64_t entry, stack;
};

/**
 * elf_load() - build a program's memory.
 * @mm: new and empty. @path: what AT_EXECFN will say.
 * Return: 0, -ENOEXEC (not a static x86-64 program, or damaged), -E2BIG, -ENOMEM; then @mm is only good for mm_put().
 */
int elf_load(struct mm *mm, const struct inode *exe, const char *path, const struct proc_args *args,
             struct elf_start *start);
