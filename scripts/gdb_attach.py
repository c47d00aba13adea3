# SPDX-License-Identifier: Apache-2.0
"""Attaches gdb to a machine whose QEMU was started with -s, and finds the kernel in it:

    gdb -x scripts/gdb_attach.py

The kernel lies at a random address. Its interrupt table is part of its image, and QEMU knows where
that is: the difference to its place in build/soliton.debug is the base. SOLITON_DEBUG names another
file, SOLITON_GDB another address than :1234. Fails when nobody listens there, or when the machine
has not got as far as loading its table.
"""

import os
import re
import subprocess

import gdb

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def linked_address(debug, name):
    symbols = subprocess.run(["nm", debug], capture_output=True, text=True, check=True).stdout
    found = re.search(rf"^([0-9a-f]+) \w {name}$", symbols, re.M)
    if not found:
        raise gdb.GdbError(f"{debug} has no symbol {name}")
    return int(found.group(1), 16)


def attach():
    debug = os.environ.get("SOLITON_DEBUG", os.path.join(TOP, "build", "soliton.debug"))
    gdb.execute("set pagination off")
    gdb.execute("set confirm off")
    gdb.execute(f"target remote {os.environ.get('SOLITON_GDB', ':1234')}")
    registers = gdb.execute("monitor info registers", to_string=True)
    table = int(re.search(r"IDT= *([0-9a-f]+)", registers).group(1), 16)
    base = table - linked_address(debug, "idt")
    if base <= 0 or base % 4096:
        raise gdb.GdbError("the kernel has not loaded its interrupt table yet")
    gdb.execute(f"add-symbol-file {debug} -o {base:#x}")
    gdb.write(f"the kernel is at {base:#x}\n")


attach()
