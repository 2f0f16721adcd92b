# SPDX-License-Identifier: Apache-2.0
"""vmscale exec from outside: output, exit codes, words, files, refused programs; the same programs on QEMU.
Usage: exec_test.py BUILD_DIR

Could lie: the programs are our own and use no C library, so what only a C library asks of the kernel is not seen here
(libc_test.py sees that); and a kernel that is wrong in the same way on both machines passes but for what the host's
Linux says of the same programs.
"""
import json, os, re, shutil, subprocess, sys, tempfile, unittest

BUILD = os.path.abspath(sys.argv[1])
BENCH = os.path.join(BUILD, "workloads", "bench")
TESTS, HELLO = os.path.join(BENCH, "guest-tests.elf"), os.path.join(BENCH, "hello.elf")
FILES = os.path.join(BENCH, "show-files.elf")
NATIVE = os.path.join(BUILD, "workloads", "guest", "native.elf")
QEMU = shutil.which("qemu-system-x86_64")


class Exec(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp()

    def tearDown(self):
        shutil.rmtree(self.dir)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, data):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as f:
            f.write(data)
        return self.path(name)

    def read(self, path):
        with open(path, "rb") as f:
            return f.read()

    def exec(self, code, *words, **options):
        command = [os.path.join(BUILD, "vmscale"), "exec", *words]
        p = subprocess.run(command, capture_output=True, timeout=300, cwd=self.dir, **options)
        self.assertEqual(p.returncode, code, (p.stdout + p.stderr).decode(errors="replace"))
        return p.stdout.decode(), p.stderr.decode()

    def refused(self, expected, *words):
        out, err = self.exec(2, *words)
        self.assertEqual(out, "")
        self.assertEqual(err.count("\n"), 1, err)
        self.assertRegex(err, "^vmscale: .*" + expected)

    def test_words_reach_the_program(self):
        out, err = self.exec(0, HELLO, "a b", "--mode", 'q"\\', "")
        self.assertEqual(out, "".join(f"hello {w}\n" for w in (HELLO, "a b", "--mode", 'q"\\', "")))
        self.assertRegex(err, r"^vmscale: exit code 0; \d+ cycles, \d+ instructions, IPC [\d.]+, .*\n$")

    def test_summary_is_deterministic_json(self):
        a, b = (json.loads(self.exec(0, "--json", HELLO)[1]) for _ in range(2))
        a.pop("host"), b.pop("host")
        self.assertEqual(a, b)
        self.assertGreater(a["instructions"], 100)
        self.assertEqual(self.exec(0, "--quiet", HELLO)[1], "")

    def test_exit_codes(self):
        self.exec(42, TESTS, "exec-me")
        self.exec(2, HELLO.replace("hello", "syscall-mix"), "iterations=x")
        self.exec(9, FILES, "exit", "9")
        self.exec(128 + 11, FILES, "fault")
        self.exec(128 + 9, FILES, "kill")

    def test_standard_streams(self):
        data = bytes(range(256)) * 40
        for name, input in (("in", data), ("empty", b"")):
            p = subprocess.run([os.path.join(BUILD, "vmscale"), "exec", "--quiet", "--stdin", self.write(name, input), FILES,
                                "copy"], capture_output=True, timeout=300)
            self.assertEqual((p.returncode, p.stdout), (0, input))
        out, err = self.exec(0, "--quiet", FILES, "streams")
        self.assertEqual((out, err), ("out\nout again\n", "err\n"))

    def test_environment(self):
        out, _ = self.exec(0, "--env", "X=a b", "--env", "Y=", FILES, "env")
        self.assertEqual(out, "PATH=/bin:/usr/bin\nHOME=/\nX=a b\nY=\n")

    def test_root(self):
        self.write("root/etc/words", b"some words\n")
        self.write("root/empty", b"")
        os.symlink("etc/words", self.path("root", "link"))
        out, _ = self.exec(0, "--root", self.path("root"), FILES, "show", "/etc/words", "link", "empty")
        self.assertEqual(out, "some words\n" * 2)
        self.exec(1, "--root", self.path("root"), FILES, "show", "/none")
        out, _ = self.exec(0, "--root", self.path("root"), FILES, "append", "/etc/words")
        self.assertEqual(out, "some words\nmore\n")
        with open(self.path("root", "etc", "words")) as f:
            self.assertEqual(f.read(), "some words\n")

    def test_unknown_system_call_is_reported_once(self):
        out, err = self.exec(0, "--quiet", FILES, "unknown")
        self.assertEqual(out, "-38\n-38\n")
        self.assertEqual(err, "guest: system call 450 is not implemented (show-files.elf)\n")

    def test_refused(self):
        self.refused("No such file", self.path("none"))
        self.refused("not an ELF program; allowed: a static x86-64", self.write("text", b"#!/bin/sh\n"))
        self.refused("dynamically linked .*ld-linux.*allowed: a static x86-64", shutil.which("true"))
        self.refused("not an ELF program", self.write("short", b"\x7fELF"))
        head = bytearray(self.read(HELLO))
        head[4] = 1
        self.refused("for another machine", self.write("elf32", bytes(head)))
        self.refused("No such file", "--stdin", self.path("none"), HELLO)
        self.refused("none", "--root", self.path("none"), HELLO)
        self.refused("no profile called none", "--profile", "none", HELLO)
        self.refused("--mode none: allowed", "--mode", "none", HELLO)
        self.refused("--memory 1: allowed", "--memory", "1", HELLO)
        self.refused("--env X: allowed", "--env", "X", HELLO)
        self.refused("Unknown option", "--none", HELLO)
        self.refused("usage:")
        self.refused("65000", HELLO, "x" * 70000)
        os.makedirs(self.path("odd"))
        os.mkfifo(self.path("odd", "pipe"))
        self.refused("cannot be copied", "--root", self.path("odd"), HELLO)

    def test_damaged_program_ends_in_one_line(self):
        whole = self.read(HELLO)
        for name, data in (("cut", whole[:100]), ("no-segments", whole[:56] + b"\0\0" + whole[58:])):
            p = subprocess.run([os.path.join(BUILD, "vmscale"), "exec", self.write(name, data)], capture_output=True,
                               timeout=300)
            self.assertEqual((p.returncode, p.stdout), (2, b""), p.stderr)
            self.assertEqual(p.stderr.count(b"\n"), 1, p.stderr)

    def test_limit(self):
        _, err = self.exec(1, "--max-insns", "3000000", FILES, "spin")
        self.assertIn("--max-insns is used up", err)

    def test_programs_that_cannot_go_on(self):
        self.assertEqual(self.exec(255, "--quiet", FILES, "pause")[1], "guest: every process waits for ever\n")
        self.exec(128 + 9, "--quiet", "--mode", "functional", "--memory", "32", FILES, "hog")

    def test_guest_tests_in_every_mode(self):
        want = subprocess.run([TESTS], capture_output=True, timeout=60).stdout.decode()
        self.assertIn("guest-tests.failed 0", want)
        for words in (["--mode", "functional"], ["--mode", "timing"], ["--profile", "core2-2006"]):
            self.assertEqual(self.exec(0, *words, TESTS)[0], want)

    @unittest.skipUnless(QEMU, "QEMU is not installed")
    def test_guest_tests_on_qemu(self):
        want = subprocess.run([TESTS], capture_output=True, timeout=60).stdout.decode()
        p = subprocess.run([QEMU, "-kernel", NATIVE, "-initrd", TESTS, "-append", "guest-tests.elf", "-m", "128", "-no-reboot",
                            "-nodefaults", "-display", "none", "-serial", "stdio", "-device",
                            "isa-debug-exit,iobase=0xf4,iosize=4"], capture_output=True, timeout=120)
        self.assertEqual(p.returncode, 1, p.stdout)
        got = re.sub(r"(?m)^guest: .*\n", "", p.stdout.decode().replace("\r", ""))
        self.assertEqual(got, want)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
