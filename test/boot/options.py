#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is asked of the kernel at launch: options.py [--long] [--build DIR] [NAME...]

Each case gives words for the kernel's command line, and what the console must then say, or not say.
"""

import re
import sys
import tempfile

import machine

CASES = (
    # Words, what a line must match, what none may match.
    ("log=warn", None, r"exit status"),
    ("log=info", r"program: exit status 1", None),
    ("crash=restart", None, r"restart"), # It ends by itself.
    ("crash=hold", None, r"hold"),
)


def fault_of(done, wanted, unwanted):
    if "still alive" not in done.text or done.status != 1:
        return f"the program did not run, or its status {done.status} is not its own"
    if wanted and not any(re.search(wanted, line) for line in done.lines):
        return f"no line matches '{wanted}'"
    if unwanted and any(re.search(unwanted, line) for line in done.lines):
        return f"a line matches '{unwanted}'"
    return None


def main():
    options = machine.arguments(__doc__)
    score = machine.Score(options.names)

    with tempfile.TemporaryDirectory() as folder:
        bench = machine.Bench(folder, options.build)
        for words, wanted, unwanted in CASES:
            title = f"'{words}': {wanted or 'not ' + unwanted}"
            if score.wanted(title):
                done = bench.run("--append", words, bench.program("die"), "--", "not")
                score.note(title, fault_of(done, wanted, unwanted), done.text)
    return score.finish()


if __name__ == "__main__":
    sys.exit(main())
