/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run measured: the content of run.json and stats.txt. Plain data, made by run.c, written by result_write.c.
 * All but the host's numbers is a function of scenario and images alone.
 */
#pragma once
#include <glib.h>
#include <stdint.h>

struct result_domain {
    char *name;
    uint64_t ops;
    double throughput; /* operations a second */
};
struct result_leaf {
    char *name; /* "context/cause" */
    uint64_t cyc;
};
struct result_stat {
    char *name;
    const char *unit, *text;
    gboolean is_real;
    uint64_t count;
    double real;
};
struct result {
    uint64_t state_hash;
    uint64_t cycles, instructions, core_cycles; /* of the window; core_cycles = cores x cycles */
    double seconds, throughput;
    uint64_t ops;
    unsigned exit_code; /* of the machine when it ran to the end */
    gboolean ran_to_end;
    GArray *domains; /* struct result_domain */
    GArray *leaves;  /* struct result_leaf */
    GArray *stats;   /* struct result_stat */
    struct {
        double seconds, cpu_seconds, mips;
        uint64_t max_rss_bytes;
    } host;
};

struct result *result_new(void);
void result_free(struct result *r);
void result_add_leaf(struct result *r, const char *name, uint64_t cyc);
void result_add_stat(struct result *r, const char *name, const char *unit, const char *text, uint64_t count);
/* result_stat() - value by name; FALSE if there is none. */
gboolean result_stat(const struct result *r, const char *name, double *value);
/* result_add_derived() - the rows of derived.def, from the statistics that stand already. */
void result_add_derived(struct result *r);

struct point;
/* result_write_json() / result_write_stats() - text of run.json (keys as in DESIGN, section 8) and of stats.txt. */
char *result_write_json(const struct result *r, const struct point *p);
char *result_write_stats(const struct result *r);
