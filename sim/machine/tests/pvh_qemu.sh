#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pvh_qemu.sh QEMU IMAGE N: the test image on QEMU with N CPUs must print the same lines and exit with 2 * 0x21 + 1.
[ -x "$1" ] || { echo "SKIP: no qemu-system-x86_64"; exit 77; }
got=$(timeout 60 "$1" -kernel "$2" -append "$3" -smp "$3" -m 64 -display none -serial stdio \
    -device isa-debug-exit,iobase=0xf4,iosize=4 </dev/null; echo "exit $?")
want=$(printf 'hello\n%s cores\ntick\nipi\nexit 67' "$3")
[ "$got" = "$want" ] && exit 0
printf 'wanted:\n%s\ngot:\n%s\n' "$want" "$got"
exit 1
