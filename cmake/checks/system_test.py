# SPDX-License-Identifier: Apache-2.0
"""The whole system: simulator, hypervisor, guest kernel, workload. Usage: system_test.py BUILD_DIR TEST [ARGUMENT]

Each function below is one ctest; its text says what it shows and how it could lie. All use the real tool and the real
images of BUILD_DIR, in small windows. Exit code 77: skipped, with the reason.
"""
import json, os, shutil, subprocess, sys, tempfile

BUILD = os.path.abspath(sys.argv[1])
TOOL = os.path.join(BUILD, "vmscale")
SMALL = ["--set", "measure.warmup_us=20", "--set", "measure.window_us=150", "--set", "domain.u.memory_mib=12"]
ONE = [*SMALL, "--set", "machine.cores=1", "--set", "domain.u.count=1", "--set", "hv.tlb-global=on"]
TWO = [*SMALL, "--set", "machine.cores=2", "--set", "domain.u.count=2", "--set", "hv.tlb-global=off"]


class Skip(Exception):
    pass


def call(*words, tool=TOOL, code=0, before=(), images=BUILD):
    command = [*before, tool, *words, "--images", images]
    p = subprocess.run(command, capture_output=True, text=True)
    assert p.returncode == code, f"{' '.join(command)}: exit code {p.returncode}\n{p.stdout[-3000:]}{p.stderr[-3000:]}"
    return p.stdout, p.stderr


def run(scenario, options, out, **how):
    call("run", scenario, "--quiet", "--out", out, *options, **how)
    with open(os.path.join(out, "run.json")) as f:
        result = json.load(f)
    del result["host"]
    with open(os.path.join(out, "serial.log")) as f:
        return result, f.read()


def same(a, b):
    """Equal results; else names the first keys that differ."""
    if a == b:
        return
    flat = lambda x: {**{k: v for k, v in x.items() if not isinstance(v, dict)}, **x["stats"], **x["ledger"]}
    fa, fb = flat(a), flat(b)
    keys = [k for k in {**fa, **fb} if fa.get(k) != fb.get(k)]
    raise AssertionError("results differ: " + ", ".join(f"{k}: {fa.get(k)} / {fb.get(k)}" for k in keys[:10]))


def images_with(hv, where):
    """An image folder like BUILD's with another hypervisor."""
    os.makedirs(where + "/hv")
    os.symlink(hv, where + "/hv/hv.elf")
    for name in ("workloads", "cpu", "results"):
        os.symlink(os.path.join(BUILD, name), os.path.join(where, name))
    return where


def one_domain():
    """One domain on one core reaches its work, does it, and every cycle has a leaf. Could lie: the leaves may be the
    wrong ones; only their sum is judged."""
    r, serial = run("many-domains", ONE, "r")
    assert r["throughput"] > 0 and r["domains"][0]["ops"] > 0, r["domains"]
    assert r["instructions"] > 0 and r["stats"]["hv.syscalls_bounced"] > 0
    assert sum(r["ledger"].values()) == r["cycles"] * 1, "ledger"
    assert r["ledger"].get("window/boundary", 0) < r["cycles"] / 50
    assert any(k.startswith("u1/v0/user/") for k in r["ledger"]), list(r["ledger"])
    r, _ = run("many-domains", TWO, "r2")
    assert sum(r["ledger"].values()) == r["cycles"] * 2, "ledger of two cores"


def same_twice():
    """Two runs are bit-identical. Could lie: both may be wrong alike; a difference that needs another host is not seen."""
    same(run("many-domains", TWO, "a")[0], run("many-domains", TWO, "b")[0])
    with open("a/stats.txt") as a, open("b/stats.txt") as b:
        assert a.read() == b.read()


def same_with_jobs():
    """A sweep with one and with two processes gives the same files. Could lie: where only one host core is free, the
    processes may never really overlap."""
    options = [*SMALL, "--set", "machine.cores=2", "--set", "domain.u.count=1..2"]
    for jobs in ("1", "2"):
        call("sweep", "many-domains", "--jobs", jobs, "--out", jobs, *options)
    for name in sorted(os.listdir("1/points")):
        a, b = (json.load(open(f"{d}/points/{name}/run.json")) for d in ("1", "2"))
        del a["host"], b["host"]
        same(a, b)
    for name in ("figure.csv", "clock-share.csv", "study.sqlite3", "figure.svg"):
        with open("1/" + name, "rb") as a, open("2/" + name, "rb") as b:
            assert a.read() == b.read(), name


def same_without_aslr():
    """Address-space randomisation on and off: nothing depends on a pointer's value. Could lie: one layout is tried on
    each side; same_twice adds more."""
    if open("/proc/sys/kernel/randomize_va_space").read().strip() == "0":
        raise Skip("this host does not randomise addresses")
    if not shutil.which("setarch") or subprocess.run(["setarch", "-R", "true"]).returncode:
        raise Skip("setarch -R does not work here")
    same(run("many-domains", TWO, "a")[0], run("many-domains", TWO, "b", before=["setarch", "-R"])[0])


def same_with_clang():
    """A simulator built by Clang gives what the one built by GCC gives, on the same images. Could lie: both compilers
    may make the same of undefined behaviour; the asan preset looks for that."""
    other = os.path.join(os.path.dirname(BUILD), "clang-release", "vmscale")
    if not os.path.exists(other) or os.path.samefile(other, TOOL):
        raise Skip("no build/clang-release/vmscale")
    same(run("many-domains", TWO, "a")[0], run("many-domains", TWO, "b", tool=other)[0])


