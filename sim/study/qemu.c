/* SPDX-License-Identifier: Apache-2.0 */
/* Running a plan under QEMU. See qemu.h. */
#include "sim/study/qemu.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

struct wait {
    GMainLoop *loop;
    GPid pid;
    int status;
    gboolean is_late;
};

char *qemu_find(void)
{
    return g_find_program_in_path("qemu-system-x86_64");
}

static void ended(GPid pid, gint status, gpointer opaque)
{
    struct wait *w = opaque;
    w->status = status;
    g_spawn_close_pid(pid);
    g_main_loop_quit(w->loop);
}

static gboolean late(gpointer opaque)
{
    struct wait *w = opaque;
    w->is_late = TRUE;
    kill(w->pid, SIGKILL);
    return G_SOURCE_CONTINUE;
}

static gboolean spawn_and_wait(char **argv, unsigned timeout_s, struct wait *w, GError **error)
{
    GError *why = NULL;
    GSpawnFlags flags = G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL;
    if (!g_spawn_async(NULL, argv, NULL, flags, NULL, NULL, &w->pid, &why)) {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s", why->message);
        g_error_free(why);
        return FALSE;
    }
    w->loop = g_main_loop_new(NULL, FALSE);
    guint timer = g_timeout_add_seconds(timeout_s, late, w);
    g_child_watch_add(w->pid, ended, w);
    g_main_loop_run(w->loop);
    g_source_remove(timer);
    g_main_loop_unref(w->loop);
    return TRUE;
}

/* What isa-debug-exit turns value v into: status 2 v + 1. An even status is QEMU's own end, not the guest's. */
static gboolean judge(const struct wait *w, unsigned timeout_s, int *exit_code, GError **error)
{
    int status = WIFEXITED(w->status) ? WEXITSTATUS(w->status) : -1;
    if (w->is_late)
        g_set_error(error, STUDY_ERROR, STUDY_GUEST, "QEMU: the guests did not end within %u s", timeout_s);
    else if (status < 0 || status % 2 == 0)
        g_set_error(error, STUDY_ERROR, STUDY_GUEST, "QEMU: ended with status %d, not by the debug-exit port", status);
    else
        *exit_code = status / 2;
    return !w->is_late && status >= 0 && status % 2 == 1;
}

static char **make_argv(const struct plan *p, const char *qemu, const char *module, const char *log)
{
    char *append = g_strdup(p->hv_cmdline);
    GPtrArray *a = g_ptr_array_new();
    const char *const head[] = {qemu,
                                "-machine",
                                "q35",
                                "-accel",
                                "tcg",
                                "-cpu",
                                "max",
                                "-nodefaults",
                                "-display",
                                "none",
                                "-no-reboot",
                                "-device",
                                "isa-debug-exit,iobase=0xf4,iosize=1"};
    for (size_t i = 0; i < G_N_ELEMENTS(head); i++)
        g_ptr_array_add(a, g_strdup(head[i]));
    const char *const words[] = {"-kernel", "-initrd", "-append", "-serial", "-smp", "-m"};
    char *values[] = {g_strdup(p->hv_path),
                      g_strdup(module),
                      append,
                      g_strconcat("file:", log, NULL),
                      g_strdup_printf("%u", p->machine.n_cores),
                      g_strdup_printf("%u", p->memory_mib)};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        g_ptr_array_add(a, g_strdup(words[i]));
        g_ptr_array_add(a, values[i]);
    }
    g_ptr_array_add(a, NULL);
    return (char **)g_ptr_array_free(a, FALSE);
}

static gboolean run_in(const char *dir, const struct plan *p, const char *qemu, unsigned timeout_s, GString *serial,
                       int *exit_code, GError **error)
{
    char *module = g_build_filename(dir, "modules.cpio", NULL), *log = g_build_filename(dir, "serial.log", NULL);
    char **argv = make_argv(p, qemu, module, log), *text = NULL;
    struct wait w = {.status = 0};
    gboolean ok = g_file_set_contents(module, (const char *)p->module->data, (gssize)p->module->len, error) &&
                  spawn_and_wait(argv, timeout_s, &w, error);
    if (ok && g_file_get_contents(log, &text, NULL, NULL))
        g_string_append(serial, text);
    ok = ok && judge(&w, timeout_s, exit_code, error);
    g_unlink(module);
    g_unlink(log);
    g_free(text);
    g_strfreev(argv);
    g_free(module);
    g_free(log);
    return ok;
}

gboolean qemu_run(const struct plan *p, const char *qemu, unsigned timeout_s, GString *serial, int *exit_code,
                  GError **error)
{
    char *dir = g_dir_make_tmp("vmscale-qemu-XXXXXX", error);
    gboolean ok = dir && run_in(dir, p, qemu, timeout_s, serial, exit_code, error);
    if (dir)
        g_rmdir(dir);
    g_free(dir);
    return ok;
}
