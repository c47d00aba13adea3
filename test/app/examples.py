#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the one command that the README of each example gives, as it is written there.

    test/app/examples.py [--long] [--build DIR] [NAME...]

The README has it in its second line, and in the third what to ask the server then; what that prints
must be in the table here. An example whose program, or whose client, is not installed is skipped.
The last line is `N passed, N failed, N skipped`; the exit status is 1 if one failed.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 120

# What the client prints when all is well.
WANTED = {
    "c": "Hello from Soliton",
    "go": "Hello from Soliton",
    "memcached": "STAT pid",
    "nginx": "Hello from nginx",
    "node": "Hello from Soliton",
    "python": "Hello from Python",
    "redis": "PONG",
    "rust": "Hello from Soliton",
}


class Skip(Exception):
    """What the example needs is not installed."""


def commands(name):
    """The command that runs the example, and the one that asks it, from its README."""
    text = (TOP / "examples" / name / "README.md").read_text()
    run = re.search(r"^In this folder: `(ops run .*?)`", text, re.M)
    ask = re.search(r"^Then: `(.*?)`", text, re.M)
    assert run and ask, f"examples/{name}/README.md has no command"
    return run.group(1).split(), ask.group(1)


def prepare(name, command, build):
    """The command with paths of this build; its last word is the program."""
    folder = TOP / "examples" / name
    program = command[-1].replace("../../build/", f"{build}/")
    path = pathlib.Path(os.path.normpath(folder / program))
    if not path.exists():
        raise Skip(f"{path} is not there")
    return [str(build / "ops"), "run", "--kernel", str(build / "soliton.elf"), "--accel", "tcg",
            *command[2:-1], program]


def ask_until(wanted, command, machine):
    """Asks until the answer is the one that is wanted, for so long as the machine runs."""
    end = time.monotonic() + SECONDS
    answer = ""
    while time.monotonic() < end:
        assert machine.poll() is None, f"the machine ended with {machine.returncode}"
        try:
            done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=10,
                                  check=False)
            answer = done.stdout + done.stderr
        except subprocess.TimeoutExpired:
            continue
        if wanted in answer:
            return
        time.sleep(0.1)  # Its port is open before it listens: there is nothing to wait on.
    raise AssertionError(f"'{command}' printed {answer!r}")


def example(name, build, home):
    run, ask = commands(name)
    tools = [word.split()[0] for word in ask.split("|")]
    for tool in tools:
        if not shutil.which(tool):
            raise Skip(f"{tool} is not installed")
    env = {**os.environ, "OPS_HOME": home}
    with tempfile.TemporaryFile() as log:
        machine = subprocess.Popen(prepare(name, run, build), cwd=TOP / "examples" / name, env=env,
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            ask_until(WANTED[name], ask, machine)
        except AssertionError:
            log.seek(0)
            text = log.read().decode(errors="replace")
            if "of this machine is in use" in text:
                raise Skip("its port is somebody else's") from None
            print(text[-2000:])
            raise
        finally:
            machine.terminate()
            machine.wait(SECONDS)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--build", default=str(TOP / "build"))
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    build = pathlib.Path(options.build).resolve()
    passed = failed = skipped = 0

    folders = sorted(path.parent.name for path in (TOP / "examples").glob("*/README.md"))
    with tempfile.TemporaryDirectory(prefix="examples-") as home:
        for name in folders:
            if options.names and name not in options.names:
                continue
            try:
                assert name in WANTED, f"examples/{name}: what it answers is not in the table"
                example(name, build, home)
                passed += 1
                print(f"ok {name}", flush=True)
            except Skip as skip:
                skipped += 1
                print(f"skipped {name}: {skip}", flush=True)
            except (AssertionError, OSError, subprocess.SubprocessError) as error:
                failed += 1
                print(f"FAILED {name}: {error}", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
