/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The code of firmware.h, emitted byte by byte into one page at BOARD_FIRMWARE, between the tables that the memory map
 * reserves. Manual: SDM vol. 3A, "Mode Switching" and "Initializing IA-32e Mode"; SDM vol. 2 for the encodings.
 */
#include <string.h>
#include "sim/machine/firmware.h"
#include "sim/machine/machine_internal.h"

enum { CODE_AT = 0x100, GDT_AT = 0x10, GDTR_AT = 0x50, IVTR_AT = 0x58, HANDLERS_AT = 0x60 };
enum { SEL_CODE = 0x10, SEL_DATA = 0x18, SEL_CODE16 = 0x20, SEL_DATA16 = 0x28, GDT_BYTES = 0x30 };
enum { PD_PAGES = 4, ENTRIES = 512, LARGE_PAGE = 0x83, TABLE = 3 };
#define CODE32   0x00cf9b000000ffffull
#define CODE64   0x00af9b000000ffffull
#define DATA     0x00cf93000000ffffull
#define CODE16   0x00009b0f0000ffffull /* base 0xf0000: where this page lies */
#define DATA16   0x000093000000ffffull
#define EFER     0xc0000080u
#define SEGMENT  (BOARD_FIRMWARE & ~0xffffull)
#define OFFSET   (BOARD_FIRMWARE & 0xffffull)
#define LAPIC(r) ((uint32_t)(BOARD_LAPIC + (r)))

struct code {
    uint8_t b[SIM_PAGE_BYTES];
    unsigned at;
};

static void emit(struct code *c, unsigned n, const uint8_t *bytes)
{
    for (unsigned i = 0; i < n; i++)
        c->b[c->at++] = bytes[i];
}
#define EMIT(c, ...) emit(c, sizeof((const uint8_t[]){__VA_ARGS__}), (const uint8_t[]){__VA_ARGS__})

static void put(struct code *c, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        c->b[c->at++] = (uint8_t)(v >> 8 * i);
}

static void put_at(struct code *c, unsigned at, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        c->b[at + i] = (uint8_t)(v >> 8 * i);
}

static void mov_mem32(struct code *c, uint32_t at, uint32_t v)
{
    EMIT(c, 0xc7, 0x05);
    put(c, at, 4);
    put(c, v, 4);
}

static void mov_reg32(struct code *c, unsigned reg, uint32_t v)
{
    EMIT(c, (uint8_t)(0xb8 + reg));
    put(c, v, 4);
}

/* MOV AX, sel; MOV DS, ES, SS, FS, GS, AX */
static void mov_segments(struct code *c, uint16_t sel, bool is_16)
{
    if (!is_16)
        EMIT(c, 0x66);
    EMIT(c, 0xb8);
    put(c, sel, 2);
    EMIT(c, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0x8e, 0xe0, 0x8e, 0xe8);
}

static void far_jump32(struct code *c, uint16_t sel, uint64_t to)
{
    EMIT(c, 0xea);
    put(c, to, 4);
    put(c, sel, 2);
}

/* Where the next instruction will be, as the code sees it. */
static uint64_t here(const struct code *c)
{
    return BOARD_FIRMWARE + c->at;
}

static void start_flat32(struct code *c, const struct firmware_start *s)
{
    mov_segments(c, SEL_DATA, false);
    for (unsigned k = 0; k < 8; k++)
        mov_reg32(c, k, s->r[k]);
    far_jump32(c, SEL_CODE, s->entry);
}

static void identity_map(struct machine *m)
{
    uint64_t table[ENTRIES] = {(BOARD_PAGE_TABLES + SIM_PAGE_BYTES) | TABLE};

    phys_copy_in(m->phys, (hpa_t){BOARD_PAGE_TABLES}, table, sizeof(table));
    for (unsigned k = 0; k < ENTRIES; k++)
        table[k] = k < PD_PAGES ? (BOARD_PAGE_TABLES + (2 + k) * SIM_PAGE_BYTES) | TABLE : 0;
    phys_copy_in(m->phys, (hpa_t){BOARD_PAGE_TABLES + SIM_PAGE_BYTES}, table, sizeof(table));
    for (uint64_t pd = 0; pd < PD_PAGES; pd++) {
        for (uint64_t k = 0; k < ENTRIES; k++)
            table[k] = pd << 30 | k << 21 | LARGE_PAGE;
        phys_copy_in(m->phys, (hpa_t){BOARD_PAGE_TABLES + (2 + pd) * SIM_PAGE_BYTES}, table, sizeof(table));
    }
}

static void start_long64(struct code *c, const struct firmware_start *s)
{
    EMIT(c, 0x0f, 0x20, 0xe0, 0x83, 0xc8, 0x20, 0x0f, 0x22, 0xe0); /* CR4.PAE */
    mov_reg32(c, FIRMWARE_AX, (uint32_t)BOARD_PAGE_TABLES);
    EMIT(c, 0x0f, 0x22, 0xd8); /* CR3 */
    mov_reg32(c, FIRMWARE_CX, EFER);
    EMIT(c, 0x0f, 0x32, 0x80, 0xcc, 0x01, 0x0f, 0x30);                /* EFER.LME */
    EMIT(c, 0x0f, 0x20, 0xc0, 0x0d, 0, 0, 0, 0x80, 0x0f, 0x22, 0xc0); /* CR0.PG */
    far_jump32(c, SEL_CODE, here(c) + 7);
    mov_segments(c, SEL_DATA, false);
    for (unsigned k = FIRMWARE_CX; k < 8; k++)
        mov_reg32(c, k, s->r[k]);
    EMIT(c, 0x48, 0xb8); /* MOV RAX, entry; JMP RAX */
    put(c, s->entry, 8);
    EMIT(c, 0xff, 0xe0);
}

