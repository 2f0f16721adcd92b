/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside a core. Includable only from cpu/ and its tests.
 *
 * Life of an instruction: cpu/run.c finds the decoded record for (physical page, offset, mode), calls record->exec,
 * then cpu/pipeline.c turns operands, timing class and what the memory said into cycles. A handler says what happens,
 * never how long. It returns an event: CPU_NONE, a fault, or CPU_WAIT; unless it returns CPU_NONE it has changed no
 * architectural state at all. Handlers therefore read first, then write memory (cpu_store, or cpu_acquire for all
 * but one of several stores), then write registers and flags.
 */
#pragma once
#include <string.h>
#include "cpu/cpu.h"
#include "cpu/fpu.h"
#include "mmu/mmu.h"

#define cpu_likely(x)   __builtin_expect(!!(x), 1)
#define cpu_unlikely(x) __builtin_expect(!!(x), 0)

/* ---- events ---------------------------------------------------------------------------------------------------- */
enum cpu_event_kind {
    CPU_NONE,  /* retired */
    CPU_FAULT, /* exception .vector, error code .error if .has_error; CR2 is in cpu->fault_cr2 for #PF */
    CPU_TRAP,  /* like CPU_FAULT, but the instruction has retired: INT3, INT n, single step */
    CPU_WAIT,  /* needs this core's turn: nothing has changed, run it again */
    CPU_AGAIN, /* one iteration of a REP string instruction retired, rip stays: interrupts may come between */
};
struct cpu_event {
    uint8_t kind, vector, has_error, soft; /* soft: INT n, INT3, INTO: DPL is checked, rip is after */
    uint32_t error;
};
#define CPU_OK                     ((struct cpu_event){CPU_NONE, 0, 0, 0, 0})
#define CPU_EV_WAIT                ((struct cpu_event){CPU_WAIT, 0, 0, 0, 0})
#define CPU_EV_FAULT(vec)          ((struct cpu_event){CPU_FAULT, (vec), 0, 0, 0})
#define CPU_EV_FAULT_ERR(vec, err) ((struct cpu_event){CPU_FAULT, (vec), 1, 0, (err)})
#define CPU_TRY(expr)                                                                                                  \
    do {                                                                                                               \
        struct cpu_event try_event_ = (expr);                                                                          \
        if (cpu_unlikely(try_event_.kind != CPU_NONE))                                                                 \
            return try_event_;                                                                                         \
    } while (0)

/* ---- the decoded record ---------------------------------------------------------------------------------------- */
struct cpu;
struct cpu_insn;
typedef struct cpu_event cpu_exec_fn(struct cpu *c, const struct cpu_insn *i);

/* Register numbers in records: 0..15 = RAX..R15 in encoding order. */
enum { CPU_RIP = 16, CPU_ZERO = 17, CPU_REGS = 18 };
/* Bit 16 of src/dst masks: the arithmetic flags. */
#define CPU_MASK_FLAGS (1u << 16)
/* Bits 17 to 28: XMM0 to XMM11; XMM12 to XMM15 share the last four. Bit 29: the x87 stack and the MMX registers. */
#define CPU_MASK_XMM(n) (1u << (17 + ((n) < 12 ? (n) : (n)-4)))
#define CPU_MASK_X87    (1u << 29)
#define CPU_SCOREBOARD  30

enum cpu_insn_flags {                        /* struct cpu_insn.flags */
                      CPU_I_LOCK = 1,        /* LOCK prefix, or XCHG with memory */
                      CPU_I_REP = 2,         /* F3 on a string instruction */
                      CPU_I_REPNE = 4,       /* F2 on a string instruction */
                      CPU_I_MEM = 8,         /* has a memory operand (base, index, scale, disp, seg) */
                      CPU_I_END = 16,        /* may change rip, mode or translation: the straight run ends here */
                      CPU_I_COND = 32,       /* conditional branch */
                      CPU_I_INDIRECT = 64,   /* indirect branch or return */
                      CPU_I_SERIAL = 128,    /* serialising: drains the pipeline */
                      CPU_I_LOAD = 256,      /* reads memory */
                      CPU_I_STORE = 512,     /* writes memory */
                      CPU_I_HIGH_REG = 1024, /* size 1: reg is AH, CH, DH or BH (reg holds 0..3) */
                      CPU_I_HIGH_RM = 2048,  /* size 1: rm likewise */
                      CPU_I_CALL = 4096,
                      CPU_I_RET = 8192,      /* return-address stack */
                      CPU_I_ALIGN16 = 16384, /* SIMD: the memory operand must be aligned to 16 bytes */
};

