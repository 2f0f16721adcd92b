/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running the points. A GLib main loop waits for children, the interrupt signal and the clock of the progress bar; all
 * that is visible is made from the points' folders afterwards, in point order. See sweep.h.
 */
#include "sim/study/sweep.h"
#include "sim/study/plan.h"
#include "sim/study/plot.h"
#include "sim/study/progress.h"
#include "sim/study/store.h"
#include "sim/study/version.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct sweep {
    const struct sweep_cfg *cfg;
    struct sweep_result *out;
    struct progress progress;
    GMainLoop *loop;
    char *exe;
    size_t next;       /* first point not looked at yet */
    GPtrArray *active; /* struct child */
};
struct child {
    struct sweep *sweep;
    size_t point;
    GPid pid;
    gint64 start_us;
    char *log; /* its stderr */
};

static void launch(struct sweep *s);

static void child_free(struct child *c)
{
    g_unlink(c->log);
    g_free(c->log);
    g_free(c);
}

/* A point dies with its sweep, however that ends. */
static void die_with_parent(gpointer parent)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != GPOINTER_TO_INT(parent))
        _exit(STUDY_INTERRUPTED);
}

static void add(GPtrArray *argv, const char *word)
{
    g_ptr_array_add(argv, g_strdup(word));
}

static GPtrArray *child_argv(const struct sweep *s, const struct point *p)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
    char *dir = table_point_dir(s->cfg->dir, p);
    const char *const head[] = {s->exe, "run",      s->cfg->scenario_path, "--quiet", "--out",
                                dir,    "--images", s->cfg->images->dir};
    for (size_t i = 0; i < G_N_ELEMENTS(head); i++)
        add(argv, head[i]);
    for (char **set = s->cfg->sets; set && *set; set++) {
        add(argv, "--set");
        add(argv, *set);
    }
    for (guint i = 0; i < p->scenario->slots->len; i++) {
        const struct scenario_slot *slot = scenario_slot(p->scenario, i);
        if (!scenario_slot_is_axis(slot))
            continue;
        add(argv, "--set");
        g_ptr_array_add(argv, g_strdup_printf("%s=%s", slot->key, point_value(p, slot)));
    }
    g_ptr_array_add(argv, NULL);
    g_free(dir);
    return argv;
}

/* The line that says why a point failed: the tool's own, without its name. */
static char *reason(const struct child *c)
{
    char *text = NULL;
    if (!g_file_get_contents(c->log, &text, NULL, NULL))
        return g_strdup("no message");
    char *line = strstr(text, "vmscale: ");
    line = line ? line + strlen("vmscale: ") : text;
    line[strcspn(line, "\n")] = 0;
    char *copy = g_strdup(line[0] ? line : "no message");
    g_free(text);
    return copy;
}

/* How the point ended, for its line: a process that was killed has no exit code. */
static char *ending(int status)
{
    if (WIFSIGNALED(status))
        return g_strdup_printf("killed by signal %d (%s)", WTERMSIG(status), g_strsignal(WTERMSIG(status)));
    return g_strdup_printf("exit code %d", WEXITSTATUS(status));
}

static void report(struct sweep *s, const struct child *c, int status)
{
    struct point p = {s->cfg->scenario, c->point};
    char *label = point_label(&p), *line;
    double seconds = (double)(g_get_monotonic_time() - c->start_us) * 1e-6;
    if (status == 0) {
        json_t *run = table_load_point(s->cfg->dir, &p);
        line = g_strdup_printf("[%zu/%zu] %s: %.6g operations/s (%.1f s)", s->progress.done, s->out->n_points, label,
                               json_number_value(json_object_get(run, "throughput")), seconds);
        json_decref(run);
    } else {
        char *why = reason(c), *how = ending(status);
        line = g_strdup_printf("[%zu/%zu] %s: FAILED with %s: %s", s->progress.done, s->out->n_points, label, how, why);
        g_free(how);
        g_free(why);
    }
    progress_line(&s->progress, line);
    g_free(line);
    g_free(label);
}

static void child_ended(GPid pid, gint status, gpointer opaque)
{
    struct child *c = opaque;
    struct sweep *s = c->sweep;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : STUDY_BUG;
    g_spawn_close_pid(pid);
    if (!s->out->is_interrupted || code == 0) {
        s->progress.done++;
        s->out->n_done += code == 0;
        s->out->n_failed += code != 0;
        s->out->worst = MAX(s->out->worst, code);
        report(s, c, status);
    }
    g_ptr_array_remove(s->active, c);
    child_free(c);
    launch(s);
}

