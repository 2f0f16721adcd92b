/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Branches decided once at boot: the historical alternatives are choices of one image, and the choice not taken costs a
 * five-byte NOP. hv_static_branch(&key) compiles to that NOP; hv_static_key_set(&key, true) turns every such NOP into a
 * jump. Only while a single CPU runs.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct hv_static_key {
    bool enabled;
};
#define HV_STATIC_KEY(name) struct hv_static_key name

static inline __attribute__((always_inline)) bool hv_static_branch(const struct hv_static_key *key)
{
    __asm__ goto("1: .byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n"
                 ".pushsection .static_branch, \"a\"\n"
                 ".balign 8\n"
                 ".quad 1b, %l[taken], %c0\n"
                 ".popsection" ::"i"(key)::taken);
    return false;
taken:
    return true;
}
void hv_static_key_set(struct hv_static_key *key, bool enabled);
