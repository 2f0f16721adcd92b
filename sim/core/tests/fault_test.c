/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both functions leave with 3 and print what and where, once, even when the context printer itself runs into a bug.
 * Could lie if the child died of something else: the whole text of stderr is compared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sim/core/fault.h"

static void print_and_break(void *opaque)
{
    fprintf(stderr, "at %s\n", (const char *)opaque);
    sim_bug("again");
}

static void child(int which, int fd)
{
    dup2(fd, STDERR_FILENO);
    sim_set_context(print_and_break, (char[]){"core 0"});
    if (which)
        sim_bug("sum is %d", 4);
    sim_unmodelled("port %#x", 0x99);
}

static void check(int which, const char *want)
{
    int fd[2], status;
    char text[256] = "";

    assert_int_equal(pipe(fd), 0);
    pid_t pid = fork();
    if (pid == 0)
        child(which, fd[1]);
    close(fd[1]);
    for (size_t at = 0; at < sizeof(text) - 1;) {
        ssize_t n = read(fd[0], text + at, sizeof(text) - 1 - at);

        if (n <= 0)
            break;
        at += (size_t)n;
    }
    close(fd[0]);
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 3);
    assert_string_equal(text, want);
}

static void say_what_and_where(void **state)
{
    (void)state;
    check(1, "vmscale: simulator bug: sum is 4\nat core 0\nvmscale: simulator bug: again\n");
    check(0, "vmscale: not modelled: port 0x99\nat core 0\nvmscale: simulator bug: again\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(say_what_and_where)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
