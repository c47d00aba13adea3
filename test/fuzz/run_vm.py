#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hostile programs in machines: run_vm.py [--long] [--kernel FILE] [--seed N] [NAME...]

`syscalls` makes random system calls: a few runs with seeds of the day (or from --seed on), on one
and two CPUs, with one and several threads. The others are what test/fuzz/hungry.c takes all of. The
kernel must end none of them by a panic or a hang. The title of each run has what repeats it.
"""

import argparse
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import machines  # pylint: disable=wrong-import-position

SECONDS_MAX = 240
CALLS = 10000
CALLS_LONG = 60000
RUNS = 4
RUNS_LONG = 200
MACHINES = [("microvm", 2), ("q35", 1), ("q35", 2), ("microvm", 1)]
MEMORY = ["64M", "128M", "256M"]
HUNGRY = ["threads", "pipes", "sockets", "tcp", "file", "names", "areas", "memory"]
KILLED = 128 + 9
TRACED = "trace=on trace-files=on syscall-summary=on"
KERNELS = [os.path.join(machines.TOP, "build", name) for name in ("debug/soliton.elf", "soliton.elf")]
kernel = next(filter(os.path.exists, KERNELS), KERNELS[-1])  # The first checks the order of locks.


def options_of(machine, cpus, memory, arguments):
    options = ["--machine", machine, "--smp", str(cpus), "-m", memory, "--kernel", kernel]
    for argument in arguments:
        options += ["-a", str(argument)]
    return options


def program(name):
    return os.path.join(machines.TOP, "build", "test", "fuzz", name)


def fuzz(machine, cpus, memory, arguments):
    title = f"syscalls {' '.join(map(str, arguments))} on {machine}, {cpus} CPU, {memory}"
    options = options_of(machine, cpus, memory, arguments)
    if arguments[1] % 3 == 0:  # The trace reads what hostile arguments point to.
        title += ", traced"
        options += ["--append", TRACED]
    status, text = machines.run_program(program("syscalls"), options, SECONDS_MAX)
    return title, status == 0 and "1 passed, 0 failed" in text, text[-4000:]


def hungry(machine, cpus, memory, arguments):
    title = f"hungry {arguments[0]} on {machine}, {cpus} CPU, {memory}"
    status, text = machines.run_program(program("hungry"),
                                        options_of(machine, cpus, memory, arguments), SECONDS_MAX)
    if arguments[0] == "memory":
        return title, status == KILLED and "out of memory" in text, text[-4000:]
    return title, status == 0 and "\nok" in text.replace("\r", ""), text[-4000:]


def jobs_of(options):
    calls = CALLS_LONG if options.long else CALLS
    jobs = []
    if not options.names or "syscalls" in options.names:
        for i in range(RUNS_LONG if options.long else RUNS):
            machine, cpus = MACHINES[i % len(MACHINES)]
            arguments = [calls, options.seed + i, 1 + i % 4]
            jobs.append((fuzz, machine, cpus, MEMORY[i % len(MEMORY)], arguments))
    for i, thing in enumerate(HUNGRY):
        if options.names and thing not in options.names:
            continue
        places = MACHINES if options.long else [MACHINES[i % len(MACHINES)]]
        jobs += [(hungry, machine, cpus, "64M" if i % 2 else "24M", [thing])
                 for machine, cpus in places]
    return jobs


def main():
    global kernel  # pylint: disable=global-statement
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--kernel", default=kernel)
    parser.add_argument("--seed", type=int, default=int(time.time()) // 86400 * 1000)
    parser.add_argument("names", nargs="*", metavar="NAME", help="syscalls, " + ", ".join(HUNGRY))
    options = parser.parse_args()
    kernel = options.kernel
    return machines.run_all(jobs_of(options), lambda job: job[0](*job[1:]))


if __name__ == "__main__":
    sys.exit(main())
