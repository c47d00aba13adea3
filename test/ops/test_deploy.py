# SPDX-License-Identifier: Apache-2.0
"""ops deploy: a new version in the place of the old one, which serves until then. Real kernel."""

import json
import os
import signal
import socket
import subprocess
import threading
import time

from place import SECONDS_MAX, Skip, test, tool
from test_instance import RUNS, listed, machines, no_machine_stays, wait_for

SERVER = r"""
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(80) };
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (EARLY_EXIT)
        return 3;
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0)
        return 1;
    if (LISTENS && listen(listener, 64) < 0)
        return 1;
    puts("serving");
    fflush(stdout);
    for (;;) {
        int client = LISTENS ? accept(listener, NULL, NULL) : pause();
        char text[100];
        if (client < 0)
            continue;
        snprintf(text, sizeof(text), "%s %s\n", VERSION, getenv("MODE"));
        (void)!write(client, text, strlen(text));
        close(client);
    }
}
"""


def server(place, version, early_exit=0, listens=1):
    place.compile("server", SERVER, f'-DVERSION="{version}"', f"-DEARLY_EXIT={early_exit}",
                  f"-DLISTENS={listens}")


def deploy(place, port, *args):
    """Deploys `server` with the real kernel, which lies beside ops."""
    tool("qemu-system-x86_64")
    if not (place.ops.parent / "soliton.elf").exists():
        raise Skip("there is no kernel beside ops")
    return subprocess.run([str(place.ops), "deploy", "-i", "web", "-p", f"{port}:80", "-m", "64",
                           "-e", "MODE=test", "--grace", "500ms", *args, "server"],
                          capture_output=True, text=True, cwd=place.folder, env=place.env,
                          timeout=SECONDS_MAX, stdin=subprocess.DEVNULL, check=False)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port):
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX) as connection:
        return connection.makefile().read()


def answer_of(port):
    """The same; an empty one if nobody takes the connection."""
    try:
        return ask(port)
    except ConnectionError:
        return ""


