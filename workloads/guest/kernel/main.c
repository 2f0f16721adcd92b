/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a personality hands over: memory, traps, console and clock work. Process 1 is a program of the initrd; the
 * command line is its argument vector, and the first word its name. With a single program as initrd the first word is
 * that program's name, whatever it is.
 */
#include "kernel/elf.h"
#include "kernel/lib.h"
#include "kernel/page.h"
#include "kernel/proc.h"

/* Cuts @line into words at blanks, in place. */
static unsigned split_words(char *line, char **words, unsigned max)
{
    unsigned n = 0;

    while (*line) {
        while (*line == ' ')
            *line++ = 0;
        if (!*line || n == max)
            break;
        words[n++] = line;
        while (*line && *line != ' ')
            line++;
    }
    return n;
}

void kernel_main(const struct boot_info *boot)
{
    static char line[1024];
    static char *words[ELF_ARGS_MAX + 1];
    static char default_name[] = "init";
    size_t n = MIN(strlen(boot->cmdline), sizeof(line) - 1);

    memcpy(line, boot->cmdline, n);
    unsigned argc = split_words(line, words, ELF_ARGS_MAX);
    if (!argc)
        words[argc++] = default_name;
    kprintf("guest: %lu KiB free, starting %s\n", page_free_count() * (PAGE_SIZE / 1024), words[0]);
    if (!boot->initrd_bytes || !file_init(boot->initrd, boot->initrd_bytes, words[0]))
        panic("the initrd is neither an ELF program nor a newc archive");
    const struct file_image *exe = file_find_image(words[0]);
    if (!exe)
        panic("no program %s in the initrd", words[0]);
    proc_start_first(exe, argc, words);
}
