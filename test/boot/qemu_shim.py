#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands in for QEMU where `ops run` looks for it, and becomes the real one: qemu_shim.py [OPTION...]

The tests link it as qemu-system-x86_64 in a folder that they put in front of PATH. Before QEMU
starts it does what the environment says: SHIM_DAMAGE names a damage of damage.py, done to the root
disk; SHIM_MONITOR is a path where QEMU's monitor will listen; SHIM_MORE, more options as a JSON list;
SHIM_REPORT is a path that is to keep what the kernel reports, which ops throws away. Fails when QEMU
is not installed.
"""

import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import damage  # noqa: E402


def main():
    own = os.path.dirname(os.path.abspath(sys.argv[0]))
    rest = [folder for folder in os.environ["PATH"].split(":") if os.path.abspath(folder) != own]
    qemu = shutil.which("qemu-system-x86_64", path=":".join(rest))
    arguments = sys.argv[1:]

    if "SHIM_DAMAGE" in os.environ:
        disk = next(re.search(r"\bfile=([^,]+)", text).group(1)
                    for text in arguments if text.startswith("id=root,"))
        damage.disk_damage(disk, os.environ["SHIM_DAMAGE"])
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
