#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands in for QEMU where `ops run` looks for it, and becomes the real one: qemu_shim.py [OPTION...]

The tests link it as qemu-system-x86_64 in a folder that they put in front of PATH. Before QEMU
starts it does what the environment says: SHIM_DAMAGE names a damage of damage.py, done to a copy of
the root disk; SHIM_MONITOR is a path where QEMU's monitor will listen; SHIM_REPORT, a path for a
copy of the report; SHIM_MORE, more options as a JSON list. Fails when QEMU is not installed.
"""

import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import damage  # noqa: E402


def with_damage(arguments, copy):
    """The arguments with a damaged copy of the root disk: the disk itself is in ops' cache."""
    number = next(i for i, text in enumerate(arguments) if text.startswith("id=root,"))
    disk = re.search(r"\bfile=([^,]+)", arguments[number]).group(1)
    shutil.copyfile(disk, copy)
    damage.disk_damage(copy, os.environ["SHIM_DAMAGE"])
    return arguments[:number] + [arguments[number].replace(disk, copy)] + arguments[number + 1:]


def main():
    own = os.path.dirname(os.path.abspath(sys.argv[0]))
    rest = [folder for folder in os.environ["PATH"].split(":") if os.path.abspath(folder) != own]
    qemu = shutil.which("qemu-system-x86_64", path=":".join(rest))
    arguments = sys.argv[1:]

    if "SHIM_DAMAGE" in os.environ:
        arguments = with_damage(arguments, os.path.join(own, "damaged.img"))
    if "SHIM_MONITOR" in os.environ:
        arguments += ["-monitor", f"unix:{os.environ['SHIM_MONITOR']},server=on,wait=off"]
    if "SHIM_MORE" in os.environ:
        arguments += json.loads(os.environ["SHIM_MORE"])
    if "SHIM_REPORT" in os.environ:
        arguments = [text + f",logfile={os.environ['SHIM_REPORT']}" if "id=report," in text else text
                     for text in arguments]
    os.execv(qemu, [qemu, *arguments])


if __name__ == "__main__":
    sys.exit(main())
