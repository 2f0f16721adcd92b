/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoded instructions, by physical frame and code size, shared by all cores of a machine (docs/adr/0002). Includable
 * only from cpu/.
 *
 * A page holds its records in the order of decoding; at[offset] finds one; a straight run lies in consecutive records,
 * each but the last with .next set. Records never move, and those that a store made invalid only become unreachable; a
 * page with much garbage is given up as a whole and freed when no core can stand in it (code_reclaim()).
 * `lines` says which 64-byte lines hold decoded bytes: only stores to those must be told to cpu_code_written().
 */
#pragma once
#include "cpu/cpu_internal.h"

#define CODE_PAGE_RECORDS 4095u

struct code_page {
    uint64_t pfn;
    uint8_t mode;              /* code size: 2, 4 or 8 */
    struct code_page *reclaim; /* in the list of pages that were given up */
    uint64_t lines;
    unsigned n, garbage;
    uint16_t at[SIM_PAGE_BYTES]; /* index + 1 of the record that starts there, 0: none */
    struct cpu_insn insn[CODE_PAGE_RECORDS];
};

struct code_cache *code_new(struct phys *phys);
struct code_cache *code_share(struct code_cache *k); /* one more core uses it */
void code_free(struct code_cache *k);
/* code_page_get() - the page of records for the frame of @a in @mode, made if there is none. */
struct code_page *code_page_get(struct code_cache *k, hpa_t a, unsigned mode);
/* code_insn() - the record at @off of @page, decoded if need be. NULL: the instruction does not end in this page. */
const struct cpu_insn *code_insn(struct cpu *c, struct code_page *page, unsigned off);
bool code_in_line(const struct code_cache *k, hpa_t a);
void code_reclaim(struct code_cache *k);
