/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PVH loader: one good image, then the same image with one thing wrong each time. The images are built here byte by
 * byte, so that loader and test do not share a writer. Could lie about real kernels: pvh_test runs one.
 */
#include <elf.h>
#include <glib/gstdio.h>
#include <string.h>
#include <xen/arch-x86/hvm/start_info.h>
#include "fake_cpu.h"
#include "test_board.h"

enum { CODE_AT = 0x200000, DATA_AT = 0x201000, CODE_BYTES = 0x100, FILE_BYTES = 0x1000 };

struct test_image {
    Elf64_Ehdr eh;
    Elf64_Phdr ph[3];
    struct {
        Elf64_Nhdr nh;
        char name[4];
        uint64_t entry;
    } note;
    uint8_t pad[FILE_BYTES - sizeof(Elf64_Ehdr) - 3 * sizeof(Elf64_Phdr) - 24 - CODE_BYTES];
    uint8_t code[CODE_BYTES];
};
static struct test_image im;
static size_t im_bytes;
static char *path;
static struct machine *m;

static void good_image(void)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT};

    memset(&im, 0, sizeof(im));
    memcpy(im.eh.e_ident, ident, sizeof(ident));
    im.eh.e_type = ET_EXEC;
    im.eh.e_machine = EM_X86_64;
    im.eh.e_version = EV_CURRENT;
    im.eh.e_phoff = offsetof(struct test_image, ph);
    im.eh.e_ehsize = sizeof(Elf64_Ehdr);
    im.eh.e_phentsize = sizeof(Elf64_Phdr);
    im.eh.e_phnum = 3;
    im.ph[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                            .p_offset = offsetof(struct test_image, code),
                            .p_paddr = CODE_AT,
                            .p_vaddr = CODE_AT,
                            .p_filesz = CODE_BYTES,
                            .p_memsz = CODE_BYTES};
    im.ph[1] = (Elf64_Phdr){.p_type = PT_LOAD, .p_paddr = DATA_AT, .p_vaddr = DATA_AT, .p_memsz = 0x800};
    im.ph[2] =
        (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = offsetof(struct test_image, note), .p_filesz = 24, .p_align = 4};
    im.note.nh = (Elf64_Nhdr){4, 8, 18};
    memcpy(im.note.name, "Xen", 4);
    im.note.entry = CODE_AT + 0x10;
    memset(im.code, 0x90, sizeof(im.code));
    im_bytes = sizeof(im);
}

static bool load_with(const char *cmdline, const struct machine_module *modules, size_t n, GError **error)
{
    assert_true(g_file_set_contents(path, (const char *)&im, (gssize)im_bytes, NULL));
    return machine_load_pvh(m, path, cmdline, modules, n, error);
}

static uint64_t peek(uint64_t at, unsigned bytes)
{
    uint64_t v = 0;

    assert_true(phys_copy_out(m->phys, &v, (hpa_t){at}, bytes));
    return v;
}

static void peek_string(uint64_t at, const char *want)
{
    char got[64] = "";

    assert_true(phys_copy_out(m->phys, got, (hpa_t){at}, strlen(want) + 1));
    assert_string_equal(got, want);
}

static void good_image_with_modules(void **state)
{
    const struct machine_module modules[] = {{"first", 5, "one"}, {"second!", 7, NULL}};
    struct hvm_start_info info;
    GError *error = NULL;

    (void)state;
    good_image();
    if (!load_with("tlb-global=off", modules, 2, &error))
        fail_msg("%s", error->message);
    assert_int_equal(m->start.entry, CODE_AT + 0x10);
    assert_true(phys_copy_out(m->phys, &info, (hpa_t){m->start.r[FIRMWARE_BX]}, sizeof(info)));
    assert_int_equal(info.magic, 0x336ec578);
    assert_int_equal(info.version, 1);
    assert_int_equal(info.nr_modules, 2);
    peek_string(info.cmdline_paddr, "tlb-global=off");
    assert_int_equal(peek(info.modlist_paddr + 8, 8), 5);
    peek_string(peek(info.modlist_paddr, 8), "first");
    peek_string(peek(info.modlist_paddr + 16, 8), "one");
    peek_string(peek(info.modlist_paddr + 32, 8), "second!");
    assert_int_equal(peek(info.modlist_paddr + 32 + 16, 8), 0);
    assert_int_equal(peek(info.modlist_paddr, 8) % 4096, 0);
    assert_int_equal(peek(CODE_AT, 2), 0x9090);

    uint64_t ram = 0, last_end = 0;
    for (unsigned i = 0; i < info.memmap_entries; i++) {
        uint64_t from = peek(info.memmap_paddr + 24 * i, 8), bytes = peek(info.memmap_paddr + 24 * i + 8, 8);

        assert_true(from >= last_end);
        last_end = from + bytes;
        ram += peek(info.memmap_paddr + 24 * i + 16, 4) == 1 ? bytes : 0;
    }
    assert_int_equal(ram, (32 << 20) - 0x60000 - 0x10000);
}

