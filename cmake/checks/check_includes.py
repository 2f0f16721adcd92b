# SPDX-License-Identifier: Apache-2.0
"""Dependencies go one way (ARCHITECTURE.md). Usage: check_includes.py SOURCE_DIR

Reads every #include "..." of a folder's sources and refuses one from a folder above it. Could lie: it does not see an
include made by a macro, nor a symbol declared by hand; the unit tests' link lines catch those.
"""
import os, re, sys

# A folder may include itself and what stands here. Tables beside a folder (sim/ledger.def) count as sim/core's.
BELOW = {
    "sim/core": ["sim/ledger.def"],
    "sim/mem": ["sim/core"],
    "tlb": ["sim/core"],
    "mmu": ["sim/core", "sim/mem", "tlb"],
    "cpu": ["sim/core", "sim/mem", "tlb", "mmu", "hv/abi/marker.h"],
    "sim/devices": ["sim/core"],
    "sim/machine": ["sim/core", "sim/mem", "tlb", "mmu", "cpu", "sim/devices", "hv/abi"],
    "sim/study": ["sim/core", "sim/mem", "tlb", "mmu", "cpu", "sim/machine", "hv/abi", "sim/options.def", "sim/ledger.def"],
    "sim/cli": ["sim/core", "sim/study", "sim/machine", "cpu", "hv/abi"],
    "hv/abi": [],
    "hv": ["hv/abi"],
    "workloads/guest": ["hv/abi/marker.h"],
    "workloads/bench": ["hv/abi"],
}
# The one declared exception: two witnesses of the x86 constants are compared (DESIGN, section 6).
EXCEPTIONS = {"hv/tests/x86_agree_test.c": ["cpu", "mmu"]}


def folder_of(path):
    return max((f for f in BELOW if path.startswith(f + "/")), key=len, default=None)


def main(root):
    errors, seen = [], 0
    for folder in [f for f in BELOW if os.path.isdir(os.path.join(root, f))]:
        for at, _, names in os.walk(os.path.join(root, folder)):
            for name in (n for n in names if n.endswith((".c", ".h", ".S", ".def"))):
                full = os.path.join(at, name)
                path = os.path.relpath(full, root)
                if folder_of(path) != folder:
                    continue
                seen += 1
                allowed = [folder, *BELOW[folder], *EXCEPTIONS.get(path, [])]
                for number, line in enumerate(open(full, encoding="utf-8"), 1):
                    m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
                    target = m and m.group(1)
                    # Only paths from the root can leave the folder; others are relative to the file or its include path.
                    if not m or not os.path.exists(os.path.join(root, target)):
                        if m and ".." in target.split("/"):
                            errors.append(f"{path}:{number}: {target}: include from the root, without ..")
                        continue
                    if not any(target == a or target.startswith(a + "/") for a in allowed):
                        errors.append(f"{path}:{number}: {folder} may not include {target}")
    print("\n".join(errors) or f"{seen} files, no upward include")
    return 1 if errors or seen == 0 else 0


sys.exit(main(sys.argv[1]))
