#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boots the kernel on every kind of machine it promises to run on: run.py [--long]

A static program prints a line and ends with a status; both must come out. The table is the
promise: machines, CPU counts, memory sizes, CPU models.
"""

import concurrent.futures
import itertools
import os
import subprocess
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PROGRAM = os.path.join(TOP, "build", "test", "abi", "static_hello")
SECONDS_MAX = 60

MACHINES = ("microvm", "q35")
CPUS = (1, 2, 4)
MODELS = ("qemu64", "max")
MEMORY = ("24M", "64M", "256M", "1G", "4G", "8G")


def cases(is_long):
    if is_long:
        return list(itertools.product(MACHINES, CPUS, MODELS, MEMORY))
    chosen = [(machine, cpus, model, "256M")
              for machine, cpus, model in itertools.product(MACHINES, CPUS, MODELS)]
    chosen += [(machine, 1, "qemu64", memory)
               for machine, memory in itertools.product(MACHINES, MEMORY)]
    return sorted(set(chosen))


def boots(machine, cpus, model, memory):
    command = [os.path.join(TOP, "build", "ops"), "run", "--machine", machine, "--smp", str(cpus),
               "--cpu", model, "-m", memory, "--timeout", str(SECONDS_MAX), PROGRAM]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, timeout=SECONDS_MAX + 30)
    except subprocess.TimeoutExpired as error:
        return False, (error.stdout or b"").decode(errors="replace") + "\n(timed out)"
    text = done.stdout.decode(errors="replace")
    return done.returncode == 0 and "0 failed" in text, text


def main():
    passed = failed = 0
    jobs = cases("--long" in sys.argv[1:])
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for job, (ok, text) in zip(jobs, pool.map(lambda job: boots(*job), jobs)):
            title = f"boot {job[0]}, {job[1]} CPU, {job[2]}, {job[3]}"
            if ok:
                passed += 1
                print(f"ok      {title}", flush=True)
            else:
                failed += 1
                print(f"FAILED  {title}\n{text}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return failed != 0 or passed == 0


if __name__ == "__main__":
    sys.exit(main())
