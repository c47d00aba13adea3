#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the real ops and looks at what it makes, prints and leaves behind.

    test/ops/run.py [--ops FILE] [NAME...]

Machines run a stub in place of the kernel (stub_kernel.S), so only ops and QEMU are under test. The
last line is `N passed, N failed, N skipped`; the exit status is 1 if one failed. A test whose tool
is not installed (e2fsck, debugfs, sgdisk, mtools) is skipped.
"""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

TOP = pathlib.Path(__file__).resolve().parents[2]
SECONDS_MAX = 60
TESTS = []


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
        verb, *rest = map(str, args)
        kernel = ["--kernel", str(self.kernel)] if verb in ("run", "build") else []
        return [str(self.ops), verb, *kernel, *rest]

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
        """All files, OPS_HOME's own folders aside."""
        return {str(path) for path in self.folder.rglob("*")
                if path not in (self.home, self.home / "run")}


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


# Images.


@test
def image_is_a_valid_gpt(place):
    image = place.build("/usr/bin/true")
    done = subprocess.run([tool("sgdisk"), "-v", str(image)], capture_output=True, text=True,
                          check=True)
    assert "No problems found" in done.stdout, done.stdout
    done = subprocess.run([tool("sgdisk"), "-i", "2", str(image)], capture_output=True, text=True,
                          check=True)
    assert "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709" in done.stdout, done.stdout
    done = subprocess.run([tool("sgdisk"), "-i", "1", str(image)], capture_output=True, text=True,
                          check=True)
    assert "C12A7328-F81F-11D2-BA4B-00A0C93EC93B" in done.stdout, done.stdout


@test
def image_root_passes_e2fsck(place):
    e2fsck(extract(place.build("/usr/bin/true"), 2))


@test
def image_boot_partition_holds_the_kernel(place):
    esp = extract(place.build("/usr/bin/true"), 1)
    out = place.folder / "kernel"
    subprocess.run([tool("mcopy"), "-i", str(esp), "::/SOLITON.ELF", str(out)], check=True)
    assert out.read_bytes() == place.kernel.read_bytes()


