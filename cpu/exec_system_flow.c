/* SPDX-License-Identifier: Apache-2.0 */
/* System instructions that go elsewhere: SYSCALL and its kin, IRET, INT, far JMP, CALL, RET. */
#include "cpu/system.h"
#include "sim/core/fault.h"

#define SYSRET_FLAGS 0x003c7fd7ull /* all defined bits but RF and VM */

static bool is_amd(const struct cpu *c)
{
    return c->cfg->vendor[0] == 'A';
}

static void enter_ring(struct cpu *c, unsigned cpl, struct cpu_seg cs, struct cpu_seg ss, uint64_t rip)
{
    c->seg[CPU_SEG_CS] = cs;
    c->seg[CPU_SEG_SS] = ss;
    c->cpl = (uint8_t)cpl;
    c->next_rip = rip;
    cpu_mode_changed(c);
}

/* ---- SYSCALL, SYSRET, SYSENTER, SYSEXIT
 * --------------------------------------------------------------------------------- */
struct cpu_event cpu_exec_sys_syscall(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    if (!(c->efer & CPU_EFER_SCE) || (c->code_size != 8 && !(is_amd(c) && cpu_is_long(c))))
        return SYS_UD;
    uint64_t flags = cpu_flags_get(c);
    uint16_t cs = (uint16_t)(c->star >> 32 & 0xfffc);
    uint64_t rip = c->code_size == 8 ? c->lstar : c->cstar;
    c->r[1] = c->next_rip;
    c->r[11] = flags & ~CPU_RFLAGS_RF;
    cpu_flags_set(c, flags & ~c->fmask & ~CPU_RFLAGS_RF);
    c->stats.syscalls++;
    enter_ring(c, 0, seg_flat_code(cs, 0, true), seg_flat_data((uint16_t)(cs + 8), 0), rip);
    return CPU_OK;
}

struct cpu_event cpu_exec_sys_sysret(struct cpu *c, const struct cpu_insn *i)
{
    if (!(c->efer & CPU_EFER_SCE) || c->code_size != 8)
        return SYS_UD;
    bool to_64 = i->size == 8;
    uint64_t rip = to_64 ? c->r[1] : (uint32_t)c->r[1];
    /* Intel checks here, in ring 0; AMD faults at the first fetch in ring 3. */
    if (c->cpl || (to_64 && !is_amd(c) && !cpu_is_canonical(c, rip)))
        return SYS_GP0;
    uint16_t base = (uint16_t)(c->star >> 48);
    uint16_t cs = (uint16_t)((base + (to_64 ? 16 : 0)) | 3), ss = (uint16_t)((base + 8) | 3);
    cpu_flags_set(c, (c->r[11] & SYSRET_FLAGS) | 2);
    enter_ring(c, 3, seg_flat_code(cs, 3, to_64), seg_flat_data(ss, 3), rip);
    return CPU_OK;
}

struct cpu_event cpu_exec_sys_sysenter(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    if (is_amd(c) && cpu_is_long(c))
        return SYS_UD;
    if (!cpu_is_protected(c) || (c->sysenter_cs & 0xfffc) == 0)
        return SYS_GP0;
    bool to_64 = cpu_is_long(c);
    uint16_t cs = (uint16_t)(c->sysenter_cs & 0xfffc);
    c->r[STACK_SP] = to_64 ? c->sysenter_esp : (uint32_t)c->sysenter_esp;
    c->rflags &= ~(CPU_RFLAGS_IF | CPU_RFLAGS_VM);
    c->stats.syscalls++;
    enter_ring(c, 0, seg_flat_code(cs, 0, to_64), seg_flat_data((uint16_t)(cs + 8), 0),
               to_64 ? c->sysenter_eip : (uint32_t)c->sysenter_eip);
    return CPU_OK;
}

struct cpu_event cpu_exec_sys_sysexit(struct cpu *c, const struct cpu_insn *i)
{
    if (is_amd(c) && cpu_is_long(c))
        return SYS_UD;
    bool to_64 = i->size == 8;
    if (!cpu_is_protected(c) || c->cpl || (c->sysenter_cs & 0xfffc) == 0)
        return SYS_GP0;
    if (to_64 && (!cpu_is_canonical(c, c->r[1]) || !cpu_is_canonical(c, c->r[2])))
        return SYS_GP0;
    uint16_t cs = (uint16_t)((c->sysenter_cs + (to_64 ? 32 : 16)) | 3);
    c->r[STACK_SP] = to_64 ? c->r[1] : (uint32_t)c->r[1];
    enter_ring(c, 3, seg_flat_code(cs, 3, to_64), seg_flat_data((uint16_t)(cs + 8), 3),
               to_64 ? c->r[2] : (uint32_t)c->r[2]);
    return CPU_OK;
}

/* ---- IRET
 * ------------------------------------------------------------------------------------------------------------------ */
/* What IRET may change, by the privilege it starts from. RF is dropped: it would only skip a breakpoint. */
static uint64_t iret_flags(const struct cpu *c, uint64_t popped, unsigned size)
{
    uint64_t may = CPU_RFLAGS_ARITH | CPU_RFLAGS_TF | CPU_RFLAGS_DF | CPU_RFLAGS_NT;
    if (size > 2)
        may |= CPU_RFLAGS_AC | CPU_RFLAGS_ID;
    if (c->cpl == 0)
        may |= CPU_RFLAGS_IOPL;
    if (c->cpl <= (c->rflags >> 12 & 3))
        may |= CPU_RFLAGS_IF;
    return (cpu_flags_get(c) & ~may) | (popped & may);
}

