# SPDX-License-Identifier: Apache-2.0
"""What ops itself takes: a warm start, an image of a 20 MB program, an image of a 1 GB tree.

Times are this computer's. The tree is held against `cp` of the same files to the same disk, one run
after the other, and the ratio is what counts.
"""

import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import time

PROGRAM_SIZE = 20_000_000
TREE_FILES = 1000
TREE_FILE_SIZE = 1_000_000

FAT = """
    .section .rodata
    .globl fat
fat: .incbin "fat.bin"
    .section .note.GNU-stack,"",@progbits
"""

MAIN = "extern const char fat[]; int main(void) { return fat[0]; }"


class Images:
    """Runs ops in a folder of its own, with a home of its own."""

    def __init__(self, build, folder):
        self.ops = build / "ops"
        self.folder = folder / "images"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.env = {"PATH": os.environ["PATH"], "OPS_HOME": str(self.folder / "home")}

    def run(self, *args):
        return subprocess.run([str(self.ops), *args], cwd=self.folder, env=self.env, check=True,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def timed(self, *args):
        start = time.monotonic()
        self.run(*args)
        return time.monotonic() - start

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def warm_run(images, runs):
    """From the start of ops to that of QEMU, in ms, for a program that has not changed."""
    found = []
    for _ in range(runs + 1):
        said = images.run("run", "-v", "/usr/bin/true").stderr
        found.append(int(re.search(r"starting the machine after (\d+) ms", said).group(1)))
    return statistics.median(found[1:])


def warm_languages(images, runs):
    """The same for programs with a library of thousands of files. Nothing runs in place of QEMU:
    how they fare in the machine is not asked here."""
    stand_in = images.folder / "bin/qemu-system-x86_64"
    stand_in.parent.mkdir()
    stand_in.write_text("#!/bin/sh\n")
    stand_in.chmod(0o755)
    env = images.env | {"PATH": f"{stand_in.parent}:{images.env['PATH']}"}
    figures = {}
    for name in ("python3", "node", "java"):
        found = []
        if not pathlib.Path("/usr/bin", name).exists():
            continue
        for _ in range(max(runs, 5) + 2):
            said = subprocess.run([str(images.ops), "run", "-v", f"/usr/bin/{name}"], env=env,
                                  cwd=images.folder, check=False, capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL).stderr
            found.append(int(re.search(r"starting the machine after (\d+) ms", said).group(1)))
        figures[f"warm_run_{name}_ms"] = statistics.median(found[2:])
    return figures


def program_image(images, runs):
    """Seconds for the image of a 20 MB program, its file in memory."""
    (images.folder / "fat.bin").write_bytes(os.urandom(PROGRAM_SIZE))
    (images.folder / "fat.S").write_text(FAT)
    (images.folder / "main.c").write_text(MAIN)
    subprocess.run(["gcc", "-static", "-o", "fat", "main.c", "fat.S"], cwd=images.folder,
                   check=True)
    return statistics.median([images.timed("build", "-o", "fat.img", "./fat")
                              for _ in range(runs + 1)][1:])


def tree_image(images, runs):
    """Seconds for the image of a 1 GB tree, and those of cp of the same files."""
    tree = images.folder / "tree"
    for i in range(TREE_FILES):
        path = tree / f"{i // 50}" / f"{i}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(TREE_FILE_SIZE))
    (images.folder / "tree.json").write_text(json.dumps({"Dirs": ["tree"]}))
    ours, theirs = [], []
    for _ in range(runs):
        ours.append(images.timed("build", "-c", "tree.json", "-o", "tree.img", "/usr/bin/true"))
        taken = os.stat(images.folder / "tree.img").st_blocks * 512
        pathlib.Path(images.folder / "tree.img").unlink()
        start = time.monotonic()
        subprocess.run(["cp", "-r", "tree", "copy"], cwd=images.folder, check=True)
        theirs.append(time.monotonic() - start)
        shutil.rmtree(images.folder / "copy")
    return statistics.median(ours), statistics.median(theirs), taken


def measure(build, folder, runs):
    """All figures of ops."""
    images = Images(build, folder)
    try:
        ours, theirs, taken = tree_image(images, min(runs, 3))
        return {"warm_run_ms": warm_run(images, runs), **warm_languages(images, runs),
                "image_20mb_s": round(program_image(images, runs), 3),
                "image_1gb_s": round(ours, 2), "cp_1gb_s": round(theirs, 2),
                "image_1gb_to_cp": round(ours / theirs, 2), "image_1gb_bytes": taken}
    finally:
        images.close()
