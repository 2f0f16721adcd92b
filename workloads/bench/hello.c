/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest program: its arguments, one a line. Shows that a program starts, prints and ends. */
#include "lib/bench.h"

int main(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        bench_put("hello ");
        bench_put(argv[i]);
        bench_end_line();
    }
    return 0;
}
