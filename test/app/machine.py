# SPDX-License-Identifier: Apache-2.0
"""Runs a program in a machine, or natively to prove the tests themselves, and stops it for good."""

import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
CONSOLE_LINES = 30
STOP_SECONDS = 20
PATIENCE_SECONDS_MIN = 0.2
PATIENCE_SECONDS_MAX = 5


class Failure(Exception):
    """What the program or its machine did wrong, in one line."""


def free_port():
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def children(pid):
    """The processes below `pid`, with their start times: a number alone may be used again."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            found[int(entry.name)] = (int(fields[1]), fields[19])
    below = {pid}
    while True:
        more = {child for child, (parent, _) in found.items() if parent in below} - below
        if not more:
            return {(child, found[child][1]) for child in below - {pid} if child in found}
        below |= more


def is_alive(child):
    """Whether that very process still runs."""
    pid, start = child
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[19] == start and fields[0] != "Z"


class Machine:
    """A running program; its console is collected all the while."""

    def __init__(self, command, port, env=None, folder=None):
        self.port = port
        self.console = []
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, cwd=folder,
                                        env={**os.environ, **(env or {})})
        self.reader = threading.Thread(target=self.read_console, daemon=True)
        self.reader.start()

    def read_console(self):
        for line in self.process.stdout:
            self.console.append(line.decode(errors="replace").rstrip())

    def last_lines(self):
        return "\n".join("    | " + line for line in self.console[-CONSOLE_LINES:])

    def wait_until(self, answers, seconds):
        """Waits until `answers(port, seconds)` is true; the seconds it took.

        QEMU takes connections before the guest has an address, and the guest does not hear of those
        for many seconds: the first tries are short.
        """
        start = time.monotonic()
        patience = PATIENCE_SECONDS_MIN
        while time.monotonic() - start < seconds:
            if self.process.poll() is not None:
                raise Failure(f"ended with status {self.process.returncode} before it answered")
            try:
                if answers(self.port, patience):
                    return time.monotonic() - start
            except (OSError, Failure):
                pass  # Not yet, or not whole.
            patience = min(1.5 * patience, PATIENCE_SECONDS_MAX)
            time.sleep(0.05)
        raise Failure(f"no answer within {seconds} s")

    def wait_end(self, seconds):
        """Waits for the program to end by itself; its status."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise Failure(f"did not end within {seconds} s") from error
        self.reader.join(STOP_SECONDS)
        return status

    def check_alive(self):
        if self.process.poll() is not None:
            raise Failure(f"ended with status {self.process.returncode}")

    def stop(self):
        """Ends it, by SIGTERM; raises if something is left running."""
        below = children(self.process.pid)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired as error:
                self.process.kill()
                self.process.wait()
                raise Failure(f"did not stop within {STOP_SECONDS} s") from error
        left = [child for child in below if is_alive(child)]
        for pid, _ in left:
            os.kill(pid, signal.SIGKILL)
        if left:
            raise Failure(f"left {len(left)} processes running")


def ops_command(ops, kind, cpus, port, program, config, timeout_s):
    """The command that runs `program` in a machine as the file `config` says."""
    return [str(ops), "run", "-c", str(config), "-p", f"{port}:8080", "--machine", kind,
            "--smp", str(cpus), "--timeout", str(timeout_s), str(program)]