struct cpu_insn {
    cpu_exec_fn *exec;
    uint64_t imm;      /* immediate, sign-extended to the operand size's use; branch: target displacement */
    uint32_t src, dst; /* register masks for the scoreboard; address registers of a memory operand are in addr */
    uint32_t addr;     /* registers that form the address */
    int32_t disp;      /* rip-relative: base = CPU_RIP and disp counts from the START of the instruction */
    uint16_t row;      /* row of insn.def */
    uint16_t flags;    /* CPU_I_* */
    uint8_t len;       /* bytes */
    uint8_t size;      /* operand size, bytes: 1, 2, 4, 8 */
    uint8_t asize;     /* address size, bytes: 2, 4, 8 */
    uint8_t reg, rm;   /* register operands (destination of "op reg, rm" is reg) */
    uint8_t base, index, scale, seg; /* memory operand: CPU_ZERO where absent; seg = CPU_SEG_* */
    uint8_t tclass;                  /* TC_* */
    uint8_t cond;                    /* condition code 0..15 of jcc, setcc, cmov */
    uint8_t src_size;                /* second size: movzx, movsx, in/out, far pointers */
    uint8_t next;                    /* 1: the record behind this one is the next instruction in memory order */
    uint8_t bytes15[3];              /* first bytes, for messages */
};
_Static_assert(sizeof(struct cpu_insn) <= 64, "one cache line a record");

/* cpu_decode() - bytes to record. @mode: 2, 4 or 8 = code size. @avail: bytes readable (an instruction that needs more:
 * returns 0). Never charges time. Unmodelled: sim_unmodelled() is called by the record's exec, not by decode. Return:
 * length. */
unsigned cpu_decode(const uint8_t *bytes, unsigned avail, unsigned mode, struct cpu_insn *out);

/* ---- segments --------------------------------------------------------------------------------------------------- */
enum { CPU_SEG_ES, CPU_SEG_CS, CPU_SEG_SS, CPU_SEG_DS, CPU_SEG_FS, CPU_SEG_GS, CPU_SEG_COUNT };
struct cpu_seg {
    uint64_t base;
    uint32_t limit; /* bytes - 1, granularity applied */
    uint16_t sel;
    uint16_t attr; /* descriptor bits 40..55 without limit: type 3:0, S 4, DPL 6:5, P 7, AVL 8, L 9, DB 10, G 11; bit
                      15: unusable (null) */
};
#define CPU_SEG_UNUSABLE 0x8000u
/* Register bits, named as in the manual. */
#define CPU_RFLAGS_CF      0x00000001ull
#define CPU_RFLAGS_PF      0x00000004ull
#define CPU_RFLAGS_AF      0x00000010ull
#define CPU_RFLAGS_ZF      0x00000040ull
#define CPU_RFLAGS_SF      0x00000080ull
#define CPU_RFLAGS_TF      0x00000100ull
#define CPU_RFLAGS_IF      0x00000200ull
#define CPU_RFLAGS_DF      0x00000400ull
#define CPU_RFLAGS_OF      0x00000800ull
#define CPU_RFLAGS_NT      0x00004000ull
#define CPU_RFLAGS_RF      0x00010000ull
#define CPU_RFLAGS_VM      0x00020000ull
#define CPU_RFLAGS_AC      0x00040000ull
#define CPU_RFLAGS_VIF     0x00080000ull
#define CPU_RFLAGS_VIP     0x00100000ull
#define CPU_RFLAGS_ID      0x00200000ull
#define CPU_RFLAGS_IOPL    0x00003000ull
#define CPU_RFLAGS_ARITH   0x000008d5ull /* OF SF ZF AF PF CF */
#define CPU_CR0_PE         0x00000001ull
#define CPU_CR0_MP         0x00000002ull
#define CPU_CR0_EM         0x00000004ull
#define CPU_CR0_TS         0x00000008ull
#define CPU_CR0_ET         0x00000010ull
#define CPU_CR0_NE         0x00000020ull
#define CPU_CR0_WP         0x00010000ull
#define CPU_CR0_AM         0x00040000ull
#define CPU_CR0_NW         0x20000000ull
#define CPU_CR0_CD         0x40000000ull
#define CPU_CR0_PG         0x80000000ull
#define CPU_CR4_VME        0x00000001ull
#define CPU_CR4_PVI        0x00000002ull
#define CPU_CR4_TSD        0x00000004ull
#define CPU_CR4_DE         0x00000008ull
#define CPU_CR4_PSE        0x00000010ull
#define CPU_CR4_PAE        0x00000020ull
#define CPU_CR4_MCE        0x00000040ull
#define CPU_CR4_PGE        0x00000080ull
#define CPU_CR4_PCE        0x00000100ull
#define CPU_CR4_OSFXSR     0x00000200ull
#define CPU_CR4_OSXMMEXCPT 0x00000400ull
#define CPU_CR4_PCIDE      0x00020000ull
#define CPU_CR4_OSXSAVE    0x00040000ull
#define CPU_CR4_SMEP       0x00100000ull
#define CPU_CR4_SMAP       0x00200000ull
#define CPU_EFER_SCE       0x00000001ull
#define CPU_EFER_LME       0x00000100ull
#define CPU_EFER_LMA       0x00000400ull
#define CPU_EFER_NXE       0x00000800ull
struct cpu_table {
    uint64_t base;
    uint16_t limit;
};

