/* SPDX-License-Identifier: Apache-2.0 */
/* The test board: see rig.h. */
#include "cpu/tests/rig.h"
#include <stdlib.h>

/* ---- what the core asks
 * ----------------------------------------------------------------------------------------------- */
static uint32_t io_read(void *opaque, unsigned core, uint16_t port, unsigned bytes, cyc_t now, uint32_t *lat)
{
    (void)opaque, (void)core, (void)bytes, (void)now;
    *lat = 100;
    return port;
}
static void io_write(void *opaque, unsigned core, uint16_t port, unsigned bytes, uint32_t value, cyc_t now,
                     uint32_t *lat)
{
    struct rig *r = opaque;
    (void)bytes, (void)now;
    *lat = 100;
    if (port == 0xe9 && r->n_out < sizeof r->out - 1)
        r->out[r->n_out++] = (char)value;
    if (port == 0xf4) {
        r->ended = true;
        r->exit_code = value;
        cpu_stop_turn(r->core[core]);
    }
}
static uint64_t mmio_read(void *opaque, unsigned core, hpa_t a, unsigned bytes, cyc_t now, uint32_t *lat)
{
    (void)opaque, (void)core, (void)bytes, (void)now;
    *lat = 100;
    return a.v;
}
static void mmio_write(void *opaque, unsigned core, hpa_t a, unsigned bytes, uint64_t value, cyc_t now, uint32_t *lat)
{
    (void)opaque, (void)core, (void)a, (void)bytes, (void)value, (void)now;
    *lat = 100;
}
static void icr_write(void *opaque, unsigned core, uint64_t icr, bool x2apic, cyc_t now)
{
    struct rig *r = opaque;
    uint32_t dest = (uint32_t)(x2apic ? icr >> 32 : icr >> 56), shorthand = icr >> 18 & 3;
    r->ipis++;
    r->last_icr = icr;
    bool broadcast = !(icr >> 11 & 1) && dest == (x2apic ? UINT32_MAX : 0xffu);
    for (unsigned k = 0; k < r->n_cores; k++) {
        bool self = k == core;
        bool hit = shorthand == 0   ? broadcast || cpu_lapic_match(r->core[k], dest, icr >> 11 & 1)
                   : shorthand == 1 ? self
                   : shorthand == 2 ? true
                                    : !self;
        cyc_t when = now + 100;
        if (!hit)
            continue;
        switch (icr >> 8 & 7) {
        case 0:
            cpu_lapic_accept(r->core[k], (uint8_t)icr, false, when);
            break;
        case 4:
            cpu_nmi(r->core[k], when);
            break;
        case 5:
            cpu_init(r->core[k], when);
            break;
        case 6:
            cpu_sipi(r->core[k], (uint8_t)icr, when);
            break;
        }
    }
}
static void eoi(void *opaque, unsigned core, uint8_t vector, cyc_t now)
{
    (void)opaque, (void)core, (void)vector, (void)now;
}
static void timer(void *opaque, unsigned core, cyc_t when)
{
    struct rig *r = opaque;
    r->timer[core] = when;
    r->timer_calls++;
    if (r->core[core])
        cpu_stop_turn(r->core[core]); /* the run limit was computed without it */
}
static uint8_t intack(void *opaque, unsigned core)
{
    (void)opaque, (void)core;
    return 0x28;
}
static void marker(void *opaque, unsigned core, uint32_t code, uint64_t arg, cyc_t now)
{
    (void)opaque, (void)core, (void)code, (void)arg, (void)now;
}
static const struct cpu_ops ops = {io_read, io_write, mmio_read, mmio_write, icr_write, eoi, timer, intack, marker};

static void line_lost(void *opaque, unsigned core, unsigned slot, bool keep_read)
{
    struct rig *r = opaque;
    if (r->core[core])
        cpu_mem_line_lost(r->core[core], slot, keep_read);
}
static void fetch_lost(void *opaque, unsigned core, unsigned slot)
{
    struct rig *r = opaque;
    if (r->core[core])
        cpu_mem_fetch_lost(r->core[core], slot);
}

/* ---- construction
 * -------------------------------------------------------------------------------------------------------- */
static struct cpu_cfg core_cfg(void)
{
    static const uint32_t lat[TC_COUNT] = {
#define TCLASS(sym, name, latency, text) latency,
#include "cpu/timing.def"
#undef TCLASS
    };
    struct cpu_cfg cfg = {.vendor = "GenuineIntel",
                          .isa = (1u << CPU_ISA_COUNT) - 1,
                          .brand = "rig",
                          .family = 6,
                          .model = 15,
                          .stepping = 1,
                          .clock_khz = 2000000,
                          .phys_bits = 40,
                          .virt_bits = 48,
                          .has_x2apic = true,
                          .has_tsc_deadline = true,
                          .has_pcid = true,
                          .has_smep = true,
                          .has_smap = true,
                          .apic_clock_div = 10,
                          .width = 3,
                          .mispredict_cyc = 12,
                          .store_buffer = 20,
                          .walk_cyc = 5,
                          .ipi_cyc = 100,
                          .wake_cyc = 50};
    memcpy(cfg.lat, lat, sizeof lat);
    cfg.tlb = (struct tlb_cfg){
        .l1_small = {{32, 32}, {32, 32}}, .l1_large = {{8, 8}, {8, 8}}, .l2_small = {512, 4}, .l2_latency_cyc = 5};
    return cfg;
}

