/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder's own reading of the bytes: prefixes, opcode, what the opcode alone says about sizes, and the rewriting
 * of the prefixes into the one order that Capstone 4.0.2 reads right. Manuals: SDM vol. 2A, "Instruction Format"; APM
 * vol. 3, "Instruction Encoding".
 */
#include "cpu/decode.h"

/* ---- prefixes ---- */

static bool legacy_prefix(struct cpu_bytes *p, uint8_t b)
{
    static const uint8_t seg_byte[6] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    switch (b) {
    case 0x66:
        p->has66 = 1;
        return true;
    case 0x67:
        p->has67 = 1;
        return true;
    case 0xf0:
        p->lock = 1;
        return true;
    case 0xf2:
    case 0xf3:
        p->rep = b;
        return true;
    }
    for (uint8_t s = 0; s < 6; s++)
        if (b == seg_byte[s]) {
            if (p->mode != 8 || s >= CPU_SEG_FS) /* 64-bit code ignores the other four */
                p->seg = s;
            return true;
        }
    return false;
}

/* false: the bytes end before the opcode does. A REX counts only right before the opcode. */
bool cpu_bytes_scan(struct cpu_bytes *p)
{
    unsigned k = 0;
    for (; k < p->avail; k++) {
        uint8_t b = p->b[k];
        if (legacy_prefix(p, b))
            p->rex = 0;
        else if (p->mode == 8 && (b & 0xf0) == 0x40)
            p->rex = b;
        else
            break;
    }
    p->n_prefix = k;
    p->map = 1;
    if (k < p->avail && p->b[k] == 0x0f) {
        p->map = 2;
        k++;
        if (k < p->avail && (p->b[k] == 0x38 || p->b[k] == 0x3a)) {
            p->map = p->b[k] == 0x38 ? 3 : 4;
            k++;
        }
    }
    if (k >= p->avail)
        return false;
    p->op_at = (uint8_t)k;
    p->opcode = p->b[k];
    p->modrm = k + 1 < p->avail ? p->b[k + 1] : 0;
    return true;
}

static bool is_near_branch(const struct cpu_bytes *p)
{
    uint8_t o = p->opcode, ext = p->modrm >> 3 & 7;
    if (p->map == 2)
        return (o & 0xf0) == 0x80;
    return p->map == 1 && ((o & 0xf0) == 0x70 || (o & 0xfc) == 0xe0 || o == 0xe8 || o == 0xe9 || o == 0xeb ||
                           o == 0xc2 || o == 0xc3 || (o == 0xff && (ext == 2 || ext == 4)));
}

static bool is_string(const struct cpu_bytes *p)
{
    uint8_t o = p->opcode;
    return p->map == 1 && ((o & 0xfc) == 0x6c || (o & 0xfc) == 0xa4 || (o >= 0xaa && o <= 0xaf));
}

/* The same instruction with its prefixes in the order that Capstone 4.0.2 reads right. Return: bytes in @out. */
unsigned cpu_bytes_normalise(const struct cpu_bytes *p, uint8_t out[CPU_INSN_MAX + 8])
{
    static const uint8_t seg_byte[6] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    unsigned n = 0;
    bool one_byte = p->map == 1, pause = one_byte && p->opcode == 0x90 && p->rep == 0xf3;
    bool use66 = p->has66 && !(one_byte && (p->rex & 8)) && !(p->mode == 8 && is_near_branch(p)) && !pause;
    bool use_rep = p->rep && (!one_byte || is_string(p) || pause) && !(p->map == 2 && is_near_branch(p));
    uint8_t rex = p->rex;
    if (one_byte && (p->opcode == 0x8c || p->opcode == 0x8e))
        rex &= (uint8_t)~4u; /* REX.R does not extend a segment register */
    if (is_near_branch(p))
        rex &= (uint8_t)~8u; /* changes nothing, but with 67 Capstone takes another immediate size */
    if (pause)
        rex = 0;
    if (p->seg < CPU_SEG_COUNT)
        out[n++] = seg_byte[p->seg];
    if (p->has67)
        out[n++] = 0x67;
    if (use66 && !one_byte)
        out[n++] = 0x66;
    if (use_rep)
        out[n++] = p->rep;
    if (use66 && one_byte)
        out[n++] = 0x66;
    if (rex)
        out[n++] = rex;
    unsigned rest = p->avail - p->n_prefix;
    if (rest > CPU_INSN_MAX - p->n_prefix)
        rest = CPU_INSN_MAX - p->n_prefix;
    memcpy(out + n, p->b + p->n_prefix, rest);
    return n + rest;
}

/* ---- sizes ---- */

/* Is the operand a byte, by the opcode's bit "w"? One bit an opcode of the one-byte map. */
bool cpu_bytes_is_byte(const struct cpu_bytes *p)
{
    static const uint16_t byte_opcodes[16] = {0x1515, 0x1515, 0x1515, 0x1515, 0,      0,      0x5000, 0,
                                              0x0555, 0,      0x5555, 0x00ff, 0x0041, 0x0085, 0x5050, 0x4040};
    uint8_t o = p->opcode;
    if (p->map == 1)
        return byte_opcodes[o >> 4] >> (o & 15) & 1;
    return p->map == 2 && ((o & 0xf0) == 0x90 || o == 0xb0 || o == 0xc0);
}

unsigned cpu_bytes_address_size(const struct cpu_bytes *p)
{
    if (p->mode == 8)
        return p->has67 ? 4 : 8;
    return (p->mode == 2) != p->has67 ? 2 : 4;
}

uint64_t cpu_bytes_at(const struct cpu_bytes *p, unsigned at, unsigned n)
{
    uint64_t v = 0;
    for (unsigned k = 0; k < n && at + k < p->avail; k++)
        v |= (uint64_t)p->b[at + k] << (8 * k);
    return v;
}

/* CALL, JMP and 0F Jcc with a displacement of the operand size. In 16-bit code with 66 Capstone cuts their targets. */
bool cpu_bytes_has_long_rel(const struct cpu_bytes *p)
{
    return p->map == 2 || p->opcode == 0xe8 || p->opcode == 0xe9;
}

/* Length of an instruction with ModRM and no immediate, 0 if the bytes end too early. */
unsigned cpu_bytes_modrm_length(const struct cpu_bytes *p)
{
    unsigned at = p->op_at + 1u, mod, rm, n;
    if (at >= p->avail)
        return 0;
    mod = p->modrm >> 6;
    rm = p->modrm & 7;
    n = at + 1;
    if (mod == 3)
        return n;
    if (cpu_bytes_address_size(p) == 2)
        n += mod == 1 ? 1u : mod == 2 || rm == 6 ? 2u : 0u;
    else {
        bool no_base = mod == 0 && rm == 5;
        if (rm == 4) {
            no_base = mod == 0 && n < p->avail && (p->b[n] & 7) == 5;
            n++;
        }
        n += mod == 1 ? 1u : mod == 2 || no_base ? 4u : 0u;
    }
    return n <= p->avail ? n : 0;
}
