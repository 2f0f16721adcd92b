#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# native_mix.sh PROGRAM: syscall-mix on this Linux prints the checksum that every kernel must give. Could lie: it tells
# nothing of other numbers of iterations.
want="@result syscall-mix.checksum 16ba0da1b8c57b3a hex"
got=$("$1" iterations=256 | tail -n 1)
[ "$got" = "$want" ] || { echo "wanted: $want"; echo "got:    $got"; exit 1; }
"$1" iterations=abc >/dev/null && { echo "a bad option was accepted"; exit 1; }
exit 0
