#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Volumes, disks beside the root's: volumes.py [--long] [--build DIR] [NAME...]

Each is found by its label, its UUID or its number, bare or in a partition, and mounted where the
manifest says, read-only. What cannot be found or mounted ends the machine with one line about it.
Needs mke2fs and sgdisk.
"""

import json
import os
import subprocess
import sys
import tempfile

import machine

MACHINES = ("microvm", "q35")
DEVICES = {"microvm": "virtio-blk-device", "q35": "virtio-blk-pci"}
UUIDS = {"one": "11111111-2222-3333-4444-555555555555",
         "two": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
         "part": "01234567-89ab-cdef-0123-456789abcdef"}
DISK_KIB = 4096
PART_START = 2048
NOTE = "mounted read-only: writing to volumes is not supported yet"


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def disk_make(folder, name):
    """A bare ext4 that holds a file with its name."""
    contents = os.path.join(folder, f"contents-{name}")
    os.makedirs(os.path.join(contents, "sub"))
    for path in ("name", "sub/deep"):
        with open(os.path.join(contents, path), "w") as file:
            file.write(name)
    path = os.path.join(folder, f"{name}.img")
    run("mke2fs", "-q", "-t", "ext4", "-L", f"label-{name}", "-U", UUIDS[name], "-d", contents,
        path, f"{DISK_KIB}k")
    return path


def disk_partition(folder, source, name):
    """A disk with a GPT and `source` in a partition, beside an empty one."""
    path = os.path.join(folder, f"{name}.img")
    with open(source, "rb") as file:
        contents = file.read()
    with open(path, "wb") as file:
        file.truncate(PART_START * 512 + len(contents) + (4 << 20))
        file.seek(PART_START * 512)
        file.write(contents)
    end = PART_START + len(contents) // 512
    run("sgdisk", "-n", f"1:{PART_START}:{end - 1}", "-n", f"2:{end}:{end + 2047}", path)
    return path


def disk_damage(folder, source, name, at, size):
    path = os.path.join(folder, f"{name}.img")
    with open(source, "rb") as file:
        contents = bytearray(file.read())
    contents[at:at + size] = bytes(byte ^ 0x5a for byte in contents[at:at + size])
    with open(path, "wb") as file:
        file.write(contents)
    return path


def disks_make(folder):
    """{name: path}"""
    disks = {name: disk_make(folder, name) for name in UUIDS}
    disks["part"] = disk_partition(folder, disks["part"], "parted")
    disks["twin"] = disk_damage(folder, disks["one"], "twin", 0, 0)
    disks["super"] = disk_damage(folder, disks["two"], "super", 1024 + 4, 8)
    disks["groups"] = disk_damage(folder, disks["two"], "groups", 1 << 11, 1 << 14)
    with open(os.path.join(folder, "empty.img"), "wb") as file:
        file.truncate(1 << 20)
    disks["empty"] = file.name
    return disks


# What it is, disks, `mount` lines, paths to look at, lines the program must print.
GOOD = (
    ("labels", ("one", "two"), ("LABEL=label-two /two ro", "LABEL=label-one /deep/er/one ro"),
     ("/two", "/two/name", "/two/sub/deep", "/deep/er/one/name", "/deep", "+/two/new"),
     ("/two: lost+found name sub", "/two/name: 'two'", "/two/sub/deep: 'two'",
      "/deep/er/one/name: 'one'", "/deep: er", "creating /two/new: Read-only file system",
      "mounted: %DISK1% /two ext4 ro,relatime 0 0",
      "mounted: %DISK0% /deep/er/one ext4 ro,relatime 0 0")),
    ("UUIDs", ("one", "two"), (f"UUID={UUIDS['two'].upper()} /a ro", f"UUID={UUIDS['one']} /b ro"),
     ("/a/name", "/b/name"), ("/a/name: 'two'", "/b/name: 'one'")),
    ("numbers", ("one", "part", "two"), ("%1 /a b ro", "%0 /c ro", "%2 /e"),
     ("/a b/name", "/c/name", "/e/name"),
     ("/a b/name: 'part'", "/c/name: 'one'", "/e/name: 'two'", r"mounted: %DISK1%1 /a\040b ext4 "
      "ro,relatime 0 0")),
    ("a partition by label", ("empty", "part"), ("LABEL=label-part /p ro",), ("/p/name",),
     ("/p/name: 'part'",)),
    ("below memory, with memory below", ("one",), ("%0 /tmp/v ro",), ("/tmp/v/name", "+/tmp/x"),
     ("/tmp/v/name: 'one'", "creating /tmp/x: done")),
)

# What it is, disks, the `mount` line, what the kernel says, how many lines in all.
BAD = (
    ("no such label", ("one",), "LABEL=none /a ro",
     "cannot mount volume LABEL=none at /a: no disk has a file system of that name", 1),
    ("no such UUID", ("one",), f"UUID={UUIDS['two']} /a",
     f"volume UUID={UUIDS['two']} at /a: no disk has a file system of that name", 1),
    ("no such disk", ("one",), "%1 /a ro", "volume %1 at /a: there are fewer disks", 1),
    ("no disk at all", (), "%0 /a ro", "volume %0 at /a: there are fewer disks", 1),
    ("two of a name", ("one", "twin"), "LABEL=label-one /a ro", "there are two of that name", 1),
    ("an empty disk", ("empty",), "%0 /a ro", "volume %0 at /a: not an ext4 that we know", 1),
    ("a damaged superblock", ("super",), "%0 /a ro", "cannot mount volume %0 at /a", 2),
    ("a damaged superblock, by label", ("super",), "LABEL=label-two /a ro", "no disk has", 1),
    ("damaged descriptors", ("groups",), "LABEL=label-two /a ro",
     "cannot mount volume LABEL=label-two at /a", 2),
    ("over a file", ("one",), "%0 /etc/passwd ro", "not a directory", 1),
    ("bad line", (), "label-one /a", "not LABEL=, UUID=, %N or 9p= and a path", 1),
)


def fault_of(done, reason, lines):
    """What is wrong with how the machine refused, or nothing."""
    if done.status in (0, None) or done.status >= 128:
        return f"the status is {done.status}"
    if "panic" in done.text:
        return "the kernel panicked"
    if not any(reason.lower() in line.lower() for line in done.lines):
        return f"no line says '{reason}'"
    if len(done.lines) > lines:
        return f"{len(done.lines)} lines, where {lines} should do"
    return None


class Volumes:
    def __init__(self, bench, disks):
        self.bench = bench
        self.disks = disks

    def run(self, kind, disks, mounts, paths):
        more = []
        for number, name in enumerate(disks):
            more += ["-drive", f"id=v{number},file={self.disks[name]},format=raw,if=none,"
                               "read-only=on,file.locking=off",
                     "-device", f"{DEVICES[kind]},drive=v{number}"]
        words = " ".join("mount=" + line.replace(" ", "\\s") for line in mounts)
        return self.bench.run("--machine", kind, "--append", words, self.bench.program("look"),
                              "--", *paths, more=json.dumps(more))

    def good(self, kind, case, score):
        title = f"{case[0]} on {kind}"
        if not score.wanted(title):
            return
        done = self.run(kind, *case[1:4])
        text = done.text.splitlines()
        fault = None if done.status == 0 else f"status {done.status}"
        for line in case[4]:
            names = [line.replace("%DISK0%", "vdb").replace("%DISK1%", "vdc")]
            if not any(name in text for name in names):
                fault = fault or f"no line '{names[0]}'"
        notes = sum(NOTE in line for line in done.lines)
        if notes != sum(not line.endswith(" ro") for line in case[2]):
            fault = fault or f"{notes} warnings"
        score.note(title, fault, done.text)

    def bad(self, kind, case, score):
        title = f"{case[0]} on {kind}"
        if score.wanted(title):
            done = self.run(kind, case[1], [case[2]], [])
            score.note(title, fault_of(done, *case[3:]), done.text)


def main():
    options = machine.arguments(__doc__)
    score = machine.Score(options.names)

    with tempfile.TemporaryDirectory() as folder:
        volumes = Volumes(machine.Bench(folder, options.build), disks_make(folder))
        for case in GOOD:
            for kind in MACHINES:
                volumes.good(kind, case, score)
        for number, case in enumerate(BAD):
            for kind in MACHINES if options.long else [MACHINES[number % 2]]:
                volumes.bad(kind, case, score)
    return score.finish()


if __name__ == "__main__":
    sys.exit(main())