static void start_real16(struct code *c, const struct firmware_start *s)
{
    EMIT(c, 0x0f, 0x01, 0x1d); /* LIDT */
    put(c, BOARD_FIRMWARE + IVTR_AT, 4);
    far_jump32(c, SEL_CODE16, here(c) + 7 - SEGMENT);
    mov_segments(c, SEL_DATA16, true);
    EMIT(c, 0x0f, 0x20, 0xc0, 0x24, 0xfe, 0x0f, 0x22, 0xc0, 0xea); /* CR0.PE off, far jump */
    put(c, OFFSET + c->at + 4, 2);
    put(c, SEGMENT >> 4, 2);
    mov_segments(c, 0, true);
    EMIT(c, 0xbc);
    put(c, s->entry, 2);             /* MOV SP */
    EMIT(c, 0xb2, 0x80, 0xfb, 0xea); /* MOV DL, 0x80; STI; far jump */
    put(c, s->entry, 4);
}

static void interrupt_vectors(struct machine *m, struct code *c)
{
    static const uint8_t handlers[] = {/* nothing */ 0xcf,
                                       /* unsupported: sets CF in the saved flags */ 0x55,
                                       0x89,
                                       0xe5,
                                       0x80,
                                       0x4e,
                                       0x06,
                                       0x01,
                                       0x5d,
                                       0xcf,
                                       /* EOI to both PICs, EOI to the master */ 0x50,
                                       0xb0,
                                       0x20,
                                       0xe6,
                                       0xa0,
                                       0xeb,
                                       0x03,
                                       0x50,
                                       0xb0,
                                       0x20,
                                       0xe6,
                                       0x20,
                                       0x58,
                                       0xcf};
    enum { NOTHING = 0, UNSUPPORTED = 1, EOI_BOTH = 10, EOI_MASTER = 17 };
    uint32_t vector[256];

    memcpy(c->b + HANDLERS_AT, handlers, sizeof(handlers));
    for (unsigned k = 0; k < G_N_ELEMENTS(vector); k++) {
        uint32_t handler = k < 8 ? NOTHING : k < 16 ? EOI_MASTER : k >> 3 == 0x70 >> 3 ? EOI_BOTH : UNSUPPORTED;

        vector[k] = (uint32_t)(SEGMENT >> 4 << 16 | (OFFSET + HANDLERS_AT + handler));
    }
    phys_copy_in(m->phys, (hpa_t){0}, vector, sizeof(vector));
}

/* What kernels look up in the BIOS data area: the first serial port, no extended area, KiB of low memory. */
static void bios_data(struct machine *m)
{
    const uint16_t com1 = 0x3f8, low_kib = BOARD_LOW_RESERVED >> 10;

    phys_copy_in(m->phys, (hpa_t){0x400}, &com1, sizeof(com1));
    phys_copy_in(m->phys, (hpa_t){0x413}, &low_kib, sizeof(low_kib));
}

static void tables(struct code *c, bool is_64)
{
    const uint64_t gdt[] = {[SEL_CODE / 8] = is_64 ? CODE64 : CODE32,
                            [SEL_DATA / 8] = DATA,
                            [SEL_CODE16 / 8] = CODE16,
                            [SEL_DATA16 / 8] = DATA16};

    for (unsigned k = 0; k < G_N_ELEMENTS(gdt); k++)
        put_at(c, GDT_AT + 8 * k, gdt[k], 8);
    put_at(c, GDTR_AT, GDT_BYTES - 1, 2);
    put_at(c, GDTR_AT + 2, BOARD_FIRMWARE + GDT_AT, 4);
    put_at(c, IVTR_AT, 0x3ff, 2);
}

void firmware_start(struct machine *m, const struct firmware_start *s)
{
    static void (*const rest[])(struct code * c, const struct firmware_start *s) = {
        [FIRMWARE_FLAT32] = start_flat32, [FIRMWARE_LONG64] = start_long64, [FIRMWARE_REAL16] = start_real16};
    struct code c = {.at = CODE_AT};

    m->start = *s;
    bios_data(m);
    tables(&c, s->kind == FIRMWARE_LONG64);
    EMIT(&c, 0xfa);                     /* CLI */
    mov_mem32(&c, LAPIC(0xf0), 0x1ff);  /* enabled, spurious vector 0xff */
    mov_mem32(&c, LAPIC(0x350), 0x700); /* LINT0: ExtINT */
    mov_mem32(&c, LAPIC(0x360), 0x400); /* LINT1: NMI */
    EMIT(&c, 0x0f, 0x01, 0x15);         /* LGDT */
    put(&c, BOARD_FIRMWARE + GDTR_AT, 4);
    rest[s->kind](&c, s);
    if (s->kind == FIRMWARE_LONG64)
        identity_map(m);
    interrupt_vectors(m, &c);
    phys_copy_in(m->phys, (hpa_t){BOARD_FIRMWARE}, c.b, sizeof(c.b));
    cpu_start_flat32(m->core[0], &(struct cpu_flat_start){.eip = (uint32_t)(BOARD_FIRMWARE + CODE_AT)});
}
