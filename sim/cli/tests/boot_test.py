# SPDX-License-Identifier: Apache-2.0
"""vmscale boot from outside: small kernels of every boot protocol, the same files on QEMU, refused files, limits.
Usage: boot_test.py BUILD_DIR sim|qemu

Could lie: the kernels print little of what they are given, and wrongly built ones would be wrong on both machines; the
hypervisor and Debian's kernel, which others wrote against the protocols, are the stronger witnesses.
"""
import gzip, os, shutil, signal, subprocess, sys, tempfile, time, unittest

BUILD = os.path.abspath(sys.argv[1])
IMAGES = os.path.join(BUILD, "boot-images")
PVH = os.path.join(BUILD, "sim", "machine", "sim_machine_pvh_image")
QEMU = shutil.which("qemu-system-x86_64")
SKIPPED = 77
EXIT = 0x10 << 1 | 1
WORDS = "cmdline a b=c\nmodule first line\nram\n"
# file, what it prints, does QEMU's -kernel know it
KERNELS = [
    ("boot_multiboot1", "multiboot 1\n" + WORDS, True),
    ("multiboot1_kludge.bin", "multiboot 1\n" + WORDS, True),
    ("boot_multiboot1_elf64", "multiboot 1\n" + WORDS, False),
    ("boot_multiboot2", "multiboot 2\n" + WORDS, False),
    ("linux32.bin", "linux, 32-bit\n" + WORDS, False),
    ("linux64.bin", "linux, 64-bit\n" + WORDS, False),
]
SECTOR = "sector\nticks\n"
HALT_FOR_EVER = b"\xfa\xf4\xeb\xfd"  # cli; hlt; jmp
SPIN = b"\xeb\xfe"


def sector(code):
    return code.ljust(510, b"\0") + b"\x55\xaa"


