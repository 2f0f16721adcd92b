# SPDX-License-Identifier: Apache-2.0
"""All C sources are as clang-format 14 leaves them. Usage: check_format.py SOURCE_DIR [--fix]

Skipped (77) without clang-format 14: another version has other opinions. Could lie: tables between clang-format off and
on are not looked at.
"""
import os, shutil, subprocess, sys

root = sys.argv[1]
tool = shutil.which("clang-format-14") or shutil.which("clang-format")
version = subprocess.run([tool, "--version"], capture_output=True, text=True).stdout if tool else ""
if "version 14." not in version:
    print("SKIP: clang-format 14 is not installed")
    sys.exit(77)
files = []
for folder in ("sim", "tlb", "mmu", "cpu", "hv", "workloads", "bench"):
    for at, _, names in os.walk(os.path.join(root, folder)):
        files += [os.path.join(at, n) for n in names if n.endswith((".c", ".h"))]
files.sort()
mode = ["-i"] if "--fix" in sys.argv else ["--dry-run", "-Werror"]
p = subprocess.run([tool, *mode, *files], capture_output=True, text=True)
wrong = sorted({l.split(":")[0] for l in p.stderr.splitlines() if "error:" in l})
print("\n".join(["not formatted (python3 cmake/checks/check_format.py . --fix):", *wrong]) if wrong
      else f"{len(files)} files formatted")
sys.exit(p.returncode if files else 1)
