# SPDX-License-Identifier: Apache-2.0
"""The wire between load generator and guest: a tap device in a network namespace of its own.

QEMU's user-mode network accepts with a backlog of 1 and loses bursts, for every guest alike; a tap
does not. Making one needs root and /dev/net/tun. Where they are missing, UserWire stands in, and
the report says so.
"""

import os
import pathlib
import socket
import subprocess

HOST_IP = "10.77.0.1"
GUEST_IP = "10.77.0.2"
PREFIX = 24
MAC = "52:54:00:4d:00:02"


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


class TapWire:
    """A namespace with a tap in it; whoever wants to reach the guest runs in it."""

    name = "tap"
    host = GUEST_IP

    def __init__(self):
        self.space = f"soliton-bench-{os.getpid()}"
        run("ip", "netns", "add", self.space)
        try:
            self.inside("ip", "link", "set", "lo", "up")
            self.inside("ip", "tuntap", "add", "tap0", "mode", "tap")
            self.inside("ip", "address", "add", f"{HOST_IP}/{PREFIX}", "dev", "tap0")
            self.inside("ip", "link", "set", "tap0", "up")
        except subprocess.CalledProcessError:
            self.close()
            raise

    def inside(self, *command):
        run(*self.command(command))

    def command(self, command):
        """A command as it runs at the host's end of the wire."""
        return ["ip", "netns", "exec", self.space, *command]

    def netdev(self, _guest_port):
        return "tap,id=net,ifname=tap0,script=no,downscript=no"

    def port(self, guest_port):
        """The port under which the load generator finds `guest_port`."""
        return guest_port

    def close(self):
        run("ip", "netns", "delete", self.space)


class UserWire:
    """QEMU's user-mode network, where there is no root."""

    name = "user"
    host = "127.0.0.1"

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.free = probe.getsockname()[1]

    def command(self, command):
        return list(command)

    def netdev(self, guest_port):
        return (f"user,id=net,net=10.77.0.0/{PREFIX},host={HOST_IP},"
                f"hostfwd=tcp:127.0.0.1:{self.free}-{GUEST_IP}:{guest_port}")

    def port(self, _guest_port):
        return self.free

    def close(self):
        pass


def wire_open():
    """The best there is."""
    if os.geteuid() == 0 and pathlib.Path("/dev/net/tun").exists():
        try:
            return TapWire()
        except (OSError, subprocess.CalledProcessError):
            pass  # No rights to make namespaces, as in many containers.
    return UserWire()