/* ---- lazy flags ------------------------------------------------------------------------------------------------- */
/*
 * Arithmetic flags are kept as the last result and its carry vector and made on demand (cpu/flags.h): OF SF ZF AF PF
 * CF. The other RFLAGS bits stand in cpu->rflags with these six clear. Only cpu/flags.h knows the layout; others use
 * cpu_flags_get() and cpu_flags_set().
 */
struct cpu_flags {
    uint64_t result;  /* sign-extended from the operand size: ZF = (result == 0) */
    uint64_t carries; /* bit 63 CF, bit 63 ^ bit 62 OF, bit 3 AF; other bits mean nothing */
    uint64_t fix;     /* SF = bit 63 of result ^ fix, PF = even parity of its low byte; 0 but after explicit loads */
};

/* ---- the shortcut: a strict subset of TLB + L1D state (docs/adr/0003) -------------------------------------------- */
#define CPU_SC_SHIFT 9
#define CPU_SC_N     (1u << CPU_SC_SHIFT)
struct cpu_sc {
    uint64_t rtag, wtag; /* linear line address | user bit; ~0: none. wtag matches only if a store may be taken too */
    uint8_t *host;       /* host address of the line's first byte */
    uint16_t l1_slot, tlb_slot;
    uint32_t pad;
};

/* ---- what the memory side said during this instruction, for the pipeline ----------------------------------------- */
/* Filled only by what was more than a first-level hit. An instruction that had to wait keeps what it gathered so far: a
 * translation that its second run finds in the TLB was paid by the first. Cleared when it retires. */
struct cpu_acc {
    uint32_t load_cyc;  /* load-to-use latency of the slowest load */
    uint32_t store_cyc; /* latency until the store's line is owned */
    uint32_t tlb_cyc;   /* TLB level 2 */
    uint32_t walk_cyc;
    uint32_t mark_cyc; /* walks setting accessed and dirty bits */
    uint32_t io_cyc;
    uint8_t load_source, store_source; /* enum mem_source */
    uint8_t tclass;                    /* the timing class to charge instead of the row's; 0: the row's */
    uint8_t any;                       /* something above is non-trivial */
    uint8_t io_n, io_at;               /* device reads made (in cpu->io_seen), and that this run has asked for */
    hpa_t load_line, store_line;       /* of the slowest of each; for the ledger's lines */
};

/* A device read that an instruction made before it had to wait: a device must not be read twice for it. */
#define CPU_IO_SEEN 8u
struct cpu_io_seen {
    hpa_t a;
    uint64_t v;
    unsigned n;
};

/* ---- the fetch side: where execution stands, and the lines it may enter without asking (cpu/fetch.c) --------------
 */
struct code_page;
#define CPU_FETCH_N 256u
struct cpu_fetch {
    uint64_t tag;           /* linear line address | user bit; ~0: none */
    struct code_page *page; /* the decoded records of its frame */
    uint16_t l1_slot, tlb_slot;
};

