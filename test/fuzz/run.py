#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the fuzz entries for a short, bounded time: run.py [--long] [--seconds N] [NAME...]

Each entry is a libFuzzer program under build/test/fuzz/. It starts from the text seeds beside its
source (test/fuzz/NAME.corpus/, if there is one), the binary ones that seeds.py makes, and a fixed
number to draw from, so that a short run repeats. One that crashes leaves what made it crash beside
the program, and fails. --build DIR looks there instead of in build/.
"""

import argparse
import glob
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # Nothing is left in the source tree.
import seeds

TOP = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SECONDS = 5
SECONDS_LONG = 600


def fuzz(program, seconds):
    """(ok, the end of what it printed)."""
    name = os.path.basename(program)
    corpus = os.path.join(TOP, "test", "fuzz", f"{name}.corpus")
    with tempfile.TemporaryDirectory(prefix="fuzz-") as fresh:
        seeds.write(name, fresh)
        command = [program, f"-max_total_time={seconds}", "-seed=1", "-rss_limit_mb=2048",
                   "-timeout=10", "-print_final_stats=1", "-max_len=16384",
                   f"-artifact_prefix={os.path.dirname(program)}/{name}-", fresh]
        if os.path.isdir(corpus):
            command.append(corpus)
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False)
    text = done.stdout.decode(errors="replace").splitlines()
    return done.returncode == 0, "\n".join(text[-40:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--build", default=os.path.join(TOP, "build"))
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    seconds = options.seconds or (SECONDS_LONG if options.long else SECONDS)

    passed = failed = 0
    for program in sorted(glob.glob(os.path.join(options.build, "test", "fuzz", "fuzz_*"))):
        name = os.path.basename(program)
        if not os.access(program, os.X_OK) or "." in name or "-" in name:
            continue
        if options.names and name not in options.names:
            continue
        ok, text = fuzz(program, seconds)
        passed, failed = passed + ok, failed + (not ok)
        print(f"{'ok     ' if ok else 'FAILED '} {name}" + ("" if ok else f"\n{text}"), flush=True)
    print(f"{passed} passed, {failed} failed")
    return failed != 0 or passed == 0


if __name__ == "__main__":
    sys.exit(main())
