/* SPDX-License-Identifier: Apache-2.0 */
/* CPUID: feature bits from cpuid.def and isa.def, identity and sizes from struct cpu_cfg. Leaves that are not here read
 * as zero. */
#include "cpu/system.h"

enum { EAX, EBX, ECX, EDX };

#define EXTENDED_MAX 0x80000008u

static uint32_t basic_max(const struct cpu_cfg *cfg)
{
    return cfg->has_x2apic ? 0xb : cfg->has_pcid || cfg->has_smep || cfg->has_smap ? 7 : 1;
}

static uint32_t chars(const char *s)
{
    uint32_t v;
    memcpy(&v, s, 4);
    return v;
}

/* Family and model beyond their four bits go to the extended fields. */
static uint32_t signature(const struct cpu_cfg *cfg)
{
    uint32_t family = cfg->family < 15 ? cfg->family : 15, more = cfg->family < 15 ? 0 : cfg->family - 15;
    return cfg->stepping | (cfg->model & 15) << 4 | family << 8 | cfg->model >> 4 << 16 | more << 20;
}

static void topology(const struct cpu *c, uint32_t subleaf, uint32_t out[4])
{
    uint32_t bits = 0;
    while (1u << bits < c->n_cores)
        bits++;
    out[ECX] = subleaf & 0xff;
    out[EDX] = c->core;
    if (subleaf == 0) { /* threads: one a core */
        out[EBX] = 1;
        out[ECX] |= 1 << 8;
    } else if (subleaf == 1) {
        out[EAX] = bits;
        out[EBX] = c->n_cores;
        out[ECX] |= 2 << 8;
    }
}

static void features(const struct cpu_cfg *cfg, uint32_t leaf, uint32_t out[4])
{
#define FEATURE(l, reg, bit, condition, name)                                                                          \
    if (leaf == (l) && (condition))                                                                                    \
        out[reg] |= 1u << (bit);
#define HAS(sym)                       (cfg->isa >> CPU_ISA_##sym & 1)
#define ISA(sym, name, reg, bit, text) FEATURE(1, reg, bit, HAS(sym), name)
    const bool amd = cfg->vendor[0] == 'A';
#include "cpu/isa.def"
#include "cpu/cpuid.def"
}

/* AMD repeats the old features in the extended leaf. */
#define AMD_REPEATS 0x0183f3ffu

void cpuid_leaf(const struct cpu *c, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    const struct cpu_cfg *cfg = c->cfg;
    bool amd = cfg->vendor[0] == 'A';
    memset(out, 0, 4 * sizeof out[0]);
    if (leaf > EXTENDED_MAX || (leaf < 0x80000000 && leaf > basic_max(cfg)) || (leaf == 7 && subleaf))
        return;
    features(cfg, leaf, out);
    switch (leaf) {
    case 0:
    case 0x80000000:
        out[EAX] = leaf ? EXTENDED_MAX : basic_max(cfg);
        out[EBX] = chars(cfg->vendor);
        out[EDX] = chars(cfg->vendor + 4);
        out[ECX] = chars(cfg->vendor + 8);
        break;
    case 1:
        out[EAX] = signature(cfg);
        out[EBX] = c->core << 24 | c->n_cores << 16 | (out[EDX] >> 19 & 1) * (SIM_LINE_BYTES / 8) << 8;
        break;
    case 0xb:
        topology(c, subleaf, out);
        break;
    case 0x80000001:
        if (amd) {
            uint32_t old[4] = {0};
            features(cfg, 1, old);
            out[EAX] = signature(cfg);
            out[EDX] |= old[EDX] & AMD_REPEATS & ~(1u << 11);
        }
        break;
    case 0x80000002:
    case 0x80000003:
    case 0x80000004:
        for (unsigned k = 0; k < 4; k++)
            out[k] = chars(cfg->brand + 16 * (leaf - 0x80000002) + 4 * k);
        break;
    case 0x80000008:
        out[EAX] = cfg->phys_bits | cfg->virt_bits << 8;
        out[ECX] = amd ? c->n_cores - 1 : 0;
        break;
    }
}
