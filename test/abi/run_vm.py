#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the ABI test programs in machines of their own: run_vm.py [--long] [NAME...]

Each is the binary that has passed on Linux, and must end with its line `N passed, N failed`.
Without --long each runs once, machine and CPU count taking turns; with it every program runs on all
of them.
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import machines  # pylint: disable=wrong-import-position

SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\r?$", re.M)
SECONDS_MAX = 120
MACHINES = [("microvm", 1), ("q35", 2), ("microvm", 2), ("q35", 1)]
DEBUG_KERNEL = os.path.join(machines.TOP, "build", "debug", "soliton.elf")


def programs(names):
    folder = os.path.join(machines.TOP, "build", "test", "abi")
    found = sorted(name for name in os.listdir(folder) if "." not in name)
    return [os.path.join(folder, name) for name in found if not names or name in names]


def in_machine(job):
    program, machine, cpus = job
    options = ["--machine", machine, "--smp", str(cpus), "-m", "256M"]
    if os.path.exists(DEBUG_KERNEL):
        options += ["--kernel", DEBUG_KERNEL]  # It checks the order of locks.
    status, text = machines.run_program(program, options, SECONDS_MAX)
    summary = SUMMARY.findall(text)
    ok = bool(summary) and summary[-1][1] == "0" and status == 0
    return f"{os.path.basename(program)} on {machine}, {cpus} CPU", ok, text


def main():
    names = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    is_long = "--long" in sys.argv[1:]
    jobs = []
    for number, program in enumerate(programs(names)):
        for machine, cpus in MACHINES if is_long else [MACHINES[number % len(MACHINES)]]:
            jobs.append((program, machine, cpus))
    return machines.run_all(jobs, in_machine)


if __name__ == "__main__":
    sys.exit(main())