struct lapic;
struct code_cache;
struct pipeline;
struct cpu_links; /* which shortcuts hang on which cache and TLB slot: cpu/shortcut.c */

struct cpu {
    /* hot */
    uint64_t r[CPU_REGS]; /* r[CPU_RIP]: start of the running instruction; r[CPU_ZERO] = 0 */
    uint64_t next_rip;    /* set to rip + len before exec; branches overwrite it */
    struct cpu_flags fl;
    unsigned iterations;  /* string instructions only: iterations done by this exec call, CPU_AGAIN or CPU_NONE */
    uint8_t attention;    /* look at interrupts and the like before the next instruction: cpu_attend() */
    uint64_t rflags;      /* without the six arithmetic flags; bit 1 set */
    cyc_t now;            /* issue time of the running instruction */
    unsigned slot_in_cyc; /* instructions already issued in this cycle */
    cyc_t share_limit, run_limit;
    cyc_t line_until; /* a CPU_WAIT was for line_wanted, which another core's transaction has until then; 0: for the
                         turn */
    hpa_t line_wanted;
    struct cpu_acc acc;
    struct ledger_row *row, *rows[2]; /* the row charged now; at CPL 0, at CPL 1 to 3 */
    uint32_t busy;               /* registers whose value may come later than now: bits as in struct cpu_insn.src */
    uint32_t l1_cyc;             /* load-to-use latency of a first-level hit, learnt from the memory system */
    cyc_t ready[CPU_SCOREBOARD]; /* scoreboard: when a register (bit of src, dst) has its value */
    uint8_t ready_cause[CPU_SCOREBOARD]; /* ledger cause to charge to who waits for it */
    uint8_t cpl, code_size /* 2, 4, 8 */, user /* cpl == 3 */, mode /* enum cpu_mode */;
    uint8_t seg_fast; /* bit per segment: data access needs no check, linear = seg_base + offset */
    uint8_t no_shortcut;
    uint64_t seg_base[6];
    struct cpu_sc sc[CPU_SC_N];
    uint32_t *l1d_age, *l1d_tick, *dtlb_age, *dtlb_tick;
    uint32_t *l1i_age, *l1i_tick, *itlb_age, *itlb_tick;

    /* fetch */
    uint64_t fetch_line;                 /* linear line that execution stands in, ~0: must be entered anew */
    uint64_t delivered_la, delivered_at; /* what of this instruction was fetched, after so many were retired: fetch.c */
    uint8_t delivered;
    struct code_page *fetch_page;
    uint16_t fetch_l1_slot, fetch_tlb_slot;
    struct cpu_fetch fetch[CPU_FETCH_N];
    struct cpu_insn cross; /* an instruction that straddles two pages, decoded from cross_bytes */
    uint8_t cross_bytes[16], cross_size;

    /* warm */
    struct cpu_fpu fpu;
    struct cpu_seg seg[CPU_SEG_COUNT];
    struct mmu_regs mmu;
    uint64_t cr0, cr2, cr4, cr8, efer, fault_cr2, dr[8];
    struct cpu_table gdtr, idtr;
    struct cpu_seg ldtr, tr;
    uint64_t star, lstar, cstar, fmask, kernel_gs_base, tsc_aux, tsc_offset, pat, apic_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip, misc_enable;
    struct tlb *tlb;
    struct lapic *lapic;
    struct code_cache *code;
    struct cpu_links *links;
    struct phys *phys;
    struct mem_sys *mem;
    struct ledger *ledger;
    const struct cpu_ops *ops;
    void *opaque;
    const struct cpu_cfg *cfg;
    unsigned core, n_cores, context; /* context: the one charged now */
    unsigned contexts[2];            /* at CPL 0, at CPL 1 to 3 */
    bool halted, wait_sipi, shutdown, stop_asked, nmi_pending, nmi_blocked, step_pending /* #DB of TF is due */;
    bool woken;              /* left HLT for an interrupt that is not delivered yet, and may still go away */
    bool extint_line;        /* the PIC's INTR */
    int16_t extint_vector;   /* acknowledged from the PIC, not delivered yet; -1: none */
    uint8_t int_shadow;      /* STI, MOV SS: set to 2 by the handler; interrupts only at 0 */
    struct cpu_event raised; /* CPU_FAULT or CPU_TRAP whose delivery has to wait for its turn; else CPU_NONE */
    struct cpu_stats stats;
    struct cpu_io_seen io_seen[CPU_IO_SEEN];
    struct pipeline *pipe; /* predictor, store buffer: cpu/pipeline.c */
    struct cpu **peers;
    unsigned n_peers;
    uint32_t dummy_age[1], dummy_tick; /* functional mode: what the shortcuts stamp instead of the caches */
};

