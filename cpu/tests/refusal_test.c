/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any shared action of an instruction may be refused, and not only the first: for the turn, or because the line is busy
 * with another core's transaction. For each instruction here, with all caches and TLBs empty, and for every k: the k-th
 * shared action is refused once. Then the instruction must have changed nothing, must read no device twice, and must
 * end as if never refused; if it was refused for the turn, at the same cycle too. It could lie: a place that is found
 * in L1 is never refused, so places of one line count as one; the operands therefore lie over two lines or pages where
 * they can. Page tables are not compared: a refused walk may have set A bits.
 */
#include "cpu/pipeline.h"
#include "cpu/tests/rig.h"

#define DATA 0x40000000ull
#define DEV  0x48000000ull /* pages of a device */
#define USER 0x50000000ull
#define BUSY 50u

static unsigned shared, refuse_at;
static bool for_line, refused;
static const struct cpu *running;
static uint64_t code_start, code_len;

static bool in_code(void)
{
    return running->r[CPU_RIP] - code_start < code_len;
}

bool __real_mem_access(struct mem_sys *m, unsigned core, hpa_t a, enum mem_op op, cyc_t now, bool may_share,
                       struct mem_result *out);
bool __wrap_mem_access(struct mem_sys *m, unsigned core, hpa_t a, enum mem_op op, cyc_t now, bool may_share,
                       struct mem_result *out);
bool __wrap_mem_access(struct mem_sys *m, unsigned core, hpa_t a, enum mem_op op, cyc_t now, bool may_share,
                       struct mem_result *out)
{
    if (__real_mem_access(m, core, a, op, now, false, out))
        return true; /* private: never refused */
    if (in_code() && ++shared == refuse_at) {
        out->wait_until = for_line ? now + BUSY : 0;
        refused = true;
        return false;
    }
    return __real_mem_access(m, core, a, op, now, may_share, out);
}

/* RBX, RSI, RDI, RBP: 4 bytes before the end of four pages. RDX: 8 bytes before the end of a line. R8: a device. */
#define EACH_64(X)                                                                                                     \
    X(load, "movq (%rbx), %rax\n")                                                                                     \
    X(store, "movq %rax, (%rbx)\n")                                                                                    \
    X(rmw, "addq %rax, (%rbx)\n")                                                                                      \
    X(xadd, "lock xaddq %rax, (%rbx)\n")                                                                               \
    X(xchg, "xchgq %rax, (%rbx)\n")                                                                                    \
    X(cmpxchg, "lock cmpxchgq %rcx, (%rbx)\n")                                                                         \
    X(cmpxchg16b, "lock cmpxchg16b -12(%rbx)\n")                                                                       \
    X(bts, "btsq %rcx, (%rbx)\n")                                                                                      \
    X(push, "pushq %rax\n")                                                                                            \
    X(push_mem, "pushq (%rbx)\n")                                                                                      \
    X(pop_mem, "popq (%rbx)\n")                                                                                        \
    X(call, "call *(%rbp)\n")                                                                                          \
    X(leave, "leave\n")                                                                                                \
    X(enter, "enter $16, $4\n")                                                                                        \
    X(movs, "movsq\n")                                                                                                 \
    X(rep_movs, "rep movsb\n")                                                                                         \
    X(stos, "stosq\n")                                                                                                 \
    X(rep_stos, "rep stosl\n")                                                                                         \
    X(cmps, "repe cmpsq\n")                                                                                            \
    X(sgdt, "sgdt (%rbx)\n")                                                                                           \
    X(lds, "movw %cx, %ds\n")                                                                                          \
    X(ltr, "movl $0x38, %eax\n ltr %ax\n")                                                                             \
    X(iret, "iretq\n")                                                                                                 \
    X(call_far, "lcall *-10(%rdx)\n")                                                                                  \
    X(ret_far, "lretq\n")                                                                                              \
    X(undefined, "ud2\n")                                                                                              \
    X(breakpoint, "int3\n")                                                                                            \
    X(page_fault, "movq %rax, 0x10000000(%rbx)\n")                                                                     \
    X(movs_fault, "addq $0x10000000, %rdi\n movsq\n")                                                                  \
    X(dev_load, "movl (%r8), %eax\n")                                                                                  \
    X(dev_movs, "movq %r8, %rsi\n movsl\n")                                                                            \
    X(dev_rep_movs, "movq %r8, %rsi\n rep movsq\n")                                                                    \
    X(dev_push, "pushq (%r8)\n")                                                                                       \
    X(dev_pop, "popq (%r8)\n")                                                                                         \
    X(dev_call, "call *(%r8)\n")                                                                                       \
    X(dev_rmw, "addl %eax, (%r8)\n")                                                                                   \
    X(dev_outs, "movq %r8, %rsi\n movw $0x80, %dx\n outsl\n")                                                          \
    X(movups, "movups (%rbx), %xmm0\n movups %xmm0, (%rdi)\n")                                                         \
    X(fxsave, "fxsave -60(%rbx)\n")                                                                                    \
    X(fxrstor, "fxsave -60(%rbx)\n fxrstor -60(%rbx)\n")                                                               \
    X(fnsave, "fninit\n fnsave (%rbx)\n")                                                                              \
    X(frstor, "fninit\n fnsave (%rbx)\n frstor (%rbx)\n")                                                              \
    X(fbstp, "fninit\n fldz\n fbstp (%rbx)\n")                                                                         \
    X(ins, "movw $0x80, %dx\n insl\n")
