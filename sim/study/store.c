/* SPDX-License-Identifier: Apache-2.0 */
/* The result store of a sweep. See store.h. The host's numbers stay out: equal studies are equal stores. */
#include "sim/study/store.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

static const char *const headline[] = {"version", "scenario",     "state_hash", "cycles",
                                       "seconds", "instructions", "throughput"};

static gboolean fail(sqlite3 *db, GError **error)
{
    g_set_error(error, STUDY_ERROR, STUDY_INPUT, "study.sqlite3: %s", sqlite3_errmsg(db));
    return FALSE;
}

static gboolean execute(sqlite3 *db, const char *sql, GError **error)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || fail(db, error);
}

static void bind_json(sqlite3_stmt *st, int column, const json_t *v)
{
    if (json_is_integer(v))
        sqlite3_bind_int64(st, column, json_integer_value(v));
    else if (json_is_real(v))
        sqlite3_bind_double(st, column, json_real_value(v));
    else if (json_is_string(v))
        sqlite3_bind_text(st, column, json_string_value(v), -1, SQLITE_TRANSIENT);
    else
        sqlite3_bind_null(st, column);
}

static gboolean step(sqlite3 *db, sqlite3_stmt *st, GError **error)
{
    gboolean ok = sqlite3_step(st) == SQLITE_DONE || fail(db, error);
    sqlite3_reset(st);
    return ok;
}

static gboolean is_option_column(const struct scenario_slot *slot)
{
    return option_section_of(slot->id) != OPTION_SECTION_plot;
}

static gboolean create(sqlite3 *db, const struct scenario *s, GError **error)
{
    GString *sql = g_string_new("CREATE TABLE points(point INTEGER PRIMARY KEY, label TEXT");
    for (size_t i = 0; i < G_N_ELEMENTS(headline); i++)
        g_string_append_printf(sql, ", %s", headline[i]);
    for (guint i = 0; i < s->slots->len; i++)
        if (is_option_column(scenario_slot(s, i)))
            g_string_append_printf(sql, ", \"%s\"", scenario_slot(s, i)->key);
    g_string_append(sql, ");CREATE TABLE domains(point INTEGER, name TEXT, ops INTEGER, throughput REAL);"
                         "CREATE TABLE ledger(point INTEGER, leaf TEXT, cycles INTEGER);"
                         "CREATE TABLE stats(point INTEGER, name TEXT, value);");
    gboolean ok = execute(db, sql->str, error);
    g_string_free(sql, TRUE);
    return ok;
}

static gboolean add_point(sqlite3 *db, const struct table *t, size_t index, GError **error)
{
    struct point p = {t->scenario, index};
    json_t *options = json_object_get(t->run[index], "options");
    GString *sql = g_string_new("INSERT INTO points VALUES(?,?");
    size_t columns = G_N_ELEMENTS(headline);
    for (guint i = 0; i < t->scenario->slots->len; i++)
        columns += is_option_column(scenario_slot(t->scenario, i)) ? 1 : 0;
    for (size_t i = 0; i < columns; i++)
        g_string_append(sql, ",?");
    g_string_append(sql, ")");
    sqlite3_stmt *st = NULL;
    gboolean ok = sqlite3_prepare_v2(db, sql->str, -1, &st, NULL) == SQLITE_OK || fail(db, error);
    g_string_free(sql, TRUE);
    int column = 1;
    char *label = point_label(&p);
    if (ok) {
        sqlite3_bind_int64(st, column++, (sqlite3_int64)index);
        sqlite3_bind_text(st, column++, label, -1, SQLITE_TRANSIENT);
        for (size_t i = 0; i < G_N_ELEMENTS(headline); i++)
            bind_json(st, column++, json_object_get(t->run[index], headline[i]));
        for (guint i = 0; i < t->scenario->slots->len; i++)
            if (is_option_column(scenario_slot(t->scenario, i)))
                bind_json(st, column++, json_object_get(options, scenario_slot(t->scenario, i)->key));
        ok = step(db, st, error);
    }
    g_free(label);
    sqlite3_finalize(st);
    return ok;
}

/* One row for each member of an object: (point, name, value). */
static gboolean add_values(sqlite3 *db, const char *sql, size_t index, json_t *object, GError **error)
{
    sqlite3_stmt *st = NULL;
    gboolean ok = sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK || fail(db, error);
    const char *name;
    json_t *v;
    json_object_foreach(object, name, v)
    {
        if (!ok)
            break;
        sqlite3_bind_int64(st, 1, (sqlite3_int64)index);
        sqlite3_bind_text(st, 2, name, -1, SQLITE_TRANSIENT);
        bind_json(st, 3, v);
        ok = step(db, st, error);
    }
    sqlite3_finalize(st);
    return ok;
}

static gboolean add_domains(sqlite3 *db, size_t index, json_t *domains, GError **error)
{
    sqlite3_stmt *st = NULL;
    gboolean ok =
        sqlite3_prepare_v2(db, "INSERT INTO domains VALUES(?,?,?,?)", -1, &st, NULL) == SQLITE_OK || fail(db, error);
    for (size_t i = 0; ok && i < json_array_size(domains); i++) {
        json_t *d = json_array_get(domains, i);
        sqlite3_bind_int64(st, 1, (sqlite3_int64)index);
        bind_json(st, 2, json_object_get(d, "name"));
        bind_json(st, 3, json_object_get(d, "ops"));
        bind_json(st, 4, json_object_get(d, "throughput"));
        ok = step(db, st, error);
    }
    sqlite3_finalize(st);
    return ok;
}

static gboolean fill(sqlite3 *db, const struct table *t, GError **error)
{
    gboolean ok = execute(db, "BEGIN", error) && create(db, t->scenario, error);
    for (size_t i = 0; ok && i < t->n; i++) {
        json_t *run = t->run[i];
        ok = !run || (add_point(db, t, i, error) && add_domains(db, i, json_object_get(run, "domains"), error) &&
                      add_values(db, "INSERT INTO ledger VALUES(?,?,?)", i, json_object_get(run, "ledger"), error) &&
                      add_values(db, "INSERT INTO stats VALUES(?,?,?)", i, json_object_get(run, "stats"), error));
    }
    return ok && execute(db, "COMMIT", error);
}

gboolean store_write(const struct table *t, GError **error)
{
    char *path = g_build_filename(t->dir, "study.sqlite3", NULL);
    char *tmp = g_strconcat(path, ".tmp", NULL);
    sqlite3 *db = NULL;
    g_unlink(tmp);
    gboolean ok = sqlite3_open(tmp, &db) == SQLITE_OK || fail(db, error);
    ok = ok && fill(db, t, error);
    sqlite3_close(db);
    if (ok && g_rename(tmp, path) != 0) {
        g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s: %s", path, g_strerror(errno));
        ok = FALSE;
    }
    if (!ok)
        g_unlink(tmp);
    g_free(tmp);
    g_free(path);
    return ok;
}
