#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Machines that get something bad to boot: bad_input.py [--long] [--build DIR] [NAME...]

Programs, manifests and root filesystems that are wrong or damaged. Each must end with a status that
is not 0 and with one line of the kernel that names the thing and the reason. Damage at random
places may go unnoticed, but never panics the kernel or hangs it.
"""

import json
import os
import shutil
import struct
import sys
import tempfile

import machine

PHDRS_OFF = 64
PHDR_SIZE = 56
PT_LOAD = 1
SEEDS = 6
SEEDS_LONG = 200


def phdr_set(elf, number, field, value):
    """Sets a field of the PT_LOAD with this number: vaddr 16, filesz 32, memsz 40."""
    loads = [at for at in range(PHDRS_OFF, PHDRS_OFF + elf[56] * PHDR_SIZE, PHDR_SIZE)
             if struct.unpack_from("<I", elf, at)[0] == PT_LOAD]
    struct.pack_into("<Q", elf, loads[number] + field, value)


def with_phdr(elf, *change):
    changed = bytearray(elf)
    phdr_set(changed, *change)
    return bytes(changed)


def with_machine(elf, number):
    return elf[:18] + struct.pack("<H", number) + elf[20:]


def bad_programs(elf):
    """{name: (content, what the kernel says of it)}; `elf` is a good one."""
    return {
        "empty": (b"", "is not an ELF file"),
        "text": (b"just some words, and more of them than an ELF header takes\n" * 3,
                 "is not an ELF file"),
        "script": (b"#!/bin/sh\necho no shell here, and more than an ELF header takes #########\n",
                   "is a script for '/bin/sh'"),
        "header": (elf[:64], "is truncated"),
        "truncated": (elf[:9000], "is truncated"),
        "arm": (with_machine(elf, 183), "is for aarch64, this machine is x86-64"),
        "object": (elf[:16] + b"\1" + elf[17:], "not a program"),
        "overlap": (with_phdr(elf, 1, 16, 0), "overlap or do not ascend"),
        "huge": (with_phdr(elf, -1, 40, 1 << 45), "span too much memory"),
        "high": (with_phdr(elf, -1, 16, (1 << 63) + 0x3dd0), "outside the program's address space"),
        "shrunk": (with_phdr(elf, 1, 40, 1), "larger in the file than in memory"),
        "interpreter": (elf.replace(b"/lib64/ld-linux-x86-64.so.2", b"/lib64/ld-linux-x86-64.so.9"),
                        "needs the interpreter '/lib64/ld-linux-x86-64.so.9': no such file"),
    }


# Words for the kernel's command line, and what it says of them.
BAD_WORDS = (
    ("program=/no/such/program", "'/no/such/program': no such file or directory"),
    ("program=/etc", "'/etc' is a directory"),
    ("program=/etc/soliton/manifest", "'/etc/soliton/manifest' is not an ELF file"),
    ("cwd=/nowhere", "'/nowhere': no such file or directory"),
    ("limit=nofile", "kernel command line, word"),
    ("network=pigeon", "'pigeon'"),
    ("ip=10.0.0.300/8", "kernel command line, word"),
)

# What is done to the disk, and what the kernel says of it: the filesystem may add what it found.
DAMAGES = (
    ("replace:program /:pragram /", "/etc/soliton/manifest, line 1: unknown key 'pragram'"),
    ("replace:program /:#rogram /", "/etc/soliton/manifest: no program"),
    ("no-root", "root file system on vda2: it is not an ext4"),
    ("magic", "root file system on vda2: it is not an ext4"),
    ("superblock", "root file system"),
    ("descriptors", "root file system"),
    ("root-inode", "root file system"),
    ("root-directory", "damaged"),
    ("truncated", "root file system"),
)


def fault_of(done, reason, lines=1):
    """What is wrong with how the machine refused, or nothing."""
    if done.status in (0, None) or done.status >= 128:
        return f"the status is {done.status}"
    if "panic" in done.text:
        return "the kernel panicked"
    if not any(reason in line for line in done.lines):
        return f"no line says '{reason}'"
    if len(done.lines) > lines:
        return f"{len(done.lines)} lines, where {lines} should do"
    return None


def programs_run(bench, score):
    with open(bench.program("die"), "rb") as file:
        programs = bad_programs(file.read())
    folder = os.path.join(bench.folder, "programs")
    os.mkdir(folder)
    for name, (content, _) in programs.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
        os.chmod(os.path.join(folder, name), 0o755)
    with open(os.path.join(bench.folder, "programs.json"), "w") as file:
        json.dump({"MapDirs": {folder + "/*": "/bad"}}, file)
    for name, (_, reason) in programs.items():
        title = f"program: {name}"
        if score.wanted(title):
            done = bench.run("-c", "programs.json", "--append", f"program=/bad/{name}", "die")
            score.note(title, fault_of(done, reason), done.text)
            if f"/bad/{name}" not in done.text:
                score.note(title, "the program is not named", done.text)


def damage_run(bench, score, count):
    for kind, reason in DAMAGES:
        title = f"disk: {kind}"
        if score.wanted(title):
            done = bench.run("die", "--", "none", damage=kind)
            score.note(title, fault_of(done, reason, 2), done.text)
    for seed in range(count):
        title = f"disk: seed-{seed}"
        if score.wanted(title):
            done = bench.run("die", "--", "none", damage=f"seed-{seed}")
            is_ended = done.status is not None and "ended after" not in done.text
            is_well = is_ended and "panic" not in done.text and (done.lines or done.status == 1)
            score.note(title, None if is_well else f"status {done.status}", done.text)


def main():
    options = machine.arguments(__doc__)
    score = machine.Score(options.names)

    with tempfile.TemporaryDirectory() as folder:
        bench = machine.Bench(folder, options.build)
        shutil.copy(bench.program("die"), folder)
        programs_run(bench, score)
        for words, reason in BAD_WORDS:
            title = f"command line: {words}"
            if score.wanted(title):
                done = bench.run("--append", words, "die")
                score.note(title, fault_of(done, reason), done.text)
        damage_run(bench, score, SEEDS_LONG if options.long else SEEDS)
    return score.finish()


if __name__ == "__main__":
    sys.exit(main())
