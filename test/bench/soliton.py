# SPDX-License-Identifier: Apache-2.0
"""Our kernel, as ops starts it."""

import pathlib
import re
import subprocess

import counts
import wire
from guest import Boot

TOP = pathlib.Path(__file__).resolve().parents[2]


class Soliton:
    """The kernel in a build folder."""

    name = "soliton"

    def __init__(self, build):
        self.build = pathlib.Path(build)

    def boot(self, _program, _setup):
        network = f"network=static ip={wire.GUEST_IP}/{wire.PREFIX} gateway={wire.HOST_IP}"
        return Boot(str(self.build / "soliton.elf"), network)

    def image(self, path, program, config):
        """Packs a program; the other systems use the same image."""
        command = [str(self.build / "ops"), "build", "-o", str(path), "-c", str(config),
                   "--kernel", str(self.build / "soliton.elf"), program.path, "--", *program.args]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def symbols(self, guest):
        """Where the functions are: the interrupt table tells the random base of the kernel."""
        debug = self.build / "soliton.debug"
        out = subprocess.run(["nm", str(debug)], capture_output=True, text=True, check=True).stdout
        linked = int(re.search(r"^([0-9a-f]+) \w idt$", out, re.M).group(1), 16)
        table = int(re.search(r"IDT=\s*([0-9a-f]+)", guest.registers()).group(1), 16)
        return counts.Symbols.from_elf(debug, table - linked)

    def size(self):
        return (self.build / "soliton.elf").stat().st_size

    def version(self):
        done = subprocess.run(["git", "-C", TOP, "rev-parse", "--short", "HEAD"], text=True,
                              capture_output=True, check=False)
        return f"this tree at {done.stdout.strip()}" if done.returncode == 0 else "this tree"
