/* SPDX-License-Identifier: Apache-2.0 */
/* An access on its way from linear address to bytes. Includable only from cpu/access.c and cpu/'s tests. */
#pragma once
#include "cpu/translate.h"

struct access_piece { /* within one line */
    uint64_t la;
    unsigned n;
    struct translation t;
    uint8_t *host; /* NULL: not RAM */
};
struct access {
    uint64_t la;
    unsigned n; /* bytes, at most what touches two lines */
    enum mmu_access kind;
    bool user, implicit; /* implicit: the processor's own access to a table or stack, SMAP's AC does not help */
    bool as_load;        /* who needs the line waits for it, even if it is to be written */
    unsigned n_pieces;
    struct access_piece piece[2];
};
/* access_open() - everything that can fault or wait; after it the bytes may be moved. */
struct cpu_event access_open(struct cpu *c, struct access *a);
