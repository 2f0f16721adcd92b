/* SPDX-License-Identifier: Apache-2.0 */
/* What the compiler calls for __builtin_popcountll: the K8 has no POPCNT, and libgcc is built with a red zone. */
#include <stdint.h>

int __popcountdi2(int64_t value);

int __popcountdi2(int64_t value)
{
    uint64_t v = (uint64_t)value;

    v -= v >> 1 & UINT64_C(0x5555555555555555);
    v = (v & UINT64_C(0x3333333333333333)) + (v >> 2 & UINT64_C(0x3333333333333333));
    v = (v + (v >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (int)(v * UINT64_C(0x0101010101010101) >> 56);
}