@test
def image_holds_program_libraries_and_manifest(place):
    root = extract(place.build("/usr/bin/true", "-e", "A=b=c", "--", "x y", "", "a\nb\\"), 2)
    assert debugfs(root, "cat /usr/bin/true") == pathlib.Path("/usr/bin/true").read_bytes()
    libc = pathlib.Path("/lib/x86_64-linux-gnu/libc.so.6")
    if libc.exists():
        assert debugfs(root, f"cat {libc}") == libc.read_bytes()
    lines = debugfs(root, "cat /etc/soliton/manifest").decode().splitlines()
    args = [line[4:] for line in lines if line.startswith("arg ")]
    assert args == ["/usr/bin/true", "x y", "", "a\\nb\\\\"], args
    assert "program /usr/bin/true" in lines and "env A=b=c" in lines
    for path in ("/tmp", "/run", "/var/tmp", "/var/log", "/dev/shm"):
        assert f"tmpfs {path}" in lines, lines
    for path in ("/proc", "/sys", "/dev", "/tmp", "/run", "/var/tmp", "/var/log"):
        assert b"Type: directory" in debugfs(root, f"stat {path}"), path
    for path in ("/etc/hosts", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf"):
        assert debugfs(root, f"cat {path}"), path


@test
def image_has_the_same_bytes_every_time(place):
    first = digest(place.build("/usr/bin/true"))
    time.sleep(1.1)
    assert digest(place.build("/usr/bin/true")) == first
    other = digest(place.build("/usr/bin/true", env={"SOURCE_DATE_EPOCH": "1700000000"}))
    assert other != first
    assert digest(place.build("/usr/bin/true", "--", "x")) != first


@test
def image_takes_source_date_epoch(place):
    root = extract(place.build("/usr/bin/true", env={"SOURCE_DATE_EPOCH": "1700000000"}), 2)
    assert b"0x6553f100" in debugfs(root, "stat /usr/bin/true")
    e2fsck(root)


@test
def image_holds_files_dirs_and_maps(place):
    place.write("data/sub/deep.txt", "deep")
    place.write("data/one.txt", "one")
    (place.folder / "data/link").symlink_to("one.txt")
    place.write("big.bin", os.urandom(5 << 20) + bytes(3 << 20) + b"end")
    place.write("empty", "")
    place.write("m/a.conf", "a")
    place.write("m/b.conf", "b")
    place.config({"Files": ["big.bin", "empty", "/etc/services" if os.path.exists("/etc/services")
                            else "/etc/passwd"],
                  "Dirs": ["data"], "MapDirs": {"m/*.conf": "/etc/app", "data": "/srv/www"}})
    root = extract(place.build("-c", "config.json", "/usr/bin/true"), 2)
    e2fsck(root)
    assert debugfs(root, "cat /big.bin") == (place.folder / "big.bin").read_bytes()
    assert debugfs(root, "cat /data/sub/deep.txt") == b"deep"
    assert debugfs(root, "cat /srv/www/sub/deep.txt") == b"deep"
    assert debugfs(root, "cat /etc/app/b.conf") == b"b"
    assert debugfs(root, "cat /empty") == b""
    assert b"Type: symlink" in debugfs(root, "stat /data/link")
    assert b'Fast link dest: "one.txt"' in debugfs(root, "stat /data/link")


@test
def image_holds_a_directory_of_many_files(place):
    for i in range(3000):
        place.write(f"many/a-rather-long-name-for-a-file-{i:05}", str(i))
    (place.folder / "many/slow").symlink_to("x" * 200)
    place.config({"Dirs": ["many"]})
    root = extract(place.build("-c", "config.json", "/usr/bin/true"), 2)
    e2fsck(root)
    assert debugfs(root, "cat /many/a-rather-long-name-for-a-file-02999") == b"2999"
    names = debugfs(root, "ls -p /many").decode().count("a-rather-long-name")
    assert names == 3000, names


@test
def image_of_a_static_program_has_no_libraries(place):
    place.compile("static", "int main(void) { return 0; }", "-static")
    root = extract(place.build("./static"), 2)
    assert b"program /static\n" in debugfs(root, "cat /etc/soliton/manifest")
    assert b"lib" not in debugfs(root, "ls /").replace(b"lost", b"")


# Libraries.

LIBRARY = "int answer(void) { return 42; }"
USER = "int answer(void); int main(void) { return answer(); }"


@test
def library_is_found_by_runpath_and_origin(place):
    place.compile("app/lib/libanswer.so", LIBRARY, "-shared", "-fPIC")
    place.compile("app/bin/user", USER, "-Lapp/lib", "-lanswer", "-Wl,-rpath,$ORIGIN/../lib")
    root = extract(place.build("app/bin/user"), 2)
    assert debugfs(root, "cat /app/lib/libanswer.so") == \
        (place.folder / "app/lib/libanswer.so").read_bytes()
    assert run_in(root, "/app/bin/user") == 42


@test
def program_below_a_mount_lies_where_the_machine_sees_it(place):
    # place.folder is below /tmp, where the machine has memory of its own.
    place.compile("app/lib/libanswer.so", LIBRARY, "-shared", "-fPIC")
    user = place.compile("app/bin/user", USER, "-Lapp/lib", "-lanswer",
                         "-Wl,-rpath,$ORIGIN/../lib")
    done = place.run("build", "-o", "test.img", user)
    assert done.returncode == 0, done.stderr
    assert f"ops: note: '{user}' is '/usr/local/bin/user'" in done.stderr, done.stderr
    root = extract(place.folder / "test.img", 2)
    assert run_in(root, "/usr/local/bin/user") == 42
    lines = debugfs(root, "cat /etc/soliton/manifest").decode().splitlines()
    assert "program /usr/local/bin/user" in lines and "arg /usr/local/bin/user" in lines, lines


@test
def file_below_a_mount_gets_a_note(place):
    file = place.write("data", "x")
    config = place.config({"Files": [str(file)]})
    done = place.run("build", "-o", "test.img", "-c", config, "/usr/bin/true")
    assert done.returncode == 0, done.stderr
    assert f"the program will not see '{file}'" in done.stderr, done.stderr


@test
def library_is_found_by_old_rpath_of_the_loader(place):
    place.compile("deep/libdeep.so", LIBRARY, "-shared", "-fPIC")
    place.compile("lib/libmiddle.so", "int answer(void); int middle(void) { return answer(); }",
                  "-shared", "-fPIC", "-Ldeep", "-ldeep")
    place.compile("user", "int middle(void); int main(void) { return middle(); }", "-Llib",
                  "-lmiddle", "-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN/lib:$ORIGIN/deep",
                  "-Wl,-rpath-link,deep")
    root = extract(place.build("./user"), 2)
    assert debugfs(root, "cat /deep/libdeep.so")
    assert run_in(root, "/user") == 42


@test
def library_is_found_by_the_environment(place):
    place.compile("lib/libanswer.so", LIBRARY, "-shared", "-fPIC")
    place.compile("user", USER, "-Llib", "-lanswer")
    root = extract(place.build("./user", "-e", f"LD_LIBRARY_PATH={place.folder}/lib"), 2)
    assert debugfs(root, f"cat {place.folder}/lib/libanswer.so")


@test
def library_is_found_by_ld_so_conf_under_a_target_root(place):
    place.compile("lib/libanswer.so", LIBRARY, "-shared", "-fPIC")
    place.compile("user", USER, "-Llib", "-lanswer")
    sysroot = place.folder / "sysroot"
    for path in ("/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6"):
        place.write(f"sysroot{path}", pathlib.Path(path).read_bytes()).chmod(0o755)
    place.write("sysroot/etc/ld.so.conf", "# comment\ninclude ld.so.conf.d/*.conf\n")
    place.write("sysroot/etc/ld.so.conf.d/x.conf", "/opt/answer/lib\n")
    place.write("sysroot/opt/answer/lib/libanswer.so",
                (place.folder / "lib/libanswer.so").read_bytes())
    root = extract(place.build("-r", sysroot, "./user"), 2)
    e2fsck(root)
    assert debugfs(root, "cat /opt/answer/lib/libanswer.so")
    assert run_in(root, "/user") == 42


@test
def library_cache_is_one_to_ldconfig(place):
    root = extract(place.build("/usr/bin/python3" if os.path.exists("/usr/bin/python3")
                               else "/usr/bin/true"), 2)
    place.write("cache", debugfs(root, "cat /etc/ld.so.cache"))
    done = subprocess.run([tool("ldconfig"), "-p", "-C", "cache"], capture_output=True, text=True,
                          check=True, cwd=place.folder)
    assert "libc.so.6 (libc6,x86-64) => /" in done.stdout, done.stdout
    for line in done.stdout.splitlines()[1:]:
        if "=>" in line:
            path = line.split("=>")[1].strip()
            real = os.path.realpath(path)
            assert debugfs(root, f"cat {real}") == pathlib.Path(real).read_bytes(), path


@test
def missing_library_is_named_with_who_needs_it(place):
    place.compile("lib/libanswer.so", LIBRARY, "-shared", "-fPIC")
    place.compile("user", USER, "-Llib", "-lanswer")
    place.fails("build", "./user", says=["'libanswer.so'", "needed by './user'"])
    place.compile("lib/libmiddle.so", "int answer(void); int middle(void) { return answer(); }",
                  "-shared", "-fPIC", "-Llib", "-lanswer")
    place.compile("user", "int middle(void); int main(void) { return middle(); }", "-Llib",
                  "-lmiddle", "-Wl,-rpath,$ORIGIN/lib", "-Wl,-rpath-link,lib")
    (place.folder / "lib/libanswer.so").unlink()
    place.fails("build", "./user", says=["'libanswer.so'", "libmiddle.so'"])


@test
def program_is_never_run(place):
    place.compile("trap", "#include <stdio.h>\n"
                  "__attribute__((constructor)) static void f(void)"
                  "{ fclose(fopen(\"ran\", \"w\")); }"
                  "int main(void) { return 0; }")
    place.build("./trap")
    assert not (place.folder / "ran").exists()


# Bad input.


@test
def program_that_is_no_program(place):
    place.write("text", "hello")
    place.fails("run", "./text", says=["./text", "is not an ELF file"])
    place.write("empty", "")
    place.fails("run", "./empty", says=["./empty", "is not an ELF file"])
    place.write("script", "#!/bin/sh\n")
    place.fails("run", "./script", says=["./script", "script"])
    place.fails("run", "./nothing", says=["./nothing", "No such file"])
    place.fails("run", ".", says=["directory"])
    place.fails("run", "/dev/null", says=["/dev/null", "not a regular file"])


def elf(place, **changes):
    """A small good ELF program with some 64-bit words changed by file offset."""
    path = place.compile("good", "int main(void) { return 0; }", "-static", "-s")
    content = bytearray(path.read_bytes())
    for offset, value in changes.get("words", []):
        struct.pack_into("<Q", content, offset, value)
    for offset, value in changes.get("halves", []):
        struct.pack_into("<H", content, offset, value)
    return bytes(content[:changes.get("size", len(content))])


def load_headers(content):
    """Offsets of the PT_LOAD headers."""
    phoff, = struct.unpack_from("<Q", content, 32)
    phnum, = struct.unpack_from("<H", content, 56)
    headers = [phoff + 56 * i for i in range(phnum)]
    return [at for at in headers if struct.unpack_from("<I", content, at)[0] == 1]


@test
def program_for_another_cpu(place):
    place.write("arm", elf(place, halves=[(18, 183)]))
    place.fails("run", "./arm", says=["./arm", "aarch64", "x86-64"])


@test
def program_that_is_truncated(place):
    whole = len(elf(place))
    for size in (40, 100, 0x1000, whole // 2):
        place.write("cut", elf(place, size=size))
        place.fails("run", "./cut", says=["./cut", "truncated"])


@test
def program_with_overlapping_or_huge_segments(place):
    good = elf(place)
    loads = load_headers(good)
    first_vaddr, = struct.unpack_from("<Q", good, loads[0] + 16)
    place.write("overlap", elf(place, words=[(loads[1] + 16, first_vaddr)]))
    place.fails("run", "./overlap", says=["./overlap", "overlap"])
    place.write("huge", elf(place, words=[(loads[-1] + 40, 1 << 45)]))
    place.fails("run", "./huge", says=["./huge", "too much memory"])
    place.write("wrap", elf(place, words=[(loads[-1] + 40, (1 << 64) - 1)]))
    place.fails("run", "./wrap", says=["./wrap"])


@test
def file_that_is_not_there(place):
    place.config({"Files": ["/no/such/file"]})
    place.fails("build", "-c", "config.json", "/usr/bin/true", says=["/no/such/file", "No such"])
    place.config({"Dirs": ["/no/such/dir"]})
    place.fails("build", "-c", "config.json", "/usr/bin/true", says=["/no/such/dir", "No such"])
    place.config({"MapDirs": {"/no/such/*": "/x"}})
    place.fails("build", "-c", "config.json", "/usr/bin/true", says=["/no/such/*"])


@test
def json_that_is_malformed(place):
    place.config('{\n  "Args": ["a",]\n}')
    place.fails("build", "-c", "config.json", "/usr/bin/true", says=["config.json:2:", "expected"])
    place.config('{"Args": ["a"], "Args": []}')
    place.fails("build", "-c", "config.json", "/usr/bin/true", says=["config.json:1:", "uplicate"])
    place.config("")
    place.fails("build", "-c", "config.json", "/usr/bin/true", says=["config.json:1:"])
    place.fails("build", "-c", "none.json", "/usr/bin/true", says=["none.json", "No such file"])


@test
def json_with_unknown_or_wrong_keys(place):
    for content, says in (
            ({"Argz": []}, ['"Argz"', '"Args"']),
            ({"RunConfig": {"Memroy": "1G"}}, ['"Memroy"', '"Memory"']),
            ({"Zzzzzzzzzzzz": 1}, ['unknown key "Zzzzzzzzzzzz"']),
            ({"Klibs": ["ntp"]}, ['"Klibs"', "not supported yet"]),
            ({"CloudConfig": {}}, ['"CloudConfig"', "not supported yet"]),
            ({"RunConfig": {"Bridged": True}}, ['"Bridged"', "not supported yet"]),
            ({"Args": "a"}, ['"Args"', "not a list"]),
            ({"Args": [1]}, ['"Args"', "entry 1", "not a string"]),
            ({"Env": {"A": 1}}, ['"Env"', '"A"', "not a string"]),
            ({"RunConfig": {"Memory": "lots"}}, ['"Memory"', "lots"]),
            ({"RunConfig": {"Ports": ["x"]}}, ['"Ports"', "'x'"]),
            ({"RunConfig": 1}, ['"RunConfig"', "not an object"]),
            ({"Crash": "burn"}, ["burn", "halt"]),
            ({"Limits": {"nofil": 1}}, ["nofil"]),
            ([], ["not an object"])):
        place.config(content)
        place.fails("build", "-c", "config.json", "/usr/bin/true", says=says)


@test
def port_in_use(place):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = sock.getsockname()[1]
        place.fails("run", "-p", f"{port}:80", "/usr/bin/true", says=[str(port), "in use"])


@test
def too_little_memory(place):
    place.fails("run", "-m", "16M", "/usr/bin/true", says=["16 MiB", "too little", "24 MiB"])
    place.write("pad", "")
    place.compile("fat", "char fat[40 << 20] = {1}; int main(void) { return fat[0]; }", "-static")
    place.fails("run", "-m", "32M", "./fat", says=["32 MiB", "too little"])


@test
def no_qemu(place):
    place.fails("run", "/usr/bin/true", says=["qemu-system-x86_64", "not installed"],
                env={"PATH": "/nowhere"})
    done = place.run("run", "/usr/bin/true", env={"PATH": "/nowhere"})
    assert "qemu-system-x86 " in done.stderr, done.stderr


@test
def no_kernel(place):
    done = subprocess.run([str(place.ops), "build", "--kernel", "/nowhere", "/usr/bin/true"],
                          capture_output=True, text=True, env=place.env, cwd=place.folder,
                          check=False)
    assert done.returncode == 1 and "/nowhere" in done.stderr, done.stderr


@test
def command_line_that_makes_no_sense(place):
    for args in (["run"], ["run", "--nothing", "/usr/bin/true"],
                 ["run", "-p", "x", "/usr/bin/true"],
                 ["run", "-e", "A", "/usr/bin/true"], ["run", "/usr/bin/true", "-m"],
                 ["run", "-m", "1X", "/usr/bin/true"], ["run", "--smp", "two", "/usr/bin/true"],
                 ["version", "x"], ["help", "nothing"]):
        place.fails(*args, says=[""], status=2)
    done = place.run("frobnicate")
    assert done.returncode == 2 and "frobnicate" in done.stderr
    place.fails("run", "--machine", "toaster", "/usr/bin/true", says=["toaster"])
    place.fails("run", "--smp", "0", "/usr/bin/true", says=["0 CPUs"])


@test
def output_that_cannot_be_written(place):
    place.fails("build", "-o", "/no/such/folder/x.img", "/usr/bin/true", says=["/no/such/folder"])


# Help.


@test
def help_goes_to_stdout(place):
    for args in (["help"], ["help", "run"], ["run", "--help"], ["version"]):
        done = place.run(*args)
        assert done.returncode == 0 and done.stdout and not done.stderr, (args, done)


@test
def dry_run_prints_the_command_and_makes_nothing(place):
    before = place.listing()
    done = place.run("run", "--dry-run", "-p", "8080:80", "-m", "1G", "--smp", "2",
                     "--accel", "tcg", "--append", "a b", "/usr/bin/true")
    assert done.returncode == 0, done.stderr
    for part in ("qemu-system-x86_64 ", " -m 1024M ", " -smp 2 ", "hostfwd=tcp:127.0.0.1:8080-:80",
                 "microvm", "-accel tcg", " -append 'a b' "):
        assert part in done.stdout, (part, done.stdout)
    assert place.listing() == before
    done = place.run("run", "--dry-run", "--machine", "q35", "/usr/bin/true")
    assert "virtio-blk-pci" in done.stdout


# Machines.


def leftovers(place):
    run = place.home / "run"
    return [path for path in run.iterdir() if path.name != ".turn"] if run.exists() else []


@test
def many_at_once_leave_each_other_alone(place):
    tool("qemu-system-x86_64")
    command = place.command("run", "--append", "exit 7%", "--accel", "tcg", "/usr/bin/true")
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                cwd=place.folder, env=place.env, stdin=subprocess.DEVNULL)
               for _ in range(12)]
    for process in running:
        _, stderr = process.communicate(timeout=SECONDS_MAX)
        assert process.returncode == 7, stderr
    assert not leftovers(place), leftovers(place)