static void refused(const char *want)
{
    GError *error = NULL;

    assert_false(load_with("", NULL, 0, &error));
    assert_true(g_str_has_prefix(error->message, path));
    if (!strstr(error->message, want))
        fail_msg("wanted \"%s\" in \"%s\"", want, error->message);
    assert_null(strchr(error->message, '\n'));
    g_error_free(error);
    good_image();
}

static void bad_images(void **state)
{
    (void)state;
    good_image();
    im_bytes = 3;
    refused("not an ELF file");
    im.eh.e_ident[1] = 'X';
    refused("not an ELF file");
    im_bytes = 20;
    refused("truncated");
    im_bytes = sizeof(Elf64_Ehdr) + 10;
    refused("truncated: program headers end at byte 232 of 74");
    im_bytes = sizeof(im) - 1;
    refused("truncated: segment at 0x200000 ends at byte 4096 of 4095");
    im.eh.e_machine = EM_AARCH64;
    refused("wrong machine (ELF class 64, machine 183); allowed: ELF64 for x86-64 (machine 62), ELF32");
    im.eh.e_type = ET_REL;
    refused("ELF type 1 is not an executable");
    im.note.nh.n_type = 17;
    refused("no PVH entry: an ELF note of owner Xen, type 18");
    im.note.entry = 0x5000;
    refused("the PVH entry 0x5000 is in no segment");
    im.ph[2].p_filesz = FILE_BYTES * 2;
    refused("truncated: notes end at byte");
    im.ph[1].p_paddr = CODE_AT + 0x80;
    refused("segments 0x200000+0x100 and 0x200080+0x800 overlap");
    im.ph[1].p_memsz = 64 << 20;
    refused("does not fit the memory");
    im.ph[1].p_paddr = 0xfffffffffffff000u;
    refused("does not fit the memory");
    im.ph[1].p_filesz = 0x900;
    refused("2304 bytes in the file, 2048 in memory");
}

static void bad_modules_and_paths(void **state)
{
    GError *error = NULL;

    (void)state;
    good_image();
    assert_false(load_with("", (const struct machine_module[]){{"", 64 << 20, NULL}}, 1, &error));
    assert_non_null(strstr(error->message, "module 0 of 67108864 bytes does not fit"));
    g_clear_error(&error);
    char *longline = g_strnfill(1 << 16, 'x');
    assert_false(load_with(longline, NULL, 0, &error));
    assert_non_null(strstr(error->message, "command lines of 65537 bytes; at most "));
    g_clear_error(&error);
    g_free(longline);
    g_remove(path);
    assert_false(machine_load_pvh(m, path, "", NULL, 0, &error));
    assert_non_null(strstr(error->message, "No such file"));
    g_clear_error(&error);
}

static uint8_t byte_sum(uint64_t at, uint64_t n)
{
    uint8_t s = 0;

    for (uint64_t i = 0; i < n; i++)
        s = (uint8_t)(s + peek(at + i, 1));
    return s;
}

static uint64_t checked_table(uint64_t at, const char *signature)
{
    char got[5] = "";

    assert_true(phys_copy_out(m->phys, got, (hpa_t){at}, 4));
    assert_string_equal(got, signature);
    assert_int_equal(byte_sum(at, peek(at + 4, 4)), 0);
    return at;
}

static void acpi_tables(void **state)
{
    unsigned cores = 0, ioapics = 0;

    (void)state;
    assert_memory_equal(m->phys->base + 0xf0000, "RSD PTR ", 8);
    assert_int_equal(byte_sum(0xf0000, 20), 0);
    assert_int_equal(byte_sum(0xf0000, 36), 0);
    uint64_t xsdt = checked_table(peek(0xf0000 + 24, 8), "XSDT");
    uint64_t fadt = checked_table(peek(xsdt + 36, 8), "FACP");
    uint64_t madt = checked_table(peek(xsdt + 44, 8), "APIC");
    checked_table(peek(fadt + 40, 4), "DSDT");
    assert_int_equal(peek(fadt + 36, 4) % 64, 0); /* FACS alignment */
    for (uint64_t at = madt + 44; at < madt + peek(madt + 4, 4); at += peek(at + 1, 1)) {
        if (peek(at, 1) == 0)
            assert_int_equal(peek(at + 3, 1), cores++);
        ioapics += peek(at, 1) == 1 && peek(at + 4, 4) == 0xfec00000;
    }
    assert_int_equal(cores, 3);
    assert_int_equal(ioapics, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_image_with_modules),
        cmocka_unit_test(bad_images),
        cmocka_unit_test(bad_modules_and_paths),
        cmocka_unit_test(acpi_tables),
    };
    struct machine_cfg cfg = test_cfg(3);
    char *dir = g_dir_make_tmp("vmscale-loader-XXXXXX", NULL);
    path = g_build_filename(dir, "kernel.elf", NULL);
    fake_reset(1, 0);
    m = machine_new(&cfg);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    machine_free(m);
    g_remove(path);
    g_rmdir(dir);
    g_free(dir);
    g_free(path);
    return failed;
}
