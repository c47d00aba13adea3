#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our kernel beside a Linux guest: the same program, image, machine, wire and load.

    run.py [--quick|--smoke] [--build DIR] [--json FILE] [--group NAME]... [--load NAME]...
           [--adapter NAME=EXECUTABLE]... [--no-linux] [--report]
    run.py --profile LOAD [--system NAME] [--svg FILE]

Groups: load (rates and latencies, in pairs), requests (guest instructions and exits for a request),
micro (instructions of small operations), boot, memory, size, ops (how fast it starts and builds).
Rates are this computer's: what counts are the ratios, pair by pair, and the counts of instructions,
which repeat. `--report` writes SPECIFICATION.md and docs/performance.md from the results.
docs/benchmarks.md says how to read all this. A machine that hangs, a wrong answer or a client's
error ends the run with status 1.
"""

import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

import images
import linux
import loads
import measure
import profiles
import report
import soliton
import wire
from adapter import Adapter
from guest import QEMU, BenchError, Setup

TOP = pathlib.Path(__file__).resolve().parents[2]
GROUPS = ("requests", "micro", "boot", "memory", "size", "ops", "load")
QUICK_LOADS = ("http_small", "redis_get", "redis_get_16")


class Plan:
    """How much of everything: the full run, the daily one, and the one that only proves that the
    harness works."""

    def __init__(self, args):
        self.pairs = 1 if args.smoke else 3 if args.quick else 5
        self.seconds = 1 if args.smoke else 3 if args.quick else 8
        self.count_seconds = 1 if args.smoke else 2 if args.quick else 5
        self.boots = 1 if args.smoke else 3 if args.quick else 7
        few = QUICK_LOADS[:1] if args.smoke else QUICK_LOADS if args.quick else None
        names = args.load or few
        self.loads = [loads.load_find(name) for name in names] if names else loads.LOADS
        self.groups = args.group or (("requests", "boot") if args.smoke else
                                     ("requests", "micro", "ops", "load") if args.quick else
                                     GROUPS)
        self.setups = list(measure.setups())
        self.cpus = (1,) if args.smoke or args.quick else (1, 2)
        if args.smoke or args.quick:
            self.setups = [setup for setup in self.setups
                           if setup.memory == "512M" and setup.cpus == 1]
        self.exits = not args.smoke and not args.quick


def say(text):
    print(text, flush=True)


def figures(name, values):
    """One line of results: a figure for each system."""
    say(f"  {name:34} " + "   ".join(f"{system} {value}" for system, value in values.items()))


def group_load(bench, plan):
    results = {}
    for load in plan.loads:
        for cpus in (cpus for cpus in load.cpus if cpus in plan.cpus):
            setup = Setup(kind="q35", cpus=cpus)
            key = f"{load.name}/{cpus}"
            results[key] = bench.throughput(load, setup, plan.seconds, plan.pairs)
            figures(f"{load.title}, {cpus} CPU", {
                name: f"{run['rate']['median']:.0f}/s x{run['ratio']['median']:.2f} "
                      f"(spread {run['ratio']['spread']:.0%}) p99 {run['p99_ms']} ms"
                for name, run in results[key].items()})
    return results


def group_requests(bench, plan):
    results = {}
    for load in plan.loads:
        results[load.name] = {}
        for system in bench.systems:
            setup = Setup(kind="q35")
            spent = bench.per_request(system, load, setup, plan.count_seconds)
            if plan.exits:
                seen = bench.per_request(system, load, setup, plan.count_seconds, exits=True)
                spent.update({name: seen[name] for name in ("ports", "mmio", "halts")})
            results[load.name][system.name] = spent
        figures(load.title, {name: f"{run['kernel']:.0f} kernel {run['user']:.0f} user"
                             for name, run in results[load.name].items()})
    return results


def group_micro(bench, _plan):
    results = {system.name: bench.micro(system, Setup(kind="q35", memory="512M"))
               for system in bench.systems}
    for name in next(iter(results.values())):
        figures(name, {system: run.get(name, {}).get("kernel", "-")
                       for system, run in results.items()})
    return results


def group_boot(bench, plan):
    results = {}
    for setup in plan.setups:
        key = f"{setup.kind}/{setup.memory}/{setup.cpus}"
        results[key] = {}
        for system in bench.systems:
            try:
                results[key][system.name] = bench.boot(system, setup, plan.boots)
            except BenchError as error:
                results[key][system.name] = None
                say(f"  {system.name} does not serve on {key}: {str(error).splitlines()[0]}")
        figures(f"boot {key}", {
            name: f"{run['first_byte_s']['median']:.3f} s "
                  f"{run['entry_instructions'] / 1e6:.2f} M kernel instructions to main()"
            for name, run in results[key].items() if run})
    return results


def group_memory(bench, _plan):
    results = {}
    for system in bench.systems:
        results[system.name] = bench.memory(system)
        results[system.name]["least_mib"] = bench.least_memory(system)
    for name in next(iter(results.values())):
        figures(name, {system: run.get(name) for system, run in results.items()})
    return results


def group_size(bench, _plan):
    program = bench.programs.get("nginx", 1)
    results = {"nginx_image": os.stat(program.image).st_blocks * 512}
    for system in bench.systems:
        if hasattr(system, "size"):
            results[system.name] = system.size()
    figures("bytes", results)
    return results


def group_ops(bench, plan):
    results = images.measure(bench.programs.build, bench.programs.folder, plan.boots)
    for name, value in results.items():
        say(f"  {name:34} {value:,}")
    return results


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
    parser.add_argument("--group", action="append", choices=GROUPS)
    parser.add_argument("--load", action="append", metavar="NAME")
    parser.add_argument("--adapter", action="append", default=[], metavar="NAME=EXECUTABLE")
    parser.add_argument("--no-linux", action="store_true", help="ours alone")
    parser.add_argument("--report", action="store_true", help="write the documents, too")
    parser.add_argument("--profile", metavar="LOAD", help="where the instructions go")
    parser.add_argument("--system", default="soliton", help="whose, with --profile")
    parser.add_argument("--svg", metavar="FILE", help="a flame graph, with --profile")
    return parser.parse_args()


def measure_all(args, bench, plan):
    results = {"machine": machine_facts(), "wire": bench.way.name,
               "systems": {system.name: system.version() for system in bench.systems}}
    if bench.way.name == "user":
        say("no tap could be made: QEMU's user-mode network, which loses bursts, carries the load, "
            f"over {bench.way.connections_max} connections")
    for group in plan.groups:
        say(group)
        results[group] = globals()[f"group_{group}"](bench, plan)
        if args.json:
            pathlib.Path(args.json).write_text(json.dumps(results, indent=1) + "\n")
    if args.report:
        report.write(results, TOP)
    return results


def main():
    args = parse()
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
            measure_all(args, bench, Plan(args))
    except (BenchError, OSError, subprocess.SubprocessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    finally:
        way.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
