#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Folders of the host, shared by 9P: share.py [--long] [--build DIR] [NAME...]

Mounted where the manifest says, read-only, with what the host has at the time of each look: a
program sees a file that came, changed or went while it runs, also one that it has mapped. A tag
that nobody shares ends the machine with one line.
"""

import hashlib
import os
import pathlib
import sys
import tempfile

import machine

DEVICES = {"microvm": "virtio-9p-device", "q35": "virtio-9p-pci"}
BIG_SIZE = 3 << 20
# In the machine: prints what is there, lets the host change it, and looks again.
PROGRAM = """
import hashlib, mmap, os, time
with open("/data/one.txt", "rb") as file:
    mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
print("mapped", mapping[:], flush=True)
def look():
    names = sorted(os.listdir("/data"))
    texts = [open(f"/data/{name}").read() for name in names if name.endswith(".txt")]
    print("look", names, texts, os.readlink("/data/link"), os.path.getsize("/data/big"),
          hashlib.sha256(open("/data/big", "rb").read()).hexdigest()[:16], flush=True)
look()
try:
    open("/data/new", "w")
except OSError as error:
    print("write", error.strerror, flush=True)
limit = time.monotonic() + 30
while not os.path.exists("/data/two.txt") and time.monotonic() < limit:
    time.sleep(0.01)
look()
print("mapped", mapping[:], flush=True)
"""


def contents_make(folder):
    os.makedirs(os.path.join(folder, "sub"))
    for name, text in (("one.txt", "first"), ("gone.txt", "soon gone")):
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    os.symlink("one.txt", os.path.join(folder, "link"))
    with open(os.path.join(folder, "big"), "wb") as file:
        file.write(bytes(i * 7 % 251 for i in range(BIG_SIZE)))


def contents_change(folder):
    os.unlink(os.path.join(folder, "gone.txt"))
    pathlib.Path(folder, "one.txt").write_text("changed, and longer")
    pathlib.Path(folder, "new").write_text("came")
    os.rename(os.path.join(folder, "new"), os.path.join(folder, "two.txt"))  # Last, and at once.


def look_line(folder):
    """What PROGRAM prints of the folder."""
    names = sorted(os.listdir(folder))
    texts = [pathlib.Path(folder, name).read_text() for name in names if name.endswith(".txt")]
    digest = hashlib.sha256(pathlib.Path(folder, "big").read_bytes()).hexdigest()[:16]
    return f"look {names} {texts} one.txt {BIG_SIZE} {digest}"


def share_options(kind, tag, folder):
    return ["-fsdev", f"local,id={tag},path={folder},security_model=none,readonly=on",
            "-device", f"{DEVICES[kind]},fsdev={tag},mount_tag={tag}"]


def manifest_make(bench, text):
    path = os.path.join(bench.folder, "manifest")
    with open(path, "w") as file:
        file.write(text)
    return ["-fw_cfg", f"name=opt/soliton/manifest,file={path}"]


def shows_the_host(bench, kind):
    """Its root is the host's, and below /data another share that changes."""
    folder = os.path.join(bench.folder, f"data-{kind}")
    contents_make(folder)
    program = "\\n".join(PROGRAM.strip().split("\n"))
    manifest = manifest_make(bench, "program /usr/bin/python3\narg python3\narg -c\n"
                                    f"arg {program}\nnetwork none\nmount 9p=data /data ro\n")
    more = [*share_options(kind, "root", "/"), *share_options(kind, "data", folder), *manifest]
    process = bench.start("--machine", kind, "--append", "root=9p",
                          bench.program("die"), more=more)
    text = ""
    wanted = ["mapped b'first'", look_line(folder), "write Read-only file system"]
    for line in iter(process.stdout.readline, b""):
        text += line.decode(errors="replace")
        if line.startswith(b"write"):
            contents_change(folder)
            wanted += [look_line(folder), "mapped b'chang'"]  # As long as it was when it was mapped.
    status = process.wait(timeout=machine.SECONDS_MAX)
    lines = [line.rstrip("\r") for line in text.splitlines()]
    missing = [line for line in wanted if line not in lines]
    return (f"status {status}, no line {missing}" if status != 0 or missing else None), text


def refuses(bench, kind):
    done = bench.run("--machine", kind, "--append", "mount=9p=nobody\\s/data\\sro",
                     bench.program("die"))
    reason = "cannot mount volume 9p=nobody at /data: no folder is shared by that tag"
    bad = done.status in (0, None) or not any(reason in line for line in done.lines)
    return (f"status {done.status}" if bad else None), done.text


def main():
    options = machine.arguments(__doc__)
    score = machine.Score(options.names)

    with tempfile.TemporaryDirectory() as folder:
        bench = machine.Bench(folder, options.build)
        for kind in DEVICES:
            for title, test in (("shows what the host has", shows_the_host),
                                ("a tag that nobody shares", refuses)):
                if score.wanted(f"{title} on {kind}"):
                    score.note(f"{title} on {kind}", *test(bench, kind))
    return score.finish()


if __name__ == "__main__":
    sys.exit(main())
