# SPDX-License-Identifier: Apache-2.0
"""Domains of 8 to 256 MiB start, see all of their memory and compute the same. Usage: memory_sizes_test.py BUILD_DIR

And the host pays for what they touch, not for what they have: the hypervisor does not write memory that is zero already.
Could lie: the workload itself touches little; what lies at the end of the memory is seen by the guest kernel alone, which
counts it.
"""
import json, os, subprocess, sys, tempfile

BUILD = os.path.abspath(sys.argv[1])


def run(mib, domains):
    out = f"{mib}-{domains}"
    p = subprocess.run([BUILD + "/vmscale", "run", "fixed-work", "--quiet", "--out", out, "--images", BUILD, "--set",
                        "machine.mode=functional", "--set", f"domain.u.count={domains}", "--set",
                        f"domain.u.memory_mib={mib}", "--set", "domain.u.iterations=5"], capture_output=True, text=True)
    assert p.returncode == 0, (mib, p.stderr[-1000:])
    lines = open(out + "/serial.log").read().splitlines()
    assert sum(f", {mib * 256} frames," in l for l in lines) == domains, (mib, lines[:9])
    results = {l.split(") ", 1)[1] for l in lines if ".checksum" in l}
    assert len(results) == 1, results
    with open(out + "/run.json") as f:
        return results.pop(), json.load(f)["host"]["max_rss_bytes"] >> 20


def main():
    small, small_rss = run(8, 1)
    for mib, domains in ((9, 1), (16, 4), (63, 2), (64, 1), (256, 2)):
        result, rss = run(mib, domains)
        assert result == small, (mib, result, small)
        print(f"{domains} x {mib} MiB: {rss} MiB on the host; 1 x 8 MiB: {small_rss}")
        assert rss < small_rss + 64 + domains * mib / 8, (mib, rss)
    print("pass")


with tempfile.TemporaryDirectory() as d:
    os.chdir(d)
    try:
        main()
        code = 0
    except AssertionError as wrong:
        print("FAIL:", wrong)
        code = 1
    os.chdir("/")
sys.exit(code)
