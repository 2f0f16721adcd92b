/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernels (exec_kernel.h) as machine code made from the tables, and the functions that enter them. All of it is
 * assembly with fixed encodings: no compiler, and no -m option, has a say in what is executed. The host must have what
 * x86-64-v2 has. MXCSR is the caller's again afterwards (its flags aside), and the x87 unit is empty.
 */
#include "cpu/exec_kernel.h"

/* ---- the kernels ---- */
#define BYTES_NP  ""
#define BYTES_66  "0x66,"
#define BYTES_F3  "0xf3,"
#define BYTES_F2  "0xf2,"
#define BYTES_0F  "0x0f,"
#define BYTES_38  "0x0f,0x38,"
#define BYTES_3A  "0x0f,0x3a,"
#define REX_none  ""
#define REX_W     "0x48,"
#define MODRM_any "0xca" /* reg 1, rm 2 */
#define MODRM_reg "0xca"
#define MODRM_2   "0xd1" /* opcode extension, rm 1 */
#define MODRM_3   "0xd9"
#define MODRM_4   "0xe1"
#define MODRM_6   "0xf1"
#define MODRM_7   "0xf9"

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)
#define LABEL(name)                                                                                                    \
    ".balign 8\n.globl " TEXT(name) "\n.hidden " TEXT(name) "\n.type " TEXT(name) ",@function\n" TEXT(name) ":\n"
#define CODE(rex, prefix, map, opcode, which)                                                                          \
    ".byte " BYTES_##prefix REX_##rex BYTES_##map "0x" #opcode "," MODRM_##which
#define ONE(rex, ...) CODE(rex, __VA_ARGS__) "\nret\n"
#define ALL_256(rex, ...)                                                                                              \
    ".set cpu_k_imm,0\n.rept 256\n.balign 8\n" CODE(rex, __VA_ARGS__) ",cpu_k_imm\nret\n"                              \
                                                                      ".set cpu_k_imm,cpu_k_imm+1\n.endr\n"
#define STRIP(...)                    __VA_ARGS__
#define APPLY(macro, ...)             macro(__VA_ARGS__)
#define KERNEL(body, rex, label, key) __asm__(".text\n" LABEL(label) APPLY(body, rex, STRIP key));

#define INSN(name, form, handler, tclass, flags, title)
#define INSN_SIMD_N                                           INSN
#define INSN_SIMD(name, key, handler, tclass, flags, title)   KERNEL(ONE, none, CPU_KERNEL key, key)
#define INSN_SIMD_I(name, key, handler, tclass, flags, title) KERNEL(ALL_256, none, CPU_KERNEL key, key)
#define INSN_SIMD_W(name, key, handler, tclass, flags, title)                                                          \
    KERNEL(ONE, none, CPU_KERNEL key, key) KERNEL(ONE, W, CPU_KERNEL_W key, key)
#define INSN_SIMD_IW(name, key, handler, tclass, flags, title)                                                         \
    KERNEL(ALL_256, none, CPU_KERNEL key, key) KERNEL(ALL_256, W, CPU_KERNEL_W key, key)
#include "cpu/insn.def"

/* All register forms, those that do not exist included: only rows of insn_x87.def lead here. */
__asm__(".text\n" LABEL(
    cpu_k_x87_reg) ".set cpu_k_n,0\n.rept 512\n"
                   ".byte 0xd8+(cpu_k_n>>6),0xc0+(cpu_k_n&63),0xc3,0x90\n.set cpu_k_n,cpu_k_n+1\n.endr\n" LABEL(
                       cpu_k_x87_mem) ".set cpu_k_n,0\n.rept 64\n"
                                      ".byte 0xd8+(cpu_k_n>>3),((cpu_k_n&7)<<3)+2,0xc3,0x90\n.set "
                                      "cpu_k_n,cpu_k_n+1\n.endr\n");

/* ---- the ways in: System V calling convention ---- */
#define FUNCTION(name, text) __asm__(".text\n.balign 16\n" LABEL(name) text ".size " #name ",.-" #name "\n")

