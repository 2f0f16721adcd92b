/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A core with nothing around it, for tests of decoding and handlers: one flat array of memory, ports that remember the
 * last access, system handlers that only say they were called. No paging, no segments, no time.
 */
#pragma once
#include "cpu/exec.h"

struct fake {
    struct cpu cpu;
    struct cpu_cfg cfg;
    uint64_t base; /* linear address of mem[0] */
    unsigned bytes;
    uint8_t *mem;
    uint64_t wait_at; /* an access that covers this address returns CPU_WAIT; ~0: none */
    unsigned accesses;
    uint16_t port;
    unsigned port_size;
    uint64_t port_value;
    const char *sys; /* name of the last system handler */
};

/* fake_new() - @bytes of zeroed memory at linear address @base; 64-bit code, virt_bits 48. */
struct fake *fake_new(uint64_t base, unsigned bytes);
void fake_free(struct fake *f);
/* fake_run() - decode the bytes as code of @mode (2, 4, 8) at cpu.r[CPU_RIP], execute; next_rip holds where it goes. */
struct cpu_event fake_run(struct fake *f, const uint8_t *code, unsigned n, unsigned mode, struct cpu_insn *insn);
