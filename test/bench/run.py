#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our kernel beside a Linux guest: the same program, image, machine, wire and load.

    run.py [--quick|--smoke] [--build DIR] [--json FILE [--merge]] [--group NAME]...
           [--load NAME]... [--pairs N] [--seconds N] [--boots N]
           [--adapter NAME=EXECUTABLE]... [--no-linux] [--report]
    run.py --profile LOAD [--system NAME] [--svg FILE]

Groups: requests (guest instructions and exits for a request), micro (instructions of small
operations), connections (a request's beside thousands of idle connections), boot, crash (to serving
again), memory, size, ops (how fast it starts and builds), load (rates and latencies, in pairs).
Rates are this computer's: what counts are the ratios, pair by pair, and the counts of instructions,
which repeat. docs/benchmarks.md says how to read all this.

Every figure is on disk in FILE as soon as it is taken. --merge keeps what the file has and this run
does not take. --report writes SPECIFICATION.md and docs/performance.md from the results. What
cannot be measured, because a machine hangs, an answer is wrong or a client fails, is noted in the
results and the report, and the exit status is 1 at the end.
"""

import argparse
import os
import pathlib
import platform
import signal
import subprocess
import sys
import time

import groups
import linux
import loads
import measure
import profiles
import report
import soliton
import wire
from adapter import Adapter
from guest import QEMU, BenchError, Setup
from results import Results

TOP = pathlib.Path(__file__).resolve().parents[2]
QUICK_LOADS = ("http_small", "redis_get", "redis_get_16")
QUICK_GROUPS = ("requests", "micro", "ops", "load")
SMOKE_GROUPS = ("requests", "boot")
IDLE = (10, 100, 1000, 10000)


class Plan:
    """How much of everything: the full run, the daily one, and the one that only proves that the
    harness works."""

    def __init__(self, args):
        self.pairs = args.pairs or (1 if args.smoke else 3 if args.quick else 5)
        self.seconds = args.seconds or (1 if args.smoke else 3 if args.quick else 4)
        self.boots = args.boots or (1 if args.smoke else 3 if args.quick else 5)
        self.count_seconds = min(self.seconds, 2 if args.quick else 3)
        few = QUICK_LOADS[:1] if args.smoke else QUICK_LOADS if args.quick else None
        names = args.load or few
        self.loads = [loads.load_find(name) for name in names] if names else loads.LOADS
        self.groups = args.group or (SMOKE_GROUPS if args.smoke else
                                     QUICK_GROUPS if args.quick else tuple(groups.GROUPS))
        self.setups = list(measure.setups())
        self.cpus = (1,) if args.smoke or args.quick else (1, 2)
        self.idle = IDLE
        if args.smoke or args.quick:
            self.idle = IDLE[::2]
            self.setups = [setup for setup in self.setups
                           if setup.memory == "512M" and setup.cpus == 1]
        self.exits = not args.smoke and not args.quick


def machine_facts():
    version = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True).stdout
    model = next((line.split(":", 1)[1].strip()
                  for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown")
    return {"qemu": version.splitlines()[0], "cpu": model, "cpus": os.cpu_count(),
            "host": platform.release(), "accelerator": "tcg",
            "date": time.strftime("%Y-%m-%d", time.gmtime())}


def systems_of(args, build, cache):
    systems = [soliton.Soliton(build)]
    for text in args.adapter:
        name, _, path = text.partition("=")
        systems.append(Adapter(name, path))
    if not args.no_linux:
        if not args.quick and not args.smoke:
            systems.append(linux.Linux(cache, "linux-mitigations-off", "mitigations=off"))
        systems.append(linux.Linux(cache))
    return systems


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="under five minutes")
    parser.add_argument("--smoke", action="store_true", help="only prove that it works")
    parser.add_argument("--build", default=str(TOP / "build"), metavar="DIR")
    parser.add_argument("--json", metavar="FILE", help="where the results go")
    parser.add_argument("--merge", action="store_true",
                        help="keep what the file has and this run does not take")
    parser.add_argument("--group", action="append", choices=groups.GROUPS)
    parser.add_argument("--load", action="append", metavar="NAME")
    parser.add_argument("--pairs", type=int, metavar="N", help="runs of a load on each system")
    parser.add_argument("--seconds", type=int, metavar="N", help="how long such a run is")
    parser.add_argument("--boots", type=int, metavar="N", help="boots and crashes of a machine")
    parser.add_argument("--adapter", action="append", default=[], metavar="NAME=EXECUTABLE")
    parser.add_argument("--no-linux", action="store_true", help="ours alone")
    parser.add_argument("--report", action="store_true", help="write the documents, too")
    parser.add_argument("--profile", metavar="LOAD", help="where the instructions go")
    parser.add_argument("--system", default="soliton", help="whose, with --profile")
    parser.add_argument("--svg", metavar="FILE", help="a flame graph, with --profile")
    return parser.parse_args()


def measure_all(args, bench, plan):
    facts = {"machine": machine_facts(), "wire": bench.way.name,
             "systems": {system.name: system.version() for system in bench.systems},
             "plan": {"pairs": plan.pairs, "seconds": plan.seconds, "boots": plan.boots}}
    results = Results(args.json, facts, args.merge)
    if bench.way.name == "user":
        groups.say("no tap could be made: QEMU's user-mode network, which loses bursts, carries "
                   f"the load, over {bench.way.connections_max} connections")
    for name in plan.groups:
        groups.say(f"{time.strftime('%H:%M:%S')} {name}")
        with results.timed(name):
            groups.GROUPS[name](bench, plan, results)
    if args.report:
        report.write(results.data, TOP)
    for path in results.failures:
        groups.say(f"not taken: {path}")
    return 1 if results.failures else 0


def main():
    args = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # So that no machine is left behind.
    build = pathlib.Path(args.build).resolve()
    folder = build / "bench"
    folder.mkdir(exist_ok=True)
    way = wire.wire_open()
    try:
        systems = systems_of(args, build, folder / "linux")
        programs = loads.Programs(build, folder, systems[0])
        bench = measure.Bench(systems, programs, way, build / "test" / "bench")
        if args.profile:
            profiles.show(bench, args, Setup(kind="q35"))
        else:
            return measure_all(args, bench, Plan(args))
    except (BenchError, OSError, subprocess.SubprocessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    finally:
        way.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
