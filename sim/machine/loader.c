/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading a kernel: reading and unpacking the file, the table of loaders, and what they share (loader.h).
 * The order of the table is QEMU's, so that one file means the same there and here: Multiboot, then Linux, then PVH;
 * Multiboot 2 and the boot sector, which QEMU's -kernel does not know, come after. A file may be compressed with gzip,
 * as boot loaders allow.
 */
#include "sim/machine/loader.h"
#include <gio/gio.h>
#include <inttypes.h>
#include <string.h>

enum { PAGE = SIM_PAGE_BYTES, UNPACK_CHUNK = 1 << 16 };

static const struct loader *const loaders[] = {&loader_multiboot, &loader_linux, &loader_pvh, &loader_multiboot2,
                                               &loader_sector};

bool loader_refuse(struct image *im, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_set_error(im->error, MACHINE_ERROR, 0, "%s: %s", im->path, text);
    g_free(text);
    return false;
}

bool loader_has(const struct image *im, uint64_t at, uint64_t bytes)
{
    return at <= im->size && bytes <= im->size - at;
}

uint64_t loader_get(const struct image *im, uint64_t at, unsigned bytes)
{
    uint64_t v = 0;

    if (loader_has(im, at, bytes))
        memcpy(&v, im->data + at, bytes);
    return v;
}

/* ---- segments ---- */
/* RAM that an image or a module may use. */
static bool is_usable(const struct machine *m, uint64_t from, uint64_t bytes)
{
    uint64_t end = m->phys->low_end - BOARD_ACPI_BYTES;
    bool low = from < BOARD_LOW_RESERVED && bytes <= BOARD_LOW_RESERVED - from;

    return low || (from >= 1u << 20 && from < end && bytes <= end - from);
}

bool loader_add_segment(struct image *im, const struct segment *s)
{
    if (s->file_bytes > s->bytes)
        return loader_refuse(im, "segment at %#" PRIx64 ": %" PRIu64 " bytes in the file, %" PRIu64 " in memory", s->pa,
                             s->file_bytes, s->bytes);
    if (!loader_has(im, s->file_at, s->file_bytes))
        return loader_refuse(im, "truncated: segment at %#" PRIx64 " ends at byte %" PRIu64 " of %zu", s->pa,
                             s->file_at + s->file_bytes, im->size);
    if (!is_usable(im->m, s->pa, s->bytes))
        return loader_refuse(im,
                             "segment %#" PRIx64 "+%#" PRIx64
                             " does not fit the memory: allowed are 0..%#llx and 1 MiB..%#" PRIx64
                             " (memory_bytes = %" PRIu64 ")",
                             s->pa, s->bytes, BOARD_LOW_RESERVED, im->m->phys->low_end - (uint64_t)BOARD_ACPI_BYTES,
                             im->m->cfg.memory_bytes);
    for (unsigned i = 0; i < im->n_seg; i++)
        if (s->pa < im->seg[i].pa + im->seg[i].bytes && im->seg[i].pa < s->pa + s->bytes)
            return loader_refuse(im, "segments %#" PRIx64 "+%#" PRIx64 " and %#" PRIx64 "+%#" PRIx64 " overlap",
                                 im->seg[i].pa, im->seg[i].bytes, s->pa, s->bytes);
    if (im->n_seg == LOADER_MAX_SEGMENTS)
        return loader_refuse(im, "more than %d segments", LOADER_MAX_SEGMENTS);
    im->seg[im->n_seg++] = *s;
    return true;
}

bool loader_in_segment(const struct image *im, uint64_t pa)
{
    for (unsigned i = 0; i < im->n_seg; i++)
        if (pa >= im->seg[i].pa && pa - im->seg[i].pa < im->seg[i].bytes)
            return true;
    return false;
}

uint64_t loader_segments_end(const struct image *im)
{
    uint64_t end = 1u << 20;

    for (unsigned i = 0; i < im->n_seg; i++)
        end = MAX(end, im->seg[i].pa + im->seg[i].bytes);
    return end;
}

/* ---- modules ---- */
bool loader_place_modules(struct image *im, uint64_t floor, uint64_t top)
{
    top = MIN(top, im->m->phys->low_end - BOARD_ACPI_BYTES);
    if (im->n_modules > LOADER_MAX_MODULES)
        return loader_refuse(im, "%zu modules; at most %d are allowed", im->n_modules, LOADER_MAX_MODULES);
    for (size_t i = im->n_modules; i-- > 0;) { /* the first is the lowest */
        uint64_t bytes = im->modules[i].bytes;

        if (top < floor || bytes > top - floor)
            return loader_refuse(im,
                                 "module %zu of %" PRIu64 " bytes does not fit: %" PRIu64
                                 " bytes are free above the kernel (memory_bytes = %" PRIu64 ")",
                                 i, bytes, top < floor ? 0 : top - floor, im->m->cfg.memory_bytes);
        top = (top - bytes) & ~(uint64_t)(PAGE - 1);
        if (top < floor)
            return loader_refuse(im, "module %zu of %" PRIu64 " bytes does not fit page-aligned above the kernel", i,
                                 bytes);
        im->module_at[i] = top;
    }
    return true;
}

bool loader_check_strings(struct image *im, size_t fixed_bytes)
{
    size_t total = strlen(im->cmdline) + 1, room = LOADER_ARENA_BYTES - fixed_bytes;

    for (size_t i = 0; i < im->n_modules; i++)
        total += im->modules[i].cmdline ? strlen(im->modules[i].cmdline) + 1 : 0;
    if (total > room)
        return loader_refuse(im, "command lines of %zu bytes; at most %zu are allowed", total, room);
    return true;
}