#define EACH_32(X)                                                                                                     \
    X(pusha, "pushal\n")                                                                                               \
    X(popa, "popal\n")                                                                                                 \
    X(enter_32, "enter $16, $6\n")                                                                                     \
    X(push_32, "pushl %eax\n")
#define EACH_USER(X) X(user_breakpoint, "int3\n") X(user_fault, "movq 0x10000, %rax\n")

#define CODE_64(name, text) RIG_CODE_64(name, text);
#define CODE_32(name, text) RIG_CODE_32(name, text);
EACH_64(CODE_64)
EACH_32(CODE_32)
EACH_USER(CODE_64)

enum kind { IN_64, IN_32, IN_USER };
static const struct one {
    const char *name;
    const uint8_t *code, *end;
    enum kind kind;
} all[] = {
#define ROW(name, kind)      {#name, name, name##_end, kind},
#define ROW_64(name, text)   ROW(name, IN_64)
#define ROW_32(name, text)   ROW(name, IN_32)
#define ROW_USER(name, text) ROW(name, IN_USER)
    EACH_64(ROW_64) EACH_32(ROW_32) EACH_USER(ROW_USER)};

static void put_data(struct rig *r)
{
    uint64_t frame[] = {RIG_CODE + 0x100, RIG_CS, 0x202, RIG_STACK, RIG_DS}; /* what IRETQ and LRETQ find */
    struct {
        uint32_t rip;
        uint16_t sel;
    } __attribute__((packed)) far = {RIG_CODE + 0x100, RIG_CS};
    rig_put(r, 0x88000 - 0x14, frame, sizeof frame);
    for (uint64_t k = 0; k < 16; k++)
        rig_map(r, DATA + k * 4096, 0x100000 + k * 4096, RIG_P | RIG_W);
    for (uint64_t k = 0; k < 16 * 4096; k += 8)
        rig_write(r, 0x100000 + k, 0x0101010101010101 * (k >> 3 & 7));
    rig_write(r, 0x107ffc, RIG_CODE + 0x200); /* at RBP */
    rig_put(r, 0x10903c - 10 + 4, &far, sizeof far);
    rig_map(r, DEV, 0xd0000000, RIG_P | RIG_W);
    rig_write(r, RIG_GDT + 0x38, 0x0000890030800067); /* a TSS that is not busy */
}

static void enter_user(struct rig *r, const struct one *o)
{
    struct cpu *c = r->c;
    rig_put(r, 0x120000, o->code, (uint64_t)(o->end - o->code));
    rig_map(r, USER, 0x120000, RIG_P | RIG_U);
    rig_gate(r, 3, RIG_HANDLER + 16 * 3, 3, 0);
    c->cpl = 3;
    c->seg[CPU_SEG_CS] = (struct cpu_seg){0, 0xffffffff, RIG_UCS, 0xafb};
    c->seg[CPU_SEG_SS] = (struct cpu_seg){0, 0xffffffff, RIG_UDS, 0xcf3};
    c->r[CPU_RIP] = USER;
    cpu_mode_changed(c);
}

