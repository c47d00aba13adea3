# SPDX-License-Identifier: Apache-2.0
"""Many short machines: what the runners of test/abi and test/boot have in common."""

import concurrent.futures
import os
import subprocess

TOP = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
WORKERS = 2


def run_program(program, options, seconds_max):
    """(status, text): a program in a machine of its own, with these options of `ops run`."""
    command = [os.path.join(TOP, "build", "ops"), "run", "--timeout", str(seconds_max), *options,
               program]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, timeout=seconds_max + 30, check=False)
    except subprocess.TimeoutExpired as error:
        return -1, (error.stdout or b"").decode(errors="replace") + "\n(timed out)"
    return done.returncode, done.stdout.decode(errors="replace")


def run_all(jobs, run):
    """
    Runs `run(job)`, which gives (title, ok, text), for every job, a few at a time; prints a line
    each, what a failed one printed, and the summary. Returns the exit status.
    """
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=WORKERS) as pool:
        for title, ok, text in pool.map(run, jobs):
            passed, failed = passed + ok, failed + (not ok)
            print(f"ok      {title}" if ok else f"FAILED  {title}\n{text}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return int(failed != 0 or passed == 0)
