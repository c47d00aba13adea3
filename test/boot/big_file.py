#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A file larger than memory: big_file.py [--long] [--build DIR] [NAME...]

A program reads, maps, and maps and writes to a file of twice the machine's memory, and in the last
way does so in several threads that map, protect, move and unmap parts of it; every page must be
what the file says. With --long the file is four times as large.
"""

import json
import os
import struct
import sys
import tempfile

import machine

PAGE = 4096
MEMORY = "48M"
FILE_MIB = 100
FILE_MIB_LONG = 200

# The way, the machine, CPUs.
CASES = (
    ("read", "microvm", 1),
    ("private", "microvm", 1),
    ("shared", "q35", 2),
    ("write", "q35", 1),
    ("threads", "microvm", 2),
    ("churn", "q35", 2),
)


def write_file(path, pages):
    with open(path, "wb") as file:
        for page in range(pages):
            file.write(struct.pack("<Q", page) + bytes(PAGE - 16) +
                       struct.pack("<Q", page ^ 0xffffffffffffffff))


def main():
    options = machine.arguments(__doc__)
    score = machine.Score(options.names)
    pages = (FILE_MIB_LONG if options.long else FILE_MIB) * (1 << 20) // PAGE

    with tempfile.TemporaryDirectory() as folder:
        bench = machine.Bench(folder, options.build)
        os.mkdir(os.path.join(folder, "data"))
        write_file(os.path.join(folder, "data", "big"), pages)
        with open(os.path.join(folder, "big.json"), "w") as file:
            json.dump({"MapDirs": {os.path.join(folder, "data") + "/*": "/data"}}, file)
        for way, kind, cpus in CASES:
            title = f"big file: {way} on {kind}, {cpus} CPU"
            if not score.wanted(title):
                continue
            done = bench.run("-c", "big.json", "--machine", kind, "--smp", str(cpus), "-m", MEMORY,
                             bench.program("big_file"), "--", "/data/big", way)
            good = done.status == 0 and f"{pages} pages are right" in done.text
            score.note(title, None if good else f"status {done.status}", done.text)
    return score.finish()


if __name__ == "__main__":
    sys.exit(main())
