/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What C libraries and their programs ask of a kernel, one line a subject; the output on the host's Linux is what every
 * other kernel must give. Built with static glibc and musl by the host's own compilers. Arguments: any, they are shown.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static char dir[] = "/tmp/libc-program-XXXXXX";

/* ---- Floating point: survives switches between processes and threads, and signal handlers ---- */

static double harmonic(int from)
{
    double sum = 0;

    for (int i = from; i < from + 5000; i++) {
        sum += 1.0 / i;
        if (i % 100 == 0)
            sched_yield();
    }
    return sum;
}

static void show_processes(void)
{
    double results[4];
    int fds[2], status, failed = 0;

    if (pipe(fds))
        exit(3);
    for (int i = 0; i < 4; i++)
        if (!fork()) {
            double r[2] = {i, harmonic(1 + i * 1000)};
            _exit(write(fds[1], r, sizeof(r)) != sizeof(r));
        }
    for (int i = 0; i < 4; i++) {
        double r[2];
        failed += read(fds[0], r, sizeof(r)) != sizeof(r);
        results[(int)r[0]] = r[1];
    }
    while (wait(&status) > 0)
        failed += status != 0;
    close(fds[0]);
    close(fds[1]);
    printf("processes: %.17g %.17g %.17g %.17g, %d failed\n", results[0], results[1], results[2], results[3], failed);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t go = PTHREAD_COND_INITIALIZER;
static int is_going, count;
static __thread int own;

static void *work(void *arg)
{
    static double results[8];
    long id = (long)arg;

    own = (int)id;
    pthread_mutex_lock(&mutex);
    while (!is_going)
        pthread_cond_wait(&go, &mutex);
    pthread_mutex_unlock(&mutex);
    results[id] = harmonic(1 + (int)id * 1000);
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&mutex);
        count++;
        pthread_mutex_unlock(&mutex);
    }
    return own == id ? &results[id] : NULL;
}

static void show_threads(void)
{
    pthread_t t[8];

    for (long i = 0; i < 8; i++)
        if (pthread_create(&t[i], NULL, work, (void *)i))
            exit(4);
    pthread_mutex_lock(&mutex);
    is_going = 1;
    pthread_cond_broadcast(&go);
    pthread_mutex_unlock(&mutex);
    printf("threads:");
    for (int i = 0; i < 8; i++) {
        void *r = NULL;
        pthread_join(t[i], &r);
        printf(" %.17g", r ? *(double *)r : -1.0);
    }
    printf(", count %d\n", count);
}

static void show_rounding(void)
{
    volatile double one = 1, three = 3;
    volatile double up, down;

    fesetround(FE_UPWARD);
    up = one / three;
    fesetround(FE_DOWNWARD);
    down = one / three;
    fesetround(FE_TONEAREST);
    printf("rounding: %a %a, inexact %d; long double %.20Lg\n", up, down, fetestexcept(FE_INEXACT) != 0, 1.0L / 3);
}

/* ---- Signals ---- */

static sigjmp_buf back;
static volatile double in_handler;

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    in_handler = number * 1.5;
    if (number == SIGSEGV)
        siglongjmp(back, info->si_addr == (void *)16 ? 1 : 2);
}

static void show_signals(void)
{
    struct sigaction a = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    volatile double kept = 2.5;
    int *volatile bad = (int *)16, jumped;

    sigaction(SIGUSR1, &a, NULL);
    sigaction(SIGSEGV, &a, NULL);
    sigaction(SIGALRM, &a, NULL);
    raise(SIGUSR1);
    printf("signals: %g %g", in_handler, kept);
    jumped = sigsetjmp(back, 1);
    if (!jumped)
        *bad = 1;
    printf(", jumped %d", jumped);
    alarm(1);
    pause();
    printf(", alarm %g\n", in_handler);
}

