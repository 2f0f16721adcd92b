/* SPDX-License-Identifier: Apache-2.0 */
/* See aml.h. */
#include "sim/machine/aml.h"
#include <string.h>
#include "sim/core/fault.h"

enum { OP_NAME = 0x08, OP_BYTE = 0x0a, OP_WORD = 0x0b, OP_DWORD = 0x0c, OP_STRING = 0x0d, OP_QWORD = 0x0e };
enum { OP_SCOPE = 0x10, OP_BUFFER = 0x11, OP_PACKAGE = 0x12, OP_EXT = 0x5b, OP_EXT_DEVICE = 0x82 };
enum { LENGTH_BYTES = 3 }; /* every package length is written in its three-byte form: up to 1 MiB */
enum { RES_IRQ = 0x22, RES_IO = 0x47, RES_END = 0x79, RES_MEMORY32 = 0x86, RES_DWORD = 0x87, RES_WORD = 0x88 };
enum { WINDOW_MEMORY, WINDOW_IO, WINDOW_BUS, FIXED = 0x0c, WHOLE_RANGE = 3, READ_WRITE = 1 };

void aml_put(GByteArray *t, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        uint8_t b = (uint8_t)(v >> 8 * i);

        g_byte_array_append(t, &b, 1);
    }
}

static guint open_length(GByteArray *t)
{
    aml_put(t, 0, LENGTH_BYTES);
    return t->len - LENGTH_BYTES;
}

void aml_close(GByteArray *t, guint opened)
{
    guint n = t->len - opened; /* the length counts its own bytes */

    if (n >= 1u << 20)
        sim_bug("AML package of %u bytes", n);
    t->data[opened] = (uint8_t)(2 << 6 | (n & 15));
    t->data[opened + 1] = (uint8_t)(n >> 4);
    t->data[opened + 2] = (uint8_t)(n >> 12);
}

static void path(GByteArray *t, const char *p)
{
    g_byte_array_append(t, (const uint8_t *)p, (guint)strlen(p));
}

guint aml_open_scope(GByteArray *t, const char *p)
{
    aml_put(t, OP_SCOPE, 1);
    guint opened = open_length(t);
    path(t, p);
    return opened;
}

guint aml_open_device(GByteArray *t, const char *name)
{
    aml_put(t, OP_EXT | OP_EXT_DEVICE << 8, 2);
    guint opened = open_length(t);
    path(t, name);
    return opened;
}

guint aml_open_package(GByteArray *t, const char *name, unsigned n)
{
    aml_put(t, OP_NAME, 1);
    path(t, name);
    aml_put(t, OP_PACKAGE, 1);
    guint opened = open_length(t);
    aml_put(t, n, 1);
    return opened;
}

void aml_integer(GByteArray *t, uint64_t v)
{
    if (v <= 1) {
        aml_put(t, v, 1); /* ZeroOp, OneOp */
        return;
    }
    unsigned bytes = v <= 0xff ? 1 : v <= 0xffff ? 2 : v <= 0xffffffff ? 4 : 8;
    aml_put(t, bytes == 1 ? OP_BYTE : bytes == 2 ? OP_WORD : bytes == 4 ? OP_DWORD : OP_QWORD, 1);
    aml_put(t, v, bytes);
}

void aml_name_integer(GByteArray *t, const char *name, uint64_t v)
{
    aml_put(t, OP_NAME, 1);
    path(t, name);
    aml_integer(t, v);
}

void aml_name_string(GByteArray *t, const char *name, const char *s)
{
    aml_put(t, OP_NAME, 1);
    path(t, name);
    aml_put(t, OP_STRING, 1);
    g_byte_array_append(t, (const uint8_t *)s, (guint)strlen(s) + 1);
}

/* Three letters of five bits, then four hexadecimal digits; the bytes stand in big-endian order. */
void aml_name_eisaid(GByteArray *t, const char *name, const char *id)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < 3; i++)
        v = v << 5 | (uint32_t)(id[i] - '@');
    for (unsigned i = 3; i < 7; i++)
        v = v << 4 | (uint32_t)g_ascii_xdigit_value(id[i]);
    aml_put(t, OP_NAME, 1);
    path(t, name);
    aml_put(t, OP_DWORD, 1);
    aml_put(t, GUINT32_SWAP_LE_BE(v), 4);
}

/* ---- resources ---- */
struct aml_crs aml_crs_open(GByteArray *t)
{
    return (struct aml_crs){t, g_byte_array_new()};
}

void aml_crs_io(struct aml_crs *c, unsigned port, unsigned n)
{
    aml_put(c->resources, RES_IO, 1);
    aml_put(c->resources, 1, 1); /* decodes 16 bits */
    aml_put(c->resources, port, 2);
    aml_put(c->resources, port, 2);
    aml_put(c->resources, 1, 1); /* alignment */
    aml_put(c->resources, n, 1);
}

void aml_crs_irq(struct aml_crs *c, unsigned irq)
{
    aml_put(c->resources, RES_IRQ, 1);
    aml_put(c->resources, 1u << irq, 2);
}

void aml_crs_memory(struct aml_crs *c, uint32_t at, uint32_t bytes)
{
    aml_put(c->resources, RES_MEMORY32, 1);
    aml_put(c->resources, 9, 2);
    aml_put(c->resources, READ_WRITE, 1);
    aml_put(c->resources, at, 4);
    aml_put(c->resources, bytes, 4);
}

static void window(struct aml_crs *c, unsigned kind, unsigned flags, uint32_t first, uint32_t last, unsigned bytes)
{
    aml_put(c->resources, bytes == 4 ? RES_DWORD : RES_WORD, 1);
    aml_put(c->resources, 3 + 5 * bytes, 2);
    aml_put(c->resources, kind, 1);
    aml_put(c->resources, FIXED, 1);
    aml_put(c->resources, flags, 1);
    aml_put(c->resources, 0, bytes); /* granularity */
    aml_put(c->resources, first, bytes);
    aml_put(c->resources, last, bytes);
    aml_put(c->resources, 0, bytes); /* translation */
    aml_put(c->resources, last - first + 1, bytes);
}

void aml_crs_window_bus(struct aml_crs *c, unsigned first, unsigned last)
{
    window(c, WINDOW_BUS, 0, first, last, 2);
}

void aml_crs_window_io(struct aml_crs *c, unsigned first, unsigned last)
{
    window(c, WINDOW_IO, WHOLE_RANGE, first, last, 2);
}

void aml_crs_window_memory(struct aml_crs *c, uint32_t first, uint32_t last)
{
    window(c, WINDOW_MEMORY, READ_WRITE, first, last, 4);
}

void aml_crs_close(struct aml_crs *c)
{
    aml_put(c->resources, RES_END, 2); /* checksum 0: not checked */
    aml_put(c->t, OP_NAME, 1);
    path(c->t, "_CRS");
    aml_put(c->t, OP_BUFFER, 1);
    guint opened = open_length(c->t);
    aml_put(c->t, OP_WORD, 1);
    aml_put(c->t, c->resources->len, 2);
    g_byte_array_append(c->t, c->resources->data, c->resources->len);
    aml_close(c->t, opened);
    g_byte_array_free(c->resources, TRUE);
}
