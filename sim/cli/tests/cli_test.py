# SPDX-License-Identifier: Apache-2.0
"""The tool from outside: exit codes, messages, files, determinism, interruption. Usage: cli_test.py BINARY SOURCE_DIR

BINARY is vmscale-fake: the tool over sim/study/tests/fake_machine.c. Could lie: nothing here runs a simulation, so a
machine that answers otherwise than the fake is not seen; the system tests in cmake/checks run the real one.
"""
import json, os, shutil, signal, sqlite3, subprocess, sys, tempfile, time, unittest

BINARY, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SCENARIO = """[study]
title = domains, one per core
[machine]
cores = 8
[hv]
tlb-global = off, on
[domain.u]
count = 1..4
workload = syscall-mix
[measure]
warmup_us = 10
window_us = 200
[plot]
x = domain.u.count
series = hv.tlb-global
[plot.clock]
x = domain.u.count
y = share.coherence:tlbflush_clock
"""


# The least that passes for a guest kernel: an ELF header (64-bit, little-endian, ET_EXEC, x86-64), no segments.
KERNEL = "\x7fELF\x02\x01\x01" + "\0" * 9 + "\x02\0\x3e\0" + "\0" * 34 + "\x38" + "\0" * 9


class Tool(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.images = os.path.join(self.dir, "images")
        for name in ("hv/hv.elf", "workloads/guest/pv64.elf", "workloads/bench/syscall-mix.elf",
                     "cpu/profiles/opteron-2006.ini"):
            self.write(os.path.join("images", name), "fake " + name)
        self.write("images/workloads/guest/pv64.elf", KERNEL)
        os.makedirs(self.images + "/results/plots")
        shutil.copy(os.path.join(SOURCE, "results/plots/lines.gp"), self.images + "/results/plots")
        self.scenario = self.write("many.conf", SCENARIO)

    def tearDown(self):
        shutil.rmtree(self.dir)

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
        return path

    def command(self, *words):
        images = [] if words[0] == "list" and words[1] not in ("profiles",) else ["--images", self.images]
        return [BINARY, *words, *images]

    def tool(self, code, *words):
        p = subprocess.run(self.command(*words), cwd=self.dir, capture_output=True, text=True, timeout=120)
        self.assertEqual(p.returncode, code, p.stdout + p.stderr)
        return p

    def read(self, *names):
        with open(os.path.join(self.dir, *names), "rb") as f:
            return f.read()

    def run_json(self, *names):
        run = json.loads(self.read(*names, "run.json"))
        del run["host"]
        return run

    ONE = ("--set", "hv.tlb-global=off", "--set", "domain.u.count=2")

    def test_run_folder(self):
        out = self.tool(0, "run", self.scenario, *self.ONE, "--out", "r").stdout
        self.assertIn("operations/s", out)
        self.assertEqual(sorted(os.listdir(self.dir + "/r")), ["run.json", "serial.log", "stats.txt"])
        run = json.loads(self.read("r", "run.json"))
        self.assertEqual(list(run), ["version", "scenario", "options", "state_hash", "cycles", "seconds", "instructions",
                                     "throughput", "domains", "ledger", "stats", "host"])
        self.assertEqual(sum(run["ledger"].values()), 8 * run["cycles"])
        self.assertGreater(run["ledger"]["u1/v0/hv/coherence:tlbflush_clock"], 0)
        self.assertEqual([d["name"] for d in run["domains"]], ["u1", "u2"])
        self.assertEqual(run["options"]["hv.tlb-global"], "off")
        self.assertEqual(run["options"]["domain.u.count"], 2)
        self.assertEqual(run["stats"]["hv.ticks_per_syscall"], 2.0)
        self.assertIn("Begin Simulation Statistics", self.read("r", "stats.txt").decode())
        self.tool(0, "run", self.scenario, *self.ONE, "--out", "again")
        self.assertEqual(self.run_json("r"), self.run_json("again"))
        self.assertEqual(self.read("r", "stats.txt"), self.read("again", "stats.txt"))
        self.tool(0, "run", self.scenario, *self.ONE, "--out", "r")  # a run's folder is replaced

    def test_run_to_the_end(self):
        fixed = (*self.ONE, "--set", "measure.window_us=0", "--set", "domain.u.iterations=1")
        self.tool(0, "run", self.scenario, *fixed, "--out", "r")
        self.assertIn(b"@result checksum 42", self.read("r", "serial.log"))
        self.assertGreater(self.run_json("r")["throughput"], 0)
        self.write("crash.conf", "[domain.u]\nworkload = syscall-mix\ncmdline = fake=crash iterations=1\n")
        p = self.tool(1, "run", self.dir + "/crash.conf", "--set", "measure.window_us=0", "--out", "c")
        self.assertIn("a domain failed", p.stderr)

    def test_guest_fails(self):
        for word in ("dead", "shutdown", "ends"):
            path = self.write(word + ".conf", "[domain.u]\nworkload = syscall-mix\ncmdline = fake=%s\n" % word)
            self.tool(1, "run", path, "--out", word)
            self.assertFalse(os.path.exists(self.dir + "/" + word))
            self.assertTrue(os.path.exists(self.dir + "/" + word + ".failed/serial.log"))

    def test_relative_scenario_path(self):
        """A kernel or initrd is found beside the scenario, however the scenario was named."""
        self.write("beside.elf", KERNEL)
        for path in ("many.conf", "./many.conf", self.scenario):
            self.tool(0, "run", path, *self.ONE, "--set", "domain.u.kernel=beside.elf", "--out", "r")
        os.makedirs(self.dir + "/fixed")  # a result folder with the name of its scenario
        self.write("images/workloads/scenarios/fixed.conf", SCENARIO)
        self.tool(0, "run", "fixed", *self.ONE, "--out", "r")

    def test_only_own_files_are_deleted(self):
        self.tool(0, "run", self.scenario, *self.ONE, "--out", "r")
        for name in ("r/thesis.txt", "r.tmp/notes", "r.failed/notes"):
            self.write(name, "precious")
            self.assertIn("not the folder of a run", self.tool(2, "run", self.scenario, *self.ONE, "--out", "r").stderr)
            self.assertEqual(self.read(name), b"precious")
            os.remove(os.path.join(self.dir, name))
            if name != "r/thesis.txt":
                os.rmdir(os.path.dirname(os.path.join(self.dir, name)))

    def test_a_run_and_a_sweep_have_their_folder_alone(self):
        slow = ("--set", "domain.u.cmdline=fake=slow", "--set", "measure.window_us=20000")
        for verb, lock in (("run", "x.tmp"), ("sweep", "x/points")):
            words = (verb, self.scenario, *slow, *(self.ONE if verb == "run" else ("--jobs", "1")), "--out", "x")
            p = subprocess.Popen(self.command(*words), cwd=self.dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while not os.path.exists(os.path.join(self.dir, lock)):
                self.assertIsNone(p.poll())
                time.sleep(0.01)
            time.sleep(0.2)
            again = words if verb == "run" else (*words, "--resume")
            self.assertIn("another " + verb, self.tool(2, *again).stderr)
            p.send_signal(signal.SIGINT)
            self.assertEqual(p.wait(timeout=60), 130)
            shutil.rmtree(self.dir + "/x", ignore_errors=True)

    def test_killed_point(self):
        """A killed point is named as that, leaves no folder of its name, and --resume makes it good."""
        slow = ("--set", "domain.u.cmdline=fake=slow", "--set", "measure.window_us=20000", "--set", "domain.u.count=1",
                "--jobs", "1", "--out", "k")
        p = subprocess.Popen(self.command("sweep", self.scenario, *slow), cwd=self.dir, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
        child = ""
        while not child:
            self.assertIsNone(p.poll())
            time.sleep(0.01)
            with open(f"/proc/{p.pid}/task/{p.pid}/children") as f:
                child = f.read().strip()
        os.kill(int(child.split()[0]), signal.SIGKILL)
        out, err = p.communicate(timeout=120)
        self.assertIn("killed by signal 9", err)
        self.assertIn("1 of 2 points finished (0 kept from before, 1 failed)", out)
        self.assertIn("2 of 2 points finished (1 kept", self.tool(0, "sweep", self.scenario, *slow, "--resume").stdout)
        self.assertIn("window_us", self.tool(2, "sweep", self.scenario, *slow, "--set", "measure.window_us=100",
                                             "--resume").stderr)

    def test_full_standard_output(self):
        with open("/dev/full", "w") as full:
            self.assertEqual(subprocess.run([BINARY, "list", "options"], stdout=full, stderr=subprocess.PIPE).returncode, 2)

    def test_bad_input(self):
        self.write("full/other", "")
        os.symlink("elsewhere", self.dir + "/link")
        self.write("cut.elf", KERNEL[:40])
        self.write("domains", KERNEL)
        self.write("two.conf", "[domain.u]\ncount = 11\nworkload = syscall-mix\n[domain.u1]\nworkload = syscall-mix\n")
        wrong = [
            (["run", "two.conf"], "a second domain u11"),
            (["run", self.scenario, *self.ONE, "--set", "domain.u.kernel=cut.elf"], "truncated"),
            (["run", self.scenario, *self.ONE, "--set", "domain.u.kernel=many.conf"], "not an ELF file"),
            (["run", self.scenario, *self.ONE, "--set", "domain.u.kernel=domains"], "may not be called domains"),
            (["run", self.scenario, *self.ONE, "--set", "domain.u.memory_mib=65536"], "at most 57344"),
            (["run", self.scenario, *self.ONE, "--out", "."], "by its own name"),
            (["run", self.scenario, *self.ONE, "--out", ""], "by its own name"),
            (["run", self.scenario, *self.ONE, "--out", "link"], "not the folder of a run"),
            (["sweep", self.scenario, "--jobs", "0"], "1..1024"),
            (["run", "nowhere.conf"], "no scenario called nowhere.conf"),
            (["run", self.scenario], "has 2 values"),
            (["run", self.scenario, *self.ONE, "--set", "machine.cores=65"], "1..64 cores"),
            (["run", self.scenario, *self.ONE, "--set", "machine.core=1"], "did you mean cores?"),
            (["run", self.scenario, *self.ONE, "--set", "machine.profile=pdp11"], "opteron-2006"),
            (["run", self.scenario, *self.ONE, "--set", "domain.u.workload=x"], "syscall-mix"),
            (["run", self.scenario, *self.ONE, "--set", "domain.u.kernel=/no/such.elf"], "/no/such.elf"),
            (["run", self.scenario, *self.ONE, "--set", "machine.memory_mib=16"], "too little"),
            (["run", self.scenario, *self.ONE, "--set", "domain.u.cpu=8"], "0..7"),
            (["run", self.scenario, *self.ONE, "--mode", "slow"], "timing, functional"),
            (["run", self.scenario, *self.ONE, "--out", "full"], "not the folder of a run"),
            (["run", self.scenario, *self.ONE, "--out", "/proc/none/x"], "--out"),
            (["run"], "usage"),
            (["sweep", self.scenario, "--out", "full"], "--resume"),
            (["sweep", self.scenario, "--out", "/proc/none"], "--out"),
            (["sweep", self.scenario, "--jobs", "-1"], "1..1024"),
            (["sweep", self.scenario, "--set", "plot.x=machine.corse"], "no option of this scenario"),
            (["sweep", self.scenario, "--set", "plot.y=speed"], "throughput"),
            (["sweep", self.scenario, "--set", "machine.profile=opteron-2006, pdp11"], "pdp11"),
            (["sweep", self.scenario, "--backend", "cloud"], "allowed is local"),
            (["validate", self.scenario, "--on", "toaster"], "allowed is qemu"),
            (["plot", "full"], "not the folder of a sweep"),
            (["list", "nothing"], "allowed is options"),
            (["rum"], "did you mean run?"),
        ]
        before = sorted(os.listdir(self.dir))
        for words, part in wrong:
            p = self.tool(2, *words) if words != ["rum"] else subprocess.run([BINARY, "rum"], capture_output=True, text=True)
            self.assertEqual(p.returncode, 2)
            self.assertIn(part, p.stderr)
            self.assertEqual(p.stderr.count("\n"), 1, p.stderr)
            self.assertEqual(sorted(os.listdir(self.dir)), before, words)

    def test_bad_scenario_names_line(self):
        path = self.write("bad.conf", "[machine]\ncores = 4\n[hv]\nflush-clok = none\n")
        self.assertIn("bad.conf:4: unknown key flush-clok in [hv], did you mean flush-clock?",
                      self.tool(2, "run", path, "--out", "x").stderr)

    def test_sweep_is_the_same_with_any_jobs(self):
        out = self.tool(0, "sweep", self.scenario, "--jobs", "1", "--out", "a").stdout
        self.tool(0, "sweep", self.scenario, "--jobs", "3", "--out", "b")
        self.assertIn("8 of 8 points finished", out)
        for name in ("study.sqlite3", "figure.csv", "clock.csv", "figure.svg", "figure.png"):
            self.assertEqual(self.read("a", name), self.read("b", name), name)
        csv = [l for l in self.read("a", "figure.csv").decode().splitlines() if not l.startswith("#")]
        self.assertEqual(csv[0], "domain.u.count,hv.tlb-global=off,hv.tlb-global=on")
        self.assertEqual([l.split(",")[0] for l in csv[1:]], ["1", "2", "3", "4"])
        db = sqlite3.connect(self.dir + "/a/study.sqlite3")
        rows = db.execute('SELECT point, "hv.tlb-global", "domain.u.count", throughput FROM points').fetchall()
        self.assertEqual([(r[0], r[1], r[2]) for r in rows],
                         [(i, "off" if i < 4 else "on", i % 4 + 1) for i in range(8)])
        self.assertEqual(float(csv[1].split(",")[1]), rows[0][3])
        self.assertGreater(float(csv[4].split(",")[2]), float(csv[4].split(",")[1]))
        self.tool(0, "plot", "a", "--set", "plot.y=stats.ipc")
        self.assertIn(b"instructions/cycle", self.read("a", "figure.gp"))

    def test_interrupt_and_resume(self):
        slow = ("--set", "domain.u.cmdline=fake=slow", "--jobs", "1", "--out", "s")
        p = subprocess.Popen(self.command("sweep", self.scenario, *slow, "--set", "measure.window_us=20000"),
                             cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in p.stderr:  # until the first point is finished
            if line.startswith("["):
                break
        p.send_signal(signal.SIGINT)
        out, _ = p.communicate(timeout=60)
        self.assertEqual(p.returncode, 130, out)
        self.assertIn("--resume", out)
        done = [d for d in os.listdir(self.dir + "/s/points") if os.path.isdir(self.dir + "/s/points/" + d)]
        self.assertTrue(1 <= len(done) < 8, done)
        first = os.stat(self.dir + "/s/points/" + done[0] + "/run.json").st_mtime_ns
        out = self.tool(0, "sweep", self.scenario, *slow, "--set", "measure.window_us=20000", "--resume").stdout
        self.assertIn("8 of 8 points finished (%d kept" % len(done), out)
        self.assertEqual(os.stat(self.dir + "/s/points/" + done[0] + "/run.json").st_mtime_ns, first)
        self.write("images/hv/hv.elf", "another hypervisor")
        self.assertIn("images", self.tool(2, "sweep", self.scenario, *slow, "--resume").stderr)

    def test_failed_points_do_not_stop_a_sweep(self):
        p = self.tool(1, "sweep", self.scenario, "--set", "domain.u.cmdline=fake=dead", "--out", "f")
        self.assertIn("0 of 8 points finished", p.stdout)
        self.assertEqual(p.stderr.count("FAILED with exit code 1"), 8)

    def test_lists_and_help(self):
        for what in ("options", "stats", "insns"):
            self.assertGreater(len(self.tool(0, "list", what).stdout.splitlines()), 10)
        self.assertEqual(self.tool(0, "list", "profiles").stdout, "opteron-2006\n")
        for words in (["--help"], ["--version"], ["run", "--help"]):
            self.assertEqual(subprocess.run([BINARY, *words], capture_output=True).returncode, 0)
        for verb in ("run", "sweep", "plot", "validate", "list"):
            self.assertIn("vmscale %s [OPTION" % verb, subprocess.check_output([BINARY, verb, "--help"], text=True))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
