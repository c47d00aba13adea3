# SPDX-License-Identifier: Apache-2.0
"""A wire of our own to a machine: a tap in a network namespace, and QEMU told to use it."""

import contextlib
import ctypes
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / "test" / "app"))

from machine import Failure, Machine  # noqa: E402 (its folder is known only now)

GUEST_IP = "10.9.0.2"
HOST_IP = "10.9.0.1"
PORT = 8080
CLONE_NEWNET = 0x40000000
STATIC = f"network=static ip={GUEST_IP}/24 gateway={HOST_IP}"
NETDEV = "tap,id=net,ifname=tap0,script=no,downscript=no"


class Skip(Exception):
    """What the test needs is not there."""


class Packed:
    """A program, and what is in its image beside it: the options of `ops build`."""

    def __init__(self, program, arguments, config=None):
        self.program = pathlib.Path(program)
        self.arguments = arguments
        self.config = ["-c", str(config)] if config else []

    def image(self, ops, kernel, folder):
        path = folder / f"{self.program.name}.img"
        if not path.exists():
            subprocess.run([ops, "build", "--kernel", kernel, "-o", str(path), *self.config,
                            str(self.program), "--", *self.arguments],
                           check=True, stdout=subprocess.DEVNULL)
        return path


def qemu_command(options, packed, kind, cpus, append, netdevs, device):
    """As `ops run` would start it, but on a wire of ours: `netdevs` end with the one named net."""
    ops, kernel = str(options.build / "ops"), str(options.build / "soliton.elf")
    image = packed.image(ops, kernel, options.folder)
    done = subprocess.run([ops, "run", "--dry-run", "--kernel", kernel, "--machine", kind, "--smp",
                           str(cpus), "-m", "128M", "--append", append, str(packed.program)],
                          check=True, stdout=subprocess.PIPE, text=True)
    words = shlex.split(done.stdout)
    at = words.index("user,id=net")
    words[at - 1:at + 1] = [word for netdev in netdevs for word in ("-netdev", netdev)]
    report = options.folder / "report"
    return [word.replace("=DISK,", f"={image},").replace("=REPORT", f"={report}")
            if not word.startswith("virtio-net") else f"{word},{device}" for word in words]


def with_machine(command, port, body):
    machine = Machine(command, port)
    try:
        return body(machine)
    except (Failure, OSError) as error:
        raise Failure(f"{error}\n{machine.last_lines()}") from error
    finally:
        machine.stop()


def need_tap():
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun") or not shutil.which("ip"):
        raise Skip("needs root, /dev/net/tun and ip")


@contextlib.contextmanager
def own_network(mtu=1500):
    """A network namespace with a tap, for this thread and what it starts."""
    need_tap()
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net", "rb") as before:
        if libc.unshare(CLONE_NEWNET) != 0:
            raise Skip(f"no network namespace: {os.strerror(ctypes.get_errno())}")
        try:
            tap_up(mtu)
            yield
        finally:
            libc.setns(before.fileno(), CLONE_NEWNET)


def ip(*words):
    done = subprocess.run(["ip", *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True)
    if done.returncode != 0:
        raise Skip(f"ip {' '.join(words)}: {done.stderr.strip()}")


def tap_up(mtu):
    ip("link", "set", "lo", "up")
    ip("tuntap", "add", "dev", "tap0", "mode", "tap")
    ip("address", "add", f"{HOST_IP}/24", "dev", "tap0")
    ip("link", "set", "tap0", "mtu", str(mtu), "up")
