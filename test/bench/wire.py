# SPDX-License-Identifier: Apache-2.0
"""The wire between load generator and guest: a tap device in a network namespace of its own.

QEMU's user-mode network accepts with a backlog of 1 and loses bursts, for every guest alike; a tap
does not. Making one needs /dev/net/tun, and root or user namespaces. Where they are missing,
UserWire stands in with few connections, and the report says so.
"""

import os
import socket
import subprocess

HOST_IP = "10.77.0.1"
GUEST_IP = "10.77.0.2"
PREFIX = 24
MAC = "52:54:00:4d:00:02"

# Makes the tap, says so, and keeps the namespace until the end of its input. The guest's neighbour
# entry is fixed: one that could not be resolved while a machine was down is asked for only once a
# second, and that second would be measured as the machine's. A client that opens and closes
# thousands of connections a second needs all ports there are, and needs them again soon.
HOLD = f"""set -e
echo 1024 65535 >/proc/sys/net/ipv4/ip_local_port_range
echo 1 >/proc/sys/net/ipv4/tcp_tw_reuse
ip link set lo up
ip tuntap add tap0 mode tap
ip address add {HOST_IP}/{PREFIX} dev tap0
ip link set tap0 up
ip neighbour replace {GUEST_IP} lladdr {MAC} dev tap0 nud permanent
echo ready
read -r end || :
"""


class TapWire:
    """A namespace with a tap in it; whoever wants to reach the guest runs in it. It lives as long
    as the process that holds it, which ends with us."""

    name = "tap"
    host = GUEST_IP
    connections_max = 1 << 16

    def __init__(self):
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        self.holder = subprocess.Popen(["unshare", "--net", *user, "sh", "-c", HOLD], text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL)
        self.enter = ["nsenter", f"--target={self.holder.pid}", "--net"]
        if user:
            self.enter += ["--user", "--preserve-credentials"]
        if self.holder.stdout.readline() != "ready\n":
            self.close()
            raise OSError("no tap in a network namespace of its own")

    def command(self, command):
        """A command as it runs at the host's end of the wire."""
        return [*self.enter, *command]

    def netdev(self, _guest_port):
        return "tap,id=net,ifname=tap0,script=no,downscript=no"

    def port(self, guest_port):
        """The port under which the load generator finds `guest_port`."""
        return guest_port

    def close(self):
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()


class UserWire:
    """QEMU's user-mode network, where there is no root."""

    name = "user"
    host = "127.0.0.1"
    connections_max = 4

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
    try:
        return TapWire()
    except OSError:  # No tap, or no rights to make namespaces, as in many containers.
        return UserWire()