/* rdi kernel, rsi a, rdx b */
FUNCTION(cpu_kernel_xmm, "movdqa (%rsi),%xmm1\n"
                         "movdqa (%rdx),%xmm2\n"
                         "call *%rdi\n"
                         "movdqa %xmm1,(%rsi)\n"
                         "ret\n");

/* rdi kernel, rsi a, rdx b, ecx mxcsr; the caller's MXCSR is in the red zone's place, below the return address */
FUNCTION(cpu_kernel_fp, "sub $8,%rsp\n"
                        "stmxcsr (%rsp)\n"
                        "mov %ecx,4(%rsp)\n"
                        "ldmxcsr 4(%rsp)\n"
                        "movdqa (%rsi),%xmm1\n"
                        "movdqa (%rdx),%xmm2\n"
                        "call *%rdi\n"
                        "stmxcsr 4(%rsp)\n"
                        "ldmxcsr (%rsp)\n"
                        "movdqa %xmm1,(%rsi)\n"
                        "mov 4(%rsp),%eax\n"
                        "add $8,%rsp\n"
                        "ret\n");

FUNCTION(cpu_kernel_mmx, "movq (%rsi),%mm1\n"
                         "movq (%rdx),%mm2\n"
                         "call *%rdi\n"
                         "movq %mm1,(%rsi)\n"
                         "emms\n"
                         "ret\n");

/* rdi kernel, rsi registers */
#define ALL_IN                                                                                                         \
    "sub $8,%rsp\n"                                                                                                    \
    "stmxcsr (%rsp)\n"                                                                                                 \
    "ldmxcsr 96(%rsi)\n"                                                                                               \
    "movdqa (%rsi),%xmm0\n"                                                                                            \
    "movdqa 16(%rsi),%xmm1\n"                                                                                          \
    "movdqa 32(%rsi),%xmm2\n"                                                                                          \
    "mov 64(%rsi),%rax\n"                                                                                              \
    "mov 72(%rsi),%rcx\n"                                                                                              \
    "mov 80(%rsi),%rdx\n"
#define ALL_OUT                                                                                                        \
    "pushfq\n"                                                                                                         \
    "pop 88(%rsi)\n"                                                                                                   \
    "stmxcsr 96(%rsi)\n"                                                                                               \
    "ldmxcsr (%rsp)\n"                                                                                                 \
    "movdqa %xmm0,(%rsi)\n"                                                                                            \
    "movdqa %xmm1,16(%rsi)\n"                                                                                          \
    "mov %rax,64(%rsi)\n"                                                                                              \
    "mov %rcx,72(%rsi)\n"                                                                                              \
    "mov %rdx,80(%rsi)\n"                                                                                              \
    "add $8,%rsp\n"                                                                                                    \
    "ret\n"
FUNCTION(cpu_kernel_all, ALL_IN "call *%rdi\n" ALL_OUT);
FUNCTION(cpu_kernel_mixed, "movq 48(%rsi),%mm1\n"
                           "movq 56(%rsi),%mm2\n" ALL_IN "call *%rdi\n"
                           "movq %mm1,48(%rsi)\n"
                           "emms\n" ALL_OUT);

/* rdi kernel, rsi image, rdx memory, rcx flags */
FUNCTION(cpu_kernel_x87, "sub $8,%rsp\n"
                         "stmxcsr (%rsp)\n"
                         "fxrstorq (%rsi)\n"
                         "push %rcx\n"
                         "popfq\n"
                         "call *%rdi\n"
                         "pushfq\n"
                         "pop %rax\n"
                         "fxsaveq (%rsi)\n"
                         "fninit\n"
                         "ldmxcsr (%rsp)\n"
                         "add $8,%rsp\n"
                         "ret\n");

_Static_assert(__builtin_offsetof(struct cpu_kernel_regs, mxcsr) == 96, "as the assembly above has it");
_Static_assert(__builtin_offsetof(struct cpu_kernel_regs, m1) == 48, "as the assembly above has it");
_Static_assert(__builtin_offsetof(struct cpu_kernel_regs, flags) == 88, "as the assembly above has it");
