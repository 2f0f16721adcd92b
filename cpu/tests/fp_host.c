/* SPDX-License-Identifier: Apache-2.0 */
/* See fp_host.h. Memory and trampoline stand at fixed low addresses, so that 32-bit displacements reach them. */
#include "cpu/tests/fp_host.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include "cpu/flags.h"

struct rng fp_rng;
static struct fp_state *const native = (struct fp_state *)(uintptr_t)FP_STATE_AT;
static uint64_t waits;

uint64_t fp_below(uint64_t n)
{
    return rng_below(&fp_rng, n);
}

/* ---- values ---- */
static uint64_t float_value(unsigned bits)
{
    unsigned frac = bits == 64 ? 52 : 23;
    uint64_t bias = bits == 64 ? 1023 : 127, top = bits == 64 ? 2047 : 255, exponent, fraction;
    static const int near[] = {-1, 0, 1, 2, 22, 23, 24, 30, 31, 32, 51, 52, 53, 62, 63, 64};
    switch (fp_below(6)) {
    case 0:
        exponent = 0;
        break;
    case 1:
        exponent = top;
        break;
    case 2:
        exponent = fp_below(2) ? 1 + fp_below(30) : top - 1 - fp_below(3);
        break;
    case 3:
        exponent = bias + (uint64_t)near[fp_below(16)];
        break;
    case 4:
        exponent = bias / 2 + fp_below(40) - 20 + (fp_below(2) ? bias : 0);
        break;
    default:
        exponent = fp_below(top + 1);
    }
    switch (fp_below(5)) {
    case 0:
        fraction = 0;
        break;
    case 1:
        fraction = 1ull << fp_below(frac);
        break;
    case 2:
        fraction = (1ull << frac) - 1 - fp_below(3);
        break;
    default:
        fraction = rng_next(&fp_rng) & ((1ull << frac) - 1);
    }
    return (fp_below(2) << (bits - 1)) | exponent << frac | fraction;
}

uint64_t fp_value(unsigned bits)
{
    if (bits == 64 && fp_below(3) == 0)
        return float_value(32) | float_value(32) << 32;
    switch (fp_below(6)) {
    case 0:
        return rng_next(&fp_rng);
    case 1:
        return fp_below(2) ? fp_below(40) - 20 : rng_next(&fp_rng) >> fp_below(64);
    case 2: { /* bytes that meet each other often */
        uint64_t v = 0;
        for (unsigned k = 0; k < 8; k++)
            v = v << 8 | (fp_below(4) ? 0x60 + fp_below(4) : fp_below(2) * 0x80 | fp_below(2) * 0x7f);
        return v;
    }
    default:
        return float_value(bits);
    }
}

struct cpu_xmm fp_xmm(void)
{
    unsigned bits = fp_below(2) ? 64 : 32;
    struct cpu_xmm v = {{fp_value(bits), fp_value(bits)}};
    if (bits == 32)
        for (unsigned k = 0; k < 2; k++)
            v.q[k] = (uint32_t)fp_value(32) | fp_value(32) << 32;
    return v;
}

void fp_extended(uint64_t *mantissa, uint16_t *sign_exponent)
{
    uint64_t exponent, m = fp_below(3) == 0 ? 0 : rng_next(&fp_rng) >> (fp_below(3) ? 0 : fp_below(64));
    if (fp_below(6) == 0)
        m = ~0ull << fp_below(64);
    switch (fp_below(6)) {
    case 0:
        exponent = fp_below(2) ? 0 : 1 + fp_below(3);
        break;
    case 1:
        exponent = 0x7fff - fp_below(3);
        break;
    case 2:
        exponent = fp_below(0x8000);
        break;
    default:
        exponent = 0x3fff - 70 + fp_below(140);
    }
    bool normal = exponent && fp_below(12); /* else whatever stands in bit 63: pseudo-denormal, unnormal */
    *mantissa = normal ? m | 1ull << 63 : exponent ? m : m & ~(fp_below(4) ? 1ull << 63 : 0);
    *sign_exponent = (uint16_t)(exponent | fp_below(2) << 15);
}

