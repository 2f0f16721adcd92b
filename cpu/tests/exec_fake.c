/* SPDX-License-Identifier: Apache-2.0 */
/* Implementation of exec_fake.h: what cpu/access.c, io.c and exec_system.c give the real core. */
#include "cpu/tests/exec_fake.h"
#include <stdlib.h>

struct fake *fake_new(uint64_t base, unsigned bytes)
{
    struct fake *f = calloc(1, sizeof *f);
    f->base = base;
    f->bytes = bytes;
    f->mem = calloc(1, bytes);
    f->wait_at = ~0ull;
    f->cfg.virt_bits = 48;
    f->cfg.isa = (1u << CPU_ISA_COUNT) - 1;
    f->cpu.cfg = &f->cfg;
    f->cpu.cr4 = CPU_CR4_OSFXSR | CPU_CR4_OSXMMEXCPT;
    f->cpu.cr0 = CPU_CR0_PE | CPU_CR0_NE;
    f->cpu.fpu.mxcsr = MXCSR_DEFAULT;
    f->cpu.fpu.fcw = FCW_DEFAULT;
    f->cpu.rflags = 2;
    f->cpu.code_size = 8;
    for (unsigned k = 0; k < CPU_SC_N; k++)
        f->cpu.sc[k].rtag = f->cpu.sc[k].wtag = ~0ull;
    return f;
}

void fake_free(struct fake *f)
{
    free(f->mem);
    free(f);
}

struct cpu_event fake_run(struct fake *f, const uint8_t *code, unsigned n, unsigned mode, struct cpu_insn *insn)
{
    unsigned len = cpu_decode(code, n, mode, insn);
    f->cpu.code_size = (uint8_t)mode;
    f->cpu.next_rip = f->cpu.r[CPU_RIP] + len;
    return insn->exec(&f->cpu, insn);
}

/* struct cpu is the first member of struct fake. */
static struct fake *of(struct cpu *c)
{
    return (struct fake *)(void *)c;
}

static struct cpu_event at(struct cpu *c, unsigned seg, uint64_t off, unsigned size, uint8_t **p)
{
    struct fake *f = of(c);
    uint64_t a = c->seg_base[seg] + off;
    f->accesses++;
    if (a <= f->wait_at && f->wait_at - a < size)
        return CPU_EV_WAIT;
    if (a < f->base || a - f->base > f->bytes - size)
        return CPU_EV_FAULT_ERR(14, 0);
    *p = f->mem + (a - f->base);
    return CPU_OK;
}

struct cpu_event cpu_load_slow(struct cpu *c, unsigned seg, uint64_t off, unsigned size, uint64_t *out)
{
    uint8_t *p = NULL;
    CPU_TRY(at(c, seg, off, size, &p));
    *out = 0;
    memcpy(out, p, size);
    return CPU_OK;
}

struct cpu_event cpu_load_lock(struct cpu *c, unsigned seg, uint64_t off, unsigned size, uint64_t *out)
{
    return cpu_load(c, seg, off, size, out);
}

struct cpu_event cpu_acquire(struct cpu *c, unsigned seg, uint64_t off, unsigned n)
{
    uint8_t *p;
    return at(c, seg, off, n, &p);
}

struct cpu_event cpu_store_slow(struct cpu *c, unsigned seg, uint64_t off, unsigned size, uint64_t v)
{
    uint8_t *p = NULL;
    CPU_TRY(at(c, seg, off, size, &p));
    memcpy(p, &v, size);
    return CPU_OK;
}

struct cpu_event cpu_io_read(struct cpu *c, uint16_t port, unsigned size, uint64_t *out)
{
    of(c)->port = port;
    of(c)->port_size = size;
    *out = of(c)->port_value;
    return CPU_OK;
}

struct cpu_event cpu_io_write(struct cpu *c, uint16_t port, unsigned size, uint64_t v)
{
    of(c)->port = port;
    of(c)->port_size = size;
    of(c)->port_value = v;
    return CPU_OK;
}

/* The system handlers. */
#define INSN(id, form, handler, class, flags, title)
#define INSN_FAMILY INSN
#define INSN_COND   INSN
#define INSN_SYS(id, form, handler, class, flags, title)                                                               \
    struct cpu_event handler(struct cpu *c, const struct cpu_insn *i)                                                  \
    {                                                                                                                  \
        (void)i;                                                                                                       \
        of(c)->sys = #handler;                                                                                         \
        return CPU_OK;                                                                                                 \
    }
#include "cpu/insn.def"
