#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How a machine gets its address: network.py [--long] [--build DIR] [NAME...]

The manifest says DHCP, static or none; what it says must be what the program sees, and a client of
the host must reach it where there is an address.
"""

import os
import socket
import sys
import tempfile

import machine

MACHINES = ("microvm", "q35")
STATIC = b"network static\nip 10.0.2.15/24\ngateway 10.0.2.2\n"
LOOPBACK = "lo 127.0.0.1/8 mtu 65535"
RESOLV = "/etc/resolv.conf: "

# What it is, the overlay, whether a client gets through, lines the program must print and must not.
CASES = (
    ("dhcp", b"", True,
     [LOOPBACK, "eth0 10.0.2.15/24 mtu 1500", RESOLV + "nameserver 10.0.2.3", "route: there is one"],
     []),
    ("dhcp with own servers and mtu", b"dns 192.0.2.1\nmtu 1400\n", True,
     ["eth0 10.0.2.15/24 mtu 1400", RESOLV + "nameserver 192.0.2.1"],
     [RESOLV + "nameserver 10.0.2.3"]),
    ("static", STATIC + b"dns 192.0.2.1\ndns 192.0.2.2\nmtu 1400\n", True,
     [LOOPBACK, "eth0 10.0.2.15/24 mtu 1400", RESOLV + "nameserver 192.0.2.1",
      RESOLV + "nameserver 192.0.2.2", "route: there is one"], []),
    ("static, no gateway", b"network static\nip 10.0.2.15/24\n", True,
     ["eth0 10.0.2.15/24 mtu 1500", "route: Network is unreachable"], []),
    ("none", b"network none\n", False, [LOOPBACK, "route: Network is unreachable"],
     ["eth0 10.0.2.15/24 mtu 1500", RESOLV + "nameserver 10.0.2.3"]),
)

# What it is, the overlay, what the kernel says.
BAD = (
    ("no address", b"network static\n", "network is static and there is no ip"),
    ("multicast", b"network static\nip 224.0.0.1/24\n", "the manifest's network address makes no sense"),
    ("prefix 0", b"network static\nip 10.0.2.15/0\n", "the manifest's network address makes no sense"),
)


def free_port():
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def options_for(bench, kind, title, overlay):
    path = os.path.join(bench.folder, title.replace(",", "").replace(" ", "-"))
    with open(path, "wb") as file:
        file.write(overlay)
    return ["--machine", kind], ["-fw_cfg", f"name=opt/soliton/overlay,file={path}"]


def fetch(port):
    with socket.create_connection(("127.0.0.1", port), timeout=machine.SECONDS_MAX) as stream:
        return stream.makefile("rb").read()


def serve(bench, kind, title, overlay):
    """(how the machine ended, what a client got from it)"""
    port = free_port()
    words, more = options_for(bench, kind, title, overlay)
    process = bench.start(*words, "-p", f"{port}:8080", bench.program("network"), "--", "serve",
                          more=more)
    text = got = b""
    for line in process.stdout:
        text += line
        if line.strip() == b"serving":
            got = fetch(port)
    process.wait()
    return machine.Done(process.returncode, text.decode(errors="replace")), got


def fault_of(done, wanted, unwanted):
    lines = done.text.replace("\r", "").split("\n")
    missing = [line for line in wanted if line not in lines]
    if done.status != 0:
        return f"the status is {done.status}"
    if missing:
        return f"no line says '{missing[0]}'"
    if any(line in lines for line in unwanted):
        return f"a line says one of {unwanted}"
    return None


def good_run(bench, score, kind, case):
    what, overlay, is_reached, wanted, unwanted = case
    title = f"{what} on {kind}"
    if not score.wanted(title):
        return
    if is_reached:
        done, got = serve(bench, kind, title, overlay)
        fault = None if got == b"hello from the guest\n" else f"a client got {got}"
    else:
        words, more = options_for(bench, kind, title, overlay)
        done, fault = bench.run(*words, bench.program("network"), more=more), None
    score.note(title, fault or fault_of(done, wanted, unwanted), done.text)


def bad_run(bench, score, kind, case):
    what, overlay, reason = case
    title = f"{what} on {kind}"
    if not score.wanted(title):
        return
    words, more = options_for(bench, kind, title, overlay)
    done = bench.run(*words, bench.program("network"), more=more)
    is_well = done.status == 1 and len(done.lines) == 1 and reason in done.lines[0]
    score.note(title, None if is_well else f"the one line is not '{reason}'", done.text)


def main():
    options = machine.arguments(__doc__)
    score = machine.Score(options.names)

    with tempfile.TemporaryDirectory() as folder:
        bench = machine.Bench(folder, options.build)
        for case in CASES:
            for kind in MACHINES:
                good_run(bench, score, kind, case)
        for number, case in enumerate(BAD):
            bad_run(bench, score, MACHINES[number % 2], case)
    return score.finish()


if __name__ == "__main__":
    sys.exit(main())
