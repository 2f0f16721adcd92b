/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest kernels that are refused before a run. Each bad file is the good one with one thing changed, so another reason
 * would show in the text. Could lie: the list is ours; tools may make other files that are wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <elf.h>
#include <string.h>
#include "sim/study/kernel.h"

struct file {
    Elf64_Ehdr eh;
    Elf64_Phdr ph[2];
    char code[16];
};

static struct file good(void)
{
    struct file f = {.eh = {.e_type = ET_EXEC,
                            .e_machine = EM_X86_64,
                            .e_phoff = offsetof(struct file, ph),
                            .e_phnum = 2,
                            .e_phentsize = sizeof(Elf64_Phdr)}};
    memcpy(f.eh.e_ident, ELFMAG, SELFMAG);
    f.eh.e_ident[EI_CLASS] = ELFCLASS64;
    f.eh.e_ident[EI_DATA] = ELFDATA2LSB;
    f.ph[1] = (Elf64_Phdr){.p_type = PT_LOAD, .p_offset = offsetof(struct file, code), .p_filesz = sizeof f.code};
    return f;
}

static void expect(const struct file *f, gsize bytes, const char *part)
{
    char *wrong = kernel_error((const char *)f, bytes);
    if (!part)
        assert_null(wrong);
    else if (!wrong || !strstr(wrong, part))
        fail_msg("'%s' lacks '%s'", wrong ? wrong : "(accepted)", part);
    g_free(wrong);
}

static void test_kernels(void **state)
{
    (void)state;
    struct file f = good();
    expect(&f, sizeof f, NULL);
    expect(&f, 0, "not an ELF file");
    expect(&f, 3, "not an ELF file");
    expect(&f, sizeof f.eh - 1, "no ELF header");
    expect(&f, sizeof f.eh, "program headers");
    expect(&f, offsetof(struct file, code), "segment 1");
    expect(&f, sizeof f - 1, "segment 1");
    f.eh.e_ident[0] = 'x';
    expect(&f, sizeof f, "not an ELF file");
    f = good(), f.eh.e_ident[EI_CLASS] = ELFCLASS32;
    expect(&f, sizeof f, "64-bit");
    f = good(), f.eh.e_machine = EM_AARCH64;
    expect(&f, sizeof f, "x86-64");
    f = good(), f.eh.e_type = ET_DYN;
    expect(&f, sizeof f, "ET_EXEC");
    f = good(), f.eh.e_phoff = UINT64_MAX;
    expect(&f, sizeof f, "program headers");
    f = good(), f.ph[1].p_offset = UINT64_MAX;
    expect(&f, sizeof f, "segment 1");
    f = good(), f.ph[0].p_filesz = UINT64_MAX;
    expect(&f, sizeof f, "segment 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kernels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