static struct mem_cfg mem_cfg(unsigned n_cores)
{
    return (struct mem_cfg){.n_cores = n_cores,
                            .l1i = {65536, 2, 3},
                            .l1d = {65536, 2, 3},
                            .l2 = {1048576, 16, 17},
                            .l2_cores = 1,
                            .l3_cores = n_cores,
                            .l2_exclusive = true,
                            .moesi = true,
                            .cores_per_die = 2,
                            .dies_per_socket = 1,
                            .xfer_die_cyc = 110,
                            .xfer_socket_cyc = 150,
                            .xfer_remote_cyc = 200,
                            .probe_cyc = 40,
                            .hop_cyc = 60,
                            .link_busy_cyc = 8,
                            .dram_cyc = 170,
                            .dram_busy_cyc = 12,
                            .dram_channels = 2};
}

static void put_descriptors(struct rig *r)
{
    static const uint64_t gdt[] = {0,
                                   0x00af9b000000ffff, /* 08 code 64, DPL 0 */
                                   0x00cf93000000ffff, /* 10 data */
                                   0x00cffb000000ffff, /* 18 code 32, DPL 3 */
                                   0x00cff3000000ffff, /* 20 data, DPL 3 */
                                   0x00affb000000ffff, /* 28 code 64, DPL 3 */
                                   0x00008b0030000067, /* 30 TSS at 3000 */
                                   0,
                                   0x00cf9b000000ffff}; /* 40 code 32, DPL 0 */
    rig_put(r, RIG_GDT, gdt, sizeof gdt);
    rig_write(r, RIG_TSS + 4, RIG_RSP0);
    rig_write(r, RIG_TSS + 0x24, RIG_IST1);
    rig_write(r, RIG_TSS + 0x66, 0x68);
    for (unsigned v = 0; v < 256; v++) {
        static const uint8_t stop[] = {0xe6, 0xf4, 0xeb, 0xfc};
        rig_put(r, RIG_HANDLER + 16ull * v, stop, sizeof stop);
        rig_gate(r, v, RIG_HANDLER + 16ull * v, 0, 0);
    }
}

struct rig *rig_new_with(unsigned n_cores, void (*tune)(struct cpu_cfg *cfg))
{
    static const struct mem_client_ops client = {line_lost, fetch_lost};
    struct rig *r = calloc(1, sizeof *r);
    struct cpu_cfg cfg = core_cfg();
    struct mem_cfg mem = mem_cfg(n_cores);
    if (tune)
        tune(&cfg);
    r->n_cores = n_cores;
    r->phys = phys_new(64u << 20, 0xc0000000);
    r->mem = mem_new(&mem);
    mem_set_client(r->mem, &client, r);
    r->ledger = ledger_new(n_cores);
    for (unsigned k = 0; k < n_cores; k++) {
        r->timer[k] = CYC_NEVER;
        r->core[k] = cpu_new(&cfg, k, n_cores, r->phys, r->mem, r->ledger, &ops, r);
    }
    for (unsigned k = 0; k < n_cores; k++)
        cpu_peers(r->core[k], r->core, n_cores);
    r->c = r->core[0];
    r->cr3 = 0x200000;
    r->next_table = 0x201000;
    put_descriptors(r);
    for (uint64_t a = 0; a < 0x200000; a += 4096)
        rig_map(r, a, a, RIG_P | RIG_W);
    return r;
}

struct rig *rig_new(unsigned n_cores)
{
    return rig_new_with(n_cores, NULL);
}

void rig_free(struct rig *r)
{
    for (unsigned k = 0; k < r->n_cores; k++)
        cpu_free(r->core[k]);
    ledger_free(r->ledger);
    mem_free(r->mem);
    phys_free(r->phys);
    free(r);
}

/* ---- memory
 * ----------------------------------------------------------------------------------------------------------------- */
void rig_put(struct rig *r, uint64_t at, const void *from, uint64_t n)
{
    assert_true(phys_copy_in(r->phys, (hpa_t){at}, from, n));
}
uint64_t rig_read(struct rig *r, uint64_t at)
{
    uint64_t v;
    assert_true(phys_copy_out(r->phys, &v, (hpa_t){at}, 8));
    return v;
}
void rig_write(struct rig *r, uint64_t at, uint64_t v)
{
    rig_put(r, at, &v, 8);
}

