#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# on_xen.sh CPU MIB GUEST CMDLINE PROGRAM WANTED: boots the guest kernel as initial domain of Debian's Xen in QEMU, and
# passes if the line WANTED came over the serial port and no "@test" line says fail. The end of the domain does not end
# QEMU, so the serial output is watched for Xen's last words. Could lie: a guest that hangs after WANTED still fails, by
# time; one that prints WANTED by accident passes.
xen=$(ls /boot/xen-4.*-amd64.gz 2>/dev/null | tail -n 1)
command -v qemu-system-x86_64 >/dev/null && [ -n "$xen" ] || { echo "skipped: needs QEMU and /boot/xen-4.*-amd64.gz"; exit 77; }

dir=$(mktemp -d) || exit 1
trap 'kill $qemu 2>/dev/null; rm -rf "$dir"' EXIT
gunzip -c "$xen" > "$dir/xen" || exit 1
# A comma would end the module's command line: QEMU's own syntax.
cp "$3" "$dir/guest" && cp "$5" "$dir/program" || exit 1
qemu-system-x86_64 -cpu "$1" -m 512 -display none -serial "file:$dir/serial" -monitor none -no-reboot -kernel "$dir/xen" \
    -append "console=com1 com1=115200,8n1 dom0_mem=$2M noreboot" -initrd "$dir/guest $4,$dir/program" 2>"$dir/qemu" &
qemu=$!
tenths=0
until grep -q 'Hardware Dom0 \|Panic on CPU' "$dir/serial" 2>/dev/null; do
    tenths=$((tenths + 2))
    kill -0 $qemu 2>/dev/null && [ $tenths -lt 900 ] || { cat "$dir/qemu"; echo "the domain did not end"; break; }
    sleep 0.2
done
sleep 0.2
tr -d '\r' < "$dir/serial" | sed '1,/ENTRY ADDRESS/d'
grep -q '^@test .* fail' "$dir/serial" && exit 1
grep -q -F "$6" "$dir/serial"
