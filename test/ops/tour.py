#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every command of docs/ops.md and compares what it prints: tour.py [--build DIR]

A block ```console has commands behind "$ " and the lines they print, standard error included; "..."
in a line stands for anything, a line of its own for any number of lines. A block with a language
and a name (```c hello.c) is written to a file of that name. Commands run in one shell, in a fresh
folder, with an OPS_HOME of their own, so each sees what the ones before it made. The last line is
`N passed, N failed`.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGE = TOP / "docs" / "ops.md"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.M | re.S)
SECONDS_MAX = 120
END = "tour-end-of-output"


def commands(text):
    """(command, expected lines) of a console block."""
    pairs = []
    for line in text.splitlines():
        if line.startswith("$ "):
            pairs.append((line[2:], []))
        else:
            pairs[-1][1].append(line)
    return pairs


def pattern(lines):
    """The lines as a regular expression."""
    parts = []
    for line in lines:
        if line == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(r".*".join(re.escape(part) for part in line.split("...")) + r"\n")
    return re.compile("".join(parts))


class Shell:
    """One shell for the whole page."""

    def __init__(self, folder, env):
        self.process = subprocess.Popen(["sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, cwd=folder, env=env, text=True)

    def run(self, command):
        """What it prints. The status is kept for `echo $?`."""
        self.process.stdin.write(f"{{ {command}\n}} < /dev/null; tour_status=$?; "
                                 f"echo {END}; (exit $tour_status)\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.endswith(END + "\n"):
                return "".join(lines) + line[:-len(END) - 1]
            lines.append(line)
        raise EOFError("the shell ended\n" + "".join(lines))

    def close(self):
        self.process.stdin.close()
        self.process.wait(SECONDS_MAX)


def run_block(shell, text):
    """(passed, failed) of a console block."""
    passed = failed = 0
    for command, expected in commands(text):
        printed = shell.run(command)
        if pattern(expected).fullmatch(printed):
            passed += 1
        else:
            failed += 1
            print(f"FAILED  $ {command}\n--- expected\n" + "\n".join(expected) +
                  f"\n--- printed\n{printed}", flush=True)
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true", help="no difference")
    parser.add_argument("--build", default=str(TOP / "build"), metavar="DIR")
    build = pathlib.Path(parser.parse_args().build).resolve()
    # Not below /tmp, which is memory in a machine: programs would have to move.
    base = build / "tour"
    base.mkdir(exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(dir=base))
    shutil.copy(build / "examples" / "c" / "server-musl", folder / "server")
    env = {**os.environ, "OPS_HOME": str(folder / "home"), "NO_COLOR": "1", "LC_ALL": "C",
           "PATH": f"{build}:{os.environ['PATH']}"}
    shell = Shell(folder, env)
    passed = failed = 0
    try:
        for language, name, text in BLOCK.findall(PAGE.read_text()):
            if name:
                (folder / name).write_text(text)
            elif language == "console":
                ok, bad = run_block(shell, text)
                passed, failed = passed + ok, failed + bad
    except EOFError as error:
        failed += 1
        print(f"FAILED  {error}")
    finally:
        shell.close()
        subprocess.run("ops instance delete $(ops instance list --quiet 2>/dev/null | tail -n +2 |"
                       " cut -d' ' -f1) 2>/dev/null", shell=True, env=env, cwd=folder, check=False,
                       stdout=subprocess.DEVNULL)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
