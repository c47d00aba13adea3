# SPDX-License-Identifier: Apache-2.0
"""Any other system: an executable that starts a machine of its kind.

It is called with one argument, a file of JSON, and is to run the machine in the foreground until
SIGTERM, with QEMU or anything else:

    program  name, path, args, env, port, image (a disk by ops, whose second partition is the root)
    machine  kind, cpus, memory, cpu_model
    network  netdev (QEMU's -netdev, with id=net), mac, ip, prefix, gateway
    plugin   what to give to QEMU's -plugin, or ""
    console  the file for the console
"""

import json

import wire


class Adapter:
    """A system behind an executable."""

    def __init__(self, name, path):
        self.name = name
        self.path = path

    def command(self, guest, setup, plugin):
        """What Guest runs in place of QEMU."""
        program = guest.program
        facts = {
            "program": {"name": program.name, "path": program.guest or program.path,
                        "args": program.args,
                        "env": program.env, "port": program.port, "image": program.image},
            "machine": {"kind": setup.kind, "cpus": setup.cpus, "memory": setup.memory,
                        "cpu_model": setup.cpu_model},
            "network": {"netdev": guest.way.netdev(program.port), "mac": wire.MAC,
                        "ip": wire.GUEST_IP, "prefix": wire.PREFIX, "gateway": wire.HOST_IP},
            "plugin": plugin,
            "console": str(guest.console),
        }
        path = guest.folder / "adapter.json"
        path.write_text(json.dumps(facts))
        return [self.path, str(path)]

    def version(self):
        return self.path
