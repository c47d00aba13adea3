#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Figures of this machine: run.py [--quick] [--json FILE]

Boot: from the start of ops to the first byte of the static example server, and what the kernel says
of its own boot, for each machine kind, memory size and CPU count. Load: requests a second of nginx
and redis through QEMU's user-mode network. Size: the kernel and an image.

These are this computer's figures, medians of several runs: compare them with another run on the
same computer, not with a number in a document.
"""

import argparse
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
OPS = os.path.join(TOP, "build", "ops")
SERVER = os.path.join(TOP, "build", "examples", "c", "server-musl")
SECONDS_MAX = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Machine:
    """A program in a machine, from the start of ops until it answers, to its end."""

    def __init__(self, arguments, guest_port, program, program_arguments=(), request=b"GET / HTTP/1.0\r\n\r\n"):
        self.port = free_port()
        self.log = tempfile.NamedTemporaryFile(prefix="soliton-bench-")
        start = time.monotonic()
        self.process = subprocess.Popen(
            [OPS, "run", "-v", "-p", f"{self.port}:{guest_port}", *arguments, program,
             *(["--", *program_arguments] if program_arguments else [])],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.first_byte_s = self.wait(start, request)

    def wait(self, start, request):
        # QEMU takes connections before the guest is up and then loses them: ask again soon, not late.
        patience = 0.05
        while time.monotonic() - start < SECONDS_MAX:
            if self.process.poll() is not None:
                break
            patience *= 1.2
            try:
                address = ("127.0.0.1", self.port)
                with socket.create_connection(address, timeout=patience) as client:
                    client.sendall(request)
                    if client.recv(1):
                        return time.monotonic() - start
            except OSError:
                pass
            time.sleep(0.002)
        self.stop()
        sys.exit(f"bench: no answer; the console said:\n{open(self.log.name).read()}")

    def stop(self):
        """Ends it; returns the kernel's own boot time in ms, or None."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
        text = open(self.log.name, encoding="utf-8", errors="replace").read()
        found = re.search(r"boot[^0-9]*([0-9.]+) ms", text)
        return float(found.group(1)) if found else None


def boot(arguments, runs):
    first, kernel = [], []
    for _ in range(runs):
        machine = Machine(arguments, 8080, SERVER)
        first.append(machine.first_byte_s * 1000)
        kernel.append(machine.stop() or 0)
    return {"first_byte_ms": round(statistics.median(first), 1),
            "kernel_boot_ms": round(statistics.median(kernel), 1)}


def boots(runs):
    cases = [("microvm", "128M", 1), ("q35", "128M", 1), ("microvm", "24M", 1),
             ("microvm", "8G", 1), ("microvm", "128M", 4)]
    for kind, memory, cpus in cases:
        name = f"boot {kind}, {memory}, {cpus} CPU"
        yield name, boot(["--machine", kind, "-m", memory, "--smp", str(cpus)], runs)


def wrk(seconds, cpus):
    machine = Machine(["--smp", str(cpus), "-m", "128M"], 8080, SERVER)
    out = subprocess.run(["wrk", "-t1", "-c50", f"-d{seconds}s", "--latency",
                          f"http://127.0.0.1:{machine.port}/"],
                         stdout=subprocess.PIPE, check=True).stdout.decode()
    machine.stop()
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", out)
    errors = re.search(r"Socket errors: (.*)", out)
    return {"requests_per_s": float(rate.group(1)), "errors": errors.group(1) if errors else "none"}


def redis(requests):
    machine = Machine(["-m", "128M"], 6379, "/usr/bin/redis-server",
                      ["--save", "", "--protected-mode", "no"], b"PING\r\n")
    out = subprocess.run(["redis-benchmark", "-p", str(machine.port), "-t", "set,get", "-c", "50",
                          "-n", str(requests), "--csv"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, check=True).stdout.decode()
    machine.stop()
    rates = re.findall(r'"(SET|GET)","([0-9.]+)"', out)
    return {f"{name.lower()}_per_s": float(rate) for name, rate in rates}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer runs")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    runs, seconds = (1, 3) if options.quick else (5, 10)

    results = {"kernel": {"bytes": os.path.getsize(os.path.join(TOP, "build", "soliton.elf"))}}
    print(f"{'kernel':34} {results['kernel']['bytes'] / 1024:.0f} KiB")
    steps = list(boots(runs))
    steps.append(("HTTP, 50 connections, 1 CPU", wrk(seconds, 1)))
    steps.append(("HTTP, 50 connections, 2 CPUs", wrk(seconds, 2)))
    steps.append(("redis, 50 connections, 1 CPU", redis(seconds * 2000)))
    for name, figures in steps:
        results[name] = figures
        print(f"{name:34} " + ", ".join(f"{key} {value}" for key, value in figures.items()))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
