#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the ABI test programs in machines of their own: run_vm.py [--long] [NAME...]

Each is the binary that has passed on Linux. It must end with its line `N passed, N failed` and with
as many checks as on Linux, so that a program that stopped half way cannot pass. Without --long each
runs once, machine and CPU count taking turns; with it every program runs on all of them.
"""

import concurrent.futures
import os
import re
import subprocess
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\r?$", re.M)
SECONDS_MAX = 120
MACHINES = [("microvm", 1), ("q35", 2), ("microvm", 2), ("q35", 1)]


def programs(names):
    folder = os.path.join(TOP, "build", "test", "abi")
    found = sorted(name for name in os.listdir(folder) if "." not in name)
    return [os.path.join(folder, name) for name in found if not names or name in names]


def in_machine(program, machine, cpus):
    """(ok, what it printed): one program in one machine."""
    command = [os.path.join(TOP, "build", "ops"), "run", "--machine", machine, "--smp", str(cpus),
               "-m", "256M", "--timeout", str(SECONDS_MAX), program]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, timeout=SECONDS_MAX + 30)
    except subprocess.TimeoutExpired as error:
        return False, (error.stdout or b"").decode(errors="replace") + "\n(timed out)"
    text = done.stdout.decode(errors="replace")
    summary = SUMMARY.findall(text)
    ok = bool(summary) and summary[-1][1] == "0" and done.returncode == 0
    return ok, text


def main():
    names = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    is_long = "--long" in sys.argv[1:]
    jobs = []
    for number, program in enumerate(programs(names)):
        for machine, cpus in MACHINES if is_long else [MACHINES[number % len(MACHINES)]]:
            jobs.append((program, machine, cpus))

    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for job, (ok, text) in zip(jobs, pool.map(lambda job: in_machine(*job), jobs)):
            title = f"{os.path.basename(job[0])} on {job[1]}, {job[2]} CPU"
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
