# SPDX-License-Identifier: Apache-2.0
"""Domains that cannot be built, and guests that misbehave, next to a good one. Usage: bad_domains_test.py BUILD_DIR TEST

A refused domain is named in one line, is counted, makes the run end as failed, and takes nothing from the others; so
does a guest that the hypervisor has to end. Each function below is one ctest; exit code 77: skipped. Could lie: the bad
lines and files are those that we thought of; damage at random is in elf_image_test.c and domain_config_test.c.
"""
import os, re, shutil, struct, subprocess, sys, tempfile

BUILD = os.path.abspath(sys.argv[1])
QEMU = shutil.which("qemu-system-x86_64")
CHECKSUM = "(good1) @result syscall-mix.checksum"


def image(path):
    with open(os.path.join(BUILD, path), "rb") as f:
        return f.read()


def bad_kernels():
    """name: (file, what the refusal must say)."""
    good = image("workloads/guest/pv64.elf")
    phoff, = struct.unpack_from("<Q", good, 32)
    phentsize, phnum = struct.unpack_from("<HH", good, 54)
    headers = [phoff + i * phentsize for i in range(phnum)]
    load = next(h for h in headers if struct.unpack_from("<I", good, h)[0] == 1)
    place, = struct.unpack_from("<Q", good, load + 8)
    held, = struct.unpack_from("<Q", good, load + 32)
    entry_note = good.index(struct.pack("<III", 4, 8, 1) + b"Xen\0")
    twice = good.replace(struct.pack("<III", 4, 8, 3) + b"Xen\0", struct.pack("<III", 4, 8, 1) + b"Xen\0")
    base_note = good.index(struct.pack("<III", 4, 8, 3) + b"Xen\0")
    return {
        "empty": (b"", "shorter than an ELF header"),
        "text": (b"not an ELF file at all\n" * 9, "not a 64-bit little-endian ELF file"),
        "i386": (good[:4] + b"\x01" + good[5:], "not a 64-bit little-endian ELF file"),
        "arm": (good[:18] + b"\xb7\x00" + good[20:], "not for x86-64"),
        "object": (good[:16] + b"\x01\x00" + good[18:], "not an executable"),
        "cut": (good[:place + held - 10], "truncated"),
        "head": (good[:80], "program headers outside the file"),
        "nonotes": (good.replace(b"Xen\0", b"Nox\0"), "no Xen notes"),
        "twice": (twice, "contradict"),
        "entry": (good[:entry_note + 16] + struct.pack("<Q", 0xffffffff90000000) + good[entry_note + 24:],
                  "entry is outside the kernel"),
        "top": (good[:base_note + 16] + struct.pack("<Q", 0xfffffffffffff000) + good[base_note + 24:], "virt_base"),
        "inside": (good[:base_note + 16] + struct.pack("<Q", 0xffff830000000000) + good[base_note + 24:], "virt_base"),
        "hole": (good[:load + 40] + struct.pack("<Q", 1 << 36) + good[load + 48:], "8 MiB of memory are too little: kernel and initrd need 65"),
    }


def expect(serial, refused, failed, others=0):
    for name, why in refused.items():
        lines = [l for l in serial.splitlines() if l.startswith(f"(hv) @domain {name} ")]
        assert len(lines) == 1 and " refused: " in lines[0] and why in lines[0], (name, why, lines, serial[-2000:])
    assert CHECKSUM in serial and "(hv) @domain good1 end poweroff" in serial, serial[-2000:]
    done = re.search(r"\(hv\) @done (\d+) (\d+)", serial)
    assert done and done.groups() == (str(failed + others + 1), str(failed)), (done and done.group(), failed)


def sim():
    """Kernels that are none, in the simulator; of those, what the tool itself does not refuse before the run."""
    passed_by_tool = ("nonotes", "twice", "entry", "top", "inside", "hole")
    kernels = {name: row for name, row in bad_kernels().items() if name in passed_by_tool}
    text = "[machine]\ncores = 2\nmode = functional\n"
    for name, (data, _) in kernels.items():
        with open(name + ".elf", "wb") as f:
            f.write(data)
        text += f"[domain.{name}]\nmemory_mib = 8\nkernel = {name}.elf\n"
    text += "[domain.good]\nmemory_mib = 12\nworkload = syscall-mix\niterations = 5\n[measure]\nwindow_us = 0\n"
    with open("bad.conf", "w") as f:
        f.write(text)
    p = subprocess.run([BUILD + "/vmscale", "run", os.path.abspath("bad.conf"), "--quiet", "--out", "out", "--images", BUILD])
    assert p.returncode == 1, p.returncode
    with open("out/serial.log") as f:
        expect(f.read(), {name + "1": why for name, (_, why) in kernels.items()}, len(kernels))
    # With a window to measure, a domain that is not there is an error at once, not a smaller number after a long wait.
    endless = ["--set", "measure.window_us=100", "--set", "domain.good.iterations=0"]
    p = subprocess.run([BUILD + "/vmscale", "run", os.path.abspath("bad.conf"), "--quiet", "--out", "window", "--images",
                        BUILD, *endless], capture_output=True, text=True)
    assert p.returncode == 1 and "nonotes1" in p.stderr, (p.returncode, p.stderr)