@test
def exit_status_is_the_programs(place):
    tool("qemu-system-x86_64")
    for machine in ("microvm", "q35"):
        for said, status in (("exit 0%", 0), ("exit 7%", 7), ("exit 255%", 255),
                             ("signal 11%", 139)):
            done = place.run("run", "--machine", machine, "--append", said, "--accel", "tcg",
                             "/usr/bin/true")
            assert done.returncode == status, (machine, said, done)
            assert done.stdout == "console\n", done.stdout
            assert done.stderr == "", done.stderr
    assert not leftovers(place)


@test
def verbose_tells_times_on_stderr(place):
    tool("qemu-system-x86_64")
    done = place.run("run", "-v", "--append", "boot_ns 1234567%memory_kib 99%exit 0%",
                     "/usr/bin/true")
    assert done.returncode == 0 and done.stdout == "console\n", done
    assert "1.234 ms" in done.stderr and "99 KiB" in done.stderr, done.stderr


@test
def machine_that_panics_or_says_nothing(place):
    tool("qemu-system-x86_64")
    for said, part in (("panic out of \x01luck%", "panicked: out of ?luck"), ("", "without a word"),
                       ("exit 300%exit x%", "without a word"),
                       ("error bad manifest%", "not started: bad manifest")):
        args = ["--append", said] if said else []
        done = place.run("run", *args, "/usr/bin/true")
        assert done.returncode == 1 and part in done.stderr, done
        assert len(done.stderr.splitlines()) == 1, done.stderr
    assert not leftovers(place)