void fp_set_memory(struct fake *f, uint64_t a, const void *from, unsigned n)
{
    memcpy(f->mem + (a - FP_MEM_AT), from, n);
    memcpy((void *)(uintptr_t)a, from, n);
}

/* ---- native execution ---- */
static uint8_t *code_page;
static unsigned exit_off;

static unsigned emit(unsigned at, const void *bytes, unsigned n)
{
    memcpy(code_page + at, bytes, n);
    return at + n;
}
/* An instruction with an absolute 32-bit address: bytes, then ModRM reg, SIB, disp32. */
static unsigned emit_abs(unsigned at, const char *opcode, unsigned n, unsigned reg, uint64_t address)
{
    uint8_t tail[6] = {(uint8_t)(reg << 3 | 4), 0x25};
    uint32_t a = (uint32_t)address;
    memcpy(tail + 2, &a, 4);
    return emit(emit(at, opcode, n), tail, 6);
}
static unsigned emit_mov(unsigned at, bool load, unsigned reg, uint64_t address)
{
    const char op[2] = {(char)(0x48 | (reg >= 8 ? 4 : 0)), (char)(load ? 0x8b : 0x89)};
    return emit_abs(at, op, 2, reg & 7, address);
}
static unsigned emit_jmp(unsigned at, unsigned to)
{
    uint8_t b[5] = {0xe9};
    int32_t rel = (int32_t)to - (int32_t)at - 5;
    memcpy(b + 1, &rel, 4);
    return emit(at, b, 5);
}

#define FIELD(name) (FP_STATE_AT + offsetof(struct fp_state, name))

static void build_trampoline(void)
{
    static const uint8_t save[] = {0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57};
    static const uint8_t restore[] = {0xfc, 0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3};
    static const uint32_t mxcsr = 0x1f80;
    unsigned at = emit(0, save, sizeof save);
    at = emit_mov(at, false, 4, FIELD(host_rsp));
    at = emit_abs(at, "\x48\x0f\xae", 3, 1, FIELD(fpu)); /* fxrstor64 */
    at = emit_abs(at, "\xff", 1, 6, FIELD(rflags));      /* push */
    at = emit(at, "\x9d", 1);                            /* popfq */
    for (unsigned r = 0; r < 16; r++)
        at = emit_mov(at, true, r, FIELD(r) + 8 * r);
    emit_jmp(at, FP_INSN_OFF);
    at = exit_off = 0x800;
    for (unsigned r = 0; r < 16; r++)
        at = emit_mov(at, false, r, FIELD(r) + 8 * r);
    at = emit_mov(at, true, 4, FIELD(host_rsp));
    at = emit(at, "\x9c", 1);                            /* pushfq */
    at = emit_abs(at, "\x8f", 1, 0, FIELD(rflags));      /* pop */
    at = emit_abs(at, "\x48\x0f\xae", 3, 0, FIELD(fpu)); /* fxsave64 */
    at = emit(at, "\xdb\xe3", 2);                        /* fninit */
    at = emit_abs(at, "\x0f\xae", 2, 2, FP_CODE_AT + 0xf00);
    memcpy(code_page + 0xf00, &mxcsr, 4);
    emit(at, restore, sizeof restore);
}

/* On return the kernel gives back all registers; only the place to go on changes. */
static void on_fault(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    (void)info;
    uint64_t rip = (uint64_t)u->uc_mcontext.gregs[REG_RIP];
    if (rip < FP_CODE_AT + FP_INSN_OFF || rip >= FP_CODE_AT + FP_INSN_OFF + 16)
        abort();
    native->fault = (uint64_t)sig;
    u->uc_mcontext.gregs[REG_RIP] = (greg_t)(FP_CODE_AT + exit_off);
}