class Boot(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.module = self.write("module", b"first line\nsecond\n")

    def tearDown(self):
        shutil.rmtree(self.dir)

    def write(self, name, data):
        path = os.path.join(self.dir, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def boot(self, *words, code=None):
        p = subprocess.run([os.path.join(BUILD, "vmscale"), "boot", *words], capture_output=True, text=True,
                           timeout=120, errors="replace")
        if code is not None:
            self.assertEqual(p.returncode, code, p.stdout + p.stderr)
        return p

    def refused(self, *words, says):
        p = self.boot(*words, code=2)
        self.assertEqual(p.stdout, "")
        self.assertEqual(p.stderr.count("\n"), 1, p.stderr)
        self.assertIn(says, p.stderr)


class Simulator(Boot):
    def test_every_protocol_in_both_modes(self):
        for name, text, _ in KERNELS:
            for mode in "functional", "timing":
                with self.subTest(kernel=name, mode=mode):
                    p = self.boot(os.path.join(IMAGES, name), "--append", "a b=c", "--initrd", self.module,
                                  "--mode", mode, "--max-insns", "1000000", code=EXIT)
                    self.assertEqual(p.stdout, text)
                    self.assertEqual(p.stderr, "")

    def test_boot_sector(self):
        p = self.boot(os.path.join(IMAGES, "sector.bin"), "--max-insns", "1000000", code=EXIT)
        self.assertEqual(p.stdout, SECTOR)

    def test_pvh_on_four_cores_serial_to_file(self):
        out = os.path.join(self.dir, "serial")
        p = self.boot(PVH, "--smp", "4", "--append", "4", "--serial", out, code=2 * 0x21 + 1)
        self.assertEqual(p.stdout, "")
        with open(out) as f:
            self.assertEqual(f.read(), "hello\n4 cores\ntick\nipi\n")

    def test_gzip(self):
        with open(os.path.join(IMAGES, "boot_multiboot2"), "rb") as f:
            packed = gzip.compress(f.read())
        p = self.boot(self.write("k.gz", packed), "--append", "a b=c", "--initrd", self.module, code=EXIT)
        self.assertEqual(p.stdout, "multiboot 2\n" + WORDS)
        self.refused(self.write("cut.gz", packed[:200]), says="gzip")

    def test_ways_to_end(self):
        halted = self.write("halted", sector(HALT_FOR_EVER))
        p = self.boot(halted, code=1)
        self.assertIn("every core is halted and nothing is pending", p.stderr)
        self.assertIn("core 0:", p.stderr)
        spin = self.write("spin", sector(SPIN))
        p = self.boot(spin, "--max-insns", "100000", code=1)
        self.assertIn("--max-insns is used up", p.stderr)
        self.assertIn("rip 0x7c00", p.stderr)
        reset = self.write("reset", sector(b"\xb0\xfe\xe6\x64\xf4"))
        self.assertIn("reset", self.boot(reset, code=0).stderr)
        off = self.write("off", sector(b"\xb8\x00\x20\xba\x04\x06\xef\xf4"))
        self.assertEqual(self.boot(off, code=0).stderr, "")

    def test_interrupt(self):
        p = subprocess.Popen([os.path.join(BUILD, "vmscale"), "boot", self.write("spin", sector(SPIN))],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(0.5)
        p.send_signal(signal.SIGINT)
        _, err = p.communicate(timeout=30)
        self.assertEqual(p.returncode, 130)
        self.assertIn("core 0:", err)

    def test_nothing_there(self):
        """In and out of a port that is none: all ones, ignored, counted."""
        code = b"\xba\x34\x12\xb0\x42\xee\xec\x3c\xff\x75\x05\xb0\x10\xe6\xf4\xf4\xb0\x11\xe6\xf4\xf4"
        p = self.boot(self.write("port", sector(code)), "--verbose", code=EXIT)
        self.assertIn("write to I/O port 0x1234: nothing is there", p.stderr)
        self.assertIn("2 accesses to nothing", p.stderr)

    def test_input(self):
        """A sector that switches the receive interrupt on and echoes three bytes, by polling."""
        code = (b"\xba\xf9\x03\xb0\x01\xee\xb9\x03\x00"          # IER = 1; CX = 3
                b"\xba\xfd\x03\xec\xa8\x01\x74\xfb"              # until LSR.DR
                b"\xba\xf8\x03\xec\xee\xe2\xf1"                  # echo, loop
                b"\xb0\x10\xe6\xf4\xf4")
        words = self.write("words", b"abcd")
        p = self.boot(self.write("echo", sector(code)), "--input", words, "--max-insns", "10000000", code=EXIT)
        self.assertEqual(p.stdout, "abc")

    def test_refused(self):
        kernel = os.path.join(IMAGES, "boot_multiboot1")
        self.refused("/nowhere", says="cannot read the kernel image")
        self.refused(self.write("text", b"hello\n"), says="no kernel that can be started here")
        self.refused(kernel, "--initrd", "/nowhere", says="/nowhere")
        self.refused(kernel, "--smp", "0", says="allowed with this profile: 1..255")
        self.refused(kernel, "--smp", "256", says="1..255")
        self.refused(kernel, "--memory", "8", says="16..")
        self.refused(kernel, "--memory", "100000000", says="16..")
        self.refused(kernel, "--mode", "fast", says="allowed: timing, functional")
        self.refused(kernel, "--profile", "abacus", says="no profile called abacus")
        self.refused(kernel, "--max-insns", "-1", says="--max-insns")
        self.refused(kernel, "--serial", "/nowhere/file", says="/nowhere/file")
        self.refused(kernel, "--input", "/nowhere/file", says="/nowhere/file")
        self.refused(kernel, "--bogus", says="bogus")
        self.refused(says="usage: vmscale boot KERNEL")


class Qemu(Boot):
    def qemu(self, *words):
        return subprocess.run([QEMU, "-display", "none", "-serial", "stdio", "-m", "64", "-device",
                               "isa-debug-exit,iobase=0xf4,iosize=4", *words], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120)

    def test_same_on_qemu(self):
        for name, text, is_known in KERNELS:
            if not is_known:
                continue
            with self.subTest(kernel=name):
                p = self.qemu("-kernel", os.path.join(IMAGES, name), "-append", "a b=c", "-initrd", self.module)
                self.assertEqual((p.returncode, p.stdout), (EXIT, text), p.stderr)

    def test_sector_on_qemu(self):
        p = self.qemu("-drive", "format=raw,file=" + os.path.join(IMAGES, "sector.bin"))
        self.assertEqual((p.returncode, p.stdout), (EXIT, SECTOR), p.stderr)


if __name__ == "__main__":
    which = {"sim": Simulator, "qemu": Qemu}[sys.argv[2]]
    if which is Qemu and not QEMU:
        print("SKIP: no qemu-system-x86_64")
        sys.exit(SKIPPED)
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(which)
    sys.exit(not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful())
