#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boots the kernel on every kind of machine it promises to run on: run.py [--long]

A static program prints a line and ends with a status; both must come out. The table is the
promise: machines, CPU counts, memory sizes, CPU models.
"""

import itertools
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import machines  # pylint: disable=wrong-import-position

PROGRAM = os.path.join(machines.TOP, "build", "test", "abi", "static_hello")
SECONDS_MAX = 60

KINDS = ("microvm", "q35")
CPUS = (1, 2, 4)
MODELS = ("qemu64", "max")
MEMORY = ("24M", "64M", "256M", "1G", "4G", "8G")


def cases(is_long):
    if is_long:
        return list(itertools.product(KINDS, CPUS, MODELS, MEMORY))
    chosen = [(kind, cpus, model, "256M") for kind, cpus, model in
              itertools.product(KINDS, CPUS, MODELS)]
    chosen += [(kind, 1, "qemu64", memory) for kind, memory in itertools.product(KINDS, MEMORY)]
    return sorted(set(chosen))


def boots(job):
    kind, cpus, model, memory = job
    options = ["--machine", kind, "--smp", str(cpus), "--cpu", model, "-m", memory]
    status, text = machines.run_program(PROGRAM, options, SECONDS_MAX)
    return f"boot {kind}, {cpus} CPU, {model}, {memory}", status == 0 and "0 failed" in text, text


if __name__ == "__main__":
    sys.exit(machines.run_all(cases("--long" in sys.argv[1:]), boots))
