/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's own words of the command line. */
#include "pv64/hypercall.h"

const char *pv64_kernel_words(const char *cmdline)
{
    return cmdline;
}
