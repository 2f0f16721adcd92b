/* SPDX-License-Identifier: Apache-2.0 */
/* See kernel.h. Source: ELF-64 Object File Format. */
#include "sim/study/kernel.h"

#include <elf.h>
#include <string.h>

static gboolean is_inside(guint64 at, guint64 length, gsize bytes)
{
    return at <= bytes && length <= bytes - at;
}

char *kernel_error(const char *data, gsize bytes)
{
    Elf64_Ehdr eh;
    if (bytes < SELFMAG || memcmp(data, ELFMAG, SELFMAG) != 0)
        return g_strdup("not an ELF file; allowed is a 64-bit x86 ELF executable");
    if (bytes < sizeof eh)
        return g_strdup_printf("truncated: %" G_GSIZE_FORMAT " bytes are no ELF header", bytes);
    memcpy(&eh, data, sizeof eh);
    if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_ident[EI_DATA] != ELFDATA2LSB || eh.e_machine != EM_X86_64 ||
        eh.e_type != ET_EXEC)
        return g_strdup("wrong kind of ELF file; allowed is a 64-bit executable (ET_EXEC) for x86-64");
    if (eh.e_phentsize != sizeof(Elf64_Phdr) || !is_inside(eh.e_phoff, eh.e_phnum * sizeof(Elf64_Phdr), bytes))
        return g_strdup_printf("truncated: its program headers are not within its %" G_GSIZE_FORMAT " bytes", bytes);
    for (unsigned i = 0; i < eh.e_phnum; i++) {
        Elf64_Phdr ph;
        memcpy(&ph, data + eh.e_phoff + i * sizeof ph, sizeof ph);
        if (!is_inside(ph.p_offset, ph.p_filesz, bytes))
            return g_strdup_printf("truncated: segment %u is not within its %" G_GSIZE_FORMAT " bytes", i, bytes);
    }
    return NULL;
}