@test
def timeout_ends_the_machine(place):
    tool("qemu-system-x86_64")
    done = place.run("run", "--timeout", "2", "--append", "hang", "/usr/bin/true")
    assert done.returncode == 1 and "2 seconds" in done.stderr, done
    assert not leftovers(place)


def start_hanging(place):
    """Starts a machine that stays, and waits until it runs."""
    child = subprocess.Popen(place.command("run", "--append", "hang", "/usr/bin/true"),
                             stdout=subprocess.PIPE, text=True, env=place.env, cwd=place.folder)
    assert child.stdout.readline() == "hanging\n"
    qemu = pathlib.Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
    return child, [int(pid) for pid in qemu]


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_gone(pids):
    deadline = time.monotonic() + 10
    while any(map(is_running, pids)):
        assert time.monotonic() < deadline, pids
        time.sleep(0.02)


@test
def signals_end_ops_and_qemu(place):
    tool("qemu-system-x86_64")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        child, qemu = start_hanging(place)
        child.send_signal(number)
        assert child.wait(SECONDS_MAX) == 128 + number
        assert qemu and not any(map(is_running, qemu))
        assert not leftovers(place)
        child.stdout.close()


@test
def killed_ops_leaves_no_machine_and_the_next_one_cleans_up(place):
    tool("qemu-system-x86_64")
    child, qemu = start_hanging(place)
    child.kill()
    child.wait(SECONDS_MAX)
    wait_gone(qemu)
    assert len(leftovers(place)) == 1
    done = place.run("run", "--append", "exit 0%", "/usr/bin/true")
    assert done.returncode == 0
    assert not leftovers(place)
    child.stdout.close()


