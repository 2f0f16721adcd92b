/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image: text with constants in one run of 2 MiB pages, data in the next, so that the hypervisor's own footprint in
 * the TLB is two or three entries. Linked at HV_IMAGE_BASE + physical address; loaders go by the physical one.
 */
#include "hv/include/layout.h"

OUTPUT_FORMAT(elf64-x86-64)
ENTRY(hv_start_phys)
PHDRS
{
    text PT_LOAD FLAGS(5);
    data PT_LOAD FLAGS(6);
    note PT_NOTE FLAGS(4);
}
SECTIONS
{
    . = HV_IMAGE_BASE + HV_IMAGE_PHYS;
    hv_image_start = .;
    .text : AT(ADDR(.text) - HV_IMAGE_BASE) {
        *(.text.boot)
        *(.text .text.*)
    } :text
    .rodata : AT(ADDR(.rodata) - HV_IMAGE_BASE) {
        *(.rodata .rodata.* .data.rel.ro .data.rel.ro.*)
        *(.got .got.plt)
        . = ALIGN(8);
        __ex_table_start = .;
        KEEP(*(__ex_table))
        __ex_table_end = .;
        __static_branch_start = .;
        KEEP(*(.static_branch))
        __static_branch_end = .;
    } :text
    .note.pvh : AT(ADDR(.note.pvh) - HV_IMAGE_BASE) { KEEP(*(.note.pvh)) } :text :note
    . = ALIGN(0x200000);
    hv_data_start = .;
    .data : AT(ADDR(.data) - HV_IMAGE_BASE) {
        *(.data.read_mostly)
        . = ALIGN(64); /* what is written all the time takes no line away from what never is */
        *(.data.own_line)
        . = ALIGN(64);
        /* Unpadded, as it always was: what comes next shares its line, and is hardly ever written. Being first, it gives
         * the line its name. */
        *(.data.tlbflush_clock)
        *(.data .data.*)
    } :data
    .bss (NOLOAD) : AT(ADDR(.bss) - HV_IMAGE_BASE) {
        *(.bss.page_aligned)
        . = ALIGN(0x8000);
        *(.bss.stack)
        . = ALIGN(4096);
        __percpu_start = .;
        *(SORT_BY_ALIGNMENT(.bss.percpu.*))
        . = ALIGN(4096);
        __percpu_end = .;
        *(.bss .bss.* COMMON)
    } :data
    . = ALIGN(4096);
    hv_image_end = .;
    hv_start_phys = hv_start - HV_IMAGE_BASE;
    /DISCARD/ : { *(.comment) *(.note.GNU-stack) *(.note.gnu.*) *(.eh_frame*) *(.gnu.*) *(.interp) *(.dynamic) }
}
ASSERT(hv_image_end - hv_image_start < 0x10000000, "the image fits its window")
ASSERT(!(hv_data_start & 0x1fffff), "data begins on a large page")
