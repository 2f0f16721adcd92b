/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PVH boot: a 64-bit ELF whose note XEN_ELFNOTE_PHYS32_ENTRY names a 32-bit entry point. Everything is checked before
 * anything is written, so a refused image leaves the machine as it was. Errors are one line and say what is allowed.
 *
 * Layout: segments at their physical addresses; modules page-aligned, downwards from the ACPI range at the top of low
 * RAM; start_info, memory map, module list and strings in the 64 KiB at BOARD_START_INFO, which the memory map
 * reserves. Source: Xen's public headers elfnote.h and arch-x86/hvm/start_info.h; ELF-64 object file format.
 */
#include <gelf.h>
#include <inttypes.h>
#include <string.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/elfnote.h>
#include "sim/machine/machine_internal.h"

enum { MAX_SEGMENTS = 64, MAX_MODULES = 32, MAX_MEMMAP = 8, PAGE = SIM_PAGE_BYTES };
enum { MEMMAP_AT = 0x100, MODLIST_AT = 0x400, STRINGS_AT = 0x1000, INFO_BYTES = 0x10000 };

struct segment {
    uint64_t pa, file_at, file_bytes, bytes;
};
struct image {
    struct machine *m;
    const char *path;
    char *data;
    size_t size;
    Elf *elf;
    struct segment seg[MAX_SEGMENTS];
    unsigned n_seg;
    uint64_t entry;
    bool has_entry;
    GError **error;
};

static bool __attribute__((format(printf, 2, 3))) refuse(struct image *im, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_set_error(im->error, MACHINE_ERROR, 0, "%s: %s", im->path, text);
    g_free(text);
    return false;
}

static bool read_file(struct image *im)
{
    GError *error = NULL;

    if (g_file_get_contents(im->path, &im->data, &im->size, &error))
        return true;
    refuse(im, "cannot read the kernel image: %s", error->message);
    g_error_free(error);
    return false;
}

static bool check_header(struct image *im)
{
    GElf_Ehdr eh;

    elf_version(EV_CURRENT);
    if (im->size < SELFMAG || memcmp(im->data, ELFMAG, SELFMAG) != 0)
        return refuse(im, "not an ELF file; a kernel is a 64-bit x86 ELF executable with a PVH note");
    im->elf = elf_memory(im->data, im->size);
    if (!im->elf || !gelf_getehdr(im->elf, &eh))
        return refuse(im, "truncated ELF header (%zu bytes)", im->size);
    if (gelf_getclass(im->elf) != ELFCLASS64 || eh.e_machine != EM_X86_64)
        return refuse(im, "wrong machine (ELF class %d, machine %u); allowed: ELF64 for x86-64 (machine %d)",
                      gelf_getclass(im->elf) == ELFCLASS64 ? 64 : 32, eh.e_machine, EM_X86_64);
    if (eh.e_type != ET_EXEC && eh.e_type != ET_DYN)
        return refuse(im, "ELF type %u is not an executable", eh.e_type);
    if (eh.e_phoff > im->size || (uint64_t)eh.e_phnum * eh.e_phentsize > im->size - eh.e_phoff)
        return refuse(im, "truncated: program headers end at byte %" PRIu64 " of %zu",
                      eh.e_phoff + (uint64_t)eh.e_phnum * eh.e_phentsize, im->size);
    return true;
}

/* RAM that an image or a module may use. */
static bool is_usable(const struct machine *m, uint64_t from, uint64_t bytes)
{
    uint64_t end = m->phys->low_end - BOARD_ACPI_BYTES;
    bool low = from < BOARD_LOW_RESERVED && bytes <= BOARD_LOW_RESERVED - from;

    return low || (from >= 1u << 20 && from < end && bytes <= end - from);
}

static bool add_segment(struct image *im, const GElf_Phdr *ph)
{
    struct segment s = {ph->p_paddr, ph->p_offset, ph->p_filesz, ph->p_memsz};

    if (s.file_bytes > s.bytes)
        return refuse(im, "segment at %#" PRIx64 ": %" PRIu64 " bytes in the file, %" PRIu64 " in memory", s.pa,
                      s.file_bytes, s.bytes);
    if (s.file_at > im->size || s.file_bytes > im->size - s.file_at)
        return refuse(im, "truncated: segment at %#" PRIx64 " ends at byte %" PRIu64 " of %zu", s.pa,
                      s.file_at + s.file_bytes, im->size);
    if (!is_usable(im->m, s.pa, s.bytes))
        return refuse(im,
                      "segment %#" PRIx64 "+%#" PRIx64
                      " does not fit the memory: allowed are 0..%#llx and 1 MiB..%#" PRIx64 " (memory_bytes = %" PRIu64
                      ")",
                      s.pa, s.bytes, BOARD_LOW_RESERVED, im->m->phys->low_end - (uint64_t)BOARD_ACPI_BYTES,
                      im->m->cfg.memory_bytes);
    for (unsigned i = 0; i < im->n_seg; i++)
        if (s.pa < im->seg[i].pa + im->seg[i].bytes && im->seg[i].pa < s.pa + s.bytes)
            return refuse(im, "segments %#" PRIx64 "+%#" PRIx64 " and %#" PRIx64 "+%#" PRIx64 " overlap", im->seg[i].pa,
                          im->seg[i].bytes, s.pa, s.bytes);
    if (im->n_seg == MAX_SEGMENTS)
        return refuse(im, "more than %d segments", MAX_SEGMENTS);
    im->seg[im->n_seg++] = s;
    return true;
}