def cpio(members):
    """Archive in "newc" format: cpio(5)."""
    out = b""
    for name, data in [*members.items(), ("TRAILER!!!", b"")]:
        fields = [0, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0"
        out += head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)
    return out


def boot_qemu(members, words=""):
    """Console and the byte written to the debug-exit port."""
    with open("module.cpio", "wb") as f:
        f.write(cpio(members))
    p = subprocess.run([QEMU, "-machine", "q35", "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", "128", "-nodefaults",
                        "-display", "none", "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=1", "-serial",
                        "file:serial.log", "-kernel", BUILD + "/hv/hv.elf", "-initrd", "module.cpio", "-append", words],
                       timeout=100)
    with open("serial.log") as f:
        return f.read(), p.returncode // 2


def qemu():
    """Lines and kernels that are wrong, on QEMU: the archive is made here, so that no scenario check comes before."""
    kernels = bad_kernels()
    members = {name + ".elf": data for name, (data, _) in kernels.items()}
    members |= {"pv64.elf": image("workloads/guest/pv64.elf"), "mix.elf": image("workloads/bench/syscall-mix.elf")}
    small = "memory_mib=8 kernel=pv64.elf"
    lines = {
        "unknown": (f"{small} colour=red", "domains:3: colour: unknown key"),
        "value": (f"{small} vcpus=many", "domains:4: vcpus=many: a number from 1 to 32"),
        "vcpus": (f"{small} vcpus=33", "domains:5: vcpus=33: a number from 1 to 32"),
        "tiny": ("memory_mib=7 kernel=pv64.elf", "domains:6: memory_mib=7: a number from 8 to 65536"),
        "huge": ("memory_mib=65536 kernel=pv64.elf", "not enough memory: it wants 65536 MiB"),
        "nokernel": ("memory_mib=8", "domains:8: kernel: missing"),
        "member": ("memory_mib=8 kernel=other.elf", "its kernel is not in the module"),
        "initrd": (f"{small} initrd=other.elf", "its initrd is not in the module"),
        "type": (f"{small} type=hvm", "domains:11: type: only pv64"),
        **{name: (f"memory_mib=8 kernel={name}.elf", why) for name, (_, why) in kernels.items()},
    }
    text = "# line 1 is a comment\n\n" + "".join(f"name={n} {words}\n" for n, (words, _) in lines.items())
    text += "name=good1 memory_mib=12 kernel=pv64.elf initrd=mix.elf cmdline=\"syscall-mix iterations=5\"\n"
    text += f"name=good1 {small}\n{small}\n"
    serial, byte = boot_qemu({"domains": text.encode(), **members})
    assert byte == 1, byte
    assert "(hv) @domain good1 refused: another domain has this name" in serial, serial[-2000:]
    assert "(hv) @domain ? refused: domains:" in serial, serial[-2000:]
    expect(serial, {name: why for name, (_, why) in lines.items()}, len(lines) + 2)
    for module in ({}, {"domains": b""}, {"domains": b"# nothing\n"}, {"other": text.encode()}):
        serial, byte = boot_qemu(module)
        assert "(hv) @done 0 0" in serial and byte == 1, (module, byte, serial[-1000:])


def guests(on=None):
    """Guests that crash, triple-fault or make an impossible hypercall are ended; the good one gives its result."""
    verb = ["validate", "bad-guests", "--on", "qemu"] if on else ["run", "bad-guests", "--quiet", "--out", "out"]
    p = subprocess.run([BUILD + "/vmscale", *verb, "--images", BUILD], capture_output=True, text=True)
    if on:
        print(p.stdout)
        assert p.returncode in (0, 1) and " 0 different" in p.stdout and "exit codes 1 and 1" in p.stdout, p.stderr
        return
    assert p.returncode == 1, p.stderr
    with open("out/serial.log") as f:
        serial = f.read()
    for name in ("crash1", "triple1", "badcall1"):
        assert f"(hv) @domain {name} end crash" in serial and f"(hv) domain {name}: " in serial, serial[-2000:]
    expect(serial, {}, 3)


def guests_qemu():
    """The same on QEMU, compared line by line with the simulator."""
    guests("qemu")


def main():
    if "qemu" in sys.argv[2] and not QEMU:
        print("SKIP: qemu-system-x86_64 is not installed")
        return 77
    with tempfile.TemporaryDirectory() as d:
        os.chdir(d)
        try:
            globals()[sys.argv[2]]()
        except AssertionError as wrong:
            print("FAIL:", wrong)
            return 1
        finally:
            os.chdir("/")
    print("pass")
    return 0


sys.exit(main())
