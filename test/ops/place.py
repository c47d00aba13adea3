# SPDX-License-Identifier: Apache-2.0
"""What tests of the real ops stand on: a place to run it in, and looks at what it made.

A file test_TOPIC.py imports this and marks its tests with @test; run.py finds it by its name.
"""

import hashlib
import json
import os
import pathlib
import shutil
import struct
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]
SECONDS_MAX = 60
TESTS = []

# Commands that take --kernel: they get the stub.
TAKE_KERNEL = [["run"], ["build"], ["deploy"], ["image", "create"], ["instance", "create"],
               ["pkg", "load"]]


class Skip(Exception):
    """What the test needs is not installed."""


def test(function):
    """Puts a function on the list."""
    TESTS.append(function)
    return function


def tool(name):
    """The path of a tool, sbin included."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise Skip(f"{name} is not installed")
    return path


class Place:
    """A fresh folder, with ops, a stub kernel and an OPS_HOME of its own."""

    def __init__(self, ops, kernel, folder):
        self.ops = ops
        self.kernel = kernel
        self.folder = pathlib.Path(folder)
        self.home = self.folder / "home"
        self.env = {"PATH": os.environ["PATH"], "OPS_HOME": str(self.home), "HOME": str(folder)}

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def compile(self, name, source, *options):
        """Compiles a C source to `name`."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        command = ["gcc", "-xc", "-", "-o", str(path), *map(str, options)]
        subprocess.run(command, input=source, text=True, check=True, cwd=self.folder)
        return path

    def command(self, *args):
        words = list(map(str, args))
        for verb in TAKE_KERNEL:
            if words[:len(verb)] == verb:
                words[len(verb):len(verb)] = ["--kernel", str(self.kernel)]
        return [str(self.ops), *words]

    def run(self, *args, **options):
        """Runs ops; returns what subprocess.run() does, with text."""
        env = {**self.env, **options.pop("env", {})}
        return subprocess.run(self.command(*args), capture_output=True, text=True, cwd=self.folder,
                              env=env, timeout=SECONDS_MAX, stdin=subprocess.DEVNULL, **options)

    def build(self, *args, **options):
        """Builds test.img, which must work. Returns its path."""
        done = self.run("build", "-o", "test.img", *args, **options)
        assert done.returncode == 0, done.stderr
        return self.folder / "test.img"

    def config(self, content):
        text = content if isinstance(content, str) else json.dumps(content)
        return self.write("config.json", text)

    def fails(self, *args, says, status=1, **options):
        """ops must fail with one line (and perhaps a hint) that `says` it, and leave nothing."""
        before = self.listing()
        done = self.run(*args, **options)
        lines = done.stderr.splitlines()
        assert done.returncode == status, (done.returncode, done.stderr)
        assert done.stdout == "", done.stdout
        assert lines and lines[0].startswith("ops: "), done.stderr
        assert len(lines) == 1 or (len(lines) == 2 and lines[1].startswith("hint: ")), done.stderr
        for part in says:
            assert part in lines[0], (part, done.stderr)
        assert self.listing() == before, self.listing() ^ before

    def listing(self):
        """All files, OPS_HOME's own folders, locks and caches aside."""
        own = [self.home, *self.home.glob("*"), *self.home.glob("*/.lock"),
               *(self.home / "cache").rglob("*")]
        return {str(path) for path in self.folder.rglob("*") if path not in own}


def partition(image, number):
    """Offset and size in bytes of a partition, from the GPT itself."""
    with open(image, "rb") as file:
        file.seek(1024 + 128 * (number - 1))
        first, last = struct.unpack("<QQ", file.read(128)[32:48])
    return first * 512, (last - first + 1) * 512


def extract(image, number):
    """Copies a partition to a file of its own."""
    offset, size = partition(image, number)
    path = pathlib.Path(f"{image}.{number}")
    with open(image, "rb") as file:
        file.seek(offset)
        path.write_bytes(file.read(size))
    return path


def debugfs(root, request):
    done = subprocess.run([tool("debugfs"), "-R", request, str(root)], capture_output=True,
                          check=True)
    return done.stdout


def e2fsck(root):
    done = subprocess.run([tool("e2fsck"), "-fn", str(root)], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout


def run_in(root, *command):
    """Runs a command in a copy of the root filesystem; returns its exit status."""
    if os.geteuid() != 0:
        raise Skip("chroot needs root")
    folder = pathlib.Path(f"{root}.d")
    folder.mkdir()
    debugfs(root, f"rdump / {folder}")
    # Without /proc the loader takes $ORIGIN from here.
    env = {"LD_ORIGIN_PATH": os.path.dirname(command[0])}
    done = subprocess.run([tool("chroot"), str(folder), *command], capture_output=True, env=env,
                          text=True, check=False)
    print(done.stderr, end="")
    return done.returncode


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def make_stub(folder):
    """Assembles the stub kernel; returns its path."""
    path = pathlib.Path(folder) / "stub.elf"
    subprocess.run(["gcc", "-nostdlib", "-static", "-no-pie", "-Wl,-Ttext=0x100000", "-Wl,-N",
                    "-Wl,--no-warn-rwx-segments", "-Wl,--build-id=none", "-Wl,-e,entry",
                    "-o", str(path), str(TOP / "test/ops/stub_kernel.S")], check=True)
    return path
