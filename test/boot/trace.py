#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the kernel tells of the program's system calls: trace.py [--long] [--build DIR] [NAME...]

The same binary runs under strace on Linux and in a machine, and the lines must be the same but for
addresses and process ids. Then threads that overlap, counts, files, and a root that the host
shares. Needs strace and python3.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

import machine

MACHINES = {"microvm": "virtio-9p-device", "q35": "virtio-9p-pci"}
MANIFEST = """program /usr/bin/python3
arg python3
arg -c
arg print("shared root")
env PATH=/usr/bin:/bin
tmpfs /tmp
network none
trace-files on
"""


def plain(line):
    """A line without what differs from run to run."""
    line = re.sub(r"0x[0-9a-f]{5,}", "ADDRESS", line)
    line = re.sub(r"rt_sigreturn\(.*\) +=", "rt_sigreturn() =", line)
    line = re.sub(r"(si_[pu]id)=\d+", r"\1=N", line)
    line = re.sub(r"kill\(\d+, (\w+)\) +=", r"kill(N, \1) =", line)
    line = re.sub(r"(getpid\(\) +)= \d+", r"\1= N", line)
    return re.sub(r" (\(core dumped\) )?\+\+\+$", " +++", line)


def between_marks(lines):
    plain_lines = [plain(line) for line in lines]
    start = next((i for i, line in enumerate(plain_lines) if '"begin\\n"' in line), 0)
    return plain_lines[start:]


def report(bench, *words, **shim):
    """(Done, [line]) of a run: what the kernel reported."""
    path = os.path.join(bench.folder, "report")
    if os.path.exists(path):
        os.unlink(path)
    done = bench.run(*words, report=path, **shim)
    with open(path, errors="replace") as file:
        return done, file.read().splitlines()


def with_key(lines, key):
    return [line[len(key) + 1:] for line in lines if line.startswith(key + " ")]


def same_as_strace(bench, program):
    path = os.path.join(bench.folder, "strace")
    subprocess.run(["strace", "-o", path, program], stdout=subprocess.DEVNULL, check=False)
    with open(path, errors="replace") as file:
        linux = between_marks(file.read().splitlines())
    done, lines = report(bench, "--append", "trace=on", program)
    ours = between_marks(with_key(lines, "trace"))
    different = [f"  strace {left}\n  kernel {right}" for left, right in zip(linux, ours)
                 if left != right]
    if len(linux) < 80 or len(linux) != len(ours):
        return f"{len(ours)} lines, strace has {len(linux)}", "\n".join(different[:3]) + done.text
    return (f"{len(different)} lines differ" if different else None), "\n".join(different)


def threads_overlap(bench, program):
    done, lines = report(bench, "--smp", "2", "--append", "trace=on", program, "--", "threads")
    text = "\n".join(with_key(lines, "trace"))
    wanted = (r"^\[pid +2\] read\(3,  <unfinished \.\.\.>$",
              r"^\[pid +1\] write\(4, \"x\", 1\) +(= 1|<unfinished \.\.\.>)$",
              r"^\[pid +2\] <\.\.\. read resumed>\"x\", 1\) +(= 1)$",
              r"^\[pid +2\] \+\+\+ exited with 0 \+\+\+$",
              r"^(\[pid +1\] )?exit_group\(3\) +(= \?)$",
              r"^\+\+\+ exited with 3 \+\+\+$")
    missing = [pattern for pattern in wanted if not re.search(pattern, text, re.M)]
    if done.status != 3 or missing:
        return f"status {done.status}, no line like {missing}", text
    return None, text


def counts_and_hiding(bench, program):
    done, lines = report(bench, "--append", "syscall-summary=on trace=on notrace=futex\\swrite",
                         program, "--", "threads")
    counts = {line.split()[0]: [int(word) for word in line.split()[1:]]
              for line in with_key(lines, "syscalls")}
    text = "\n".join(lines)
    if counts.get("write", [0])[0] != 1 or counts.get("exit_group", [0])[0] != 1:
        return f"the counts are {counts}", text + done.text
    if any(re.match(r"(\[pid +\d+\] )?(write|futex)\(", line) for line in with_key(lines, "trace")):
        return "a call is shown that should not be", text
    return None, text


def shared_root(bench, kind):
    path = os.path.join(bench.folder, "manifest")
    with open(path, "w") as file:
        file.write(MANIFEST)
    more = ["-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap",
            "-device", f"{MACHINES[kind]},fsdev=root,mount_tag=root",
            "-fw_cfg", f"name=opt/soliton/manifest,file={path}"]
    done, lines = report(bench, "--machine", kind, "--append", "root=9p", bench.program("die"),
                         more=json.dumps(more))
    opened = with_key(lines, "open")
    if done.status != 0 or "shared root" not in done.text:
        return f"the status is {done.status}", done.text
    for name in ("/usr/bin/python3", "/lib64/ld-linux-x86-64.so.2", "/libc.so.6",
                 "/encodings/__init__.py"):
        if not any(line.endswith(name) for line in opened):
            return f"{name} was not noted as opened", "\n".join(lines)
    if len(set(opened)) != len(opened):
        return "a path is noted twice", "\n".join(lines)
    if not with_key(lines, "missing"):
        return "nothing is missing, which cannot be", "\n".join(lines)
    return None, done.text


def main():
    options = machine.arguments(__doc__)
    score = machine.Score(options.names)

    with tempfile.TemporaryDirectory() as folder:
        bench = machine.Bench(folder, options.build)
        program = bench.program("traced")
        for title, test in (("the same lines as strace", same_as_strace),
                            ("threads that overlap", threads_overlap),
                            ("counts, and calls not shown", counts_and_hiding)):
            if score.wanted(title):
                score.note(title, *test(bench, program))
        for kind in MACHINES:
            title = f"shared root on {kind}"
            if score.wanted(title):
                score.note(title, *shared_root(bench, kind))
    return score.finish()


if __name__ == "__main__":
    sys.exit(main())
