# SPDX-License-Identifier: Apache-2.0
"""Our figures against the peer's, all of one kind: how many times better ours is."""

import dataclasses

import loads
from promises import OURS, PEER

WIDE = 0.3  # A spread beyond this is said.


@dataclasses.dataclass
class Row:
    """One comparison."""

    group: str
    what: str
    factor: float  # Beyond 1 we lead; None: one of the two is not known.
    wide: float = 0  # The spread of the factor, where it is wide.


def title(key):
    """Of a load, `name` or `name/CPUS`; any other key stays as it is."""
    name, _, cpus = key.partition("/")
    plain = next((load.title for load in loads.LOADS if load.name == name), None)
    if not plain:
        return key
    return f"{plain}, {cpus} CPUs" if cpus not in ("", "1") else plain


def less(ours, peer):
    """How many times smaller ours is."""
    return peer / ours if ours and peer else None


def of_each(results, group, name, pick):
    """A row for each key of results[group], of which both have a figure."""
    for key, runs in results.get(group, {}).items():
        ours, peer = runs.get(OURS), runs.get(PEER)
        if ours and peer:
            yield Row(name, title(key), less(pick(ours), pick(peer)))


def rates(results):
    for key, runs in results.get("load", {}).items():
        ratio = runs.get(OURS, {}).get("ratio")
        if ratio and PEER in runs:
            wide = ratio["spread"] if ratio["spread"] > WIDE else 0
            yield Row("requests a second", title(key), ratio["median"], wide)


def micro(results):
    peer = results.get("micro", {}).get(PEER, {})
    for name, run in results.get("micro", {}).get(OURS, {}).items():
        if name in peer and run["kernel"] >= 1:
            yield Row("operation", name, less(run["kernel"], peer[name]["kernel"]))


def memory(results):
    ours = results.get("memory", {}).get(OURS, {})
    peer = results.get("memory", {}).get(PEER, {})
    for name, what in (("idle", "in use when idle"), ("connection", "a connection"),
                       ("thread", "a thread"), ("least_mib", "the least that serves")):
        if ours.get(name) and peer.get(name):
            yield Row("memory", what, less(ours[name], peer[name]))


def crashes(results):
    """Ours starts a whole machine again in either way; Linux in the first only its program."""
    def seconds(way, system):
        run = results.get("crash", {}).get(way, {}).get(system)
        return run["seconds"]["median"] if run else None

    for what, way, peer_way in (
            ("our machine, Linux' process", "in the machine", "in the machine"),
            ("our machine, Linux' machine", "in the machine", "anew"),
            ("both anew by a supervisor", "anew", "anew")):
        yield Row("crash to serving", what, less(seconds(way, OURS), seconds(peer_way, PEER)))


def rows(results):
    """Every comparison there are figures for."""
    size = results.get("size", {})
    every = [
        *rates(results),
        *of_each(results, "load", "p99 latency", lambda run: run["latency_ms"]["99"]),
        *of_each(results, "requests", "kernel instructions", lambda run: run["kernel"]),
        *micro(results),
        *of_each(results, "connections", "beside idle connections", lambda run: run["kernel"]),
        *of_each(results, "boot", "boot", lambda run: run["first_byte_s"]["median"]),
        *crashes(results),
        *memory(results)]
    if size.get(OURS) and size.get(PEER):
        every.append(Row("size", "kernel", less(size[OURS], size[PEER])))
    return every