static void start(struct sweep *s, size_t index)
{
    struct point p = {s->cfg->scenario, index};
    struct child *c = g_new0(struct child, 1);
    char *dir = table_point_dir(s->cfg->dir, &p);
    c->sweep = s;
    c->point = index;
    c->start_us = g_get_monotonic_time();
    c->log = g_strconcat(dir, ".log", NULL);
    g_free(dir);
    GPtrArray *argv = child_argv(s, &p);
    int err = open(c->log, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
    GError *why = NULL;
    gboolean ok =
        g_spawn_async_with_fds(NULL, (char **)argv->pdata, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL,
                               die_with_parent, GINT_TO_POINTER(getpid()), &c->pid, -1, -1, err, &why);
    close(err);
    g_ptr_array_unref(argv);
    if (ok) {
        g_ptr_array_add(s->active, c);
        g_child_watch_add(c->pid, child_ended, c);
        return;
    }
    progress_line(&s->progress, why->message);
    g_error_free(why);
    s->progress.done++;
    s->out->n_failed++;
    s->out->worst = STUDY_BUG;
    child_free(c);
}

/* Starts points until all places are taken; leaves the loop when nothing is left. */
static void launch(struct sweep *s)
{
    while (!s->out->is_interrupted && s->next < s->out->n_points && s->active->len < s->cfg->jobs) {
        struct point p = {s->cfg->scenario, s->next++};
        json_t *done = s->cfg->is_resumed ? table_load_point(s->cfg->dir, &p) : NULL;
        if (!done)
            start(s, p.index);
        json_decref(done);
    }
    progress_show(&s->progress);
    if (s->active->len == 0)
        g_main_loop_quit(s->loop);
}

static gboolean interrupted(gpointer opaque)
{
    struct sweep *s = opaque;
    s->out->is_interrupted = TRUE;
    for (guint i = 0; i < s->active->len; i++)
        kill(((struct child *)s->active->pdata[i])->pid, SIGTERM);
    return G_SOURCE_CONTINUE;
}

static gboolean tick(gpointer opaque)
{
    progress_show(&((struct sweep *)opaque)->progress);
    return G_SOURCE_CONTINUE;
}

static void run_points(struct sweep *s)
{
    guint sources[] = {g_unix_signal_add(SIGINT, interrupted, s), g_unix_signal_add(SIGTERM, interrupted, s),
                       g_timeout_add(500, tick, s)};
    progress_start(&s->progress, s->out->n_points, s->out->n_kept);
    launch(s);
    if (s->active->len > 0)
        g_main_loop_run(s->loop);
    progress_end(&s->progress);
    for (size_t i = 0; i < G_N_ELEMENTS(sources); i++)
        g_source_remove(sources[i]);
}

static gboolean check_points(const struct sweep_cfg *cfg, GError **error)
{
    size_t n = scenario_points(cfg->scenario);
    if (n == 0) {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s: more than a million points", cfg->scenario->path);
        return FALSE;
    }
    for (size_t i = 0; i < n; i++) {
        struct plan *p = plan_new(cfg->scenario, i, cfg->images, error);
        if (!p)
            return FALSE;
        plan_free(p);
    }
    return plot_check(cfg->scenario, error);
}

static void add_hash(json_t *o, const char *path)
{
    char *data = NULL, *name = g_path_get_basename(path);
    gsize bytes = 0;
    if (path[0] && g_file_get_contents(path, &data, &bytes, NULL)) {
        char *hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)data, bytes);
        json_object_set_new(o, name, json_string(hash));
        g_free(hash);
    }
    g_free(data);
    g_free(name);
}

/* Hash of the simulator, and at all points of the profile and what a guest executes: another one is another study. */
static json_t *image_hashes(const struct sweep_cfg *cfg)
{
    json_t *o = json_object();
    add_hash(o, "/proc/self/exe");
    for (size_t i = 0; i < scenario_points(cfg->scenario); i++) {
        struct plan *p = plan_new(cfg->scenario, i, cfg->images, NULL);
        char *profile = images_profile(cfg->images, point_text(&p->point, "machine", OPTION_profile), NULL);
        add_hash(o, profile);
        g_free(profile);
        add_hash(o, p->hv_path);
        for (guint d = 0; d < p->domains->len; d++) {
            const struct plan_domain *dom = p->domains->pdata[d];
            add_hash(o, dom->kernel);
            add_hash(o, dom->initrd ? dom->initrd : "");
        }
        plan_free(p);
    }
    return o;
}

static json_t *describe(const struct sweep_cfg *cfg)
{
    json_t *sets = json_array();
    for (char **set = cfg->sets; set && *set; set++)
        json_array_append_new(sets, json_string(*set));
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "version", STUDY_VERSION, "scenario", cfg->scenario->name,
                     "scenario_sha256", cfg->scenario->hash, "set", sets, "images", image_hashes(cfg));
}

static gboolean same_images(const struct sweep_cfg *cfg, const json_t *now, const char *path, GError **error)
{
    json_t *before = json_load_file(path, 0, NULL);
    gboolean ok = !before || json_equal(json_object_get(before, "images"), json_object_get(now, "images"));
    if (!ok)
        g_set_error(
            error, STUDY_ERROR, STUDY_INPUT,
            "--resume: simulator, profile, hypervisor, guest or workload images are not those of %s; choose another "
            "--out",
            cfg->dir);
    json_decref(before);
    return ok;
}

