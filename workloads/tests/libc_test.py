# SPDX-License-Identifier: Apache-2.0
"""A C library's program on the native guest kernel gives what it gives on this Linux: output and exit code.
Usage: libc_test.py PROGRAM BUILD_DIR qemu|sim. 77 is a skip: no QEMU, or the simulator does not know an instruction.

Could lie: the program prints only what is the same on every kernel, so what it does not ask for is not seen.
"""
import os, re, shutil, subprocess, sys

program, build, where = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3]
words = ["one", "two"]


def run(command, **options):
    p = subprocess.run(command, capture_output=True, timeout=500, **options)
    return p.returncode, p.stdout.decode().replace("\r", ""), p.stderr.decode()


def on_qemu():
    qemu = shutil.which("qemu-system-x86_64")
    if not qemu:
        sys.exit(77)
    code, out, err = run([qemu, "-cpu", "max", "-m", "256", "-kernel", build + "/workloads/guest/native.elf", "-initrd", program,
                          "-append", " ".join([os.path.basename(program), *words]), "-no-reboot", "-nodefaults", "-display",
                          "none", "-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"])
    return code // 2, re.sub(r"(?m)^(guest: .*|done)\n", "", out), "done\n"


def in_simulator():
    code, out, err = run([build + "/vmscale", "exec", "--mode", "functional", "--quiet", program, *words])
    if code == 3 and "not modelled" in err:
        print("skipped:", err.splitlines()[0])
        sys.exit(77)
    return code, out, err


want = run([program, *words], env={})
got = on_qemu() if where == "qemu" else in_simulator()
if got != want:
    for name, (code, out, err) in (("here", want), (where, got)):
        print(f"---- {name}: exit code {code}\n{out}{err}")
    sys.exit(1)
print(want[1])
