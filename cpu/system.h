/* SPDX-License-Identifier: Apache-2.0 */
/* What the system instructions share. Includable only from cpu/. */
#pragma once
#include "cpu/exec.h"
#include "cpu/exec_stack.h"
#include "cpu/segment.h"

#define SYS_GP0 CPU_EV_FAULT_ERR(EXC_GP, 0)
#define SYS_UD  CPU_EV_FAULT(EXC_UD)

/* system_reclass() - this one costs as timing class @tc instead of its row's. Call it last: when nothing can fail. */
static inline void system_reclass(struct cpu *c, enum cpu_tclass tc)
{
    c->acc.tclass = (uint8_t)tc;
    c->acc.any = 1;
}

/* cpu/control.c: what a write of a control register or EFER checks and does. @v: the whole new value. */
struct cpu_event control_cr0_write(struct cpu *c, uint64_t v);
struct cpu_event control_cr3_write(struct cpu *c, uint64_t v);
struct cpu_event control_cr4_write(struct cpu *c, uint64_t v);
struct cpu_event control_efer_write(struct cpu *c, uint64_t v);

/* cpu/msr.c: CPU_OK, #GP(0), or CPU_WAIT. */
struct cpu_event msr_read(struct cpu *c, uint32_t msr, uint64_t *v);
struct cpu_event msr_write(struct cpu *c, uint32_t msr, uint64_t v);

/* cpu/cpuid.c: EAX, EBX, ECX, EDX. */
void cpuid_leaf(const struct cpu *c, uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

/* cpu/far.c: control transfers to another code segment. */
struct far_frame { /* what IRET and far RET found on the stack */
    uint64_t rip, cs, flags, sp, ss;
    bool has_stack; /* sp and ss were there although privilege does not change (64-bit IRET) */
};
struct cpu_event far_jump(struct cpu *c, uint16_t sel, uint64_t rip);
/* far_check_code() - may control go to @sel:@rip at the present privilege (JMP, CALL)? */
struct cpu_event far_check_code(struct cpu *c, uint16_t sel, uint64_t rip, struct cpu_seg *cs);
/* far_return() - back to the same or an outer privilege. @pop_more: reads sp and ss when they are needed;
 * @release: bytes of parameters. Flags are the caller's. */
struct cpu_event far_return(struct cpu *c, struct far_frame *f, unsigned size, int64_t above, unsigned release);