class Client(threading.Thread):
    """Asks without a pause; notes each answer, and how long nobody took a connection."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port = port
        self.answers = []
        self.gap_s = 0.0
        self.is_over = False

    def run(self):
        refused_s = None
        while not self.is_over:
            try:
                answer = ask(self.port)
            except ConnectionError:
                refused_s = refused_s or time.monotonic()
                continue
            if refused_s:
                self.gap_s = max(self.gap_s, time.monotonic() - refused_s)
                refused_s = None
            if not self.answers or self.answers[-1] != answer:
                self.answers.append(answer)

    def end(self):
        self.is_over = True
        self.join()


def images(place):
    done = place.run("image", "list", "--json")
    assert done.returncode == 0, done.stderr
    return [row["name"] for row in json.loads(done.stdout)]


@test
def deploy_replaces_the_old_version_without_a_break(place):
    port = free_port()
    with no_machine_stays(place):
        server(place, "one")
        done = deploy(place, port)
        assert (done.returncode, done.stdout) == (0, "web-1\n"), done
        assert ask(port) == "one test\n"
        client = Client(port)
        client.start()
        server(place, "two")
        done = deploy(place, port)
        client.end()
        assert (done.returncode, done.stdout) == (0, "web-2\n"), done
        assert ask(port) == "two test\n"
        # An empty answer is a connection that the old one had when it ended.
        assert [answer for answer in client.answers if answer] == ["one test\n", "two test\n"]
        assert client.gap_s < 0.5, client.gap_s
        assert listed(place, "web-1") is None and images(place) == ["web-2"]
        row = listed(place, "web-2")
        assert row["ports"] == f"{port}->80/tcp", row
        assert len(machines(place)) == 1
        # It is started again where it was switched to; then it takes a moment until it serves.
        assert place.run("instance", "reboot", "--grace", "0", "web-2").returncode == 0
        wait_for(lambda: answer_of(port) == "two test\n")


@test
def deploy_that_fails_leaves_the_old_version_serving(place):
    port = free_port()
    with no_machine_stays(place):
        server(place, "one")
        done = deploy(place, port)
        assert done.returncode == 0, done.stderr
        for arguments, options, said in (
                ({"early_exit": 1}, [], "ended with status 3"),
                ({"listens": 0}, ["--health-timeout", "1s"], "not answered"),
                ({}, ["--health", "test $OPS_PORT -lt 1", "--health-timeout", "1s"],
                 "ended with status 1"),
                ({}, ["--health", "sleep 60", "--health-timeout", "1s"], "did not end in time"),
                ({}, ["--append", "ip=bad"], "cannot deploy 'web'")):
            server(place, "two", **arguments)
            done = deploy(place, port, *options)
            assert done.returncode == 1 and said in done.stderr, (options, done)
            assert done.stdout == "", done
            assert ask(port) == "one test\n"
            assert listed(place, "web-2") is None and images(place) == ["web-1"], images(place)
            assert len(machines(place)) == 1


@test
def deploy_takes_no_port_of_a_stranger(place):
    with no_machine_stays(place):
        server(place, "one")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = deploy(place, port)
            assert done.returncode == 1 and f"{port}" in done.stderr, done
        assert not machines(place) and images(place) == []


def killed_while_ports_move(place, port):
    """Kills a deployment in its switch; False if it was over before."""
    journal = place.home / "instances/.switch.json"
    process = subprocess.Popen([str(place.ops), "deploy", "-i", "web", "-p", f"{port}:80", "-m",
                                "64", "--grace", "0", "server"], cwd=place.folder, env=place.env,
                               stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
    while process.poll() is None and not journal.exists():
        time.sleep(0.0002)
    # The ports are taken away right after this, and all of it takes some milliseconds.
    time.sleep(0.0005)
    process.kill()
    process.wait()
    return journal.exists()


@test
def deploy_killed_while_ports_move_is_mended_by_any_command(place):
    port = free_port()
    with no_machine_stays(place):
        server(place, "one")
        assert deploy(place, port).returncode == 0
        server(place, "two")
        deadline = time.monotonic() + SECONDS_MAX
        mended = unreached = 0
        while unreached == 0 and time.monotonic() < deadline:
            if not killed_while_ports_move(place, port):
                server(place, "one")
                assert deploy(place, port).returncode == 0
                server(place, "two")
                continue
            unreached += answer_of(port) == ""
            assert place.run("image", "list").returncode == 0
            assert ask(port).startswith("one ")
            assert not (place.home / "instances/.switch.json").exists()
            rows = json.loads(place.run("instance", "list", "--json").stdout)
            holders = [row["name"] for row in rows if f"{port}->80/tcp" in row["ports"]]
            assert len(holders) == 1, rows
            mended += 1
        assert deploy(place, port).returncode == 0
        assert ask(port) == "two test\n" and len(machines(place)) == 1
        assert mended > 0, "no deployment was killed in its switch"
        if unreached == 0:
            raise Skip(f"mended {mended} times, but the port was reached each time")


@test
def deploy_health_command_is_told_where(place):
    port = free_port()
    with no_machine_stays(place):
        server(place, "one")
        done = deploy(place, port, "--health",
                      "echo $OPS_INSTANCE $OPS_HOST $OPS_PORT > told.txt")
        assert done.returncode == 0, done.stderr
        name, host, other = (place.folder / "told.txt").read_text().split()
        assert (name, host) == ("web-1", "127.0.0.1") and int(other) != port


@test
def deploy_cleans_up_after_one_that_was_killed(place):
    port = free_port()
    with no_machine_stays(place):
        server(place, "one")
        assert deploy(place, port).returncode == 0
        server(place, "two")
        killed = subprocess.Popen([str(place.ops), "deploy", "-i", "web", "-p", f"{port}:80",
                                   "--health", "touch waiting; sleep 60", "server"],
                                  cwd=place.folder, env=place.env, stdin=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE)
        deadline = time.monotonic() + SECONDS_MAX
        while not (place.folder / "waiting").exists():
            assert killed.poll() is None and time.monotonic() < deadline, killed.stderr.read()
            time.sleep(0.02)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        killed.stderr.close()
        assert ask(port) == "one test\n" and len(machines(place)) == 2
        server(place, "three")
        done = deploy(place, port)
        assert (done.returncode, done.stdout) == (0, "web-3\n"), done
        assert ask(port) == "three test\n"
        assert len(machines(place)) == 1 and images(place) == ["web-3"]


@test
def two_deploys_at_once_leave_one_that_serves(place):
    port = free_port()
    with no_machine_stays(place):
        server(place, "one")
        assert deploy(place, port).returncode == 0
        threads = []
        done = []
        for _ in range(2):
            threads.append(threading.Thread(target=lambda: done.append(deploy(place, port))))
            threads[-1].start()
        for thread in threads:
            thread.join()
        won = [one.stdout.strip() for one in done if one.returncode == 0]
        assert won and all(one.returncode in (0, 1) for one in done), done
        assert ask(port) == "one test\n"
        # Which one serves is the luck of the moment. The other one is gone, or the next deploy's.
        assert deploy(place, port).returncode == 0
        assert ask(port) == "one test\n"
        assert len(machines(place)) == 1 and len(images(place)) == 1


def stub_deploy(place, *args):
    """Deploys a program that says that it runs, and no more."""
    return place.run("deploy", "--accel", "tcg", "--append", RUNS, "-i", "web", "--grace", "0",
                     *args, "/usr/bin/true")


def monitor_says(folder, line):
    """What QEMU's monitor answers to a line."""
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.connect(str(folder / "qmp.sock"))
        lines = monitor.makefile("rw")
        lines.readline()
        said = ""
        for command, arguments in (("qmp_capabilities", {}),
                                   ("human-monitor-command", {"command-line": line})):
            lines.write(json.dumps({"execute": command, "arguments": arguments}))
            lines.flush()
            said = lines.readline()
    return said


