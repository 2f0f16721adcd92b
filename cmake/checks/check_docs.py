# SPDX-License-Identifier: Apache-2.0
"""The generated pages in docs/ are what the tables say today. Usage: check_docs.py SOURCE_DIR VMSCALE [--fix]

Could lie: it shows that page and table agree, not that the table is true.
"""
import os, subprocess, sys

root, tool = sys.argv[1:3]
stale = []
for name in ("options", "stats", "insns"):
    page = os.path.join(root, "docs", name.upper() + ".md")
    text = subprocess.run([tool, "list", name, "--markdown"], capture_output=True, text=True, check=True).stdout
    old = open(page, encoding="utf-8").read() if os.path.exists(page) else ""
    if text != old:
        stale.append(page)
        if "--fix" in sys.argv:
            open(page, "w", encoding="utf-8").write(text)
print("\n".join(["stale (cmake --build ... --target docs):", *stale]) if stale else "pages are fresh")
sys.exit(1 if stale and "--fix" not in sys.argv else 0)
