# SPDX-License-Identifier: Apache-2.0
"""A virtual machine with one program in it, for whichever kernel.

A system is what runs in the machine: soliton.py is ours, linux.py is Debian's cloud kernel. It has
`name` and `boot(program, setup)`, which returns what the machine boots (Boot). Everything else of
QEMU's command line stands here once, so that two systems differ in their kernel and nothing else.
"""

import contextlib
import dataclasses
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import counts
import wire

START_SECONDS = 90
STOP_SECONDS = 5
LOOK_SECONDS = 1  # How soon a machine that ended is noticed.
QEMU = "qemu-system-x86_64"


class BenchError(Exception):
    """A machine that does not do what it is measured for."""


@dataclasses.dataclass
class Program:
    """What is served, the same for every system."""

    name: str
    path: str
    args: list
    port: int
    guest: str = ""  # Its path in the image, where that is another than here.
    image: str = ""  # A disk image by ops with the program and all it needs.
    request: bytes = b"GET / HTTP/1.0\r\n\r\n"  # What it answers at all.
    env: dict = dataclasses.field(default_factory=dict)
    respawn: bool = False  # Started again when it ends, where the system can do that.


@dataclasses.dataclass
class Setup:
    """The machine."""

    kind: str = "microvm"
    cpus: int = 1
    memory: str = "256M"
    cpu_model: str = "max"
    count: bool = False  # With the plugin that counts.
    exits: bool = False  # It looks at every access to memory, too.


@dataclasses.dataclass
class Boot:
    """What makes a machine one of a system."""

    kernel: str
    append: str
    initrd: str = ""


class Guest:
    """A machine that runs. To be closed."""

    def __init__(self, system, program, setup, way, tools):
        self.way = way
        self.tools = pathlib.Path(tools)  # The folder with the plugin and our clients.
        self.program = program
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="soliton-bench-"))
        self.console = self.folder / "console"
        self.counters = self.folder / "counters"
        self.qmp_path = self.folder / "qmp"
        plugin = self.plugin(setup)
        if hasattr(system, "command"):
            self.words = system.command(self, setup, plugin)
        else:
            self.words = self.command(system.boot(program, setup), setup, plugin)
        self.rates = {}  # What clients found, requests a second, for their next run.
        self.supervised = False  # Somebody starts it again when it ends: that is no error.
        self.start()

    def start(self):
        """Starts the machine; also again, when it has ended."""
        self.started = time.monotonic()
        with open(self.folder / "stderr", "wb") as said:
            self.process = subprocess.Popen(self.way.command(self.words), stderr=said,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def plugin(self, setup):
        """The value of QEMU's -plugin; "" for none."""
        if not setup.count:
            return ""
        exits = ",exits=on" if setup.exits else ""
        return f"{self.tools / 'count.so'},out={self.counters}{exits}"

    def command(self, boot, setup, plugin):
        microvm = setup.kind == "microvm"
        kind = "microvm,acpi=on,rtc=on,pit=on,pic=on,isa-serial=on" if microvm else \
            "q35,smbus=off,sata=off"
        suffix = "device" if microvm else "pci,disable-legacy=on"
        command = [QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                   "-M", kind, "-accel", "tcg", "-cpu", setup.cpu_model, "-m", setup.memory,
                   "-smp", str(setup.cpus), "-kernel", boot.kernel, "-append", boot.append]
        if boot.initrd:
            command += ["-initrd", boot.initrd]
        if microvm:
            command += ["-global", "virtio-mmio.force-legacy=false"]
        command += ["-drive", f"id=root,file={self.program.image},format=raw,if=none,readonly=on",
                    "-device", f"virtio-blk-{suffix},drive=root",
                    "-netdev", self.way.netdev(self.program.port),
                    "-device", f"virtio-net-{suffix},netdev=net,mac={wire.MAC}",
                    "-device", f"virtio-rng-{suffix}",
                    "-serial", f"file:{self.console}",
                    "-chardev", f"file,id=report,path={self.folder / 'report'}",
                    "-device", "isa-debugcon,iobase=0xe9,chardev=report",
                    "-qmp", f"unix:{self.qmp_path},server=on,wait=off"]
        if plugin:
            command += ["-plugin", plugin]
        return command

    def said(self):
        """What the console and QEMU said, for a message."""
        parts = [path.read_text(errors="replace")[-2000:] for path in
                 (self.folder / "stderr", self.console) if path.exists()]
        return "\n".join(parts)

    def ended(self):
        return not self.supervised and self.process.poll() is not None

    def check_alive(self):
        if self.ended():
            raise BenchError(f"{self.program.name}: the machine ended\n{self.said()}")

    def run(self, command, seconds=START_SECONDS):
        """Runs a command at the host's end of the wire; returns what it printed."""
        end = time.monotonic() + seconds
        client = subprocess.Popen(self.way.command(command), stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        while True:
            try:
                out, said = client.communicate(timeout=LOOK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                if self.ended() or time.monotonic() > end:
                    client.kill()
                    client.communicate()
                    self.check_alive()
                    raise BenchError(f"{' '.join(command)}: no end in {seconds} s") from None
        self.check_alive()
        if client.returncode != 0:
            raise BenchError(f"{' '.join(command)}: {said.strip()}\n{self.said()}")
        return out

    def script(self, name, *args):
        """A script of ours as a command at the host's end of the wire, its first arguments filled
        in: where the program is reached."""
        path = pathlib.Path(__file__).with_name(name)
        return ["python3", str(path), self.way.host, str(self.way.port(self.program.port)),
                *map(str, args)]

    def first_byte(self, seconds=START_SECONDS):
        """Waits until the program answers; returns the seconds since the start of QEMU."""
        out = self.run(self.script("first_byte.py", repr(self.program.request), seconds),
                       seconds + LOOK_SECONDS)
        return float(out) - self.started

    @contextlib.contextmanager
    def idle(self, count):
        """With so many connections open that say nothing."""
        client = subprocess.Popen(self.way.command(self.script("idle.py", count)),
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        try:
            if not client.stdout.readline():
                raise BenchError(f"{count} idle connections: {client.stderr.read().strip()}\n"
                                 f"{self.said()}")
            yield
        finally:
            client.kill()
            client.communicate()

    def wait_console(self, pattern, seconds=START_SECONDS):
        """Waits for a line of the console; returns all it said so far."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = self.console.read_text(errors="replace") if self.console.exists() else ""
            if re.search(pattern, text):
                return text
            self.check_alive()
            time.sleep(0.05)
        raise BenchError(f"{self.program.name}: nothing like '{pattern}'\n{self.said()}")

    def counts(self, blocks=False):
        return counts.Counts(self.counters, blocks)

    def registers(self):
        """QEMU's `info registers`."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.qmp_path))
            stream = client.makefile("rw")
            stream.readline()
            for request in ({"execute": "qmp_capabilities"},
                            {"execute": "human-monitor-command",
                             "arguments": {"command-line": "info registers"}}):
                stream.write(json.dumps(request) + "\n")
                stream.flush()
                reply = json.loads(stream.readline())
                while "return" not in reply:
                    reply = json.loads(stream.readline())
            return reply["return"]

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
