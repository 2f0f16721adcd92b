/* SPDX-License-Identifier: Apache-2.0 */
/* Process entry ("System V ABI, AMD64 Supplement, Process Initialization"): argc and argv lie on the stack. */
    .text
    .globl _start
_start:
    xor %ebp, %ebp
    mov %rsp, %rdi
    and $-16, %rsp
    call bench_start

    .section .note.GNU-stack, "", @progbits
