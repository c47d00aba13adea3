#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that the instrument works; it judges no figure: smoke.py [--long] [--build DIR]

    counts    the plugin counts the same instructions for a small load twice, within 2 %
    requests  redis serves, and its counts and rates come out
    linux     the Linux guest boots from the same image and serves (skipped without its package)
    report    the documents come out of results
    crash     a server that crashes serves again
    mixed     a few seconds of the load of the soak
    soak      --long only: 30 minutes of mixed load on three servers and two machines, no request
              older than 2 seconds; a line for each minute

The last line is `N passed, N failed, N skipped`.
"""

import argparse
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import traceback

import crash
import linux
import loads
import measure
import report
import soliton
import wire
from guest import BenchError, Setup

TOP = pathlib.Path(__file__).resolve().parents[2]
REPEAT_MAX = 0.02
SOAK_MINUTES = 5  # Of each server on each machine.
MINUTE = 60
SOAK_OLDEST_MS = 2000
SOAK_KINDS = {"nginx": "http", "redis": "redis", "memcached": "memcached"}
SOAK_SETUPS = (Setup(), Setup(kind="q35", cpus=2))


class Skip(Exception):
    """What the test needs is not there."""


def counts_repeat(bench, _cache):
    ours = bench.systems[0]
    first, second = (bench.micro(ours, Setup(memory="512M")) for _ in range(2))
    for name in ("getpid", "read_null", "epoll_1_of_10000", "open_close", "tcp_round_trip"):
        one, two = first[name]["kernel"], second[name]["kernel"]
        if not one or abs(one - two) > REPEAT_MAX * one:
            raise BenchError(f"{name}: {one} and {two} instructions")


def requests_come_out(bench, _cache):
    ours = bench.systems[0]
    load = loads.load_find("redis_get")
    spent = bench.per_request(ours, load, Setup(), 1)
    if not 100 < spent["kernel"] < 1e6 or not 100 < spent["user"] < 1e6:
        raise BenchError(f"counts of {spent}")
    runs = bench.throughput(load, Setup(), 1, 1, lambda system, error: print(system, error))
    if runs[ours.name]["rate"]["median"] <= 0 or runs[ours.name]["ratio"]["median"] != 1:
        raise BenchError(f"rates of {runs}")


def linux_serves(bench, cache):
    try:
        peer = linux.Linux(cache)
    except (OSError, subprocess.SubprocessError) as error:
        raise Skip(f"{linux.PACKAGE} cannot be had: {error}") from error
    load = loads.load_find("redis_get")
    spent = bench.per_request(peer, load, Setup(kind="q35"), 1)
    if not 100 < spent["kernel"] < 1e6:
        raise BenchError(f"counts of {spent}")


def report_comes_out(_bench, _cache):
    def run(rate):
        return {"rate": measure.summary([rate]), "ratio": measure.summary([2.0]), "max_ms": 4,
                "latency_ms": {name: 1.0 for name in loads.PERCENTILES}, "p99_ms": 1.0}
    spent = {"kernel": 13000, "user": 1, "ports": 0, "halts": 0, "interrupts": 0}
    back = {"seconds": measure.summary([0.2]), "how": "somehow"}
    results = {"machine": {"date": "2000-01-01", "qemu": "QEMU", "accelerator": "tcg", "cpus": 1},
               "wire": "tap", "systems": {"soliton": "this tree", "linux": "Linux"},
               "load": {"http_small/1": {"soliton": run(2.0), "linux": run(1.0)}},
               "requests": {"http_small": {"soliton": spent, "linux": spent}},
               "connections": {"10": {"soliton": spent}, "100": {"soliton": spent}},
               "crash": {"anew": {"soliton": back}},
               "failures": {"boot/q35/128M/1/linux": "BenchError: | the machine ended"}}
    with tempfile.TemporaryDirectory() as folder:
        top = pathlib.Path(folder)
        (top / "docs").mkdir()
        report.write(results, top)
        promises = (top / "SPECIFICATION.md").read_text()
        page = (top / "docs" / "performance.md").read_text()
        if "13,000 | 13,000 | **misses**" not in promises or "2.00 x" not in promises:
            raise BenchError(promises)
        drawn = {path.stem for path in (top / "docs" / "performance").iterdir()}
        if "boot/q35/128M/1/linux" not in page or \
                not {"glance", "throughput", "latency", "instructions", "connections"} <= drawn:
            raise BenchError(page)


def crash_comes_back(bench, _cache):
    for way in crash.WAYS:
        found = way.measure(bench, bench.systems[0], 1)
        if not 0 < found["seconds"]["median"] < crash.CLIENT_SECONDS:
            raise BenchError(f"{way.name}: {found}")


def mixed(bench, program, setup, seconds, minutes):
    """So many turns of mixed load on one machine."""
    ours = bench.systems[0]
    where = f"{program} on {setup.kind}, {setup.cpus} CPU"
    with bench.guest(ours, bench.programs.get(program, setup.cpus), setup) as guest:
        guest.first_byte()
        for minute in range(minutes):
            out = guest.run(guest.script("mixed.py", SOAK_KINDS[program],
                                         loads.connections_of(guest), seconds, SOAK_OLDEST_MS))
            said = json.loads(out)
            if said["requests"] == 0:
                raise BenchError(f"{where}: nothing was answered")
            if minutes > 1:
                print(f"  {where}, minute {minute + 1}: {said['requests']} requests, the oldest "
                      f"took {said['oldest_ms']:.0f} ms", flush=True)


def mixed_load(bench, _cache):
    mixed(bench, "redis", Setup(), 2, 1)


def soak(bench, _cache):
    for setup in SOAK_SETUPS:
        for program in SOAK_KINDS:
            mixed(bench, program, setup, MINUTE, SOAK_MINUTES)


TESTS = {"counts": counts_repeat, "requests": requests_come_out, "linux": linux_serves,
         "report": report_comes_out, "crash": crash_comes_back, "mixed": mixed_load}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--build", default=str(TOP / "build"), metavar="DIR")
    args = parser.parse_args()
    build = pathlib.Path(args.build).resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # So that no machine is left behind.
    passed = failed = skipped = 0
    way = wire.wire_open()
    with tempfile.TemporaryDirectory(prefix="soliton-bench-") as folder:
        ours = soliton.Soliton(build)
        bench = measure.Bench([ours], loads.Programs(build, folder, ours), way,
                              build / "test" / "bench")
        for name, test in {**TESTS, **({"soak": soak} if args.long else {})}.items():
            try:
                test(bench, build / "bench" / "linux")
                passed += 1
                print(f"ok      {name}")
            except Skip as reason:
                skipped += 1
                print(f"skipped {name}: {reason}")
            except Exception:  # pylint: disable=broad-except
                failed += 1
                print(f"FAILED  {name}\n{traceback.format_exc()}")
    way.close()
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
