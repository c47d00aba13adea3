# SPDX-License-Identifier: Apache-2.0
"""Machines, with a stub in place of the kernel (stub_kernel.S)."""

import pathlib
import signal
import subprocess
import time

from place import SECONDS_MAX, test, tool


def leftovers(place):
    run = place.home / "run"
    return [path for path in run.iterdir() if path.name[0] != "."] if run.exists() else []


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
