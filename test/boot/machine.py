# SPDX-License-Identifier: Apache-2.0
"""Runs machines for the tests of this folder: `ops run`, with qemu_shim.py before QEMU."""

import argparse
import json
import os
import re
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")
SECONDS_MAX = 60
LOG_LINE = re.compile(r"^\[ *\d+\.\d+\] (.*?)\r?$", re.M)


def arguments(what):
    """Of every test here: where the build is, and whether there is time."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--long", action="store_true", help="try more")
    parser.add_argument("--build", default=os.path.join(TOP, "build"), help="the build folder")
    parser.add_argument("names", nargs="*", help="only the tests whose title has one of these")
    return parser.parse_args()


def connect(path):
    """A socket to QEMU's at `path`, as soon as that listens."""
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        stream = socket.socket(socket.AF_UNIX)
        try:
            stream.connect(path)
            return stream
        except OSError:
            stream.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def read_prompt(monitor):
    """Reads what the monitor says until it waits for a command."""
    text = b""
    while not text.endswith(b"\n(qemu) "):
        more = monitor.recv(4096)
        if not more:
            raise OSError("QEMU has gone")
        text += more


def press_power_button(path):
    """Types system_powerdown into QEMU's monitor."""
    with connect(path) as monitor:
        read_prompt(monitor)
        monitor.sendall(b"system_powerdown\n")
        read_prompt(monitor)


class Done:
    """What came of a run."""

    def __init__(self, status, text):
        self.status = status
        self.text = text
        self.lines = LOG_LINE.findall(text) # What the kernel said.


class Bench:
    """A folder to work in, and the way to start machines from it."""

    def __init__(self, folder, build):
        self.folder = folder
        self.build = os.path.abspath(build)
        self.bin = os.path.join(folder, "bin")
        os.mkdir(self.bin)
        os.symlink(os.path.join(HERE, "qemu_shim.py"), os.path.join(self.bin, "qemu-system-x86_64"))

    def program(self, name):
        return os.path.join(self.build, "test", "boot", name)

    def start(self, *words, **shim):
        """Starts `ops run` with these words; SHIM_ variables as keywords, lists as JSON."""
        command = [os.path.join(TOP, "build", "ops"), "run",
                   "--kernel", os.path.join(self.build, "soliton.elf"),
                   "--timeout", str(SECONDS_MAX), *words]
        environment = dict(os.environ, PATH=f"{self.bin}:{os.environ['PATH']}",
                           OPS_HOME=os.path.join(self.folder, "home"),
                           **{f"SHIM_{key.upper()}": value if isinstance(value, str) else json.dumps(value)
                              for key, value in shim.items()})
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                stdin=subprocess.DEVNULL, env=environment, cwd=self.folder)

    def run(self, *words, **shim):
        process = self.start(*words, **shim)
        text, _ = process.communicate(timeout=SECONDS_MAX + 30)
        return Done(process.returncode, text.decode(errors="replace"))


class Score:
    """Counts tests, and prints one line for each."""

    def __init__(self, names):
        self.names = names
        self.passed = self.failed = 0

    def wanted(self, title):
        return not self.names or any(name in title for name in self.names)

    def note(self, title, fault, text=""):
        """`fault` is what is wrong, or nothing."""
        if fault:
            self.failed += 1
            print(f"FAILED  {title}: {fault}\n{text}", flush=True)
        else:
            self.passed += 1
            print(f"ok      {title}", flush=True)

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return self.failed != 0 or self.passed == 0
