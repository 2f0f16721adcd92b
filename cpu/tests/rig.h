/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small board for tests of whole cores: RAM, caches, TLBs as in the real machine; one port that ends a run; a console
 * port; the LAPIC timer and IPIs; and a prepared long mode.
 *
 * Map: GDT 2000, TSS 3000, IDT 4000; handler of vector v at 6000 + 16 v: OUT F4, which ends the run with the frame on
 * the stack for the test to look at. Code of the test at 10000, stacks below 80000 (RSP0), 88000 (IST1), 90000 (the one
 * it starts on). Page tables from 200000 on. Linear = physical for the first 2 MiB in 4 KiB supervisor pages; rig_map()
 * adds what a test needs.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "cpu/cpu_internal.h"

#define RIG_CORES 4
enum { RIG_GDT = 0x2000, RIG_TSS = 0x3000, RIG_IDT = 0x4000, RIG_HANDLER = 0x6000, RIG_CODE = 0x10000 };
enum { RIG_RSP0 = 0x80000, RIG_IST1 = 0x88000, RIG_STACK = 0x90000 };
enum { RIG_CS = 0x08, RIG_DS = 0x10, RIG_UCS32 = 0x1b, RIG_UDS = 0x23, RIG_UCS = 0x2b, RIG_TR = 0x30, RIG_CS32 = 0x40 };
enum { RIG_P = 1, RIG_W = 2, RIG_U = 4, RIG_A = 32, RIG_D = 64, RIG_G = 256 };
#define RIG_NX (1ull << 63)

/* Machine code in the test: RIG_CODE_64(name, "assembly") makes name[] and name_end[]. Position-independent or relative
 * to its own labels only. */
#define RIG_ASM(name, bits, text)                                                                                      \
    __asm__(".pushsection .rodata\n.code" #bits "\n" #name ":\n" text "\n" #name "_end:\n.code64\n.popsection\n");     \
    extern const uint8_t name[], name##_end[]
#define RIG_CODE_64(name, text) RIG_ASM(name, 64, text)
#define RIG_CODE_32(name, text) RIG_ASM(name, 32, text)
#define RIG_CODE_16(name, text) RIG_ASM(name, 16, text)

struct rig {
    struct phys *phys;
    struct mem_sys *mem;
    struct ledger *ledger;
    unsigned n_cores;
    struct cpu *core[RIG_CORES], *c; /* c: core 0 */
    uint64_t next_table, cr3;
    cyc_t timer[RIG_CORES];
    unsigned timer_calls, ipis;
    uint64_t last_icr;
    bool ended;
    uint32_t exit_code;
    char out[256];
    unsigned n_out;
};

struct rig *rig_new(unsigned n_cores);
struct rig *rig_new_with(unsigned n_cores, void (*tune)(struct cpu_cfg *cfg));
void rig_free(struct rig *r);
void rig_put(struct rig *r, uint64_t at, const void *from, uint64_t n);
#define RIG_PUT(r, at, code) rig_put(r, at, code, (uint64_t)(code##_end - (code)))
uint64_t rig_read(struct rig *r, uint64_t at);
void rig_write(struct rig *r, uint64_t at, uint64_t v);
void rig_map(struct rig *r, uint64_t la, uint64_t pa, uint64_t flags);
uint64_t rig_pte(struct rig *r, uint64_t la); /* physical address of the leaf entry */
void rig_long(struct rig *r, struct cpu *c);  /* 64-bit mode, CPL 0, at RIG_CODE */
void rig_gate(struct rig *r, unsigned vector, uint64_t rip, unsigned dpl, unsigned ist);
/* rig_run() - core 0 alone until it writes port F4 (0), halts for good (1) or shuts down (2). Fails after 10M cycles.
 */
int rig_run(struct rig *r);
/* rig_run_all() - all cores in time order until one writes port F4. */
int rig_run_all(struct rig *r, cyc_t lookahead);
void rig_check_ledger(struct rig *r);