def forwards_udp(folder, port):
    """Whether the QEMU of an instance has a UDP port of this machine."""
    return f"{port}" in monitor_says(folder, "info usernet")


@test
def deploy_whose_switch_cannot_be_written_down_is_none(place):
    instances = place.home / "instances"
    port = free_port()
    with no_machine_stays(place):
        done = stub_deploy(place, "--udp", f"{port}:53")
        assert (done.returncode, done.stdout) == (0, "web-1\n"), done
        assert forwards_udp(instances / "web-1", port)
        # What is written goes by the folder that this takes away, just before the switch.
        done = stub_deploy(place, "--udp", f"{port}:53", "--health", "rm -r $OPS_HOME/tmp/*")
        assert done.returncode == 1 and "switch.json" in done.stderr, done
        assert forwards_udp(instances / "web-1", port)
        assert listed(place, "web-1")["ports"] == f"{port}->53/udp"
        assert place.run("instance", "reboot", "--grace", "0", "web-1").returncode == 0
        assert forwards_udp(instances / "web-1", port)


@test
def switch_is_undone_once_the_machine_answers(place):
    instances = place.home / "instances"
    journal = instances / ".switch.json"
    port = free_port()
    with no_machine_stays(place):
        assert stub_deploy(place, "--udp", f"{port}:53").returncode == 0
        web, pid = instances / "web-1", int(listed(place, "web-1")["id"])
        created = json.loads((web / "instance.json").read_text())["created"]
        said = {"ports": [], "udp_ports": [{"host": port, "guest": 53}], "sides": [
            {"name": "web-2", "created": 1, "ports": [], "udp_ports": []},
            {"name": "web-1", "created": created, "ports": [],
             "udp_ports": [{"host": port, "guest": 53}]}]}
        for tries, is_kept in ((0, True), (4, False)):
            # As a kill leaves it, when the port was taken from one and not given to the other.
            monitor_says(web, f"hostfwd_remove net udp:127.0.0.1:{port}")
            assert not forwards_udp(web, port)
            os.kill(pid, signal.SIGSTOP)
            journal.write_text(json.dumps({**said, "tries": tries}))
            assert place.run("image", "list").returncode == 0
            assert journal.exists() == is_kept, tries
            os.kill(pid, signal.SIGCONT)
            assert place.run("image", "list").returncode == 0
            assert not journal.exists() and forwards_udp(web, port) == is_kept, tries


@test
def deploy_says_why_the_new_version_is_gone(place):
    pid = "$(cut -d' ' -f1 $OPS_HOME/instances/$OPS_INSTANCE/alive)"
    with no_machine_stays(place):
        done = stub_deploy(place, "--health", f"kill -9 {pid}; sleep 0.2; false")
        assert done.returncode == 1 and "its machine was killed" in done.stderr, done
        assert not machines(place)


def signals_default():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


@test
def deploy_that_is_interrupted_takes_away_what_it_made(place):
    with no_machine_stays(place):
        assert stub_deploy(place).returncode == 0
        command = place.command("deploy", "--accel", "tcg", "--append", RUNS, "-i", "web",
                                "--health", "touch waiting; sleep 60", "/usr/bin/true")
        for number in (signal.SIGINT, signal.SIGTERM):
            # A shell's background jobs ignore SIGINT, and ops leaves ignored what is ignored.
            waiting = subprocess.Popen(command, cwd=place.folder, env=place.env, text=True,
                                       stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                       preexec_fn=signals_default)
            wait_for((place.folder / "waiting").exists)
            waiting.send_signal(number)
            said = waiting.communicate(timeout=SECONDS_MAX)[1]
            assert waiting.returncode == 1 and "interrupted" in said, said
            assert images(place) == ["web-1"] and len(machines(place)) == 1
            (place.folder / "waiting").unlink()
        assert listed(place, "web-1")["state"] == "running"
