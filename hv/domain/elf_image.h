/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PV kernel's ELF file, as the domain builder needs it: where it goes, where it starts, and what its Xen notes say.
 * Trusts nothing of the file: every offset and size is checked against its length. Pure, tested on the host.
 *
 * Addresses: a segment at physical address p (p_paddr) belongs at virtual p + virt_base - paddr_offset; the guest's
 * frame number is the distance from virt_base.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HV_ELF_NO_ADDRESS UINT64_MAX

struct hv_elf_image {
    const uint8_t *file;
    size_t bytes;
    uint64_t entry;
    uint64_t virt_base, paddr_offset;
    uint64_t hypercall_page; /* virtual; HV_ELF_NO_ADDRESS: the guest makes its own calls */
    uint64_t init_p2m;       /* virtual; HV_ELF_NO_ADDRESS: behind the kernel */
    bool mod_start_pfn;      /* the initrd need not be mapped */
    bool has_pv_note;
    bool contradicts;    /* two notes of one kind with different numbers */
    uint32_t notes_seen; /* bit n: a number from a note of type n */
    uint64_t end;        /* first byte after the last segment, counted from virt_base */
};

/* hv_elf_parse() - NULL, or what is wrong with the file. */
const char *hv_elf_parse(struct hv_elf_image *image, const void *file, size_t bytes);

/* hv_elf_segment() - the loadable segment number @i: its place (from virt_base), its bytes in the file (the rest, up to
 * *@mem_bytes, is zero). False: no more. After hv_elf_parse() all are inside the file and below image->end. */
bool hv_elf_segment(const struct hv_elf_image *image, unsigned i, uint64_t *place, const uint8_t **data,
                    uint64_t *file_bytes, uint64_t *mem_bytes);
