# SPDX-License-Identifier: Apache-2.0
"""Where the image's shared variables stand. Usage: lines_test.py HV_ELF

The ledger names a contended cache line by the symbol that covers it, and studies of locks look for these names: so they
must be in the symbol table, lines that many CPUs write must hold nothing else, and what all CPUs only read must share
no line with what one of them writes. Could lie: a variable that is not in the lists here is not looked at.
"""
import subprocess, sys

LINE = 64
ALONE = ["flush_lock", "shootdown", "heap_lock", "heap", "packed_stamp"]
READ_MOSTLY = ["clock_mask", "l1_add_user", "stamp_of", "hv_frame_table", "hv_m2p", "hv_max_mfn", "hv_frame_chunk_ready",
               "hv_opt", "hv_percpu_offset", "domain_table", "n_domains", "hv_idle_l4_phys"]

symbols = {}
for row in subprocess.run(["nm", "-S", sys.argv[1]], capture_output=True, text=True, check=True).stdout.splitlines():
    words = row.split()
    if len(words) == 4 and words[2] in "dDbB":
        symbols[words[3]] = (int(words[0], 16), int(words[1], 16))
wrong = []


def lines(name):
    at, size = symbols[name]
    return range(at // LINE, (at + size - 1) // LINE + 1)


def neighbours(name):
    mine = set(lines(name))
    return [s for s in symbols if s != name and mine & set(lines(s))]


for name in ["tlbflush_clock", *ALONE, *READ_MOSTLY]:
    if name not in symbols:
        wrong.append(f"{name}: no such symbol")
known = set(symbols)
for name in known & set(ALONE):
    if neighbours(name):
        wrong.append(f"{name} shares its line with {neighbours(name)}")
for name in known & set(READ_MOSTLY):
    if "tlbflush_clock" in neighbours(name):
        wrong.append(f"{name} shares the line of tlbflush_clock")
read_mostly_end = max(lines(n)[-1] for n in known & set(READ_MOSTLY))
if min(lines(n)[0] for n in known & {"tlbflush_clock", *ALONE}) <= read_mostly_end:
    wrong.append("read-mostly data and data written all the time are mixed")
at, size = symbols["tlbflush_clock"]
if size != 4 or at % LINE:
    wrong.append(f"tlbflush_clock: {size} bytes at {at:#x}, wanted a plain word that leads its line")
print("\n".join(wrong) or f"{len(symbols)} variables, those that are shared stand where they should")
sys.exit(1 if wrong else 0)