/* ---- linear addresses and data, for handlers (cpu/access.c) -------------------------------------------------------
 */
/* cpu_ea() - effective address (offset in its segment), truncated to the address size. */
static inline uint64_t cpu_ea(const struct cpu *c, const struct cpu_insn *i)
{
    uint64_t a = c->r[i->base] + (c->r[i->index] << i->scale) + (uint64_t)(int64_t)i->disp;
    return i->asize == 8 ? a : i->asize == 4 ? (uint32_t)a : (uint16_t)a;
}
/*
 * cpu_load()/cpu_store() - @size 1, 2, 4 or 8 bytes at @off in segment @seg; checks segment and canonical form,
 * translates, goes through the caches, tells c->acc. Values are zero-extended. cpu_store is all or nothing,
 * page-crossing included. cpu_load_lock: as a load but obtains the line for writing and write permission first (for
 * every read-modify-write, locked or not): after it, cpu_store to the same place cannot fail or wait. cpu_acquire:
 * permission and ownership for a later store of @n bytes (any n up to a page): after it that store cannot fail or wait
 * within this instruction.
 * cpu_load and cpu_store take a first-level hit themselves (docs/adr/0003); the _slow functions do everything.
 */
struct cpu_event cpu_load_slow(struct cpu *c, unsigned seg, uint64_t off, unsigned size, uint64_t *out);
struct cpu_event cpu_store_slow(struct cpu *c, unsigned seg, uint64_t off, unsigned size, uint64_t v);
struct cpu_event cpu_load_lock(struct cpu *c, unsigned seg, uint64_t off, unsigned size, uint64_t *out);
struct cpu_event cpu_acquire(struct cpu *c, unsigned seg, uint64_t off, unsigned n);
/* The same at a linear address with supervisor rights: descriptor tables, TSS, stack switches (never for operands). */
struct cpu_event cpu_sys_load(struct cpu *c, uint64_t la, unsigned size, uint64_t *out);
struct cpu_event cpu_sys_store(struct cpu *c, uint64_t la, unsigned size, uint64_t v);
struct cpu_event cpu_sys_acquire(struct cpu *c, uint64_t la, unsigned n);

static inline uint64_t cpu_host_read(const uint8_t *p, unsigned size)
{
    uint64_t v = 0;
    switch (size) {
    case 1:
        return *p;
    case 2:
        memcpy(&v, p, 2);
        return v;
    case 4:
        memcpy(&v, p, 4);
        return v;
    default:
        memcpy(&v, p, 8);
        return v;
    }
}
static inline void cpu_host_write(uint8_t *p, unsigned size, uint64_t v)
{
    switch (size) {
    case 1:
        *p = (uint8_t)v;
        return;
    case 2:
        memcpy(p, &v, 2);
        return;
    case 4:
        memcpy(p, &v, 4);
        return;
    default:
        memcpy(p, &v, 8);
    }
}
/* Take a hit in L1D and level 1 of the TLB: just what their owners would do. */
static inline void cpu_sc_stamp(struct cpu *c, const struct cpu_sc *e)
{
    c->l1d_age[e->l1_slot] = ++*c->l1d_tick;
    c->dtlb_age[e->tlb_slot] = ++*c->dtlb_tick;
}
static inline struct cpu_event cpu_load(struct cpu *c, unsigned seg, uint64_t off, unsigned size, uint64_t *out)
{
    uint64_t la = c->seg_base[seg] + off;
    const struct cpu_sc *e = &c->sc[(la >> SIM_LINE_SHIFT) & (CPU_SC_N - 1)];
    unsigned in_line = (unsigned)la & (SIM_LINE_BYTES - 1);
    if (cpu_likely(e->rtag == ((la - in_line) | c->user) && in_line + size <= SIM_LINE_BYTES &&
                   (c->seg_fast >> seg & 1))) {
        cpu_sc_stamp(c, e);
        *out = cpu_host_read(e->host + in_line, size);
        return CPU_OK;
    }
    return cpu_load_slow(c, seg, off, size, out);
}
static inline struct cpu_event cpu_store(struct cpu *c, unsigned seg, uint64_t off, unsigned size, uint64_t v)
{
    uint64_t la = c->seg_base[seg] + off;
    const struct cpu_sc *e = &c->sc[(la >> SIM_LINE_SHIFT) & (CPU_SC_N - 1)];
    unsigned in_line = (unsigned)la & (SIM_LINE_BYTES - 1);
    if (cpu_likely(e->wtag == ((la - in_line) | c->user) && in_line + size <= SIM_LINE_BYTES &&
                   (c->seg_fast >> seg & 1))) {
        cpu_sc_stamp(c, e);
        cpu_host_write(e->host + in_line, size, v);
        return CPU_OK;
    }
    return cpu_store_slow(c, seg, off, size, v);
}
/* cpu_need_turn() - CPU_OK if this core is first in time order, else CPU_WAIT. For port I/O and other shared actions.
 */
