/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUID as the forced emulation prefix shows it. The instruction itself does not trap in a PV guest, so it shows the
 * bare machine; a guest that wants to know what it may use asks this way.
 */
#include "hv/pv/pv.h"

#define LEAF_XEN         0x40000000u
#define XEN_VERSION_4_17 (4u << 16 | 17u)

/* Leaf 1 EDX: VME, DE, PSE, SEP, MTRR, PGE; ECX: MONITOR, VMX, X2APIC, XSAVE family, PCID; plus the hypervisor bit. */
#define LEAF1_EDX_HIDDEN ((1u << 1) | (1u << 2) | (1u << 3) | (1u << 11) | (1u << 12) | (1u << 13))
#define LEAF1_ECX_HIDDEN                                                                                               \
    ((1u << 3) | (1u << 5) | (1u << 17) | (1u << 21) | (1u << 24) | (1u << 26) | (1u << 27) | (1u << 28))
#define LEAF1_ECX_HYPERVISOR (1u << 31)
/* Leaf 7 EBX: FSGSBASE, SMEP, INVPCID, SMAP would let ring 3 do what the ABI does otherwise, or nothing. */
#define LEAF7_EBX_HIDDEN ((1u << 0) | (1u << 7) | (1u << 10) | (1u << 20))

struct hv_cpuid hv_pv_cpuid(uint32_t leaf, uint32_t subleaf)
{
    if (leaf == LEAF_XEN) /* "XenVMMXenVMM" */
        return (struct hv_cpuid){LEAF_XEN + 2, 0x566e6558, 0x65584d4d, 0x4d4d566e};
    if (leaf == LEAF_XEN + 1)
        return (struct hv_cpuid){XEN_VERSION_4_17, 0, 0, 0};
    if (leaf > LEAF_XEN && leaf < LEAF_XEN + 0x100)
        return (struct hv_cpuid){0, 0, 0, 0};
    struct hv_cpuid r = hv_cpuid(leaf, subleaf);
    if (leaf == 1) {
        r.edx &= ~LEAF1_EDX_HIDDEN;
        r.ecx = (r.ecx & ~LEAF1_ECX_HIDDEN) | LEAF1_ECX_HYPERVISOR;
    } else if (leaf == 7 && subleaf == 0) {
        r.ebx &= ~LEAF7_EBX_HIDDEN;
    }
    return r;
}
