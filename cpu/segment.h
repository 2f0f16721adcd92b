/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors and segment registers. Includable only from cpu/. Manual: SDM vol. 3A, "Protected-Mode Memory
 * Management". */
#pragma once
#include "cpu/cpu_internal.h"

/* Bits of struct cpu_seg.attr. */
#define SEG_TYPE   0x00fu
#define SEG_A      0x001u /* code, data: accessed */
#define SEG_W      0x002u /* data: writable; code: readable */
#define SEG_C      0x004u /* code: conforming; data: expand down */
#define SEG_CODE   0x008u
#define SEG_S      0x010u /* code or data, not a system descriptor */
#define SEG_P      0x080u
#define SEG_L      0x200u
#define SEG_DB     0x400u
#define SEG_G      0x800u
#define SEG_DPL(a) ((unsigned)(a) >> 5 & 3u)
#define SEL_RPL(s) ((unsigned)(s)&3u)

enum {
    EXC_DB = 1,
    EXC_NMI = 2,
    EXC_BP = 3,
    EXC_OF = 4,
    EXC_UD = 6,
    EXC_NM = 7,
    EXC_DF = 8,
    EXC_TS = 10,
    EXC_NP = 11,
    EXC_SS = 12,
    EXC_GP = 13,
    EXC_PF = 14
};

static inline bool seg_is_null(uint16_t sel)
{
    return (sel & ~3u) == 0;
}
static inline bool cpu_is_protected(const struct cpu *c)
{
    return c->cr0 & CPU_CR0_PE;
}
static inline bool cpu_is_long(const struct cpu *c)
{
    return c->efer & CPU_EFER_LMA;
}
bool cpu_is_canonical(const struct cpu *c, uint64_t la);

struct seg_desc {
    uint64_t low, high; /* high: second half of a 16-byte system descriptor */
    uint64_t la;
};
/* seg_desc_read() - descriptor of @sel from the GDT or LDT; @bytes 8 or 16. Beyond the limit: fault @vec(sel). */
struct cpu_event seg_desc_read(struct cpu *c, uint16_t sel, unsigned bytes, unsigned vec, struct seg_desc *out);
/* seg_desc_find() - the same for LAR, LSL, VERR, VERW: *found instead of a fault for the selector. */
struct cpu_event seg_desc_find(struct cpu *c, uint16_t sel, unsigned bytes, struct seg_desc *out, bool *found);
struct cpu_seg seg_from_desc(const struct seg_desc *d, uint16_t sel);
/* seg_desc_accessed() - set A in the table. Before any commit: it can fault or wait, and repeating it does no harm. */
struct cpu_event seg_desc_accessed(struct cpu *c, const struct seg_desc *d);
struct cpu_seg seg_null(uint16_t sel);
/* Flat segments of SYSCALL, SYSENTER and of 64-bit interrupt entry. */
struct cpu_seg seg_flat_code(uint16_t sel, unsigned dpl, bool is_64);
struct cpu_seg seg_flat_data(uint16_t sel, unsigned dpl);
/* seg_set_real() - what loading a segment register means in real mode. */
void seg_set_real(struct cpu_seg *s, uint16_t sel);
/* seg_check_stack() - SS for privilege @cpl; @vec: #TS or #GP (non-present: #SS). */
struct cpu_event seg_check_stack(struct cpu *c, uint16_t sel, unsigned cpl, unsigned vec, struct cpu_seg *out);