/* Going on never throws a finished point away: the folder's points must be this scenario's. */
static gboolean same_points(const struct sweep_cfg *cfg, GError **error)
{
    for (size_t i = 0; i < scenario_points(cfg->scenario); i++) {
        const char *key = table_point_differs(cfg->dir, &(struct point){cfg->scenario, i});
        if (!key)
            continue;
        g_set_error(error, STUDY_ERROR, STUDY_INPUT,
                    "--resume: the points of %s have another %s; choose the same, or another --out", cfg->dir, key);
        return FALSE;
    }
    return TRUE;
}

/* Held as long as the process lives. Return: FALSE when another sweep holds it. */
static gboolean lock(const char *points, const struct sweep_cfg *cfg, GError **error)
{
    int fd = open(points, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return TRUE;
    g_set_error(error, STUDY_ERROR, STUDY_INPUT, "--out %s: %s", cfg->dir,
                errno == EWOULDBLOCK ? "another sweep is writing it" : g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return FALSE;
}

static gboolean write_text(const char *dir, const char *name, const char *text, GError **error)
{
    char *path = g_build_filename(dir, name, NULL);
    GError *why = NULL;
    gboolean ok = g_file_set_contents(path, text, -1, &why);
    if (!ok) {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "--out: %s", why->message);
        g_error_free(why);
    }
    g_free(path);
    return ok;
}

static gboolean copy_scenario(const struct sweep_cfg *cfg, GError **error)
{
    char *text = NULL, *name = g_strconcat(cfg->scenario->name, ".conf", NULL);
    gboolean ok =
        g_file_get_contents(cfg->scenario->path, &text, NULL, error) && write_text(cfg->dir, name, text, error);
    g_free(text);
    g_free(name);
    return ok;
}

/* The folder must be new, empty, or this sweep's with --resume. */
static gboolean prepare(const struct sweep_cfg *cfg, GError **error)
{
    char *points = g_build_filename(cfg->dir, "points", NULL), *path = g_build_filename(cfg->dir, "sweep.json", NULL);
    json_t *now = describe(cfg);
    GDir *dir = g_dir_open(cfg->dir, 0, NULL);
    gboolean is_used = dir && g_dir_read_name(dir), ok = TRUE;
    if (dir)
        g_dir_close(dir);
    if (is_used && !cfg->is_resumed) {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "--out %s: is not empty; go on with --resume, or choose another",
                    cfg->dir);
        ok = FALSE;
    } else if (is_used) {
        ok = same_images(cfg, now, path, error) && same_points(cfg, error);
    }
    if (ok && g_mkdir_with_parents(points, 0777) != 0) {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "--out %s: %s", cfg->dir, g_strerror(errno));
        ok = FALSE;
    }
    char *text = json_dumps(now, JSON_INDENT(1));
    ok = ok && lock(points, cfg, error) && write_text(cfg->dir, "sweep.json", text, error) && copy_scenario(cfg, error);
    free(text);
    json_decref(now);
    g_free(points);
    g_free(path);
    return ok;
}

gboolean sweep_run(const struct sweep_cfg *cfg, struct sweep_result *out, GError **error)
{
    memset(out, 0, sizeof *out);
    if (!check_points(cfg, error) || !prepare(cfg, error))
        return FALSE;
    out->n_points = scenario_points(cfg->scenario);
    for (size_t i = 0; cfg->is_resumed && i < out->n_points; i++) {
        json_t *done = table_load_point(cfg->dir, &(struct point){cfg->scenario, i});
        out->n_kept += done != NULL;
        json_decref(done);
    }
    out->n_done = out->n_kept;
    struct sweep s = {.cfg = cfg,
                      .out = out,
                      .loop = g_main_loop_new(NULL, FALSE),
                      .exe = g_file_read_link("/proc/self/exe", NULL),
                      .active = g_ptr_array_new()};
    run_points(&s);
    g_main_loop_unref(s.loop);
    g_ptr_array_unref(s.active);
    g_free(s.exe);
    struct table *t = table_load(cfg->scenario, cfg->dir);
    gboolean ok = store_write(t, error);
    table_free(t);
    return ok;
}

struct scenario *sweep_open(const char *dir, GError **error)
{
    char *path = g_build_filename(dir, "sweep.json", NULL), *file = NULL;
    json_t *o = json_load_file(path, 0, NULL), *set;
    struct scenario *s = NULL;
    size_t i;
    if (!o) {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s: not the folder of a sweep (no sweep.json)", dir);
    } else {
        file = g_strdup_printf("%s/%s.conf", dir, json_string_value(json_object_get(o, "scenario")));
        s = scenario_load(file, error);
        json_array_foreach(json_object_get(o, "set"), i, set)
        {
            if (s && !scenario_set(s, json_string_value(set), error)) {
                scenario_free(s);
                s = NULL;
            }
        }
    }
    json_decref(o);
    g_free(file);
    g_free(path);
    return s;
}