@test
def two_runs_at_once_leave_each_other_alone(place):
    tool("qemu-system-x86_64")
    child, _ = start_hanging(place)
    done = place.run("run", "--append", "exit 3%", "/usr/bin/true")
    assert done.returncode == 3 and child.poll() is None
    assert len(leftovers(place)) == 1
    child.terminate()
    child.wait(SECONDS_MAX)
    child.stdout.close()


def make_stub(folder):
    path = pathlib.Path(folder) / "stub.elf"
    subprocess.run(["gcc", "-nostdlib", "-static", "-no-pie", "-Wl,-Ttext=0x100000", "-Wl,-N",
                    "-Wl,--no-warn-rwx-segments", "-Wl,--build-id=none", "-Wl,-e,entry",
                    "-o", str(path), str(TOP / "test/ops/stub_kernel.S")], check=True)
    return path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ops", default=str(TOP / "build/ops"))
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    passed = failed = skipped = 0

    with tempfile.TemporaryDirectory(prefix="ops-test-") as top:
        kernel = make_stub(top)
        for number, function in enumerate(TESTS):
            if options.names and function.__name__ not in options.names:
                continue
            folder = pathlib.Path(top) / str(number)
            folder.mkdir()
            try:
                function(Place(pathlib.Path(options.ops).resolve(), kernel, folder))
                passed += 1
            except Skip as skip:
                skipped += 1
                print(f"skipped {function.__name__}: {skip}")
            except Exception:  # pylint: disable=broad-except
                failed += 1
                print(f"FAILED {function.__name__}")
                traceback.print_exc(file=sys.stdout)
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