static struct rig *prepare(const struct one *o)
{
    struct rig *r = rig_new(1);
    rig_put(r, RIG_CODE, o->code, (uint64_t)(o->end - o->code));
    put_data(r);
    rig_long(r, r->c);
    struct cpu *c = r->c;
    c->cr4 |= CPU_CR4_OSFXSR;
    c->r[0] = 5, c->r[1] = RIG_DS, c->r[2] = DATA + 0x9038 + 4;
    c->r[3] = DATA + 0xffc, c->r[6] = DATA + 0x3ffc, c->r[7] = DATA + 0x5ffc, c->r[5] = DATA + 0x7ffc;
    c->r[4] = 0x88000 - 0x14, c->r[8] = DEV;
    if (o->kind == IN_32) {
        c->seg[CPU_SEG_CS] = (struct cpu_seg){0, 0xffffffff, RIG_CS32, 0xc9b};
        c->seg[CPU_SEG_SS] = c->seg[CPU_SEG_DS] = (struct cpu_seg){0, 0xffffffff, RIG_DS, 0xc93};
        cpu_mode_changed(c);
    }
    if (o->kind == IN_USER)
        enter_user(r, o);
    return r;
}

static uint64_t memory_hash(struct rig *r)
{
    uint64_t h = 0;
    for (uint64_t a = 0; a < 0x200000; a += 8) /* up to the page tables */
        h = cpu_mix(h, *(const uint64_t *)(const void *)(r->phys->base + a));
    return h;
}

struct outcome {
    uint64_t state, memory, devices;
    cyc_t now;
};

/* One instruction (or chunk, or delivered exception) after the other, until the code is over. What a refusal finds
 * changed, was changed by the instruction that was refused. */
static struct outcome run(const struct one *o, unsigned k, bool line)
{
    struct rig *r = prepare(o);
    struct cpu *c = r->c;
    running = c, code_start = c->r[CPU_RIP], code_len = (uint64_t)(o->end - o->code);
    shared = 0, refuse_at = k, for_line = line, refused = false;
    for (unsigned turns = 0; in_code(); turns++) {
        uint64_t state = cpu_state_hash(c, 1), memory = memory_hash(r), was = c->stats.instructions;
        bool first = !refused;
        cpu_stop_turn(c); /* cleared by cpu_run(); what stops it is the limit */
        enum cpu_stop stop = cpu_run(c, c->now + 1, CYC_NEVER);
        if (stop == CPU_STOP_TURN && first && c->stats.instructions == was) {
            if (cpu_state_hash(c, 1) != state || memory_hash(r) != memory)
                fail_msg("%s: refused at its shared action %u, it had changed something", o->name, k);
        }
        assert_true(turns < 1000);
    }
    struct outcome out = {cpu_state_hash(c, 1), memory_hash(r), c->stats.io_accesses, c->now};
    rig_check_ledger(r);
    rig_free(r);
    return out;
}

static void refused_anywhere(void **state)
{
    unsigned refusals = 0;
    (void)state;
    for (size_t n = 0; n < sizeof all / sizeof all[0]; n++) {
        struct outcome whole = run(&all[n], 0, false);
        for (unsigned k = 1; k == 1 || refused; k++)
            for (unsigned line = 0; line < 2; line++) {
                struct outcome o = run(&all[n], k, line);
                refusals += refused;
                if (o.state != whole.state || o.memory != whole.memory)
                    fail_msg("%s: refused at its shared action %u, it ends otherwise", all[n].name, k);
                if (o.devices != whole.devices)
                    fail_msg("%s: refused at its shared action %u, %llu device accesses instead of %llu", all[n].name,
                             k, (unsigned long long)o.devices, (unsigned long long)whole.devices);
                if (!line && o.now != whole.now)
                    fail_msg("%s: refused at its shared action %u, it ends at %llu instead of %llu", all[n].name, k,
                             (unsigned long long)o.now, (unsigned long long)whole.now);
            }
    }
    print_message("%u refusals\n", refusals);
    assert_true(refusals > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refused_anywhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
