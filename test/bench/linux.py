# SPDX-License-Identifier: Apache-2.0
"""Debian's cloud kernel with the same program from the same image, tuned as one would.

The kernel comes out of its package, which is not installed. The initramfs has busybox and the
modules of the machine's devices; its init sets the network up, mounts the image's root filesystem,
and becomes the program. Nothing else runs.
"""

import pathlib
import re
import shlex
import stat
import subprocess

import counts
import wire
from guest import Boot

PACKAGE = "linux-image-cloud-amd64"
MODULES = ("virtio/virtio_ring", "virtio/virtio", "virtio/virtio_mmio",
           "virtio/virtio_pci_legacy_dev", "virtio/virtio_pci_modern_dev", "virtio/virtio_pci",
           "block/virtio_blk", "net/core/failover", "net/net_failover", "net/virtio_net",
           "char/hw_random/virtio-rng")
TMPFS = ("/tmp", "/run", "/var/tmp", "/var/log")
SYMBOLS_PORT = 9
# Without a paravirtual clock the kernel calibrates against the PIT, which takes long and at times
# never ends under emulation: it is told the frequency instead.
COMMAND_LINE = ("quiet console=ttyS0 tsc=reliable tsc_early_khz={khz} no_timer_check "
                "random.trust_cpu=on panic=-1 reboot=t")

INIT = """#!/bin/busybox sh
b=/bin/busybox
$b mount -t devtmpfs dev /dev
for module in {modules}; do $b insmod /modules/$module.ko 2>/dev/null; done
$b ip link set lo up
$b ip address add {ip}/{prefix} dev eth0
$b ip link set eth0 up
$b mount -t ext4 -o ro /dev/vda2 /root
for dir in {tmpfs}; do $b mount -t tmpfs tmpfs /root$dir; done
$b mount -t devtmpfs dev /root/dev
$b mkdir -p /root/dev/shm
$b mount -t tmpfs tmpfs /root/dev/shm
$b mount -t proc proc /root/proc
$b mount -t sysfs sysfs /root/sys
{symbols}
ulimit -n 65536
cd /
exec $b switch_root -c /dev/console /root {program}
"""
READ_ALL = ("import socket, sys\n"
            "with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as s:\n"
            "    sys.stdout.write(s.makefile().read())")
# What an init does whose only task is a program: it starts it again, and at once.
RESPAWN = 'while :; do "$@"; done'
SYMBOLS = "$b nc -l -p {port} -e $b cat /root/proc/kallsyms &\n$b cp $b /root/run/busybox"


def command(*words, folder=None):
    return subprocess.run(words, check=True, capture_output=True, text=True, cwd=folder).stdout


def tsc_khz():
    """The host's, which is the guest's under emulation."""
    found = re.search(r"cpu MHz\s*: ([0-9.]+)", pathlib.Path("/proc/cpuinfo").read_text())
    return int(float(found.group(1)) * 1000) if found else 2000000


class Cpio:
    """An archive in the "newc" format, which the kernel unpacks (initramfs buffer format)."""

    def __init__(self):
        self.parts = []
        self.inode = 0

    def add(self, name, mode, content=b"", device=(0, 0)):
        self.inode += 1
        fields = (self.inode, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields)
        for part in (head + name.encode() + b"\0", content):
            self.parts.append(part + bytes(-len(part) % 4))

    def bytes(self):
        self.add("TRAILER!!!", 0)
        return b"".join(self.parts)


class Linux:
    """A cloud kernel, unpacked into `cache` once."""

    def __init__(self, cache, name="linux", options=""):
        self.name = name
        self.options = options
        self.cache = pathlib.Path(cache)
        self.cache.mkdir(parents=True, exist_ok=True)
        self.wants_symbols = False
        kernels = sorted(self.cache.glob("boot/vmlinuz-*"))
        if not kernels:
            self.fetch()
            kernels = sorted(self.cache.glob("boot/vmlinuz-*"))
        self.kernel = kernels[-1]
        self.release = self.kernel.name.removeprefix("vmlinuz-")

    def fetch(self):
        """Packages from the system's own sources, unpacked and not installed."""
        depends = command("apt-cache", "depends", "--important", PACKAGE).split()
        image = next(word for word in depends if word.startswith("linux-image-") and
                     word != PACKAGE)
        for name in (image, "busybox-static"):
            command("apt-get", "download", name, folder=self.cache)
        for package in self.cache.glob("*.deb"):
            command("dpkg-deb", "-x", str(package), str(self.cache))
            package.unlink()

    def module(self, name):
        folder = self.cache / "lib/modules" / self.release / "kernel"
        for where in (folder / "drivers", folder):
            path = where / f"{name}.ko"
            if path.exists():
                return path.read_bytes()
        raise FileNotFoundError(f"{self.release} has no module {name}")

    def initramfs(self, program):
        archive = Cpio()
        words = [f"{name}={value}" for name, value in program.env.items()]
        start = ["/run/busybox", "env", "-i", *words] if words else []
        if program.respawn:
            start = ["/run/busybox", "sh", "-c", RESPAWN, "init", *start]
        names = [name.rsplit("/", 1)[-1] for name in MODULES]
        for name in ("dev", "bin", "modules", "root"):
            archive.add(name, stat.S_IFDIR | 0o755)
        archive.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
        archive.add("bin/busybox", stat.S_IFREG | 0o755, (self.cache / "bin/busybox").read_bytes())
        for name, path in zip(names, MODULES):
            archive.add(f"modules/{name}.ko", stat.S_IFREG | 0o644, self.module(path))
        symbols = SYMBOLS.format(port=SYMBOLS_PORT) if self.wants_symbols else ""
        if start:
            symbols += "\n$b cp $b /root/run/busybox"
        init = INIT.format(modules=" ".join(names), ip=wire.GUEST_IP, prefix=wire.PREFIX,
                           tmpfs=" ".join(TMPFS), symbols=symbols,
                           program=shlex.join([*start, program.guest or program.path,
                                               *program.args]))
        archive.add("init", stat.S_IFREG | 0o755, init.encode())
        return archive.bytes()

    def boot(self, program, _setup):
        path = self.cache / f"initramfs-{program.name}"
        path.write_bytes(self.initramfs(program))
        line = COMMAND_LINE.format(khz=tsc_khz())
        return Boot(str(self.kernel), f"{line} {self.options}".strip(), str(path))

    def symbols(self, guest):
        """The guest's own list, over the wire; wants_symbols must be set when it boots."""
        return counts.Symbols.from_kallsyms(
            guest.run(["python3", "-c", READ_ALL, guest.way.host, str(SYMBOLS_PORT)]))

    def size(self):
        return self.kernel.stat().st_size

    def version(self):
        return f"Linux {self.release} {self.options}".strip()
