# SPDX-License-Identifier: Apache-2.0
"""Bad input: programs, configurations, command lines."""

import socket
import struct
import subprocess

from place import test


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
            ({"Klibs": ["ntp"]}, ['"Klibs"', "not supported"]),
            ({"CloudConfig": {"Zones": "x"}}, ['"CloudConfig"', '"Zones"', '"Zone"']),
            ({"RunConfig": {"Bridged": 1}}, ['"Bridged"', "not true or false"]),
            ({"Args": "a"}, ['"Args"', "not a list"]),
            ({"Args": [1]}, ['"Args"', "entry 1", "not a text"]),
            ({"Env": {"A": 1}}, ['"Env"', '"A"', "not a text"]),
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
    assert "`apt-get install qemu-system-x86`" in done.stderr, done.stderr


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


@test
def configuration_from_a_pipe(place):
    place.compile("program", "int main(void) { return 0; }", "-static")
    line = f"{place.ops} build --kernel {place.kernel} -o out.img -c <(echo '%s') ./program"
    for text, status in (("{}", 0), ('{"Argz": []}', 1)):
        done = subprocess.run(["bash", "-c", line % text], capture_output=True, text=True,
                              cwd=place.folder, env=place.env, check=False)
        assert done.returncode == status, done
