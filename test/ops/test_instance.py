# SPDX-License-Identifier: Apache-2.0
"""Instances: machines that outlive ops."""

import contextlib
import fcntl
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

from place import SECONDS_MAX, test, tool

RUNS = "boot_ns 5%!"  # What the stub kernel is to do: say that the program runs, and stay.


def alive_pid(folder):
    return int((folder / "alive").read_text().split()[0])


def is_ours(pid, place):
    """Whether a process is a QEMU of this place: pids are used again."""
    try:
        return str(place.home).encode() in pathlib.Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def machines(place):
    """The QEMU processes of a place, found without asking ops."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or not is_ours(entry.name, place):
            continue
        try:
            name = (entry / "comm").read_text()
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if name.startswith("qemu") and state != "Z":
            found.append(int(entry.name))
    return found


@contextlib.contextmanager
def no_machine_stays(place):
    """Ends what a test that failed left running."""
    tool("qemu-system-x86_64")
    try:
        yield
    finally:
        for pid in machines(place):
            os.kill(pid, signal.SIGKILL)


def image(place):
    done = place.run("build", "-o", "test.img", "/usr/bin/true")
    assert done.returncode == 0, done.stderr
    return place.folder / "test.img"


def create(place, name, *args, does=RUNS):
    append = ["--append", does] if does else []
    return place.run("instance", "create", "--accel", "tcg", *append, "-i", name, *args,
                     str(place.folder / "test.img"))


def listed(place, name):
    done = place.run("instance", "list", "--json")
    assert done.returncode == 0, done.stderr
    return next((row for row in json.loads(done.stdout) if row["name"] == name), None)


def wait_for(condition):
    deadline = time.monotonic() + SECONDS_MAX / 2
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


@test
def instance_outlives_ops_and_goes_when_told(place):
    image(place)
    with no_machine_stays(place):
        done = create(place, "web", "-m", "64")
        assert (done.returncode, done.stdout, done.stderr) == (0, "web\n", ""), done
        row = listed(place, "web")
        assert row["state"] == "running" and row["image"] == "test", row
        pid = int(row["id"])
        assert machines(place) == [pid]
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        session, terminal = int(stat[3]), int(stat[4])
        assert session != os.getsid(0) and terminal == 0, stat
        wait_for(lambda: "hanging" in place.run("instance", "logs", "web").stdout)
        done = place.run("instance", "stop", "--grace", "100ms", "web")
        assert done.returncode == 0 and done.stdout == "", done
        assert not machines(place)
        row = listed(place, "web")
        assert row["state"] == "exited" and row["exit_status"] is None, row
        assert "force" in row["reason"], row
        assert place.run("instance", "start", "web").returncode == 0
        assert listed(place, "web")["state"] == "running"
        place.fails("instance", "start", "web", says=["cannot start 'web'", "running already"])
        assert place.run("instance", "reboot", "--grace", "0", "web").returncode == 0
        assert len(machines(place)) == 1
        assert place.run("instance", "delete", "web").returncode == 0
        assert not machines(place) and listed(place, "web") is None
        assert not (place.home / "instances/web").exists()


@test
def instance_exit_status_is_the_programs(place):
    image(place)
    with no_machine_stays(place):
        for said, status in (("exit 0%", 0), ("exit 7%", 7), ("signal 11%", 139)):
            done = create(place, "job", does="boot_ns 5%" + said)
            assert done.returncode == 0, done.stderr
            done = place.run("instance", "wait", "job")
            assert done.returncode == status, (said, done)
            row = listed(place, "job")
            assert row["state"] == "exited" and row["exit_status"] == status, row
            assert row["ended"], row
            assert place.run("instance", "delete", "job").returncode == 0


@test
def instance_is_made_by_one_without_standard_files(place):
    image(place)
    command = place.command("instance", "create", "--accel", "tcg", "--append", RUNS, "-i", "web",
                            "test.img")
    with no_machine_stays(place):
        for closed in ("<&-", ">&-", "<&- >&- 2>&-"):
            # To print its name may fail, and what was made stays then.
            subprocess.run(["sh", "-c", f'"$@" {closed}', "sh", *command], cwd=place.folder,
                           env=place.env, timeout=SECONDS_MAX, check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            assert listed(place, "web")["state"] == "running", closed
            wait_for(lambda: "hanging" in place.run("instance", "logs", "web").stdout)
            assert place.run("instance", "delete", "web").returncode == 0
            assert not machines(place), closed


@test
def instance_that_waits_for_a_debugger_is_held(place):
    image(place)
    with no_machine_stays(place):
        assert create(place, "web", does="boot_ns 5%hold exit%!").returncode == 0
        wait_for(lambda: listed(place, "web")["state"] == "held")
        row = listed(place, "web")
        assert row["id"] and row["uptime"] is not None and row["exit_status"] is None, row
        assert place.run("instance", "stop", "--grace", "0", "web").returncode == 0
        assert listed(place, "web")["state"] == "exited"


@test
def instance_that_fails_at_once_is_none(place):
    image(place)
    with no_machine_stays(place):
        for said, part in (("panic out of luck%", "panicked: out of luck"),
                           ("error bad manifest%", "not started: bad manifest"),
                           ("", "without a word")):
            done = create(place, "bad", does=said)
            assert done.returncode == 1 and part in done.stderr, done
            assert len(done.stderr.splitlines()) == 1, done.stderr
            assert listed(place, "bad") is None
        assert not machines(place)
        assert not [path for path in (place.home / "instances").iterdir()
                    if path.name != ".lock"]


@test
def instance_names_and_ports_that_cannot_be(place):
    image(place)
    with no_machine_stays(place):
        for name in ("a/b", "..", "-x y", "", "x" * 65):
            done = place.run("instance", "create", f"--instance-name={name}",
                             str(place.folder / "test.img"))
            assert done.returncode in (1, 2) and done.stdout == "", done
        done = place.run("instance", "create", "nothing")
        assert done.returncode == 1 and "there is no image 'nothing'" in done.stderr, done
        assert "hint: " in done.stderr
        assert create(place, "web").returncode == 0
        done = create(place, "web")
        assert done.returncode == 1 and "an instance 'web' already" in done.stderr, done
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = create(place, "other", "-p", f"{port}:80")
            assert done.returncode == 1 and f"port {port}" in done.stderr, done
            assert listed(place, "other") is None
        for verb in ("start", "stop", "reboot", "delete", "logs", "stats", "wait", "inspect"):
            place.fails("instance", verb, "nobody", says=["there is no instance 'nobody'"])
        place.fails("instance", "stop", "--grace", "soon", "web", says=["'soon' is not a time"],
                    status=2)
        place.fails("instance", "list", "-t", "nowhere", says=["no provider 'nowhere'"], status=2)
        assert place.run("instance", "delete", "web").returncode == 0


@test
def instance_whose_qemu_is_killed_is_no_running_one(place):
    image(place)
    with no_machine_stays(place):
        assert create(place, "web").returncode == 0
        os.kill(int(listed(place, "web")["id"]), signal.SIGKILL)
        # What is killed loses its memory first, and its files, the lock among them, a while later.
        wait_for(lambda: listed(place, "web")["state"] != "running")
        row = listed(place, "web")
        assert row["state"] == "exited" and row["exit_status"] is None and row["reason"], row
        done = place.run("instance", "wait", "web")
        assert done.returncode == 1 and "killed" in done.stderr, done
        # The pid it had is somebody else's now: who is that, and shall not be harmed.
        alive = place.home / "instances/web/alive"
        alive.write_text(f"{os.getpid()} 1\n")
        assert listed(place, "web")["state"] == "exited"
        assert place.run("instance", "stop", "web").returncode == 0
        assert place.run("instance", "start", "web").returncode == 0
        assert listed(place, "web")["state"] == "running"
        alive.write_text(f"{os.getpid()} 1\n")
        row = listed(place, "web")
        assert row["state"] == "running" and row["id"] is None, row


@test
def instance_description_that_is_broken_can_be_deleted(place):
    image(place)
    with no_machine_stays(place):
        assert create(place, "web").returncode == 0
        for text in ("", "{", "[]", "{}", '{"image": "a", "created": -1}', "\0" * 100):
            (place.home / "instances/web/instance.json").write_text(text)
            row = listed(place, "web")
            assert row["state"] == "failed" and "instance.json" in row["reason"], row
            place.fails("instance", "start", "web", says=["instance.json"])
        assert place.run("instance", "delete", "web").returncode == 0
        assert not machines(place)


@test
def instance_secrets_and_sockets_are_the_owners(place):
    image(place)
    place.write("key.txt", "s3cret-in-file")
    with no_machine_stays(place):
        done = create(place, "web", "-e", "PASSWORD=s3cret-in-env", "--secret",
                      f"key={place.folder / 'key.txt'}")
        assert done.returncode == 0, done.stderr
        folder = place.home / "instances/web"
        command = pathlib.Path(f"/proc/{alive_pid(folder)}/cmdline").read_bytes()
        assert b"s3cret" not in command, command
        assert b"opt/soliton/secret/key" in command and b"opt/soliton/overlay" in command
        assert (folder / "secret-key").read_text() == "s3cret-in-file"
        assert "env PASSWORD=s3cret-in-env\n" in (folder / "overlay").read_text()
        assert folder.stat().st_mode & 0o77 == 0 and place.home.stat().st_mode & 0o77 == 0
        for path in folder.iterdir():
            assert path.stat().st_mode & 0o77 == 0, (path, oct(path.stat().st_mode))
        assert (folder / "qmp.sock").is_socket() and (folder / "control.sock").is_socket()
        for path in ("console.log", "qemu.log", "report"):
            assert "s3cret" not in (folder / path).read_text()


@test
def instance_arguments_replace_the_images(place):
    image(place)
    with no_machine_stays(place):
        done = create(place, "web", "-a", "one", "-a", "two\nlines")
        assert done.returncode == 0, done.stderr
        overlay = (place.home / "instances/web/overlay").read_text().splitlines()
        assert overlay == ["arg /usr/bin/true", "arg one", "arg two\\nlines"], overlay


@test
def instance_stats_are_of_this_machine_at_least(place):
    image(place)
    with no_machine_stays(place):
        assert create(place, "web", "-m", "64").returncode == 0
        done = place.run("instance", "stats", "--json", "web")
        assert done.returncode == 0, done.stderr
        row = json.loads(done.stdout)[0]
        assert row["memory_total"] == 64 << 20 and row["memory_host"] > 1 << 20, row
        assert row["cpu_count"] == 1 and row["memory_used"] is None, row
        assert place.run("instance", "stop", "--grace", "0", "web").returncode == 0
        place.fails("instance", "stats", "web", says=["not running"])
        done = place.run("instance", "stats")
        assert done.stdout == "No instance is running.\n", done


@test
def instance_logs_follow_until_the_end(place):
    image(place)
    with no_machine_stays(place):
        assert create(place, "web").returncode == 0
        follower = subprocess.Popen(place.command("instance", "logs", "-f", "web"),
                                    stdout=subprocess.PIPE, text=True, env=place.env)
        assert follower.stdout.readline() == "console\n"
        assert follower.stdout.readline() == "hanging\n"
        assert follower.poll() is None
        assert place.run("instance", "stop", "--grace", "0", "web").returncode == 0
        assert follower.communicate(timeout=SECONDS_MAX)[0] == ""
        assert follower.returncode == 0


@test
def instance_logs_follow_a_console_that_is_cut(place):
    image(place)
    with no_machine_stays(place):
        assert create(place, "web").returncode == 0
        console = place.home / "instances/web/console.log"
        wait_for(lambda: "hanging" in console.read_text())
        follower = subprocess.Popen(place.command("instance", "logs", "-f", "web"),
                                    stdout=subprocess.PIPE, text=True, env=place.env)
        assert follower.stdout.readline() == "console\n"
        assert follower.stdout.readline() == "hanging\n"
        os.truncate(console, 0)  # As logrotate does.
        console.write_text("more\n")
        assert follower.stdout.readline() == "more\n"
        console.rename(console.with_suffix(".log.1"))  # As a start does.
        console.write_text("again\n")
        assert follower.stdout.readline() == "again\n"
        follower.kill()
        follower.communicate()


@test
def create_that_fails_leaves_another_one_of_its_name(place):
    image(place)
    with no_machine_stays(place):
        slow = subprocess.Popen(place.command("instance", "create", "--accel", "tcg", "--append",
                                              "!", "-i", "web", "test.img"), cwd=place.folder,
                                env=place.env, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: (listed(place, "web") or {}).get("state") == "starting")
        with open(place.home / "instances/.lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # It has given it back, and waits for its program.
        os.kill(slow.pid, signal.SIGSTOP)
        assert place.run("instance", "delete", "web").returncode == 0
        assert create(place, "web").returncode == 0
        assert place.run("instance", "stop", "--grace", "0", "web").returncode == 0
        os.kill(slow.pid, signal.SIGCONT)
        said = slow.communicate(timeout=SECONDS_MAX)[1]
        assert slow.returncode == 1 and "stopped in the meantime" in said, said
        assert listed(place, "web")["state"] == "exited"


@test
def one_of_many_creates_of_a_name_wins(place):
    image(place)
    with no_machine_stays(place):
        command = place.command("instance", "create", "--accel", "tcg", "--append", RUNS, "-i",
                                "web", "test.img")
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    text=True, cwd=place.folder, env=place.env)
                   for _ in range(6)]
        done = [(process.communicate(timeout=SECONDS_MAX), process.returncode)
                for process in running]
        assert sorted(status for _, status in done) == [0, 1, 1, 1, 1, 1], done
        assert len(machines(place)) == 1


@test
def instance_lives_in_a_home_given_relative(place):
    image(place)
    with no_machine_stays(place):
        done = place.run("instance", "create", "--accel", "tcg", "--append", RUNS, "-i", "web",
                         "-e", "A=b", "test.img", env={"OPS_HOME": "home"})
        assert (done.returncode, done.stdout) == (0, "web\n"), done
        done = place.run("instance", "delete", "web", env={"OPS_HOME": "home"})
        assert done.returncode == 0, done.stderr
        pids = [entry.name for entry in pathlib.Path("/proc").iterdir() if entry.name.isdigit()]
        assert not [pid for pid in pids if is_in(pid, place.home / "instances")]


def is_in(pid, folder):
    """Whether a process works in a folder."""
    try:
        return pathlib.Path(os.readlink(f"/proc/{pid}/cwd")).is_relative_to(folder)
    except OSError:
        return False


@test
def instance_that_is_started_again_is_not_seen_ended(place):
    image(place)
    with no_machine_stays(place):
        assert create(place, "web").returncode == 0
        reboots = subprocess.Popen(["sh", "-ec", 'for i in 1 2 3 4 5 6; do "$@"; done', "sh",
                                    *place.command("instance", "reboot", "--grace", "0", "web")],
                                   env=place.env, stderr=subprocess.DEVNULL)
        seen = set()
        while reboots.poll() is None:
            row = listed(place, "web")
            seen.add((row["state"], row["reason"]))
        assert reboots.returncode == 0
        assert seen <= {("starting", None), ("running", None), ("stopping", None),
                        ("exited", "it was ended by force")}, seen


@test
def many_reboots_at_once_leave_one_machine(place):
    image(place)
    with no_machine_stays(place):
        assert create(place, "web").returncode == 0
        command = place.command("instance", "reboot", "--grace", "100ms", "web")
        running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=place.env)
                   for _ in range(4)]
        done = [(process.communicate(timeout=SECONDS_MAX), process.returncode)
                for process in running]
        assert 0 in [status for _, status in done], done
        for (_, said), status in done:
            assert status == 0 or "running already" in said, done
        row = listed(place, "web")
        assert row["state"] == "running" and machines(place) == [int(row["id"])], row


@test
def many_at_once_find_a_name_each(place):
    image(place)
    machine = ["--accel", "tcg", "-m", "24", "--append", RUNS]
    with no_machine_stays(place):
        for command in (["instance", "create", *machine, "test.img"],
                        ["run", "--background", *machine, "/usr/bin/true"]):
            running = [subprocess.Popen(place.command(*command), stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, cwd=place.folder,
                                        env=place.env)
                       for _ in range(4)]
            done = [process.communicate(timeout=SECONDS_MAX) for process in running]
            assert [process.returncode for process in running] == [0] * 4, done
            assert len({said for said, _ in done}) == 4, done
        assert len(machines(place)) == 8
