/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Privileged instructions of guest kernels. A guest kernel believes to be in ring 0 for a few instructions that the ABI
 * lets it use as they are: they fault with #GP in ring 3 and are done here. All others go to the guest as #GP.
 *
 * Not an emulator: two-byte opcodes 0F xx with register operands only, so no memory is touched but the instruction
 * itself. Which bits of a control register exist for a guest is decided here, never what the guest writes.
 */
#include "hv/include/x86.h"
#include "hv/include/x86_insn.h"
#include "hv/mm/uaccess.h"
#include "hv/pv/pv.h"

#define MAX_INSN_BYTES 15

struct insn {
    unsigned bytes; /* length so far */
    unsigned rex;
    uint8_t opcode; /* after 0F */
    uint8_t modrm;
};

/* One byte at a time: the instruction may end right before a page that is not there. */
static bool fetch(uint64_t rip, struct insn *in, uint8_t *byte)
{
    if (in->bytes == MAX_INSN_BYTES)
        return false;
    return hv_copy_from_guest(byte, rip + in->bytes++, 1) == 0;
}

static bool is_legacy_prefix(uint8_t b)
{
    return b == 0x66 || b == 0x67 || b == 0xf2 || b == 0xf3 || b == 0x2e || b == 0x36 || b == 0x3e || b == 0x26 ||
           b == 0x64 || b == 0x65;
}

/* Prefixes, REX, 0F, opcode. False: not a two-byte opcode, or not readable. */
static bool decode(uint64_t rip, struct insn *in)
{
    uint8_t b;

    *in = (struct insn){0};
    do {
        if (!fetch(rip, in, &b))
            return false;
    } while (is_legacy_prefix(b));
    if ((b & 0xf0) == 0x40) {
        in->rex = b;
        if (!fetch(rip, in, &b))
            return false;
    }
    return b == 0x0f && fetch(rip, in, &in->opcode);
}

static uint64_t *gpr(struct cpu_regs *r, unsigned n)
{
    uint64_t *const reg[16] = {&r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp, &r->rsi, &r->rdi,
                               &r->r8,  &r->r9,  &r->r10, &r->r11, &r->r12, &r->r13, &r->r14, &r->r15};
    return reg[n];
}

/* MSRs: the segment bases are real and the guest's own while it runs; KERNEL_GS_BASE is the base of its user mode. */
static bool read_msr(uint32_t msr, uint64_t *value)
{
    switch (msr) {
    case X86_MSR_FS_BASE:
    case X86_MSR_GS_BASE:
    case X86_MSR_KERNEL_GS_BASE:
    case X86_MSR_EFER:
    case X86_MSR_PAT:
    case X86_MSR_TSC:
        *value = hv_rdmsr(msr);
        return true;
    case X86_MSR_APIC_BASE:
        *value = hv_rdmsr(msr) & ~(uint64_t)X86_APIC_BASE_BSP;
        return true;
    default:
        return false;
    }
}

static bool emulate_rdmsr(const struct vcpu *v, struct cpu_regs *regs)
{
    uint64_t value = 0;

    /* Before the guest has a #GP handler it can only be crashed: it gets a zero instead, as from Xen. */
    if (!read_msr((uint32_t)regs->rcx, &value) && v->pv.traps[X86_VEC_GP].rip)
        return false;
    regs->rax = (uint32_t)value;
    regs->rdx = value >> 32;
    return true;
}

static bool emulate_wrmsr(const struct cpu_regs *regs)
{
    uint32_t msr = (uint32_t)regs->rcx;
    uint64_t value = regs->rdx << 32 | (uint32_t)regs->rax;

    switch (msr) {
    case X86_MSR_FS_BASE:
    case X86_MSR_GS_BASE:
    case X86_MSR_KERNEL_GS_BASE:
        if (!hv_pv_canonical(value))
            return false;
        hv_wrmsr(msr, value);
        return true;
    case X86_MSR_EFER: /* the guest's wishes are what is set anyway, or not its business */
    case X86_MSR_PAT:
        return value == hv_rdmsr(msr);
    default:
        return false;
    }
}

static bool read_cr(const struct vcpu *v, unsigned n, uint64_t *value)
{
    switch (n) {
    case 0:
        *value = (hv_read_cr0() & ~(uint64_t)X86_CR0_TS) | (v->pv.ts ? X86_CR0_TS : 0);
        return true;
    case 2:
        *value = v->info->arch.cr2;
        return true;
    case 3:
        *value = v->pv.kernel_cr3;
        return true;
    case 4:
        *value = hv_read_cr4() & ~(uint64_t)X86_CR4_PGE;
        return true;
    default:
        return false;
    }
}

static bool write_cr(struct vcpu *v, unsigned n, uint64_t value)
{
    int rc;

    switch (n) {
    case 0: /* only TS may change */
        if ((value ^ hv_read_cr0()) & ~(uint64_t)X86_CR0_TS)
            return false;
        hv_pv_set_ts(v, value & X86_CR0_TS);
        return true;
    case 2:
        v->info->arch.cr2 = value;
        return true;
    case 3:
        hv_spin_lock(&v->domain->pv.mm_lock);
        rc = hv_pv_new_kernel_root(v, value >> 12);
        hv_spin_unlock(&v->domain->pv.mm_lock);
        return rc == 0;
    case 4:
        return ((value ^ hv_read_cr4()) & ~(uint64_t)X86_CR4_PGE) == 0;
    default:
        return false;
    }
}

static bool emulate_mov_cr(struct vcpu *v, struct cpu_regs *regs, struct insn *in)
{
    if (!fetch(regs->rip, in, &in->modrm))
        return false;
    unsigned cr = ((in->modrm >> 3) & 7) | (in->rex & 4) << 1;
    uint64_t *reg = gpr(regs, (in->modrm & 7) | (in->rex & 1) << 3);
    return in->opcode == 0x20 ? read_cr(v, cr, reg) : write_cr(v, cr, *reg);
}

bool hv_pv_emulate(struct vcpu *v, struct cpu_regs *regs)
{
    struct insn in;
    bool done = false;

    if (!decode(regs->rip, &in))
        return false;
    switch (in.opcode) {
    case 0x06: /* CLTS */
        hv_pv_set_ts(v, false);
        done = true;
        break;
    case 0x08: /* INVD would lose other domains' data; WBINVD does what it is there for on coherent memory */
    case 0x09:
        done = in.opcode == 0x09;
        break;
    case 0x20: /* MOV from and to CR */
    case 0x22:
        done = emulate_mov_cr(v, regs, &in);
        break;
    case 0x30:
        done = emulate_wrmsr(regs);
        break;
    case 0x32:
        done = emulate_rdmsr(v, regs);
        break;
    default:
        break;
    }
    if (done)
        regs->rip += in.bytes;
    return done;
}

bool hv_pv_emulate_forced(struct cpu_regs *regs)
{
    static const uint8_t forced_cpuid[] = {0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2};
    uint8_t code[sizeof(forced_cpuid)];

    if (hv_copy_from_guest(code, regs->rip, sizeof(code)))
        return false;
    for (unsigned i = 0; i < sizeof(code); i++)
        if (code[i] != forced_cpuid[i])
            return false;
    struct hv_cpuid leaf = hv_pv_cpuid((uint32_t)regs->rax, (uint32_t)regs->rcx);
    regs->rax = leaf.eax;
    regs->rbx = leaf.ebx;
    regs->rcx = leaf.ecx;
    regs->rdx = leaf.edx;
    regs->rip += sizeof(code);
    return true;
}
