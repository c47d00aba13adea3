#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How programs die: fatal_signal.py [--long] [--build DIR] [NAME...]

Each signal must come out as the status of `ops run`, 128 and the signal, with one line that names
it. Signals that dump core on Linux come with registers and a backtrace, others without. Signals
come from the program, from a fault, and from the machine's power button.
"""

import os
import re
import sys
import tempfile

import machine

# What the program does, its signal, the end of the first line, a function in the backtrace.
DEATHS = (
    ("segv", 11, "SIGSEGV (11), nothing is mapped there", "die_by_segv"),
    ("jump", 11, "SIGSEGV (11), nothing is mapped there", "main"),
    ("overflow", 11, "SIGSEGV (11), nothing is mapped there", "descend"),
    ("fpe", 8, "SIGFPE (8), integer division", "die_by_fpe"),
    ("illegal", 4, "SIGILL (4), illegal instruction", "die_by_illegal"),
    ("abort", 6, "SIGABRT (6), sent by the program itself", "main"),
    ("kill", 9, "SIGKILL (9), sent by the program itself", None),
    ("term", 15, "SIGTERM (15), sent by the program itself", None),
    ("usr1", 10, "SIGUSR1 (10), sent by the program itself", None),
    ("rt", 40, "a real-time signal (40), sent by the program itself", None),
)
MACHINES = ("microvm", "q35")


def fault_of(done, signal, reason, function):
    """What is wrong with the end of a program, or nothing."""
    has_dump = any(re.match(r" *rip [0-9a-f]{16}", line) for line in done.lines)
    if done.status != 128 + signal:
        return f"the status is {done.status}, not {128 + signal}"
    if not done.lines or done.lines[0] != f"program: killed by {reason}":
        return "the first line does not say what happened"
    if has_dump != (function is not None):
        return "registers and backtrace, or none, against what is meant"
    if function is None and len(done.lines) != 1:
        return f"{len(done.lines)} lines, where one is enough"
    if function and not any(f" {function}+" in line for line in done.lines):
        return f"{function} is not in the backtrace"
    return None


def power_button(bench, kind, way):
    """The program says when it is ready, then the button is pressed: how it ended."""
    path = os.path.join(bench.folder, f"monitor-{kind}-{way}")
    process = bench.start("--machine", kind, bench.program("die"), "--", way, monitor=path)
    text = b""
    for line in process.stdout:
        text += line
        if line.strip() in (b"waiting", b"pressed") and text.count(b"pressed") < 2:
            machine.press_power_button(path)
    process.wait()
    return machine.Done(process.returncode, text.decode(errors="replace"))


def early_press(bench):
    """
    The button is pressed as soon as QEMU can be told, before the kernel could hear it. The event
    device remembers that; of a q35's button, QEMU forgets what comes before the kernel.
    """
    path = os.path.join(bench.folder, "monitor-early")
    process = bench.start("--machine", "microvm", bench.program("die"), "--", "wait", monitor=path)
    machine.press_power_button(path)
    text, _ = process.communicate(timeout=machine.SECONDS_MAX + 30)
    return machine.Done(process.returncode, text.decode(errors="replace"))


def main():
    options = machine.arguments(__doc__)
    score = machine.Score(options.names)

    with tempfile.TemporaryDirectory() as folder:
        bench = machine.Bench(folder, options.build)
        for number, (way, signal, reason, function) in enumerate(DEATHS):
            for kind in MACHINES if options.long else [MACHINES[number % 2]]:
                title = f"{way} on {kind}"
                if score.wanted(title):
                    done = bench.run("--machine", kind, bench.program("die"), "--", way)
                    score.note(title, fault_of(done, signal, reason, function), done.text)
        for kind in MACHINES:
            title = f"power button on {kind}"
            if score.wanted(title):
                done = power_button(bench, kind, "wait")
                score.note(title, fault_of(done, 15, "SIGTERM (15), from the kernel", None), done.text)
            title = f"power button on {kind}, handled twice"
            if score.wanted(title):
                done = power_button(bench, kind, "handle")
                bad = done.status != 7 or done.lines or done.text.count("pressed") != 2
                score.note(title, f"status {done.status}" if bad else None, done.text)
        title = "power button on microvm, early"
        if score.wanted(title):
            done = early_press(bench)
            score.note(title, fault_of(done, 15, "SIGTERM (15), from the kernel", None), done.text)
    return score.finish()


if __name__ == "__main__":
    sys.exit(main())
