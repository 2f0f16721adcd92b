/* SPDX-License-Identifier: Apache-2.0 */
/* Static ELF programs: from an initrd image into an address space under construction, with the stack that the System V
 * ABI for AMD64 promises at process entry (argc, argv, environment, auxiliary vector). */
#pragma once

#include "kernel/file.h"
#include "kernel/mm.h"

#define ELF_ARGS_BYTES 2048u /* all argument strings with their zeros */
#define ELF_ARGS_MAX   64u

struct elf_start {
    uint64_t entry, stack;
};

/**
 * elf_load() - build a program's memory.
 * @mm: new and empty. @strings: @argc zero-terminated strings, one behind the other.
 * Return: 0, -ENOEXEC (not a static x86-64 program, or damaged), -E2BIG, -ENOMEM; then @mm is only good for mm_free().
 */
int elf_load(struct mm *mm, const struct file_image *exe, const char *strings, unsigned argc, struct elf_start *start);