void loader_copy(struct image *im)
{
    struct machine *m = im->m;

    for (unsigned i = 0; i < im->n_seg; i++) /* the rest of a segment is zero: RAM is, at this point */
        phys_copy_in(m->phys, (hpa_t){im->seg[i].pa}, im->data + im->seg[i].file_at, im->seg[i].file_bytes);
    for (size_t i = 0; i < im->n_modules; i++)
        phys_copy_in(m->phys, (hpa_t){im->module_at[i]}, im->modules[i].data, im->modules[i].bytes);
    symbols_free(m->symbols);
    m->symbols = loader_is_elf(im) ? symbols_new(im->data, im->size) : NULL;
}

/* ---- what the kernel is given ---- */
uint64_t loader_put(struct image *im, const void *data, size_t bytes)
{
    uint64_t at = im->next;

    phys_copy_in(im->m->phys, (hpa_t){at}, data, bytes);
    im->next = (at + bytes + 7) & ~7ull;
    return at;
}

uint64_t loader_put_string(struct image *im, const char *s)
{
    uint64_t at = im->next;

    phys_copy_in(im->m->phys, (hpa_t){at}, s, strlen(s) + 1);
    im->next = at + strlen(s) + 1;
    return at;
}

unsigned loader_map(const struct machine *m, struct loader_map_row rows[LOADER_MAX_MAP])
{
    uint64_t acpi = m->phys->low_end - BOARD_ACPI_BYTES, high = m->phys->high_end;
    const struct loader_map_row all[] = {
        {0, BOARD_LOW_RESERVED, LOADER_MAP_RAM},
        {BOARD_LOW_RESERVED, (1u << 20) - BOARD_LOW_RESERVED, LOADER_MAP_RESERVED},
        {1u << 20, acpi - (1u << 20), LOADER_MAP_RAM},
        {acpi, BOARD_ACPI_BYTES, LOADER_MAP_ACPI},
        {BOARD_IOAPIC, PAGE, LOADER_MAP_RESERVED},
        {BOARD_LAPIC, PAGE, LOADER_MAP_RESERVED},
        {1ull << 32, high - (1ull << 32), LOADER_MAP_RAM},
    };
    unsigned n = high > 1ull << 32 ? G_N_ELEMENTS(all) : G_N_ELEMENTS(all) - 1;

    memcpy(rows, all, n * sizeof(all[0]));
    return n;
}

/* ---- the file ---- */
static bool unpack(struct image *im)
{
    uint64_t limit = im->m->cfg.memory_bytes;
    GInputStream *raw = g_memory_input_stream_new_from_data(im->data, (gssize)im->size, NULL);
    GConverter *gunzip = G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP));
    GInputStream *in = g_converter_input_stream_new(raw, gunzip);
    GByteArray *out = g_byte_array_new();
    uint8_t chunk[UNPACK_CHUNK];
    GError *error = NULL;
    gssize n;

    while ((n = g_input_stream_read(in, chunk, sizeof(chunk), NULL, &error)) > 0 && out->len <= limit)
        g_byte_array_append(out, chunk, (guint)n);
    g_object_unref(in);
    g_object_unref(gunzip);
    g_object_unref(raw);
    g_free(im->data);
    im->size = out->len;
    im->data = g_byte_array_free(out, FALSE);
    if (n < 0)
        loader_refuse(im, "damaged gzip file: %s", error->message);
    g_clear_error(&error);
    if (n > 0)
        return loader_refuse(im, "unpacks to more than the memory of %" PRIu64 " bytes", limit);
    return n == 0;
}

static bool read_file(struct image *im)
{
    GError *error = NULL;
    char *data = NULL;

    if (g_file_get_contents(im->path, &data, &im->size, &error)) {
        im->data = (uint8_t *)data;
        return im->size < 3 || memcmp(im->data, "\x1f\x8b\x08", 3) != 0 || unpack(im);
    }
    loader_refuse(im, "cannot read the kernel image: %s", error->message);
    g_error_free(error);
    return false;
}

static const struct loader *recognise(struct image *im)
{
    for (size_t i = 0; i < G_N_ELEMENTS(loaders); i++)
        if (loaders[i]->recognises(im))
            return loaders[i];
    loader_refuse(im, "no kernel that can be started here; allowed: ELF with a PVH note, Multiboot 1 and 2, Linux "
                      "bzImage, boot sector of 512 bytes; any of them in gzip");
    return NULL;
}

static bool load(struct machine *m, const struct loader *only, const struct machine_boot *boot, GError **error)
{
    struct image im = {.m = m,
                       .path = boot->path,
                       .cmdline = boot->cmdline ? boot->cmdline : "",
                       .modules = boot->modules,
                       .n_modules = boot->n_modules,
                       .next = BOARD_START_INFO,
                       .error = error};
    bool ok = false;

    if (read_file(&im)) {
        const struct loader *l = only ? only : recognise(&im);

        ok = l && l->load(&im);
    }
    if (ok) {
        g_free(m->cmdline);
        m->cmdline = g_strdup(im.cmdline);
        fw_values_build(m);
        machine_refresh(m, 0);
    }
    g_free(im.data);
    return ok;
}

bool machine_load(struct machine *m, const struct machine_boot *boot, GError **error)
{
    return load(m, NULL, boot, error);
}

bool machine_load_pvh(struct machine *m, const char *path, const char *cmdline, const struct machine_module *modules,
                      size_t n_modules, GError **error)
{
    return load(m, &loader_pvh, &(struct machine_boot){path, cmdline, modules, n_modules}, error);
}