static void show_abort(void)
{
    int status;

    fflush(stdout);
    if (!fork()) {
        signal(SIGABRT, SIG_DFL);
        abort();
    }
    wait(&status);
    printf("abort: signal %d\n", WTERMSIG(status));
}

/* ---- Files, memory, programs ---- */

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void show_files(void)
{
    struct dirent **names;
    struct stat st;
    char line[64];
    int n = 0;

    FILE *f = fopen("numbers", "w+");
    for (int i = 0; f && i < 5000; i++)
        fprintf(f, "%d %.3f\n", i, i / 7.0);
    rewind(f);
    while (fgets(line, sizeof(line), f))
        n++;
    fclose(f);
    stat("numbers", &st);
    printf("files: %ld bytes, %d lines, last %s", (long)st.st_size, n, line);
    mkdir("sub", 0755);
    symlink("numbers", "link");
    rename("numbers", "sub/numbers");
    printf("missing: %s\n", fopen("link", "r") ? "no" : strerror(errno));
    n = scandir(".", &names, NULL, by_name);
    printf("names:");
    for (int i = 0; i < n; i++)
        printf(" %s", names[i]->d_name);
    printf("; %s\n", realpath("sub/../sub", NULL) + strlen(dir));
    unlink("sub/numbers");
    rmdir("sub");
    unlink("link");
}

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void show_memory(void)
{
    size_t n = 1u << 15;
    int *v = malloc(n * sizeof(*v));
    unsigned seed = 1;

    for (size_t i = 0; i < n; i++)
        v[i] = (int)((seed = seed * 1664525 + 1013904223) >> 8);
    v = realloc(v, 2 * n * sizeof(*v));
    qsort(v, n, sizeof(*v), by_value);
    printf("memory: %d %d %d\n", v[0], v[n / 2], v[n - 1]);
    free(v);
}

static void show_spawn(char *self)
{
    char *argv[] = {self, "spawned", "two words", NULL};
    posix_spawn_file_actions_t to_pipe;
    char text[64] = {0};
    int fds[2], status;
    pid_t pid;

    if (pipe(fds))
        exit(5);
    posix_spawn_file_actions_init(&to_pipe);
    posix_spawn_file_actions_adddup2(&to_pipe, fds[1], 1);
    int rc = posix_spawn(&pid, "/proc/self/exe", &to_pipe, NULL, argv, environ);
    close(fds[1]);
    ssize_t n = rc ? 0 : read(fds[0], text, sizeof(text) - 1);
    waitpid(pid, &status, 0);
    printf("spawn: %d, %zd bytes '%s', exit %d\n", rc, n, text, WEXITSTATUS(status));
}

static void show_time(void)
{
    struct timespec a, b, nap = {0, 3000000};
    struct tm tm;
    time_t when = 1000000000;
    char text[64];

    clock_gettime(CLOCK_MONOTONIC, &a);
    nanosleep(&nap, NULL);
    clock_gettime(CLOCK_MONOTONIC, &b);
    long ns = (b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec;
    strftime(text, sizeof(text), "%F %T", gmtime_r(&when, &tm));
    printf("time: slept %s, %s, after 1999 %d\n", ns >= 3000000 ? "enough" : "too little", text,
           time(NULL) > 946684800);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "spawned"))
        return printf("%s", argv[2]) == 9 ? 7 : 8;
    printf("words:");
    for (int i = 1; i < argc; i++)
        printf(" <%s>", argv[i]);
    printf("; X is %s\n", getenv("X") ? getenv("X") : "not set");
    mkdir("/tmp", 01777);
    if (!mkdtemp(dir) || chdir(dir))
        return 2;
    fflush(stdout);
    show_processes();
    show_threads();
    show_rounding();
    show_signals();
    show_abort();
    show_files();
    show_memory();
    fflush(stdout);
    show_spawn(argv[0]);
    show_time();
    fprintf(stderr, "done\n");
    return chdir("/") || rmdir(dir) ? 1 : 42;
}
