#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The control channel, a virtio console: control.py [--long] [--build DIR] [NAME...]

A host that asks gets figures that fit the machine; one that floods, sends garbage or goes away in
the middle of an answer does no harm, and the program never notices.
"""

import os
import re
import sys
import tempfile

import machine

DEVICES = {"microvm": "virtio-serial-device", "q35": "virtio-serial-pci,disable-legacy=on"}
SAMPLE = re.compile(r'(soliton_[a-z_]+)(?:\{([a-z]+)="([a-z0-9]+)"\})? ([0-9.]+)')
MEMORY_MIB = 256
CPUS = 2


class Channel:
    """One end of the control channel."""

    def __init__(self, path):
        self.stream = machine.connect(path)
        self.stream.settimeout(machine.SECONDS_MAX)
        self.file = self.stream.makefile("rb")

    def close(self):
        self.file.close()
        self.stream.close()

    def send(self, data):
        self.stream.sendall(data)

    def lines(self, last):
        """Lines up to the one that is `last`."""
        lines = []
        while not lines or lines[-1] != last:
            line = self.file.readline()
            if not line.endswith(b"\n"):
                raise OSError(f"the channel ended after {lines}")
            lines.append(line.decode().rstrip("\n"))
        return lines

    def stats(self):
        """{(name, device or CPU): value}"""
        self.send(b"stats\n")
        samples = {}
        for line in self.lines("end")[:-1]:
            if line.startswith("# TYPE "):
                continue
            name, _, label, value = SAMPLE.fullmatch(line).groups()
            samples[name.removeprefix("soliton_"), label] = float(value)
        return samples


def fault_of_stats(first, second):
    """What is wrong with two answers, one after the other."""
    total = first["memory_total_bytes", None]
    if not 0.8 * MEMORY_MIB < total / (1 << 20) <= MEMORY_MIB:
        return f"{total} bytes of memory"
    if not 0 < first["memory_free_bytes", None] < total:
        return "memory that is free"
    if first["threads", None] != 1 or first["open_files", None] < 3:
        return "threads or files"
    if first["network_receive_bytes_total", "eth0"] < 300:
        return "no bytes received, but there was DHCP"
    if first["disk_read_bytes_total", "vda"] < 4096 or first["disk_writes_total", "vda"] != 0:
        return "bytes from or to the disk"
    if not 0 < first["uptime_seconds", None] < second["uptime_seconds", None]:
        return "time that does not pass"
    for cpu in range(CPUS):
        busy = [stats["cpu_busy_seconds_total", str(cpu)] for stats in (first, second)]
        if not 0 <= busy[0] <= busy[1] <= second["uptime_seconds", None]:
            return f"CPU {cpu} was busy for {busy}"
    return None


def ask(path):
    channel = Channel(path)
    fault = fault_of_stats(channel.stats(), channel.stats())
    for line in (b"", b"stat", b"x" * 5000, bytes(range(1, 10))):
        channel.send(line + b"\n")
        answer = channel.lines("error unknown request")
        if len(answer) != 1:
            fault = fault or f"{line[:10]} is answered by {answer}"
    channel.close()
    return fault


def flood(path):
    """Asks and asks without reading, goes away, and asks again. QEMU drops what nobody fetches."""
    channel = Channel(path)
    for _ in range(10):
        channel.send(b"stats\n" * 100 + b"garbage " * 100)
    channel.close()

    channel = Channel(path)
    channel.send(b"\nlast\n")
    channel.lines("error unknown request") # What was on its way comes first.
    channel.send(b"\n")
    channel.lines("error unknown request")
    channel.close()
    return None


def run(bench, kind, talk):
    """(how the machine ended, what was wrong with the talk)"""
    path = os.path.join(bench.folder, f"control-{kind}-{talk.__name__}")
    more = ["-device", DEVICES[kind], "-chardev", f"socket,id=control,path={path},server=on,wait=off",
            "-device", "virtconsole,chardev=control"]
    process = bench.start("--machine", kind, "--smp", str(CPUS), "-m", f"{MEMORY_MIB}M",
                          bench.program("die"), "--", "wait", monitor=path + ".monitor", more=more)
    text = b""
    fault = "the program did not start"
    for line in process.stdout:
        text += line
        if line.strip() == b"waiting":
            fault = talk(path)
            machine.press_power_button(path + ".monitor")
    process.wait()
    return machine.Done(process.returncode, text.decode(errors="replace")), fault


def main():
    options = machine.arguments(__doc__)
    score = machine.Score(options.names)

    with tempfile.TemporaryDirectory() as folder:
        bench = machine.Bench(folder, options.build)
        for kind in DEVICES:
            for talk in (ask, flood):
                title = f"{talk.__name__} on {kind}"
                if score.wanted(title):
                    done, fault = run(bench, kind, talk)
                    if done.status != 128 + 15:
                        fault = fault or f"the status is {done.status}"
                    score.note(title, fault, done.text)
    return score.finish()


if __name__ == "__main__":
    sys.exit(main())
