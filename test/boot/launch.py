#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What comes with the launch of a machine, by QEMU's fw_cfg: launch.py [--long] [--build DIR] [NAME...]

An overlay, a manifest that stands in for the image's, secrets: each must reach the program on each
machine, and what is wrong with them must end the machine with one line that says so.
"""

import json
import os
import shutil
import sys
import tempfile

import machine

MACHINES = ("microvm", "q35")
BIG = bytes(range(251)) * 4177 + b"end"  # A little less than 1 MiB.
assert len(BIG) < 1 << 20


def sum_of(data):
    """As show.c makes it."""
    total = 0
    for byte in data:
        total = (total * 31 + byte) % 1000000007
    return total


def secret(name, data):
    return [f"secret {name}: mode 400, {len(data)} bytes, sum {sum_of(data)}",
            f"writing to {name}: Read-only file system"]


# What it is, {file: its bytes}, lines the program must print, and those it must not.
GOOD = (
    ("nothing", {}, ["arg one", "no secrets: No such file or directory"], []),
    ("overlay", {"overlay": b"arg first\narg two words\nenv WHO=launch\n"},
     ["arg first", "arg two words", "env WHO=launch"], ["arg one"]),
    ("empty overlay", {"overlay": b""}, ["arg one"], []),
    ("manifest", {"manifest": b"program /launch/show\narg alone\nnetwork none\n",
                  "overlay": b"env OVER=manifest\n"},
     ["arg alone", "env OVER=manifest"], ["arg one"]),
    ("secrets", {"secret/empty": b"", "secret/key.pem": b"-----BEGIN\n", "secret/big": BIG},
     ["secrets: mode 500", *secret("empty", b""), *secret("key.pem", b"-----BEGIN\n"),
      *secret("big", BIG)], []),
    ("many secrets", {f"secret/s{number}": b"%d" % number for number in range(64)},
     [line for number in range(64) for line in secret(f"s{number}", b"%d" % number)], []),
)

# What it is, {file: its bytes}, what the kernel says.
BAD = (
    ("unknown key", {"overlay": b"env A=1\nenw B=2\n"},
     "the overlay of the launch, line 2: unknown key 'enw'"),
    ("bad manifest", {"manifest": b"program here\n"},
     "the manifest of the launch, line 1: the path is not absolute 'here'"),
    ("no program", {"manifest": b"arg a\n"}, "the manifest of the launch: no program"),
    ("binary overlay", {"overlay": b"env A=\0\n"},
     "the overlay of the launch, line 1: a NUL byte in 'env'"),
    ("overlay too large", {"overlay": b"#" * (256 * 1024 + 1)},
     "'opt/soliton/overlay': 262145 bytes are too many"),
    ("secret too large", {"secret/s": bytes((1 << 20) + 1)},
     "'opt/soliton/secret/s': 1048577 bytes are too many"),
    ("unknown file", {"overlays": b""}, "launch: unknown file 'opt/soliton/overlays'"),
    ("bad secret name", {"secret/..": b"x"}, "launch: unknown file 'opt/soliton/secret/..'"),
    ("too many", {f"secret/s{number}": b"" for number in range(67)},
     "67 files are too many, 66 is the limit"),
)


def options_for(bench, title, files):
    """Options of QEMU that give these files."""
    options = ["-global", "fw_cfg_io.x-file-slots=128"]
    for number, (name, data) in enumerate(files.items()):
        path = os.path.join(bench.folder, f"{title}-{number}".replace(" ", "-"))
        with open(path, "wb") as file:
            file.write(data)
        options += ["-fw_cfg", f"name=opt/soliton/{name},file={path}"]
    return options


def launch(bench, kind, title, files):
    return bench.run("--machine", kind, "-c", "config.json", bench.program("show"), "--", "one",
                     more=options_for(bench, title, files))


def prepare(bench):
    """The program a second time, at a path that is the same wherever the build is."""
    folder = os.path.join(bench.folder, "launch")
    os.mkdir(folder)
    shutil.copy(bench.program("show"), folder)
    with open(os.path.join(bench.folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump({"MapDirs": {folder + "/*": "/launch"}, "Env": {"WHO": "image"}}, file)


def good_fault_of(done, wanted, unwanted):
    lines = done.text.replace("\r", "").split("\n")
    missing = [line for line in wanted if line not in lines]
    if done.status != 0:
        return f"the status is {done.status}"
    if missing:
        return f"no line says '{missing[0]}'"
    if any(line in lines for line in unwanted):
        return f"a line says '{unwanted}'"
    return None


def bad_fault_of(done, reason):
    if done.status != 1:
        return f"the status is {done.status}"
    if len(done.lines) != 1 or reason not in done.lines[0]:
        return f"the one line is not '{reason}'"
    if f"the program was not started: {done.lines[0].removeprefix('boot: ')}" not in done.text:
        return "the report does not say it"
    return None


def main():
    options = machine.arguments(__doc__)
    score = machine.Score(options.names)

    with tempfile.TemporaryDirectory() as folder:
        bench = machine.Bench(folder, options.build)
        prepare(bench)
        for number, (what, files, wanted, unwanted) in enumerate(GOOD):
            for kind in MACHINES if options.long else [MACHINES[number % 2]]:
                title = f"{what} on {kind}"
                if score.wanted(title):
                    done = launch(bench, kind, title, files)
                    score.note(title, good_fault_of(done, wanted, unwanted), done.text)
        for number, (what, files, reason) in enumerate(BAD):
            title = f"{what} on {MACHINES[number % 2]}"
            if score.wanted(title):
                done = launch(bench, MACHINES[number % 2], title, files)
                score.note(title, bad_fault_of(done, reason), done.text)
    return score.finish()


if __name__ == "__main__":
    sys.exit(main())
