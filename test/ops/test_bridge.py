# SPDX-License-Identifier: Apache-2.0
"""Machines on a bridge and a tap device, in a network of their own. These boot the real kernel."""

import contextlib
import os
import shutil
import subprocess

from place import SECONDS_MAX, Skip, test, tool
from test_instance import listed, machines, no_machine_stays, wait_for
from test_serve import SERVER

SETUP = r"""
mount --bind "$1/etc" /etc &&
ip link set lo up &&
ip link add br0 type bridge && ip addr add 10.9.9.1/24 dev br0 && ip link set br0 up &&
ip tuntap add tap9 mode tap && ip addr add 10.9.8.1/24 dev tap9 && ip link set tap9 up &&
echo ready && exec cat
"""

ASK = """
import socket, sys, time
for _ in range(200):
    try:
        with socket.create_connection((sys.argv[1], 80), timeout=1) as server:
            print(server.makefile().read(), end="")
            break
    except OSError:
        time.sleep(0.1)
"""


class Network:
    """A network and mount namespace with a bridge and a tap device."""

    def __init__(self, place, pid):
        self.place = place
        self.enter = [tool("nsenter"), "-t", str(pid), "-n", "-m", "-r",
                      f"--wd={place.folder}"]

    def ops(self, *args):
        if not (self.place.ops.parent / "soliton.elf").exists():
            raise Skip("there is no kernel beside ops")
        return subprocess.run([*self.enter, str(self.place.ops), *args], capture_output=True,
                              text=True, env=self.place.env, timeout=SECONDS_MAX,
                              stdin=subprocess.DEVNULL, check=False)

    def ask(self, address):
        done = subprocess.run([*self.enter, "python3", "-c", ASK, address], capture_output=True,
                              text=True, timeout=SECONDS_MAX, check=False)
        return done.stdout


@contextlib.contextmanager
def network(place):
    if os.geteuid() != 0:
        raise Skip("making a bridge needs root")
    tool("ip")
    etc = place.folder / "etc"
    shutil.copytree("/etc", etc, symlinks=True)
    (etc / "qemu").mkdir(exist_ok=True)
    (etc / "qemu/bridge.conf").write_text("allow br0\n")  # Whom QEMU's helper ties to it.
    holder = subprocess.Popen([tool("unshare"), "-nm", "sh", "-c", SETUP, "sh",
                               str(place.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
    try:
        if holder.stdout.readline() != "ready\n":
            raise Skip(f"no network of its own: {holder.stderr.read().strip()}")
        with no_machine_stays(place):
            yield Network(place, holder.pid)
    finally:
        holder.communicate()


@test
def instances_on_a_bridge_answer_under_their_own_addresses(place):
    with network(place) as net:
        place.compile("server", SERVER, "-w")
        assert net.ops("image", "create", "server").returncode == 0
        for number in (2, 3):
            done = net.ops("instance", "create", "-m", "64", "--bridged", "--ip-address",
                           f"10.9.9.{number}", "--netmask", "255.255.255.0", "-i", f"web{number}",
                           "server")
            assert done.returncode == 0, done
        for _ in range(3):
            assert net.ask("10.9.9.2") == net.ask("10.9.9.3") == "hello\n"
        row = listed(place, "web2")
        assert (row["address"], row["ports"]) == ("10.9.9.2", ""), row
        assert net.ops("instance", "reboot", "web2").returncode == 0
        assert net.ask("10.9.9.2") == net.ask("10.9.9.3") == "hello\n"
        assert net.ops("instance", "delete", "web2", "web3").returncode == 0
        wait_for(lambda: not machines(place))


@test
def instance_on_a_tap_device_answers(place):
    with network(place) as net:
        place.compile("server", SERVER, "-w")
        done = net.ops("run", "--background", "-m", "64", "--tap", "tap9", "--ip-address",
                       "10.9.8.2", "--netmask", "255.255.255.0", "server")
        assert done.returncode == 0, done
        assert net.ask("10.9.8.2") == "hello\n"


@test
def bridges_that_cannot_be_used_are_explained(place):
    with network(place) as net:
        place.compile("server", SERVER, "-w")
        assert net.ops("image", "create", "server").returncode == 0
        for args, part in ((["--bridged", "--bridgename", "br9"], "br9"), (["--tap", "tap8"], "tap8")):
            for command in (["run", "server"], ["instance", "create", "server"]):
                done = net.ops(*command, *args)
                assert done.returncode == 1 and part in done.stderr, done
                lines = done.stderr.splitlines()
                assert len(lines) == 2 and lines[1].startswith("hint: "), done
        (place.folder / "etc/qemu/bridge.conf").write_text("")
        done = net.ops("instance", "create", "--bridged", "server")
        assert done.returncode == 1 and "hint: " in done.stderr, done
        assert "bridge.conf" in done.stderr, done
        assert not machines(place)
