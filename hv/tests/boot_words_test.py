# SPDX-License-Identifier: Apache-2.0
"""The boot words that change mechanisms, combined, with all guest tests. Usage: boot_words_test.py BUILD_DIR SPINLOCK

For each tlb-global x flush-clock x flush-clock-bits: two domains of work, one of the guest's own tests (stale
translations among them) and one of hypercalls that must be refused, in the functional mode of the simulator, on 2, 3 or
4 cores in turn: on 2 and 3 they share cores. All combinations with the default lock; with the others, some that
have every choice of every word. Results must be those of every other combination, and the counters must
show that the words took effect. Could lie: functional mode interleaves the cores in one way only, and the hypervisor's
locks are then rarely contended; hv_spinlock_test and the timing runs contend them.
"""
import itertools, os, subprocess, sys, tempfile

BUILD, SPINLOCK = os.path.abspath(sys.argv[1]), sys.argv[2]
SCENARIO = """[machine]
mode = functional
[domain.u]
count = 2
memory_mib = 12
workload = syscall-mix
iterations = 64
[domain.t]
memory_mib = 16
workload = guest-tests
[domain.k]
memory_mib = 12
cmdline = ktest
[measure]
window_us = 0
max_ms = 20000
"""


def run(words, cores, out):
    sets = [w for key, value in [*words.items(), ("spinlock", SPINLOCK)] for w in ("--set", f"hv.{key}={value}")]
    p = subprocess.run([BUILD + "/vmscale", "run", os.path.abspath("words.conf"), "--quiet", "--out", out, "--images",
                        BUILD, "--set", f"machine.cores={cores}", *sets], capture_output=True, text=True)
    log = f"{out}/serial.log"
    text = open(log).read() if os.path.exists(log) else ""
    assert p.returncode == 0, f"exit code {p.returncode}: {p.stderr[-1000:]}\n{text[-1000:]}"
    return text.splitlines()


def check(words, lines):
    tests = [l for l in lines if ") @test " in l]
    wrong = [l for l in tests if l.split()[3] != "pass"]
    assert len(tests) >= 55 and not wrong, (len(tests), wrong)
    assert "(hv) @done 4 0" in lines
    n = {l.split()[2]: int(l.split()[3]) for l in lines if l.startswith("(hv) @counter ")}
    has_clock, is_shared = words["flush-clock"] != "none", words["flush-clock"] in ("global", "packed")
    assert (n["clock_ticks"] > 0) == (n["flush_filtered"] > 0) == has_clock, n
    may_wrap = is_shared and words["flush-clock-bits"] == 10
    assert (n["clock_epochs"] > 0) == (may_wrap and n["clock_ticks"] > 1100), n
    if words["tlb-global"] == "off":  # two a system call or fault, and all flushes
        assert n["tlb_flushes"] >= n["toggles"] > 1000, n
        assert n["clock_epochs"] > 0 or not may_wrap, n
    else:
        assert n["tlb_flushes"] < n["toggles"] / 2, n
    return sorted(l for l in lines if ") @result " in l and ".checksum" in l)


def main():
    cores, results = itertools.cycle((2, 3, 4)), {}
    with open("words.conf", "w") as f:
        f.write(SCENARIO)
    points = list(itertools.product(("off", "on"), ("global", "packed", "percpu", "none"), (10, 32)))
    for point in points if SPINLOCK == "ticket" else points[::5]:
        words = dict(zip(("tlb-global", "flush-clock", "flush-clock-bits"), point))
        n = next(cores)
        try:
            result = check(words, run(words, n, "-".join(map(str, point))))
        except AssertionError as wrong:
            print("FAIL:", words, f"{n} cores:", wrong)
            return 1
        results.setdefault(tuple(result), []).append(words)
    print("pass" if len(results) == 1 else f"FAIL: results differ: {results}")
    return len(results) != 1


with tempfile.TemporaryDirectory() as d:
    os.chdir(d)
    code = main()
    os.chdir("/")
sys.exit(code)
