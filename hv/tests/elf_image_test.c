/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of PV kernels' ELF files on good, bad and damaged files. Damage is every truncation and many random bytes;
 * the file sits at the end of its own allocation, so that the sanitizer build sees a read beyond it.
 * How it could lie: without the sanitizers a short read beyond the end goes unnoticed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "hv/domain/elf_image.c"

struct file {
    struct ehdr h;
    struct phdr p[3];
    struct {
        struct nhdr n;
        char name[4];
        uint64_t value;
    } note[3];
    uint8_t data[64];
};

static struct file good(void)
{
    struct file f = {.h = {.ident = {0x7f, 'E', 'L', 'F', 2, 1, 1}, .type = ET_EXEC, .machine = EM_X86_64}};

    f.h.entry = 0xffffffff80000010;
    f.h.phoff = offsetof(struct file, p);
    f.h.phentsize = sizeof(struct phdr);
    f.h.phnum = 3;
    f.p[0] = (struct phdr){
        .type = PT_LOAD, .offset = offsetof(struct file, data), .paddr = 0x1000, .filesz = 32, .memsz = 100};
    f.p[1] = (struct phdr){.type = PT_NOTE, .offset = offsetof(struct file, note), .filesz = sizeof(f.note)};
    f.p[2] = (struct phdr){
        .type = PT_LOAD, .offset = offsetof(struct file, data) + 32, .paddr = 0x3000, .filesz = 32, .memsz = 0x1001};
    const uint32_t type[] = {XEN_ELFNOTE_VIRT_BASE, XEN_ELFNOTE_ENTRY, XEN_ELFNOTE_HYPERCALL_PAGE};
    const uint64_t value[] = {0xffffffff80000000, 0xffffffff80001000, 0xffffffff80003000};
    for (unsigned i = 0; i < 3; i++) {
        f.note[i].n = (struct nhdr){4, 8, type[i]};
        memcpy(f.note[i].name, "Xen", 4);
        f.note[i].value = value[i];
    }
    return f;
}

/* Parses a copy whose last byte is the allocation's last; and asks for all segments, as the builder does. */
static const char *parse(const struct file *f, size_t bytes, struct hv_elf_image *image)
{
    uint64_t place, file_bytes, mem_bytes, sum = 0;
    const uint8_t *data;
    uint8_t *copy = malloc(bytes ? bytes : 1);

    memcpy(copy, f, bytes);
    const char *why = hv_elf_parse(image, copy, bytes);
    for (unsigned i = 0; !why && hv_elf_segment(image, i, &place, &data, &file_bytes, &mem_bytes); i++)
        for (uint64_t n = 0; n < file_bytes; n++)
            sum += data[n];
    (void)sum;
    free(copy);
    return why;
}

static void test_good(void **state)
{
    struct hv_elf_image e;
    struct file f = good();

    (void)state;
    assert_null(parse(&f, sizeof(f), &e));
    assert_true(e.virt_base == 0xffffffff80000000 && e.entry == 0xffffffff80001000);
    assert_true(e.hypercall_page == 0xffffffff80003000 && e.init_p2m == HV_ELF_NO_ADDRESS);
    assert_int_equal(e.end, 0x4001);
}

/* The same number twice is no contradiction. */
static void test_repeated_note(void **state)
{
    struct hv_elf_image e;
    struct file f = good();

    (void)state;
    f.note[2].n.type = XEN_ELFNOTE_ENTRY;
    f.note[2].value = f.note[1].value;
    assert_null(parse(&f, sizeof(f), &e));
}

static void expect(const struct file *f, const char *why)
{
    struct hv_elf_image e;
    const char *got = parse(f, sizeof(*f), &e);

    assert_non_null(got);
    assert_non_null(strstr(got, why));
}

static void test_bad(void **state)
{
    struct file f;

    (void)state;
    f = good(), f.h.ident[0] = 0, expect(&f, "not a 64-bit");
    f = good(), f.h.ident[4] = 1, expect(&f, "not a 64-bit");
    f = good(), f.h.machine = 3, expect(&f, "not for x86-64");
    f = good(), f.h.type = 3, expect(&f, "not an executable");
    f = good(), f.h.phoff = UINT64_MAX - 8, expect(&f, "program headers");
    f = good(), f.p[1].type = 0, expect(&f, "no Xen notes");
    f = good(), f.note[2].n.type = XEN_ELFNOTE_ENTRY, expect(&f, "contradict");
    f = good(), f.note[0].n.type = f.note[1].n.type = f.note[2].n.type = XEN_ELFNOTE_PHYS32_ENTRY;
    expect(&f, "not a PV kernel");
    f = good(), f.p[0].offset = UINT64_MAX, expect(&f, "outside the file");
    f = good(), f.p[0].filesz = UINT64_MAX, expect(&f, "outside the file");
    f = good(), f.p[0].filesz = f.p[0].memsz + 1, expect(&f, "out");
    f = good(), f.p[0].paddr = UINT64_MAX - 50, expect(&f, "out of range");
    f = good(), f.p[2].paddr = 0x1000, expect(&f, "overlap");
    f = good(), f.p[0].memsz = f.p[2].memsz = 0, expect(&f, "no segment");
}

static void test_damage(void **state)
{
    struct hv_elf_image e;
    struct file f = good();

    (void)state;
    for (size_t n = 0; n < sizeof(f); n++)
        parse(&f, n, &e);
    srand(1);
    for (unsigned i = 0; i < 200000; i++) {
        f = good();
        for (unsigned k = 0; k < 3; k++)
            ((uint8_t *)&f)[(size_t)rand() % sizeof(f)] = (uint8_t)rand();
        parse(&f, sizeof(f), &e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_repeated_note),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
