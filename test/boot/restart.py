#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What follows the end of a program: restart.py [--long] [--build DIR] [NAME...]

A server that crashes must serve again, from other addresses and with as much memory as before, as
often as it takes; one that crashes all the time must get pauses; `hold` must keep the machine. The
power button must end all of them.
"""

import os
import re
import socket
import sys
import tempfile
import threading
import time

import machine

MACHINES = ("microvm", "q35")
CRASHES = 20
FREE_SPREAD_KIB = 64 # Where things lie decides about some page tables.
STATIC = ("network=static", "ip=10.0.2.15/24", "gateway=10.0.2.2")


def free_port():
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def say(port, line):
    """What the server answers, or nothing when it is gone."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=machine.SECONDS_MAX) as stream:
            stream.sendall(line)
            return stream.makefile("rb").read()
    except OSError:
        return b""


class Server:
    """A machine with crashing.c in it."""

    def __init__(self, bench, kind, cpus, words, title):
        self.port = free_port()
        self.monitor = os.path.join(bench.folder, "monitor-" + re.sub(r"\W+", "-", title))
        self.process = bench.start("--machine", kind, "--smp", str(cpus), "-p", f"{self.port}:8080",
                                   "--append", " ".join(words), bench.program("crashing"),
                                   monitor=self.monitor)
        self.text = b""
        self.served = threading.Semaphore(0)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.text += line
            if line.strip() == b"serving":
                self.served.release()

    def where(self):
        """(its addresses, KiB of memory that were free at its start), once it serves again"""
        if not self.served.acquire(timeout=machine.SECONDS_MAX):
            return None, 0
        fields = say(self.port, b"where\n").split()
        return (tuple(fields[:4]), int(fields[4])) if len(fields) == 5 else (None, 0)

    def done(self):
        """Presses the power button: how it ended."""
        if self.process.poll() is None:
            machine.press_power_button(self.monitor)
        self.process.wait()
        self.reader.join()
        return machine.Done(self.process.returncode, self.text.decode(errors="replace"))


def lines_with(done, word):
    return [line for line in done.lines if line.startswith(word)]


def fault_of_places(places, done):
    """Each start has to be somewhere else, with as much memory."""
    if None in [place for place, _ in places]:
        return f"start {len(places)} does not answer"
    for what in range(4):
        if len({place[what] for place, _ in places}) != len(places):
            return "two starts have an address in common"
    free = [kib for _, kib in places]
    if max(free) - min(free) > FREE_SPREAD_KIB:
        return f"free memory at the starts: {free} KiB"
    if done.status != 128 + 15:
        return f"the status in the end is {done.status}"
    if len(lines_with(done, "restart ")) != len(places) - 1:
        return "the console does not name each restart"
    return None


def restarts(bench, kind, cpus, count, words, line, title):
    """(how it ended, where it was each time)"""
    server = Server(bench, kind, cpus, ["restart-pause=0", *words], title)
    places = [server.where()]
    for _ in range(count):
        if places[-1][0] is None:
            break
        say(server.port, line)
        places.append(server.where())
    return server.done(), places


def crash_loop(bench, kind):
    """A program that crashes at once; the button is pressed in the first long pause."""
    path = os.path.join(bench.folder, f"monitor-loop-{kind}")
    process = bench.start("--machine", kind, "--append", "crash=restart", bench.program("die"), "--",
                          "segv", monitor=path)
    text, began = b"", 0
    for line in process.stdout:
        text += line
        if b"restart 6: " in line:
            began = time.monotonic()
            machine.press_power_button(path)
    process.wait()
    return machine.Done(process.returncode, text.decode(errors="replace")), time.monotonic() - began


def fault_of_loop(done, seconds):
    pauses = re.findall(r"restart (\d+): in (\d+) ms", done.text)
    if pauses != [("1", "0"), ("2", "100"), ("3", "200"), ("4", "400"), ("5", "800"), ("6", "1600")]:
        return f"the pauses are {pauses}"
    if done.status != 128 + 11:
        return f"the status is {done.status}"
    return f"the button took {seconds:.1f} s" if seconds > 1.5 else None


def hold(bench, kind, words, way):
    path = os.path.join(bench.folder, f"monitor-hold-{kind}-{way}")
    process = bench.start("--machine", kind, "--smp", "2", "--append", words, bench.program("die"),
                          "--", way, monitor=path)
    text = b""
    for line in process.stdout:
        text += line
        if b"hold: " in line:
            machine.press_power_button(path)
    process.wait()
    return machine.Done(process.returncode, text.decode(errors="replace"))


def fault_of_hold(done, status):
    if len(lines_with(done, "hold: ")) != 1:
        return "no line says that it holds"
    return f"the status is {done.status}" if done.status != status else None


def main():
    options = machine.arguments(__doc__)
    score = machine.Score(options.names)

    with tempfile.TemporaryDirectory() as folder:
        bench = machine.Bench(folder, options.build)

        def serve(what, kind, cpus, count, words, line):
            title = f"{what} on {kind}, {cpus} CPUs"
            if score.wanted(title):
                done, places = restarts(bench, kind, cpus, count, words, line, title)
                score.note(title, fault_of_places(places, done), done.text)

        for kind in MACHINES:
            for cpus in (1, 2):
                serve(f"{CRASHES} crashes", kind, cpus, CRASHES, ["crash=restart"], b"crash\n")
            serve("crashes beside busy threads", kind, 2, 4, ["crash=restart"], b"busy\n")
            serve("crashes with a fixed address", kind, 1, 2, ["crash=restart", *STATIC], b"crash\n")
            serve("exits", kind, 2, 3, ["exit=restart"], b"exit 0\n")
            title = f"pauses on {kind}"
            if score.wanted(title):
                done, seconds = crash_loop(bench, kind)
                score.note(title, fault_of_loop(done, seconds), done.text)
            for words, way, status in (("crash=hold", "segv", 128 + 11), ("exit=hold", "not", 1)):
                title = f"{words} on {kind}"
                if score.wanted(title):
                    done = hold(bench, kind, words, way)
                    score.note(title, fault_of_hold(done, status), done.text)
    return score.finish()


if __name__ == "__main__":
    sys.exit(main())
