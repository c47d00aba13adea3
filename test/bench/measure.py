# SPDX-License-Identifier: Apache-2.0
"""How each kind of figure is taken. Every function returns plain data for the JSON of results."""

import contextlib
import dataclasses
import re
import statistics
import time

import counts
from guest import BenchError, Guest, Setup

WARM_SECONDS = 1
SETTLE_SECONDS = 0.3
LEAST_MIB = (16, 20, 24, 32, 48, 64, 80, 96, 128, 160, 192, 256)
LEAST_SECONDS = 20
LABEL_MAIN = 255  # In micro.c.


def median(values):
    return statistics.median(values)


def summary(values):
    """Median and spread: the distance of the extremes, as a part of the median."""
    middle = median(values)
    spread = (max(values) - min(values)) / middle if middle else 0
    return {"median": middle, "spread": round(spread, 3), "values": values}


class Bench:
    """Systems, programs and the wire they are measured over."""

    def __init__(self, systems, programs, way, tools):
        self.systems = systems
        self.programs = programs
        self.way = way
        self.tools = tools

    def guest(self, system, program, setup):
        return Guest(system, program, setup, self.way, self.tools)

    def throughput(self, load, setup, seconds, pairs, failed):
        """Rates and latencies, one system after the other, again and again. A run that fails is
        told to `failed(system, error)` and missing in its pair."""
        program = self.programs.get(load.program, setup.cpus)
        runs = {system.name: [None] * pairs for system in self.systems}
        for turn in range(pairs):
            for system in self.systems if turn % 2 == 0 else self.systems[::-1]:
                try:
                    with self.guest(system, program, setup) as guest:
                        guest.first_byte()
                        load.client(guest, WARM_SECONDS)
                        runs[system.name][turn] = load.client(guest, seconds)
                except Exception as error:  # pylint: disable=broad-except
                    failed(system.name, error)
        baseline = runs[self.systems[-1].name]
        figures = {name: rates(mine, baseline) for name, mine in runs.items()}
        return {name: figure for name, figure in figures.items() if figure}

    def per_request(self, system, load, setup, seconds, exits=False, idle=0):
        """Instructions, and what would leave the machine, for a request; beside so many idle
        connections."""
        program = self.programs.get(load.program, setup.cpus)
        setup = dataclasses.replace(setup, count=True, exits=exits)
        with self.guest(system, program, setup) as guest:
            guest.first_byte()
            with guest.idle(idle) if idle else contextlib.nullcontext():
                load.client(guest, WARM_SECONDS)
                time.sleep(SETTLE_SECONDS)
                before = guest.counts()
                result = load.client(guest, seconds)
                time.sleep(SETTLE_SECONDS)
                spent = guest.counts().since(before)
        unknown = {"dropped"} if exits else {"dropped", "mmio", "eois"}
        return {name: round(count / result.requests, 3) for name, count in spent.items()
                if name not in unknown}

    def micro(self, system, setup):
        """Instructions of the kernel for an operation, by the name of the small load."""
        program = self.programs.get("micro", setup.cpus)
        with self.guest(system, program, dataclasses.replace(setup, count=True)) as guest:
            said = guest.wait_console(r"(?m)^micro-end")
            time.sleep(SETTLE_SECONDS)
            marks = guest.counts().marks
        operations = {}
        for label, name, number in re.findall(r"(?m)^micro (\d+) (\w+) (\d+)", said):
            begin, end = marks[int(label)], marks[int(label) + 1]
            operations[name] = {"kernel": round((end[0] - begin[0]) / int(number), 1),
                                "user": round((end[1] - begin[1]) / int(number), 1)}
        return operations

    def boot(self, system, setup, runs):
        """Seconds from the start of QEMU to the first byte of nginx; and instructions
        of the kernel until a program starts."""
        program = self.programs.get("nginx", setup.cpus)
        seconds = []
        for _ in range(runs):
            with self.guest(system, program, setup) as guest:
                seconds.append(round(guest.first_byte(), 4))
        return {"first_byte_s": summary(seconds),
                "entry_instructions": self.entry_instructions(system, setup)}

    def entry_instructions(self, system, setup):
        """Instructions of the kernel until a static program's main()."""
        program = self.programs.get("micro", 1)
        with self.guest(system, program, dataclasses.replace(setup, count=True)) as guest:
            guest.wait_console(r"(?m)^micro ")
            return guest.counts().marks[LABEL_MAIN][0]

    def profile(self, system, load, setup, seconds):
        """Instructions by function of the kernel, for a request."""
        program = self.programs.get(load.program, setup.cpus)
        system.wants_symbols = True
        with self.guest(system, program, dataclasses.replace(setup, count=True)) as guest:
            guest.first_byte()
            symbols = system.symbols(guest)
            load.client(guest, WARM_SECONDS)
            before = guest.counts(blocks=True)
            result = load.client(guest, seconds)
            functions = counts.by_function(guest.counts(blocks=True).by_address(before), symbols)
        system.wants_symbols = False
        return {name: count / result.requests for name, count in functions.items()}

    def memory(self, system):
        """Bytes of the kernel's in use when idle, for a connection and for a thread."""
        program = self.programs.get("memory", 1)
        with self.guest(system, program, Setup(kind="q35", memory="1G")) as guest:
            said = guest.wait_console(r"(?m)^memory-end")
        lines = re.findall(r"(?m)^memory (\w+) (-?\d+) ?(\d*)", said)
        figures = {name: int(size) for name, size, _ in lines}
        figures["connection_by_count"] = {count: int(size) for name, size, count in lines
                                          if name == "connection"}
        figures["least_mib"] = self.least_memory(system)
        return figures

    def least_memory(self, system):
        """The least RAM, in MiB, with which our static server answers."""
        program = self.programs.get("c", 1)
        for mib in LEAST_MIB:
            with self.guest(system, program, Setup(kind="q35", memory=f"{mib}M")) as guest:
                try:
                    guest.first_byte(LEAST_SECONDS)
                    return mib
                except BenchError:
                    pass
        return None


def rates(runs, baseline):
    """One system's figures; `ratio` is of pairs, to the baseline's. None when no run came out."""
    done = [run for run in runs if run]
    ratios = [round(run.rate / other.rate, 3) for run, other in zip(runs, baseline)
              if run and other]
    if not done:
        return None
    figures = {"rate": summary([round(run.rate, 1) for run in done]),
               "latency_ms": {name: round(median([run.latency_ms[name] for run in done]), 3)
                              for name in done[0].latency_ms},
               "max_ms": round(median([run.max_ms for run in done]), 3)}
    figures["p99_ms"] = figures["latency_ms"]["99"]
    if ratios:
        figures["ratio"] = summary(ratios)
    return figures


def setups():
    """Machines whose boot is compared."""
    for kind in ("microvm", "q35"):
        for memory, cpus in (("128M", 1), ("512M", 1), ("2G", 1), ("8G", 1), ("512M", 2),
                             ("512M", 4)):
            yield Setup(kind=kind, memory=memory, cpus=cpus)
