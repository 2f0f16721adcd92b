/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only instructions of the kernel that may fault on an address they were given. Between user_copy_begin and
 * user_copy_end nothing is pushed, so that a fault there can go on at user_copy_fixup, which returns -EFAULT at once.
 */
    .text
    .globl raw_copy, raw_clear, user_copy_begin, user_copy_end, user_copy_fixup

/* int raw_copy(void *dst, const void *src, size_t n) */
raw_copy:
    mov %rdx, %rcx
    shr $3, %rcx
user_copy_begin:
    rep movsq
    mov %edx, %ecx
    and $7, %ecx
    rep movsb
    xor %eax, %eax
    ret

/* int raw_clear(void *dst, size_t n) */
raw_clear:
    mov %rsi, %rcx
    shr $3, %rcx
    xor %eax, %eax
    rep stosq
    mov %esi, %ecx
    and $7, %ecx
    rep stosb
    ret
user_copy_end:

user_copy_fixup:
    mov $-14, %eax
    ret

    .section .note.GNU-stack, "", @progbits
