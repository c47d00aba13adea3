#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that the instrument works; it judges no figure: smoke.py [--long] [--build DIR]

    counts    the plugin counts the same instructions for a small load twice, within 2 %
    requests  redis serves, and its counts and rates come out
    linux     the Linux guest boots from the same image and serves (skipped without its package)
    report    the documents come out of results
    soak      --long only: 30 minutes of mixed load, no request older than 2 seconds

The last line is `N passed, N failed, N skipped`.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time
import traceback

import linux
import loads
import measure
import report
import soliton
import wire
from guest import BenchError, Setup

TOP = pathlib.Path(__file__).resolve().parents[2]
REPEAT_MAX = 0.02
SOAK_SECONDS = 30 * 60
SOAK_TURN_SECONDS = 10
SOAK_OLDEST_MS = 2000
SOAK_LOADS = ("http_small", "http_16k", "http_close", "redis_get", "redis_set_16", "memcached_get")


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
    runs = bench.throughput(load, Setup(), 1, 1)
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
        return {"rate": measure.summary([rate]), "ratio": measure.summary([2.0]), "p50_ms": 1,
                "p99_ms": 2, "p999_ms": 3, "max_ms": 4}
    spent = {"kernel": 13000, "user": 1, "ports": 0, "mmio": 0, "halts": 0, "interrupts": 0}
    results = {"machine": {"date": "2000-01-01", "qemu": "QEMU", "accelerator": "tcg", "cpus": 1},
               "wire": "tap", "systems": {"soliton": "this tree", "linux": "Linux"},
               "load": {"http_small/1": {"soliton": run(2.0), "linux": run(1.0)}},
               "requests": {"http_small": {"soliton": spent, "linux": spent}}}
    with tempfile.TemporaryDirectory() as folder:
        top = pathlib.Path(folder)
        (top / "docs").mkdir()
        report.write(results, top)
        promises = (top / "SPECIFICATION.md").read_text()
        if "13,000 | 13,000 | **misses**" not in promises or "2.00 x" not in promises:
            raise BenchError(promises)


def soak(bench, _cache):
    """Server after server, each with its loads in turn until its share of the time is over."""
    ours = bench.systems[0]
    names = sorted({loads.load_find(name).program for name in SOAK_LOADS})
    for program in names:
        mine = [load for load in map(loads.load_find, SOAK_LOADS) if load.program == program]
        end = time.monotonic() + SOAK_SECONDS / len(names)
        with bench.guest(ours, bench.programs.get(program, 1), Setup()) as guest:
            guest.first_byte()
            while time.monotonic() < end:
                for load in mine:
                    result = load.client(guest, SOAK_TURN_SECONDS)
                    if result.max_ms > SOAK_OLDEST_MS:
                        raise BenchError(f"{load.title}: a request took {result.max_ms:.0f} ms")


TESTS = {"counts": counts_repeat, "requests": requests_come_out, "linux": linux_serves,
         "report": report_comes_out}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--build", default=str(TOP / "build"), metavar="DIR")
    args = parser.parse_args()
    build = pathlib.Path(args.build).resolve()
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
