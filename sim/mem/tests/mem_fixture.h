/* SPDX-License-Identifier: Apache-2.0 */
/* Small memory systems of every kind, so that random accesses meet every eviction. For the tests in this folder. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "sim/core/rng.h"
#include "sim/mem/mem_internal.h"

struct fixture {
    const char *name;
    struct mem_cfg cfg;
};

#define FIXTURE_TIMES                                                                                                  \
    .xfer_die_cyc = 100, .xfer_socket_cyc = 120, .xfer_remote_cyc = 180, .probe_cyc = 40, .hop_cyc = 60,               \
    .link_busy_cyc = 10, .dram_cyc = 200, .dram_busy_cyc = 20, .dram_channels = 2
#define L1(bytes, n)                                                                                                   \
    {                                                                                                                  \
        (bytes), (n), 3                                                                                                \
    }
#define L2(bytes, n)                                                                                                   \
    {                                                                                                                  \
        (bytes), (n), 15                                                                                               \
    }
#define L3(bytes, n)                                                                                                   \
    {                                                                                                                  \
        (bytes), (n), 45                                                                                               \
    }

static const struct fixture fixtures[] = {
    {"victim L2, MOESI, two sockets",
     {.n_cores = 4,
      .l1i = L1(512, 2),
      .l1d = L1(512, 2),
      .l2 = L2(2048, 4),
      .l2_exclusive = true,
      .moesi = true,
      .cores_per_die = 2,
      .dies_per_socket = 1,
      FIXTURE_TIMES}},
    {"inclusive private L2, MESI, bus",
     {.n_cores = 4,
      .l1i = L1(512, 2),
      .l1d = L1(512, 4),
      .l2 = L2(2048, 4),
      .cores_per_die = 1,
      .dies_per_socket = 2,
      .bus = true,
      FIXTURE_TIMES}},
    {"L2 shared by two, MESI, bus",
     {.n_cores = 5,
      .l1i = L1(512, 2),
      .l1d = L1(512, 4),
      .l2 = L2(4096, 8),
      .l2_cores = 2,
      .cores_per_die = 2,
      .dies_per_socket = 1,
      .bus = true,
      FIXTURE_TIMES}},
    {"private L2 and L3s of two",
     {.n_cores = 6,
      .l1i = L1(256, 2),
      .l1d = L1(256, 2),
      .l2 = L2(1024, 4),
      .l3 = L3(3072, 3),
      .l3_cores = 2,
      .moesi = true,
      .cores_per_die = 2,
      .dies_per_socket = 2,
      FIXTURE_TIMES}},
    {"victim L2 and one L3",
     {.n_cores = 3,
      .l1i = L1(256, 1),
      .l1d = L1(256, 2),
      .l2 = L2(512, 2),
      .l3 = L3(2048, 4),
      .l2_exclusive = true,
      .cores_per_die = 4,
      .dies_per_socket = 1,
      FIXTURE_TIMES}},
    {"shared L2 and one L3",
     {.n_cores = 4,
      .l1i = L1(256, 2),
      .l1d = L1(256, 2),
      .l2 = L2(1024, 4),
      .l3 = L3(4096, 4),
      .l2_cores = 2,
      .l3_cores = 4,
      .cores_per_die = 4,
      .dies_per_socket = 1,
      FIXTURE_TIMES}},
    {"no L2",
     {.n_cores = 3,
      .l1i = L1(256, 2),
      .l1d = L1(256, 2),
      .moesi = true,
      .cores_per_die = 1,
      .dies_per_socket = 1,
      FIXTURE_TIMES}},
    {"one line each, 70 cores",
     {.n_cores = 70,
      .l1i = L1(64, 1),
      .l1d = L1(64, 1),
      .l2 = L2(128, 2),
      .moesi = true,
      .cores_per_die = 2,
      .dies_per_socket = 4,
      FIXTURE_TIMES}},
};
#define N_FIXTURES (sizeof fixtures / sizeof *fixtures)

struct op {
    unsigned core;
    hpa_t a;
    enum mem_op op;
};

/* A random access to one of @n_lines lines: a few hot ones, more reads than writes, some fetches. */
static inline struct op random_op(struct rng *r, unsigned n_cores, unsigned n_lines)
{
    static const enum mem_op mix[8] = {MEM_READ,  MEM_READ,  MEM_READ, MEM_WRITE,
                                       MEM_WRITE, MEM_FETCH, MEM_READ, MEM_FETCH};
    uint64_t v = rng_next(r);
    uint64_t line = v & 0x700 ? v >> 32 & 0xffff : v >> 32 & 3;
    return (struct op){(unsigned)(v >> 16 & 0xffff) % n_cores, {line % n_lines * 64 + (v & 63)}, mix[v >> 12 & 7]};
}

/* The access, made by a core that has its turn and waits for the line as long as it is told to. Return: when. */
static inline cyc_t access_when_free(struct mem_sys *m, const struct op *o, cyc_t now, struct mem_result *out)
{
    while (!mem_access(m, o->core, o->a, o->op, now, true, out)) {
        assert_true(out->wait_until > now);
        now = out->wait_until;
    }
    return now;
}