static bool read_notes(struct image *im, const GElf_Phdr *ph)
{
    if (ph->p_offset > im->size || ph->p_filesz > im->size - ph->p_offset)
        return refuse(im, "truncated: notes end at byte %" PRIu64 " of %zu", ph->p_offset + ph->p_filesz, im->size);
    Elf_Data *d =
        elf_getdata_rawchunk(im->elf, (int64_t)ph->p_offset, ph->p_filesz, ph->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
    GElf_Nhdr note;
    size_t name, desc;

    for (size_t at = 0; d && (at = gelf_getnote(d, at, &note, &name, &desc)) > 0;) {
        const char *bytes = d->d_buf;

        if (note.n_type != XEN_ELFNOTE_PHYS32_ENTRY || note.n_namesz != 4 || memcmp(bytes + name, "Xen", 4) != 0)
            continue;
        if (note.n_descsz != 4 && note.n_descsz != 8)
            return refuse(im, "the PVH note holds %u bytes; allowed: 4 or 8", note.n_descsz);
        im->entry = 0;
        memcpy(&im->entry, bytes + desc, note.n_descsz);
        im->has_entry = true;
    }
    return true;
}

static bool read_headers(struct image *im)
{
    size_t n = 0;

    elf_getphdrnum(im->elf, &n);
    for (size_t i = 0; i < n; i++) {
        GElf_Phdr ph;

        if (!gelf_getphdr(im->elf, (int)i, &ph))
            return refuse(im, "truncated: program header %zu of %zu", i, n);
        if (ph.p_type == PT_LOAD && ph.p_memsz && !add_segment(im, &ph))
            return false;
        if (ph.p_type == PT_NOTE && !read_notes(im, &ph))
            return false;
    }
    if (!im->has_entry)
        return refuse(im, "no PVH entry: an ELF note of owner Xen, type %d (XEN_ELFNOTE_PHYS32_ENTRY) is needed",
                      XEN_ELFNOTE_PHYS32_ENTRY);
    for (unsigned i = 0; i < im->n_seg; i++)
        if (im->entry >= im->seg[i].pa && im->entry - im->seg[i].pa < im->seg[i].bytes)
            return true;
    return refuse(im, "the PVH entry %#" PRIx64 " is in no segment", im->entry);
}

/* ---- modules: addresses first, then all checks, then copies ---- */
static bool place_modules(struct image *im, const struct machine_module *modules, size_t n, uint64_t *at)
{
    uint64_t top = im->m->phys->low_end - BOARD_ACPI_BYTES, floor = 1u << 20;

    if (n > MAX_MODULES)
        return refuse(im, "%zu modules; at most %d are allowed", n, MAX_MODULES);
    for (unsigned i = 0; i < im->n_seg; i++)
        if (im->seg[i].pa + im->seg[i].bytes > floor)
            floor = im->seg[i].pa + im->seg[i].bytes;
    for (size_t i = 0; i < n; i++) {
        if (top < floor || modules[i].bytes > top - floor)
            return refuse(im,
                          "module %zu of %zu bytes does not fit: %" PRIu64 " bytes are free above the kernel "
                          "(memory_bytes = %" PRIu64 ")",
                          i, modules[i].bytes, top < floor ? 0 : top - floor, im->m->cfg.memory_bytes);
        top = (top - modules[i].bytes) & ~(uint64_t)(PAGE - 1);
        if (top < floor)
            return refuse(im, "module %zu of %zu bytes does not fit page-aligned above the kernel", i,
                          modules[i].bytes);
        at[i] = top;
    }
    return true;
}

static bool check_strings(struct image *im, const char *cmdline, const struct machine_module *modules, size_t n)
{
    size_t total = strlen(cmdline) + 1;

    for (size_t i = 0; i < n; i++)
        total += modules[i].cmdline ? strlen(modules[i].cmdline) + 1 : 0;
    if (total > INFO_BYTES - STRINGS_AT)
        return refuse(im, "command lines of %zu bytes; at most %d are allowed", total, INFO_BYTES - STRINGS_AT);
    return true;
}

static unsigned memory_map(const struct machine *m, struct hvm_memmap_table_entry *e)
{
    uint64_t acpi = m->phys->low_end - BOARD_ACPI_BYTES, high = m->phys->high_end;
    const struct hvm_memmap_table_entry rows[] = {
        {0, BOARD_LOW_RESERVED, XEN_HVM_MEMMAP_TYPE_RAM, 0},
        {BOARD_LOW_RESERVED, (1u << 20) - BOARD_LOW_RESERVED, XEN_HVM_MEMMAP_TYPE_RESERVED, 0},
        {1u << 20, acpi - (1u << 20), XEN_HVM_MEMMAP_TYPE_RAM, 0},
        {acpi, BOARD_ACPI_BYTES, XEN_HVM_MEMMAP_TYPE_ACPI, 0},
        {BOARD_IOAPIC, PAGE, XEN_HVM_MEMMAP_TYPE_RESERVED, 0},
        {BOARD_LAPIC, PAGE, XEN_HVM_MEMMAP_TYPE_RESERVED, 0},
        {1ull << 32, high - (1ull << 32), XEN_HVM_MEMMAP_TYPE_RAM, 0},
    };
    unsigned n = high > 1ull << 32 ? G_N_ELEMENTS(rows) : G_N_ELEMENTS(rows) - 1;

    memcpy(e, rows, n * sizeof(*e));
    return n;
}

static uint64_t put_string(struct machine *m, uint64_t *next, const char *s)
{
    uint64_t at = *next;

    phys_copy_in(m->phys, (hpa_t){at}, s, strlen(s) + 1);
    *next += strlen(s) + 1;
    return at;
}

static void write_start_info(struct machine *m, const char *cmdline, const struct machine_module *modules, size_t n,
                             const uint64_t *at)
{
    struct hvm_memmap_table_entry map[MAX_MEMMAP];
    struct hvm_modlist_entry list[MAX_MODULES] = {{0}};
    uint64_t strings = BOARD_START_INFO + STRINGS_AT;
    unsigned n_map = memory_map(m, map);
    struct hvm_start_info info = {
        .magic = XEN_HVM_START_MAGIC_VALUE,
        .version = 1,
        .nr_modules = (uint32_t)n,
        .modlist_paddr = n ? BOARD_START_INFO + MODLIST_AT : 0,
        .cmdline_paddr = put_string(m, &strings, cmdline),
        .rsdp_paddr = BOARD_RSDP,
        .memmap_paddr = BOARD_START_INFO + MEMMAP_AT,
        .memmap_entries = n_map,
    };

    for (size_t i = 0; i < n; i++) {
        list[i].paddr = at[i];
        list[i].size = modules[i].bytes;
        list[i].cmdline_paddr = modules[i].cmdline ? put_string(m, &strings, modules[i].cmdline) : 0;
    }
    phys_copy_in(m->phys, (hpa_t){BOARD_START_INFO}, &info, sizeof(info));
    phys_copy_in(m->phys, (hpa_t){BOARD_START_INFO + MEMMAP_AT}, map, n_map * sizeof(map[0]));
    phys_copy_in(m->phys, (hpa_t){BOARD_START_INFO + MODLIST_AT}, list, n * sizeof(list[0]));
}

static void load(struct image *im, const char *cmdline, const struct machine_module *modules, size_t n,
                 const uint64_t *at)
{
    struct machine *m = im->m;

    for (unsigned i = 0; i < im->n_seg; i++) /* the rest of a segment is zero: RAM is, at this point */
        phys_copy_in(m->phys, (hpa_t){im->seg[i].pa}, im->data + im->seg[i].file_at, im->seg[i].file_bytes);
    for (size_t i = 0; i < n; i++)
        phys_copy_in(m->phys, (hpa_t){at[i]}, modules[i].data, modules[i].bytes);
    write_start_info(m, cmdline, modules, n, at);
    symbols_free(m->symbols);
    m->symbols = symbols_new(im->data, im->size);
    cpu_start_flat32(m->core[0], &(struct cpu_flat_start){.eip = (uint32_t)im->entry, .ebx = BOARD_START_INFO});
    machine_refresh(m, 0);
}

bool machine_load_pvh(struct machine *m, const char *path, const char *cmdline, const struct machine_module *modules,
                      size_t n_modules, GError **error)
{
    struct image im = {.m = m, .path = path, .error = error};
    uint64_t at[MAX_MODULES];

    cmdline = cmdline ? cmdline : "";
    bool ok = read_file(&im) && check_header(&im) && read_headers(&im) && place_modules(&im, modules, n_modules, at) &&
              check_strings(&im, cmdline, modules, n_modules);
    if (ok)
        load(&im, cmdline, modules, n_modules, at);
    elf_end(im.elf);
    g_free(im.data);
    return ok;
}
