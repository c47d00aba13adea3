# SPDX-License-Identifier: Apache-2.0
"""Instances of a real server with the real kernel: SIGTERM, figures, ports, the background."""

import json
import socket
import subprocess
import time

from place import SECONDS_MAX, Skip, test, tool
from test_instance import listed, machines, no_machine_stays, wait_for

SERVER = r"""
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
static void on_term(int number) { (void)number; write(1, "told to end\n", 12); _exit(7); }
int main(int argc, char **argv)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(80) };
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    int tcp = socket(AF_INET, SOCK_STREAM, 0);
    char text[2000];
    signal(SIGTERM, on_term);
    bind(tcp, (struct sockaddr *)&address, sizeof(address));
    listen(tcp, 10);
    bind(udp, (struct sockaddr *)&address, sizeof(address));
    printf("serving %s %s\n", argc > 1 ? argv[1] : "-", getenv("MODE") ? getenv("MODE") : "-");
    fflush(stdout);
    for (;;) {
        struct pollfd fds[2] = { { .fd = udp, .events = POLLIN }, { .fd = tcp, .events = POLLIN } };
        struct sockaddr_in peer;
        socklen_t size = sizeof(peer);
        poll(fds, 2, -1);
        if (fds[0].revents) {
            ssize_t got = recvfrom(udp, text, sizeof(text), 0, (struct sockaddr *)&peer, &size);
            sendto(udp, text, got, 0, (struct sockaddr *)&peer, size);
        }
        if (fds[1].revents) {
            int client = accept(tcp, NULL, NULL);
            write(client, "hello\n", 6);
            close(client);
        }
    }
}
"""


def ops(place, *args):
    """Runs ops with the real kernel, which lies beside it."""
    tool("qemu-system-x86_64")
    if not (place.ops.parent / "soliton.elf").exists():
        raise Skip("there is no kernel beside ops")
    return subprocess.run([str(place.ops), *map(str, args)], capture_output=True, text=True,
                          cwd=place.folder, env=place.env, timeout=SECONDS_MAX,
                          stdin=subprocess.DEVNULL, check=False)


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def logs(place, name):
    return place.run("instance", "logs", name).stdout


def start(place, *args):
    if not (place.home / "images/server.img").exists():
        place.compile("server", SERVER, "-w")
        done = ops(place, "image", "create", "-i", "server", "server")
        assert done.returncode == 0, done
    done = ops(place, "instance", "create", "-i", "web", "-m", "64", *args, "server", "--", "one")
    assert (done.returncode, done.stdout) == (0, "web\n"), done
    wait_for(lambda: "serving one" in logs(place, "web"))


@test
def stop_lets_the_program_end_by_itself(place):
    with no_machine_stays(place):
        for machine in ("microvm", "q35"):
            start(place, "--machine", machine, "-e", "MODE=test")
            assert "serving one test\n" in logs(place, "web")
            begin = time.monotonic()
            assert ops(place, "instance", "stop", "--grace", "30s", "web").returncode == 0
            assert time.monotonic() - begin < 25
            row = listed(place, "web")
            assert row["state"] == "exited" and row["exit_status"] == 7, row
            assert "told to end\n" in logs(place, "web")
            assert ops(place, "instance", "wait", "web").returncode == 7
            assert ops(place, "instance", "start", "web").returncode == 0
            wait_for(lambda: "serving one test\n" in logs(place, "web"))
            assert ops(place, "instance", "delete", "web").returncode == 0


@test
def stats_are_of_the_guest(place):
    port = free_port()
    with no_machine_stays(place):
        start(place, "-p", f"{port}:80", "--smp", "2")

        def figures():
            done = ops(place, "instance", "stats", "--json", "web")
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)[0]

        first = figures()
        assert 0 < first["memory_used"] < first["memory_total"] <= 64 << 20, first
        assert first["disk_read_bytes"] > 0 and first["cpu_count"] == 2, first
        assert first["cpu_seconds"] > 0 and first["memory_host"] > 0 and first["uptime"] > 0, first
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX) as connection:
                assert connection.makefile().read() == "hello\n"
        second = figures()
        assert second["net_rx_bytes"] > first["net_rx_bytes"], (first, second)
        assert second["net_tx_bytes"] > first["net_tx_bytes"], (first, second)
        table = ops(place, "instance", "stats").stdout.splitlines()
        assert table[0].split()[0] == "NAME" and table[1].split()[0] == "web", table
        assert all(len(line) <= 80 for line in table), table


@test
def udp_ports_are_forwarded(place):
    port = free_port(socket.SOCK_DGRAM)
    with no_machine_stays(place):
        start(place, "--udp", f"{port}:80")
        assert listed(place, "web")["ports"] == f"{port}->80/udp"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(1)
            for _ in range(20):  # A datagram may be lost.
                client.sendto(b"echo", ("127.0.0.1", port))
                try:
                    assert client.recv(100) == b"echo"
                    break
                except TimeoutError:
                    continue
            else:
                raise AssertionError("no answer")


@test
def background_makes_an_instance(place):
    port = free_port()
    with no_machine_stays(place):
        place.compile("server", SERVER, "-w")
        for name in ("server.1", "server.2"):
            done = ops(place, "run", "--background", "-m", "64", "-p", f"{port}:80", "server",
                       "--", "two")
            if name == "server.1":
                assert (done.returncode, done.stdout) == (0, "server.1\n"), done
                wait_for(lambda: "serving two" in logs(place, "server.1"))
            else:
                assert done.returncode == 1 and f"port {port}" in done.stderr, done
        assert listed(place, "server.2") is None and len(machines(place)) == 1
        images = json.loads(place.run("image", "list", "--json").stdout)
        assert [row["name"] for row in images] == ["server.1"]
        done = ops(place, "run", "--background", "--timeout", "5", "server")
        assert done.returncode == 1 and "--timeout" in done.stderr, done


@test
def program_behind_a_link_is_where_the_link_leads(place):
    # The loader takes $ORIGIN from there: Java's launcher finds its libraries by it.
    (place.folder / "root" / "bin").mkdir(parents=True)
    (place.folder / "root" / "opt").mkdir()
    source = r"""
        #include <stdio.h>
        #include <unistd.h>
        int main(void)
        {
            char text[256];
            ssize_t len = readlink("/proc/self/exe", text, sizeof(text));
            printf("%.*s\n", (int)len, text);
            return len < 0;
        }
    """
    place.compile("root/opt/show", source, "-static")
    (place.folder / "root" / "bin" / "show").symlink_to("/opt/show")
    done = ops(place, "run", "--target-root", "root", "/bin/show")
    assert done.returncode == 0 and done.stdout.splitlines() == ["/opt/show"], done
