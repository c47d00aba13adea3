# SPDX-License-Identifier: Apache-2.0
"""Looking into a program while it runs: a debugger, traces. These boot the real kernel."""

import re
import shlex
import socket
import subprocess

from place import SECONDS_MAX, Skip, test, tool

PROGRAM = r"""
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int square(int n) { return n * n; }
int main(void)
{
    int nine = square(3);
    printf("%d\n", nine);
    fflush(stdout);
    return access("/no/such/file", F_OK) == 0 ? 1 : nine - 4;
}
"""


def real(place, *args):
    """The command line of a run with the real kernel, which lies beside ops."""
    tool("qemu-system-x86_64")
    kernel = place.ops.parent / "soliton.elf"
    if not kernel.exists():
        raise Skip(f"there is no {kernel}")
    return [str(place.ops), "run", *map(str, args)]


def run_real(place, *args):
    return subprocess.run(real(place, *args), capture_output=True, text=True, cwd=place.folder,
                          env=place.env, timeout=SECONDS_MAX, stdin=subprocess.DEVNULL,
                          check=False)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@test
def gdb_breaks_in_main_and_in_the_kernel(place):
    tool("gdb")
    place.compile("program", PROGRAM, "-g", "-O0", "-fno-inline")
    command = real(place, "--debug", "--gdbport", free_port(), "--accel", "tcg", "program")
    machine = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               cwd=place.folder, env=place.env, stdin=subprocess.DEVNULL)
    lines = []
    while not lines or not lines[-1].startswith("hint: "):
        lines.append(machine.stderr.readline())
        assert lines[-1], lines
    line = next(line for line in lines if line.strip().startswith("gdb "))
    debug = (place.ops.parent / "soliton.debug").exists()
    requests = ["hbreak kmain", "continue", "backtrace"] if debug else []
    requests += ["delete", "hbreak main", "continue", "backtrace", "break square", "continue",
                 "backtrace", "delete", "continue"]
    gdb = shlex.split(line) + ["-q", "-batch", "-nx"]
    for request in requests:
        gdb += ["-ex", request]
    # gdb asks QEMU, which has announced its port by now or will in a moment.
    gdb[1:1] = ["-ex", "set tcp connect-timeout 20"]
    done = subprocess.run(gdb, capture_output=True, text=True, timeout=SECONDS_MAX, check=False,
                          stdin=subprocess.DEVNULL, cwd=place.folder)
    stdout, stderr = machine.communicate(timeout=SECONDS_MAX)
    said = done.stdout + done.stderr
    if debug:
        assert re.search(r"#0 +kmain \(\) at kernel/init/main.c", said), said
        assert re.search(r"#1 .* in arch_main", said), said
    assert re.search(r"#0 +main \(\) at ", said), said
    assert re.search(r"#0 +square \(n=3\) at .*\n#1 .* in main \(\)", said), said
    assert (machine.returncode, stdout) == (5, "9\n"), (machine.returncode, stdout, stderr, said)


@test
def debug_port_in_use(place):
    place.compile("program", PROGRAM)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_real(place, "--debug", "--gdbport", port, "program")
        assert done.returncode == 1 and f"port {port}" in done.stderr, done


@test
def trace_shows_system_calls_on_stderr(place):
    place.compile("program", PROGRAM)
    done = run_real(place, "--trace", "--no-trace", "mmap", "program")
    assert (done.returncode, done.stdout) == (5, "9\n"), done
    assert 'write(1, "9\\n", 2)' in done.stderr, done.stderr
    assert re.search(r'access\("/no/such/file", F_OK\) += -1 ENOENT', done.stderr), done.stderr
    assert "+++ exited with 5 +++" in done.stderr and "mmap(" not in done.stderr, done.stderr
    done = run_real(place, "--trace", "--no-trace", "no_such_call", "program")
    assert done.returncode == 1 and "no_such_call" in done.stdout + done.stderr, done


@test
def summary_and_missing_files_come_at_the_end(place):
    place.compile("program", PROGRAM)
    done = run_real(place, "--syscall-summary", "--missing-files", "program")
    assert (done.returncode, done.stdout) == (5, "9\n"), done
    lines = done.stderr.splitlines()
    assert "missing /no/such/file" in lines, lines
    header = next(i for i, line in enumerate(lines) if line.startswith("SYSCALL"))
    rows = {line.split()[0]: line.split()[1:] for line in lines[header + 1:]}
    assert rows["write"][0] == "1" and int(rows["access"][1]) >= 1, lines


@test
def secret_and_environment_reach_the_program_alone(place):
    place.compile("program", r"""
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    char text[100] = "";
    FILE *file = fopen("/run/secrets/key", "r");
    if (file && fgets(text, sizeof(text), file))
        printf("%s %s\n", text, getenv("WHO"));
    return 0;
}
""")
    place.write("key.txt", "s3cret")
    done = run_real(place, "--secret", "key=key.txt", "-e", "WHO=me", "program")
    assert done.stdout == "s3cret me\n", done
    dry = run_real(place, "--secret", "key=key.txt", "--dry-run", "program")
    assert "s3cret" not in dry.stdout and "secret/key" in dry.stdout, dry.stdout
    big = place.write("big", bytes((1 << 20) + 1))
    done = run_real(place, "--secret", f"key={big}", "program")
    assert done.returncode == 1 and "larger than 1 MiB" in done.stderr, done
    done = run_real(place, "--secret", "key=nothing", "program")
    assert done.returncode == 1 and "'nothing'" in done.stderr, done


@test
def command_at_the_exit_runs_when_the_machine_has_ended(place):
    place.compile("program", PROGRAM)
    place.config({"RunConfig": {"AtExit": "echo over > over.txt"}})
    done = run_real(place, "-c", "config.json", "program")
    assert done.returncode == 5, done
    assert (place.folder / "over.txt").read_text() == "over\n"