static struct cpu_event iret_real(struct cpu *c, unsigned size, struct far_frame *f)
{
    uint64_t keep = CPU_RFLAGS_VM | CPU_RFLAGS_RF | (size == 2 ? ~0xffffull : 0);
    if (f->rip > c->seg[CPU_SEG_CS].limit)
        return SYS_GP0;
    stack_move(c, 3 * size);
    seg_set_real(&c->seg[CPU_SEG_CS], (uint16_t)f->cs);
    cpu_flags_set(c, (cpu_flags_get(c) & keep) | (f->flags & ~keep & 0x3f7fd7) | 2);
    c->next_rip = f->rip;
    cpu_mode_changed(c);
    return CPU_OK;
}

struct cpu_event cpu_exec_sys_iret(struct cpu *c, const struct cpu_insn *i)
{
    struct far_frame f = {.has_stack = c->code_size == 8};
    unsigned n = i->size;
    if (cpu_is_protected(c) && (c->rflags & CPU_RFLAGS_NT)) {
        if (cpu_is_long(c))
            return SYS_GP0;
        sim_unmodelled("IRET to another task");
    }
    CPU_TRY(stack_peek(c, n, 0, &f.rip));
    CPU_TRY(stack_peek(c, n, n, &f.cs));
    CPU_TRY(stack_peek(c, n, 2 * n, &f.flags));
    if (!cpu_is_protected(c)) {
        CPU_TRY(iret_real(c, n, &f));
    } else {
        if ((f.flags & CPU_RFLAGS_VM) && c->cpl == 0 && !cpu_is_long(c))
            sim_unmodelled("IRET to virtual-8086 mode");
        uint64_t flags = iret_flags(c, f.flags, n);
        CPU_TRY(far_return(c, &f, n, 3 * n, 0));
        cpu_flags_set(c, flags);
    }
    c->nmi_blocked = false;
    cpu_attend(c);
    return CPU_OK;
}

/* ---- INT n, INT3, INTO
 * -------------------------------------------------------------------------------------------------------- */
static struct cpu_event software(unsigned vector)
{
    return (struct cpu_event){.kind = CPU_TRAP, .vector = (uint8_t)vector, .soft = 1};
}
struct cpu_event cpu_exec_sys_int_n(struct cpu *c, const struct cpu_insn *i)
{
    (void)c;
    return software((uint8_t)i->imm);
}
struct cpu_event cpu_exec_sys_int3(struct cpu *c, const struct cpu_insn *i)
{
    (void)c, (void)i;
    return software(EXC_BP);
}
struct cpu_event cpu_exec_sys_into(struct cpu *c, const struct cpu_insn *i)
{
    (void)i;
    if (c->code_size == 8)
        return SYS_UD;
    return cpu_flags_get(c) & CPU_RFLAGS_OF ? software(EXC_OF) : CPU_OK;
}

/* ---- far JMP, CALL, RET
 * ---------------------------------------------------------------------------------------------------------- */
static struct cpu_event far_pointer(struct cpu *c, const struct cpu_insn *i, uint16_t *sel, uint64_t *rip)
{
    uint64_t s = (uint64_t)(int64_t)i->disp;
    *rip = i->imm;
    if (i->flags & CPU_I_MEM) {
        uint64_t at = cpu_ea(c, i);
        CPU_TRY(cpu_load(c, i->seg, at, i->size, rip));
        CPU_TRY(cpu_load(c, i->seg, op_trunc(at + i->size, i->asize), 2, &s));
    }
    *rip = op_trunc(*rip, i->size);
    *sel = (uint16_t)s;
    return CPU_OK;
}

struct cpu_event cpu_exec_sys_jmp_far(struct cpu *c, const struct cpu_insn *i)
{
    uint16_t sel;
    uint64_t rip;
    CPU_TRY(far_pointer(c, i, &sel, &rip));
    return far_jump(c, sel, rip);
}

struct cpu_event cpu_exec_sys_call_far(struct cpu *c, const struct cpu_insn *i)
{
    uint16_t sel;
    uint64_t rip, back = c->next_rip, old_cs = c->seg[CPU_SEG_CS].sel;
    int64_t n = i->size;
    CPU_TRY(far_pointer(c, i, &sel, &rip));
    if (cpu_is_protected(c)) { /* all that can fault, before the stack is written */
        struct cpu_seg cs;
        CPU_TRY(far_check_code(c, sel, rip, &cs));
    }
    uint64_t low = stack_at(c, -2 * n);
    CPU_TRY(cpu_acquire(c, CPU_SEG_SS, low, 2 * i->size));
    CPU_TRY(cpu_store(c, CPU_SEG_SS, stack_at(c, -n), i->size, old_cs));
    CPU_TRY(cpu_store(c, CPU_SEG_SS, low, i->size, op_trunc(back, i->size)));
    CPU_TRY(far_jump(c, sel, rip));
    stack_move(c, -2 * n);
    return CPU_OK;
}

struct cpu_event cpu_exec_sys_ret_far(struct cpu *c, const struct cpu_insn *i)
{
    struct far_frame f = {0};
    int64_t n = i->size;
    CPU_TRY(stack_peek(c, i->size, 0, &f.rip));
    CPU_TRY(stack_peek(c, i->size, n, &f.cs));
    if (cpu_is_protected(c))
        return far_return(c, &f, i->size, 2 * n, (unsigned)i->imm);
    if (f.rip > c->seg[CPU_SEG_CS].limit)
        return SYS_GP0;
    stack_move(c, 2 * n + (int64_t)i->imm);
    return far_jump(c, (uint16_t)f.cs, f.rip);
}
