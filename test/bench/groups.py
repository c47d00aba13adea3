# SPDX-License-Identifier: Apache-2.0
"""The groups of figures: which are taken, and in what order; measure.py knows how each is.

A group gets the bench, the plan of the run and the Results it puts its figures into.
"""

import os

import crash
import images
import loads
from guest import Setup

PEER = "linux"
EXITS = ("ports", "mmio", "eois", "halts", "interrupts")


def say(text):
    print(text, flush=True)


def figures(name, values):
    """One line of results: a figure for each system."""
    say(f"  {name:34} " + "   ".join(f"{system} {value}" for system, value in values.items()))


def each(bench, results, path, measure, systems=None):
    """Takes a figure of each system; those that came out, by name."""
    taken = {}
    for system in systems or bench.systems:
        value = results.take((*path, system.name), lambda system=system: measure(system))
        if value is not None:
            taken[system.name] = value
    return taken


def two_systems(bench):
    """Where a variant of the peer would say nothing new."""
    return [system for system in bench.systems if not system.name.startswith(PEER + "-")]


def ratio_text(run):
    ratio = run.get("ratio")
    return f" x{ratio['median']:.2f} (spread {ratio['spread']:.0%})" if ratio else ""


def load(bench, plan, results):
    for one in plan.loads:
        for cpus in (cpus for cpus in one.cpus if cpus in plan.cpus):
            key = f"{one.name}/{cpus}"
            setup = Setup(kind="q35", cpus=cpus)

            def failed(system, error, key=key):
                results.fail(("load", key, system), error)

            runs = results.take(("load", key), lambda: bench.throughput(
                one, setup, plan.seconds, plan.pairs, failed))
            figures(f"{one.title}, {cpus} CPU", {
                name: f"{run['rate']['median']:.0f}/s{ratio_text(run)} p99 {run['p99_ms']} ms"
                for name, run in (runs or {}).items()})


def requests(bench, plan, results):
    def spent(system, one):
        setup = Setup(kind="q35")
        count = bench.per_request(system, one, setup, plan.count_seconds)
        if plan.exits and system in two_systems(bench):
            seen = bench.per_request(system, one, setup, plan.count_seconds, exits=True)
            count.update({name: seen[name] for name in EXITS})
        return count

    for one in plan.loads:
        runs = each(bench, results, ("requests", one.name),
                    lambda system: spent(system, one))
        figures(one.title, {name: f"{run['kernel']:.0f} kernel {run['user']:.0f} user"
                            for name, run in runs.items()})


def micro(bench, _plan, results):
    runs = each(bench, results, ("micro",),
                lambda system: bench.micro(system, Setup(kind="q35", memory="512M")))
    for name in next(iter(runs.values()), {}):
        figures(name, {system: run.get(name, {}).get("kernel", "-")
                       for system, run in runs.items()})


def boot(bench, plan, results):
    for setup in plan.setups:
        key = f"{setup.kind}/{setup.memory}/{setup.cpus}"
        plain = setup.memory == "512M" and setup.cpus == 1
        runs = each(bench, results, ("boot", key),
                    lambda system: bench.boot(system, setup, plan.boots),
                    bench.systems if plain else two_systems(bench))
        figures(f"boot {key}", {
            name: f"{run['first_byte_s']['median']:.3f} s "
                  f"{run['entry_instructions'] / 1e6:.2f} M kernel instructions to main()"
            for name, run in runs.items()})


def crashes(bench, plan, results):
    for way in crash.WAYS:
        systems = [system for system in two_systems(bench) if way.has(system)]
        runs = each(bench, results, ("crash", way.name),
                    lambda system: way.measure(bench, system, plan.boots),
                    systems)
        figures(f"crash, {way.name}", {name: f"{run['seconds']['median']:.3f} s ({run['how']})"
                                       for name, run in runs.items()})


def connections(bench, plan, results):
    """What others that are open and say nothing cost the ones that are loaded."""
    one = loads.load_find("redis_get")
    for idle in plan.idle:
        runs = each(bench, results, ("connections", str(idle)),
                    lambda system: bench.per_request(
                        system, one, Setup(kind="q35", memory="1G"), plan.count_seconds,
                        idle=idle), two_systems(bench))
        figures(f"{one.title}, {idle} idle beside", {
            name: f"{run['kernel']:.0f} kernel" for name, run in runs.items()})


def memory(bench, _plan, results):
    runs = each(bench, results, ("memory",), bench.memory, two_systems(bench))
    for name in next(iter(runs.values()), {}):
        figures(name, {system: run.get(name) for system, run in runs.items()})


def size(bench, _plan, results):
    path = results.take(("size", "nginx_image"), lambda: os.stat(
        bench.programs.get("nginx", 1).image).st_blocks * 512)
    for system in bench.systems:
        if hasattr(system, "size"):
            results.take(("size", system.name), system.size)
    figures("bytes", {"image": path, **results.data["size"]})


def ops(bench, plan, results):
    for name, value in (results.take(("ops",), lambda: images.measure(
            bench.programs.build, bench.programs.folder, plan.boots)) or {}).items():
        say(f"  {name:34} {value:,}")


# By the name on the command line. What steers the work comes first, what takes longest last.
GROUPS = {"requests": requests, "micro": micro, "connections": connections, "boot": boot,
          "crash": crashes, "memory": memory, "size": size, "ops": ops, "load": load}