static void map_at(uint64_t a, size_t n, int prot)
{
    void *p = mmap((void *)(uintptr_t)a, n, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (p != (void *)(uintptr_t)a) {
        print_message("SKIP: address %#llx is not free\n", (unsigned long long)a);
        exit(77);
    }
}

static void prepare_host(void)
{
    static uint8_t signal_stack[1 << 17];
    map_at(FP_CODE_AT, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    map_at(FP_STATE_AT, 4096, PROT_READ | PROT_WRITE);
    map_at(FP_MEM_AT, FP_MEM_BYTES, PROT_READ | PROT_WRITE);
    code_page = (uint8_t *)(uintptr_t)FP_CODE_AT;
    build_trampoline();
    stack_t ss = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&ss, NULL);
    sigaction(SIGFPE, &sa, NULL);
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGILL, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
}

static void run_native(const struct fp_case *k)
{
    *native = k->in;
    emit_jmp(emit(FP_INSN_OFF, k->code, k->len), exit_off);
    ((void (*)(void))(uintptr_t)FP_CODE_AT)();
}

/* ---- simulated execution ---- */
static struct cpu_event simulate(struct fake *f, const struct fp_case *k, unsigned *len)
{
    struct cpu_insn insn;
    uint8_t code[16] = {0};
    memcpy(code, k->code, k->len);
    memcpy(f->cpu.r, k->in.r, sizeof k->in.r);
    f->cpu.r[CPU_RIP] = FP_CODE_AT + FP_INSN_OFF;
    f->cpu.r[CPU_ZERO] = 0;
    f->cpu.fpu = k->in.fpu;
    cpu_flags_set(&f->cpu, k->in.rflags);
    struct cpu_event ev = fake_run(f, code, 15, 8, &insn);
    *len = insn.len;
    return ev;
}

static uint64_t signal_of(struct cpu_event ev)
{
    if (ev.kind != CPU_FAULT)
        return 0;
    return ev.vector == 16 || ev.vector == 19 ? SIGFPE : ev.vector == 6 ? SIGILL : SIGSEGV;
}

static void run_simulated(struct fake *f, const struct fp_case *k, struct fp_state *out)
{
    unsigned len;
    struct cpu_event ev = simulate(f, k, &len);
    memcpy(out->r, f->cpu.r, sizeof out->r);
    out->rflags = cpu_flags_get(&f->cpu);
    out->fpu = f->cpu.fpu;
    out->fault = len == k->len ? signal_of(ev) : 1000 + len;
}

/* What is compared of the x87 and SSE state. */
static void normalise(struct cpu_fpu *u)
{
    u->fip = u->fdp = u->fop = 0;
    u->mxcsr_mask = 0;
    u->reserved = 0;
    memset(u->rest, 0, sizeof u->rest);
    for (unsigned k = 0; k < 8; k++)
        memset(u->st[k].reserved, 0, sizeof u->st[k].reserved);
}

/* FOP, FIP, FDP, MXCSR_MASK in an image that FXSAVE wrote. */
static void forget_pointers(uint8_t *image)
{
    memset(image + offsetof(struct cpu_fpu, fop), 0, 18);
    memset(image + offsetof(struct cpu_fpu, mxcsr_mask), 0, 4);
}

static bool agree(struct fake *f, const struct fp_case *k, const struct fp_state *sim)
{
    if (strcmp(k->row->name, "FXSAVE") == 0 && !native->fault) {
        forget_pointers((uint8_t *)(uintptr_t)k->ea);
        forget_pointers(f->mem + (k->ea - FP_MEM_AT));
    }
    struct cpu_fpu a = native->fpu, b = sim->fpu;
    normalise(&a);
    normalise(&b);
    /* An unmasked overflow or underflow: silicon says PE of the result with unbounded exponent, this core PE of the
     * masked result. A known difference (exec_sse.c). */
    if (native->fault && (a.mxcsr & ~(a.mxcsr >> 7) & 0x18))
        b.mxcsr = (b.mxcsr & ~0x20u) | (a.mxcsr & 0x20);
    return memcmp(&a, &b, sizeof a) == 0 && memcmp(native->r, sim->r, sizeof sim->r) == 0 &&
           !((native->rflags ^ sim->rflags) & RFLAGS_ARITH) && native->fault == sim->fault &&
           memcmp((void *)(uintptr_t)FP_MEM_AT, f->mem, FP_MEM_BYTES) == 0;
}

/* With one byte of its memory out of reach it must have changed nothing. */
static bool waits_cleanly(struct fake *f, const struct fp_case *k)
{
    static uint8_t before[FP_MEM_BYTES];
    unsigned len;
    memcpy(before, f->mem, FP_MEM_BYTES);
    f->wait_at = k->ea + fp_below(k->mem_bytes);
    struct cpu_event ev = simulate(f, k, &len);
    f->wait_at = ~0ull;
    bool same = memcmp(f->cpu.r, k->in.r, sizeof k->in.r) == 0 && memcmp(before, f->mem, FP_MEM_BYTES) == 0 &&
                memcmp(&f->cpu.fpu, &k->in.fpu, sizeof k->in.fpu) == 0 &&
                ((cpu_flags_get(&f->cpu) ^ k->in.rflags) & RFLAGS_ARITH) == 0;
    memcpy(f->mem, before, FP_MEM_BYTES);
    waits += ev.kind == CPU_WAIT;
    return ev.kind != CPU_WAIT || same;
}

/* ---- cases ---- */
static void put(struct fp_case *k, uint64_t v, unsigned bytes)
{
    memcpy(k->code + k->len, &v, bytes);
    k->len += bytes;
}

/* [base + disp] or [base + index * scale + disp]; registers get what makes the address. */
static void put_address(struct fp_case *k, unsigned reg, uint8_t rex)
{
    static const unsigned disp_bytes[3] = {0, 1, 4};
    unsigned mod = (unsigned)fp_below(3), base = (unsigned)fp_below(8);
    bool indexed = base == 4 || fp_below(4) == 0;
    if (base == 5 && mod == 0)
        mod = 1;
    if (base == 4)
        base = 3;
    int64_t disp = mod == 1 ? (int8_t)fp_below(256) : mod == 2 ? (int64_t)fp_below(4096) - 2048 : 0;
    uint64_t offset = 0;
    put(k, mod << 6 | (reg & 7) << 3 | (indexed ? 4 : base), 1);
    if (indexed) {
        unsigned index = base == 6 ? 7 : 6, scale = (unsigned)fp_below(4);
        put(k, scale << 6 | index << 3 | base, 1);
        index |= rex & 2 ? 8u : 0;
        if (index != (base | (rex & 1 ? 8u : 0))) {
            k->in.r[index] = fp_below(64);
            offset = k->in.r[index] << scale;
        }
    }
    k->in.r[base | (rex & 1 ? 8u : 0)] = k->ea - offset - (uint64_t)disp;
    put(k, (uint64_t)disp, disp_bytes[mod]);
}

static unsigned memory_bytes(const struct fp_case *k)
{
    unsigned code = CPU_ROW_MEM_OF(k->row->flags);
    return code < CPU_MEM_BY_SIZE ? 1u << code : code == CPU_MEM_BY_SIZE ? k->size : code == CPU_MEM_TEN ? 10 : 512;
}

static bool wants_memory(uint8_t which, unsigned map)
{
    if (map == 1)
        return which >= CPU_WHICH_M0 && which < 0xc0;
    return which == CPU_WHICH_ANY ? fp_below(2) : which == CPU_WHICH_MEM || which >= CPU_WHICH_M0;
}

static void put_prefixes(struct fp_case *k, uint8_t rex)
{
    const struct cpu_key *key = &k->row->key;
    if (key->map == 1) {
        if (k->size == 2)
            put(k, 0x66, 1);
    } else {
        if (k->size == 2 || (key->prefix >= 0xf2 && CPU_ROW_RM_OF(k->row->flags) != CPU_KIND_GPR && fp_below(16) == 0))
            put(k, 0x66, 1);
        if (key->prefix)
            put(k, key->prefix, 1);
    }
    if (rex)
        put(k, rex, 1);
    if (key->map >= 2)
        put(k, 0x0f, 1);
    if (key->map >= 3)
        put(k, key->map == 3 ? 0x38 : 0x3a, 1);
    put(k, key->opcode, 1);
}

static void encode(struct fp_case *k)
{
    const struct cpu_key *key = &k->row->key;
    bool gg = CPU_ROW_REG_OF(k->row->flags) == CPU_KIND_GPR && CPU_ROW_RM_OF(k->row->flags) == CPU_KIND_GPR;
    uint8_t rex = fp_below(2) ? (uint8_t)(0x40 | fp_below(16)) : 0;
    bool mem = wants_memory(key->which, key->map), small = gg || (key->map == 1 && mem);
    unsigned which = key->which >= 0xc0           ? key->which >> 3 & 7
                     : key->which >= CPU_WHICH_M0 ? key->which - CPU_WHICH_M0
                                                  : key->which;
    unsigned reg = which < 8 ? which : (unsigned)fp_below(8);
    k->size = rex & 8 ? 8 : small && fp_below(3) == 0 ? 2 : 4;
    put_prefixes(k, rex);
    if (!mem) {
        put(k, 0xc0 | reg << 3 | (key->which >= 0xc0 ? key->which & 7 : fp_below(8)), 1);
    } else {
        k->mem_bytes = memory_bytes(k);
        k->ea = FP_MEM_AT + 1024 + fp_below(1024);
        if (((k->row->flags & CPU_I_ALIGN16) || k->mem_bytes == 512) && fp_below(16))
            k->ea &= ~15ull;
        put_address(k, reg, rex);
    }
    if (k->row->imm8)
        put(k, fp_below(2) ? fp_below(256) : fp_below(16), 1);
}

static void make_state(struct fp_case *k)
{
    struct cpu_fpu *u = &k->in.fpu;
    for (unsigned r = 0; r < 16; r++) {
        k->in.r[r] = fp_value(64);
        u->xmm[r] = fp_xmm();
    }
    k->in.r[4] = FP_MEM_AT + 2048;
    k->in.r[7] = FP_MEM_AT + 1024 + fp_below(1024); /* MASKMOVQ */
    k->in.rflags = 0x202 | (rng_next(&fp_rng) & RFLAGS_ARITH);
    u->mxcsr = MXCSR_DEFAULT | (fp_below(2) ? (uint32_t)(fp_below(4) << 13 | fp_below(2) << 15 | fp_below(2) << 6) : 0);
    u->mxcsr |= (uint32_t)(fp_below(3) ? 0 : fp_below(64));
    if (fp_below(3) == 0)
        u->mxcsr &= ~(uint32_t)(rng_next(&fp_rng) & (fp_below(2) ? 1u << (7 + fp_below(6)) : MXCSR_MASKS));
    u->fcw = (uint16_t)(FCW_DEFAULT | fp_below(4) << 10);
    if (fp_below(3) == 0) /* precision control: 0, 2, 3 */
        u->fcw = (uint16_t)((u->fcw & ~0x300) | (fp_below(2) ? 0x200 : 0));
    if (fp_below(6) == 0)
        u->fcw &= (uint16_t) ~(fp_below(2) ? 1u << fp_below(6) : fp_below(64));
    u->fsw = (uint16_t)(fp_below(8) << 11 | (rng_next(&fp_rng) & 0x4700));
    if (fp_below(3) == 0) /* what is pending is delivered at once: rather not */
        u->fsw |= (uint16_t)(fp_below(128) & (fp_below(8) ? u->fcw & FSW_FLAGS : 0x7f));
    if (u->fsw & ~u->fcw & FSW_FLAGS)
        u->fsw |= FSW_ES | FSW_B;
    u->ftw = fp_below(3) ? 0xff : (uint8_t)fp_below(256);
    for (unsigned n = 0; n < 8; n++)
        fp_extended(&u->st[n].mantissa, &u->st[n].sign_exponent);
}

static void report(const struct fp_case *k, const struct fp_state *sim, uint64_t nth)
{
    print_error("case %llu %s:", (unsigned long long)nth, k->row->name);
    for (unsigned n = 0; n < k->len; n++)
        print_error(" %02x", k->code[n]);
    print_error("\n  ea %#llx; native, simulated: fault %d %d, rflags %#llx %#llx\n", (unsigned long long)k->ea,
                (int)native->fault, (int)sim->fault, (unsigned long long)native->rflags,
                (unsigned long long)sim->rflags);
    const struct cpu_fpu *i = &k->in.fpu, *a = &native->fpu, *b = &sim->fpu;
    print_error("  mxcsr %x -> %x %x, fcw %x -> %x %x, fsw %x -> %x %x, ftw %x -> %x %x\n", i->mxcsr, a->mxcsr,
                b->mxcsr, i->fcw, a->fcw, b->fcw, i->fsw, a->fsw, b->fsw, i->ftw, a->ftw, b->ftw);
    for (unsigned r = 0; r < 16; r++) {
        if (native->r[r] != sim->r[r])
            print_error("  r%-2u %016llx -> %016llx %016llx\n", r, (unsigned long long)k->in.r[r],
                        (unsigned long long)native->r[r], (unsigned long long)sim->r[r]);
        bool differ = memcmp(&a->xmm[r], &b->xmm[r], 16) != 0;
        bool used = r == ((k->code[k->len - 1u - k->row->imm8] & 7u)) || memcmp(&i->xmm[r], &a->xmm[r], 16) != 0;
        if (differ || used)
            print_error("  xmm%-2u %016llx.%016llx -> %016llx.%016llx %016llx.%016llx%s\n", r,
                        (unsigned long long)i->xmm[r].q[1], (unsigned long long)i->xmm[r].q[0],
                        (unsigned long long)a->xmm[r].q[1], (unsigned long long)a->xmm[r].q[0],
                        (unsigned long long)b->xmm[r].q[1], (unsigned long long)b->xmm[r].q[0], differ ? " <==" : "");
    }
    for (unsigned r = 0; r < 8; r++)
        if (r < 2 || a->st[r].mantissa != b->st[r].mantissa || a->st[r].sign_exponent != b->st[r].sign_exponent)
            print_error("  st%u %04x.%016llx -> %04x.%016llx %04x.%016llx\n", r, i->st[r].sign_exponent,
                        (unsigned long long)i->st[r].mantissa, a->st[r].sign_exponent,
                        (unsigned long long)a->st[r].mantissa, b->st[r].sign_exponent,
                        (unsigned long long)b->st[r].mantissa);
}

static void refill(struct fake *f)
{
    for (unsigned n = 0; n < FP_MEM_BYTES; n += 16) {
        struct cpu_xmm v = fp_xmm();
        fp_set_memory(f, FP_MEM_AT + n, &v, 16);
    }
}

static unsigned choose_rows(fp_wanted *wanted, uint16_t *rows)
{
    unsigned n = 0;
    for (unsigned k = 1; k < cpu_rows_n; k++)
        if (cpu_rows[k].kind == CPU_ROW_BYTES && wanted(&cpu_rows[k]))
            rows[n++] = (uint16_t)k;
    return n;
}

unsigned fp_run(uint64_t n_cases, uint64_t seed, fp_wanted *wanted, fp_shape *shape)
{
    static uint16_t rows[1024];
    static uint64_t tried[1024];
    struct fake *f = fake_new(FP_MEM_AT, FP_MEM_BYTES);
    unsigned bad = 0, n_rows = choose_rows(wanted, rows);
    uint64_t faults = 0;
    prepare_host();
    rng_seed(&fp_rng, seed);
    print_message("seed %llu, %llu cases of %u rows\n", (unsigned long long)seed, (unsigned long long)n_cases, n_rows);
    for (uint64_t done = 0; done < n_cases && bad < 10; done++) {
        struct fp_case k = {.row = &cpu_rows[rows[done % n_rows]]};
        struct fp_state sim = {.fault = 0};
        if (done % 64 == 0)
            refill(f);
        make_state(&k);
        encode(&k);
        shape(f, &k);
        tried[rows[done % n_rows]]++;
        if (k.mem_bytes && fp_below(4) == 0 && !waits_cleanly(f, &k)) {
            report(&k, &sim, done);
            print_error("  changed something although it had to wait\n");
            bad++;
        }
        run_native(&k);
        run_simulated(f, &k, &sim);
        faults += native->fault != 0;
        if (!agree(f, &k, &sim)) {
            report(&k, &sim, done);
            bad++;
            memcpy(f->mem, (void *)(uintptr_t)FP_MEM_AT, FP_MEM_BYTES);
        }
    }
    print_message("%llu cases, %llu with a fault, %llu waits\n", (unsigned long long)n_cases,
                  (unsigned long long)faults, (unsigned long long)waits);
    fake_free(f);
    return bad;
}