uint64_t rig_pte(struct rig *r, uint64_t la)
{
    uint64_t table = r->cr3;
    for (unsigned shift = 39; shift > 12; shift -= 9) {
        uint64_t at = table + 8 * (la >> shift & 511), e = rig_read(r, at);
        if (!(e & 1)) {
            e = r->next_table | RIG_P | RIG_W | RIG_U;
            r->next_table += 4096;
            rig_write(r, at, e);
        }
        table = e & 0x000ffffffffff000;
    }
    return table + 8 * (la >> 12 & 511);
}
void rig_map(struct rig *r, uint64_t la, uint64_t pa, uint64_t flags)
{
    rig_write(r, rig_pte(r, la), pa | flags);
}
void rig_gate(struct rig *r, unsigned vector, uint64_t rip, unsigned dpl, unsigned ist)
{
    uint64_t low = (rip & 0xffff) | (uint64_t)RIG_CS << 16 | (uint64_t)ist << 32 | 0x8eull << 40 | (uint64_t)dpl << 45 |
                   (rip >> 16 & 0xffff) << 48;
    rig_write(r, RIG_IDT + 16ull * vector, low);
    rig_write(r, RIG_IDT + 16ull * vector + 8, rip >> 32);
}

void rig_long(struct rig *r, struct cpu *c)
{
    cpu_start_flat32(c, &(struct cpu_flat_start){.eip = RIG_CODE});
    c->cr4 = CPU_CR4_PAE | CPU_CR4_PGE;
    c->mmu.cr3 = r->cr3;
    c->efer = CPU_EFER_LME | CPU_EFER_LMA | CPU_EFER_SCE | CPU_EFER_NXE;
    c->cr0 |= CPU_CR0_PG | CPU_CR0_WP;
    c->seg[CPU_SEG_CS] = (struct cpu_seg){0, 0xffffffff, RIG_CS, 0xa9b};
    c->seg[CPU_SEG_SS] = (struct cpu_seg){0, 0xffffffff, RIG_DS, 0xc93};
    c->gdtr = (struct cpu_table){RIG_GDT, 0x47};
    c->idtr = (struct cpu_table){RIG_IDT, 0xfff};
    c->tr = (struct cpu_seg){RIG_TSS, 0x67, RIG_TR, 0x8b};
    c->star = (uint64_t)0x18 << 48 | (uint64_t)RIG_CS << 32;
    c->r[4] = RIG_STACK;
    cpu_mode_changed(c);
}

/* ---- running
 * ---------------------------------------------------------------------------------------------------------------- */
int rig_run(struct rig *r)
{
    struct cpu *c = r->c;
    cyc_t end = cpu_now(c) + 10000000;
    r->ended = false;
    for (;;) {
        cyc_t limit = r->timer[0] < end ? r->timer[0] : end;
        enum cpu_stop s = cpu_run(c, limit, CYC_NEVER);
        if (r->ended)
            return 0;
        if (s == CPU_STOP_SHUTDOWN)
            return 2;
        if (s == CPU_STOP_HALT && r->timer[0] == CYC_NEVER)
            return 1;
        if (s == CPU_STOP_HALT || cpu_now(c) >= r->timer[0]) {
            cyc_t when = r->timer[0];
            r->timer[0] = CYC_NEVER;
            cpu_timer_fired(c, when);
        }
        assert_true(cpu_now(c) < end);
    }
}

int rig_run_all(struct rig *r, cyc_t lookahead)
{
    r->ended = false;
    for (unsigned turns = 0; turns < 10000000 && !r->ended; turns++) {
        struct cpu *first = NULL;
        cyc_t second = CYC_NEVER;
        bool tie_to_us = false;
        for (unsigned k = 0; k < r->n_cores; k++) {
            struct cpu *c = r->core[k];
            if (cpu_is_halted(c))
                continue;
            if (!first || cpu_now(c) < cpu_now(first)) {
                if (first && cpu_now(first) < second)
                    second = cpu_now(first), tie_to_us = false;
                first = c;
            } else if (cpu_now(c) < second) {
                second = cpu_now(c), tie_to_us = true;
            }
        }
        if (!first)
            return 1;
        cyc_t share = second == CYC_NEVER ? second : second + tie_to_us;
        cyc_t limit = second == CYC_NEVER ? cpu_now(first) + 10000 : second + lookahead;
        if (cpu_run(first, limit, share) == CPU_STOP_SHUTDOWN)
            return 2;
    }
    return r->ended ? 0 : 3;
}

void rig_check_ledger(struct rig *r)
{
    for (unsigned k = 0; k < r->n_cores; k++)
        assert_int_equal(ledger_core_total(r->ledger, k), cpu_now(r->core[k]));
}
