# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone. Usage: check_headers.py SOURCE_DIR BUILD_DIR COMPILER

Compiles a file that includes only the header, with the strict warnings, for each header that is not the hypervisor's
or the guest's own, and not a test's (those have their own flags and are covered by including them first in their own sources). hv/abi
headers are compiled freestanding, and as assembly. Could lie: a header that compiles alone may still be wrong.
"""
import concurrent.futures, os, shlex, subprocess, sys, tempfile

root, build, compiler = sys.argv[1:4]
STRICT = shlex.split("-std=gnu11 -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes "
                     "-Wmissing-prototypes -Wundef -Wvla -Werror -Wno-unused-function -fsyntax-only")
FOLDERS = ["sim", "tlb", "mmu", "cpu", "hv/abi"]


def flags():
    out = subprocess.run(["pkg-config", "--cflags", "glib-2.0", "capstone", "libelf", "jansson", "sqlite3"],
                         capture_output=True, text=True, check=True).stdout
    return [w.replace("-I", "-isystem", 1) if w.startswith("-I") else w for w in shlex.split(out)]


def jobs():
    system = flags()
    for folder in FOLDERS:
        for at, _, names in sorted(os.walk(os.path.join(root, folder))):
            for name in sorted(n for n in names if n.endswith(".h")):
                path = os.path.relpath(os.path.join(at, name), root)
                if "/tests/" in path:
                    continue
                if path.startswith("hv/abi"):
                    yield path, "c", ["-ffreestanding"]
                    yield path, "assembler-with-cpp", ["-D__ASSEMBLER__", "-ffreestanding", "-E", "-o", "/dev/null"]
                else:
                    yield path, "c", system


def compile_alone(job):
    path, language, extra = job
    with tempfile.NamedTemporaryFile("w", suffix=".c") as f:
        # Two times: a header must also bear being included again.
        f.write(f'#include "{path}"\n#include "{path}"\n')
        f.flush()
        strict = [w for w in STRICT if language == "c" or not w.startswith("-fsyntax")]
        command = [compiler, *strict, "-I", root, "-I", os.path.join(build, "generated"), *extra, "-x", language, f.name]
        p = subprocess.run(command, capture_output=True, text=True)
    return None if p.returncode == 0 else f"{path} ({language}) does not compile alone:\n{p.stderr}"


with concurrent.futures.ThreadPoolExecutor(2) as pool:
    results = list(pool.map(compile_alone, jobs()))
errors = [r for r in results if r]
print("\n".join(errors) or f"{len(results)} compilations, all headers compile alone")
sys.exit(1 if errors or not results else 0)
