/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a personality hands over: memory, traps, console and clock work. Process 1 is what the boot module names, or
 * else the command line: its argument vector, the first word a path, or a name in / or /bin. With a single program as
 * module the first word is that program's name, whatever it is.
 */
#include "kernel/initrd.h"
#include "kernel/lib.h"
#include "kernel/page.h"
#include "kernel/proc.h"

#define LINE_BYTES 1024u

/* Cuts @line into words at blanks, in place, one behind the other with their zeros. */
static void split_words(char *line, struct proc_args *args)
{
    char *to = line;

    args->strings = line;
    while (*line) {
        while (*line == ' ')
            line++;
        if (!*line)
            break;
        while (*line && *line != ' ')
            *to++ = *line++;
        if (*line)
            line++;
        *to++ = 0;
        args->argc++;
    }
    args->bytes = (size_t)(to - args->strings);
}

static bool is_program(const char *path)
{
    int rc;
    const struct inode *i = tmpfs_find(tmpfs_root(), path, true, &rc);

    return i && (i->mode & S_IFMT) == S_IFREG;
}

/* The path of the program that the first word means. */
static const char *find_program(const char *word)
{
    static char path[PATH_BYTES];
    size_t n = strlen(word);

    if (word[0] == '/')
        return is_program(word) ? word : NULL;
    if (n + 6 > sizeof(path))
        return NULL;
    memcpy(path, "/bin/", 5);
    memcpy(path + 5, word, n + 1);
    if (is_program(path))
        return path;
    memcpy(path + 1, word, n + 1);
    return is_program(path) ? path : NULL;
}

void kernel_main(const struct boot_info *boot)
{
    static char line[LINE_BYTES + 1] = "init";
    struct initrd initrd = {.path = NULL};
    struct proc_args words = {.argc = 0};
    size_t n = MIN(strlen(boot->cmdline), LINE_BYTES - 1);

    if (n)
        memcpy(line, boot->cmdline, n + 1);
    line[LINE_BYTES - 1] = 0;
    split_words(line, &words);
    if (!words.argc)
        no_start("the command line is blank");
    tmpfs_init();
    file_init();
    if (!boot->initrd_bytes || !initrd_unpack(boot->initrd, boot->initrd_bytes, words.strings, &initrd))
        no_start("the initrd is neither an ELF program nor a newc archive");
    if (initrd.path) {
        plat_console_split();
        log_be_quiet();
    }
    log_line("guest: %lu KiB free, starting %s\n", page_free_count() * (PAGE_SIZE / 1024), words.strings);
    const struct proc_args *args = initrd.path ? &initrd.args : &words;
    const char *path = find_program(initrd.path ? initrd.path : words.strings);
    if (!path)
        no_start("no program %s in the initrd", initrd.path ? initrd.path : words.strings);
    proc_start_first(path, args, initrd.has_input);
}