def flush_clock():
    """Without global user mappings each event reflected to the guest kernel and back (a system call, a fault) costs two
    ticks of the flush clock, with them none; and the machine shows the clock's line as contended only without. Could
    lie: page-table work ticks as well, hence the tolerance."""
    off = run("many-domains", TWO, "off")[0]
    on = run("many-domains", [*TWO, "--set", "hv.tlb-global=on"], "on")[0]
    ticks = [r["stats"]["hv.ticks_per_reflection"] for r in (off, on)]
    hot = [sum(v for k, v in r["ledger"].items() if k.endswith("/coherence:tlbflush_clock")) for r in (off, on)]
    print("ticks per reflection: off %.3f, on %.3f; cycles on the clock's line: off %d, on %d" % (*ticks, *hot))
    assert abs(ticks[0] - 2) < 0.1 and ticks[1] < 0.1, ticks
    assert hot[0] > 10 * hot[1], hot


def bad_image():
    """An image that is none is refused with exit code 2, one line, and no folder. Could lie: the list is ours."""
    good = open(os.path.join(BUILD, "hv/hv.elf"), "rb").read()
    bad = {"empty": b"", "text": b"not an ELF file at all\n" * 9, "truncated": good[:200], "tenth": good[:len(good) // 10],
           "i386": good[:4] + b"\x01" + good[5:], "arm": good[:18] + b"\xb7\x00" + good[20:],
           "no note": good.replace(b"Xen\0", b"Nox\0")}
    for name, data in bad.items():
        with open(name + ".elf", "wb") as f:
            f.write(data)
        images = images_with(os.path.abspath(name + ".elf"), name)
        _, err = call("run", "many-domains", *ONE, "--out", "never", code=2, images=images)
        assert err.count("\n") == 1 and ".elf" in err, (name, err)
        assert not [n for n in os.listdir(".") if n.startswith("never")], name


def crash_is_contained():
    """A domain that breaks the rules is ended and named; its neighbour finishes its work with the right result. Could
    lie: two ways to misbehave are tried; ktest (guest_tests) tries the hypercalls."""
    for word in ("crash", "triple"):
        with open(word + ".conf", "w") as f:
            f.write("[machine]\ncores = 2\n[domain.bad]\nmemory_mib = 12\ncmdline = %s\n[domain.good]\nmemory_mib = 12\n"
                    "workload = syscall-mix\niterations = 5\n[measure]\nwindow_us = 0\n" % word)
        _, serial = run(word + ".conf", [], word, code=1)
        assert "@domain bad1 end crash" in serial, serial[-2000:]
        assert "@domain good1 end poweroff" in serial and "(good1) @result" in serial, serial[-2000:]


def guest_tests():
    """Every guest-level test passes in the simulator. Could lie: only what the guest itself checks is checked."""
    _, serial = run("guest-tests", [], "g")
    lines = [l for l in serial.splitlines() if ") @test " in l]
    wrong = [l for l in lines if not l.split()[3].startswith("pass")]
    assert len(lines) >= 30 and not wrong, wrong or serial[-2000:]


def dropped_flush():
    """A hypervisor that leaves out one flush makes the guest read stale memory, and the guest's test says so; with the
    flush it does not. Could lie: it needs an entry that survives until the read; a model that flushes too much would
    fail this test, which is the point."""
    dropped = os.path.join(BUILD, "hv/hv_dropflush.elf")
    images = images_with(dropped, "images")
    with open("stale.conf", "w") as f:
        f.write("[domain.t]\nmemory_mib = 32\nworkload = guest-tests\niterations = 1\n[measure]\nwindow_us = 0\n")
    _, good = run("stale.conf", [], "good")
    assert "@test stale pass" in good and "@test stale-many pass" in good, good[-2000:]
    subprocess.run([TOOL, "run", "stale.conf", "--quiet", "--out", "bad", "--images", images], capture_output=True)
    folder = "bad" if os.path.exists("bad") else "bad.failed"
    bad = open(folder + "/serial.log").read()
    assert "@test stale fail" in bad or "@test stale-many fail" in bad, bad[-2000:]


def validate(n):
    """The same image and guests under QEMU give the same results and deterministic counts. Could lie: what neither side
    prints is not compared."""
    p = subprocess.run([TOOL, "validate", "fixed-work", "--on", "qemu", "--set", f"domain.u.count={n}", "--set",
                        f"machine.cores={n}", "--images", BUILD], capture_output=True, text=True)
    print(p.stdout[-6000:], p.stderr[-3000:])
    if p.returncode == 77:
        raise Skip("qemu-system-x86_64 is not installed")
    assert p.returncode == 0


def validate_guest_tests():
    """The guest-level tests give the same verdicts under QEMU. Could lie: see validate."""
    p = subprocess.run([TOOL, "validate", "guest-tests", "--on", "qemu", "--images", BUILD, "--set",
                        "domain.k.count=1"], capture_output=True, text=True)
    print(p.stdout[-6000:], p.stderr[-3000:])
    if p.returncode == 77:
        raise Skip("qemu-system-x86_64 is not installed")
    assert p.returncode == 0


def main():
    test = globals()[sys.argv[2]]
    with tempfile.TemporaryDirectory() as d:
        os.chdir(d)
        try:
            test(*sys.argv[3:])
        except Skip as why:
            print("SKIP:", why)
            os.chdir("/")
            return 77
        except AssertionError as wrong:
            print("FAIL:", wrong)
            os.chdir("/")
            return 1
        os.chdir("/")
    print("pass")
    return 0


sys.exit(main())
