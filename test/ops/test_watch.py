# SPDX-License-Identifier: Apache-2.0
"""Looking into the program of an instance: a trace in its log, gdb. These boot the real kernel."""

import re
import shlex
import subprocess

from place import SECONDS_MAX, test, tool
from test_debug import PROGRAM, free_port
from test_instance import listed, no_machine_stays, wait_for
from test_serve import logs, ops


def is_exited(place, name):
    return (listed(place, name) or {"state": None})["state"] == "exited"


@test
def instance_has_its_trace_in_its_log(place):
    with no_machine_stays(place):
        place.compile("program", PROGRAM)
        place.config({"NoTrace": ["mmap"], "Debugflags": ["trace"]})
        assert ops(place, "image", "create", "-c", "config.json", "program").returncode == 0
        done = ops(place, "instance", "create", "-m", "64", "-c", "config.json",
                   "--syscall-summary", "--missing-files", "--json", "-i", "job", "program")
        assert done.returncode == 0, done
        wait_for(lambda: is_exited(place, "job"))
        assert listed(place, "job")["exit_status"] == 5
        said = logs(place, "job")
        assert 'write(1, "9\\n", 2)' in said and "\n9\n" in "\n" + said, said
        assert "+++ exited with 5 +++" in said and "mmap(" not in said, said
        assert "missing /no/such/file\n" in said, said
        assert re.search(r"^SYSCALL +CALLS +ERRORS", said, re.M), said
        # What the kernel says of the run is not drowned by it.
        report = (place.home / "instances/job/report").read_text()
        assert "exit 5\n" in report and "trace" not in report, report
        assert ops(place, "instance", "start", "job").returncode == 0
        wait_for(lambda: is_exited(place, "job") and "exited with 5" in logs(place, "job"))


@test
def deployed_program_has_its_trace_in_its_log(place):
    with no_machine_stays(place):
        place.compile("program", PROGRAM.replace("return access", "pause(); return access"))
        done = ops(place, "deploy", "-m", "64", "--trace", "program")
        assert (done.returncode, done.stdout) == (0, "program-1\n"), done
        wait_for(lambda: 'write(1, "9' in logs(place, "program-1"))
        done = ops(place, "deploy", "--debug", "program")
        assert done.returncode == 1 and "gdb" in done.stderr and "hint" in done.stderr, done


@test
def instance_of_a_package_tells_gdb_where_its_program_is(place):
    place.compile("program", PROGRAM, "-g")
    port = free_port()
    with no_machine_stays(place):
        done = ops(place, "pkg", "from-run", "--name", "app", "--version", "1", "program")
        assert done.returncode == 0, done
        (place.folder / "program").unlink()
        done = ops(place, "run", "--background", "--debug", "--gdbport", port, "--accel", "tcg",
                   "--package", "app")
        assert done.returncode == 0 and f"{place.home}/packages/app_1/sysroot/" in done.stderr, done
        assert listed(place, done.stdout.strip())["gdb"] == f"127.0.0.1:{port}"
        assert ops(place, "instance", "delete", done.stdout.strip()).returncode == 0


@test
def instance_waits_for_gdb_at_each_start(place):
    tool("gdb")
    place.compile("program", PROGRAM, "-g", "-O0", "-fno-inline")
    port = free_port()
    with no_machine_stays(place):
        done = ops(place, "run", "--background", "--debug", "--gdbport", port, "--accel", "tcg",
                   "program")
        assert (done.returncode, done.stdout) == (0, "program.1\n"), done
        row = listed(place, "program.1")
        assert row["gdb"] == f"127.0.0.1:{port}" and row["state"] == "starting", row
        line = next(line for line in done.stderr.splitlines() if line.strip().startswith("gdb "))
        for _ in range(2):
            gdb = shlex.split(line) + ["-q", "-batch", "-nx", "-ex", "hbreak main", "-ex",
                                       "continue", "-ex", "backtrace", "-ex", "delete", "-ex",
                                       "continue"]
            done = subprocess.run(gdb, capture_output=True, text=True, timeout=SECONDS_MAX,
                                  check=False, stdin=subprocess.DEVNULL, cwd=place.folder)
            assert re.search(r"#0 +main \(\) at ", done.stdout), done
            wait_for(lambda: is_exited(place, "program.1"))
            assert listed(place, "program.1")["exit_status"] == 5
            assert ops(place, "instance", "start", "program.1").returncode == 0
        done = ops(place, "instance", "create", "--debug", "--gdbport", port, "program.1")
        assert done.returncode == 1 and f"port {port}" in done.stderr, done
        assert ops(place, "instance", "delete", "program.1").returncode == 0
        done = ops(place, "instance", "create", "--debug", "--gdbport", port, "program.1")
        assert done.returncode == 0 and "target remote" in done.stderr, done