static inline struct cpu_event cpu_need_turn(struct cpu *c)
{
    if (cpu_likely(c->now < c->share_limit))
        return CPU_OK;
    c->line_until = 0; /* a string instruction may have swallowed an earlier wait for a line */
    return CPU_EV_WAIT;
}

/* cpu_line_wait() - mem_access() refused: CPU_WAIT, for the turn or for the line at @a. */
static inline struct cpu_event cpu_line_wait(struct cpu *c, hpa_t a, const struct mem_result *refused)
{
    c->line_until = refused->wait_until;
    c->line_wanted = hpa_line(a);
    return CPU_EV_WAIT;
}

/* cpu_fetch_anew() - nothing that was fetched holds any more. */
static inline void cpu_fetch_anew(struct cpu *c)
{
    c->fetch_line = ~0ull;
    c->delivered = 0;
}

/* Port access with permission check (IOPL, TSS bitmap): cpu/io.c */
struct cpu_event cpu_io_read(struct cpu *c, uint16_t port, unsigned size, uint64_t *out);
struct cpu_event cpu_io_write(struct cpu *c, uint16_t port, unsigned size, uint64_t v);

/* ---- flags, segments, control registers, exceptions ----------------------------------------------------------------
 */
uint64_t cpu_flags_get(const struct cpu *c);        /* all of RFLAGS, arithmetic bits made */
void cpu_flags_set(struct cpu *c, uint64_t rflags); /* all of RFLAGS, no permission rules */
struct cpu_event cpu_seg_load(struct cpu *c, unsigned seg,
                              uint16_t sel); /* MOV/POP sreg: checks and hidden part (cpu/segment.c) */
void cpu_mode_changed(struct cpu *c);        /* after CR0/CR4/EFER/CS/CPL changes: code_size, user, mmu, ledger row */
void cpu_segs_changed(struct cpu *c);        /* after a base, limit or type of a segment register changed */
/* cpu_deliver() - exception or interrupt through the IDT (real, protected, long); double and triple fault inside.
 * Return: CPU_NONE, CPU_WAIT (nothing changed, try again), or a fault only for a caller that asked (never outside). */
struct cpu_event cpu_deliver(struct cpu *c, struct cpu_event ev, bool external);

/* One step of a hash over values; the same on every host. */
static inline uint64_t cpu_mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15ull;
    return h ^ h >> 29;
}
/* cpu_attend() - recompute c->attention after IF, TPR, the shadow or a pending interrupt changed. */
void cpu_attend(struct cpu *c);
/* The linear address of @off in @seg, checked as an access of @n bytes would be (limit, type, canonical form). */
struct cpu_event cpu_linear(struct cpu *c, unsigned seg, uint64_t off, unsigned n, enum mmu_access access,
                            uint64_t *la);
/* cpu_test_no_shortcut() - tests only: every access goes the whole way. Results must not change by one cycle. */
void cpu_test_no_shortcut(struct cpu *c);

/* A store hit a line that holds decoded code, by this or another core (cpu/code.c). */
void cpu_code_written(struct cpu *c, hpa_t a, unsigned n);
