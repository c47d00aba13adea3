#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The network of a machine, seen from its wire: run.py [--long] [--build DIR] [NAME...]

farewell  what a program writes before it exits arrives
offloads  bulk transfers both ways over a tap, with and without what the device does for us
garbage   malformed packets are counted and dropped, and the machine goes on serving
load      nginx and redis over a tap with 50 connections: every answer right, and none late

The program in the machine is test/app/wire.c, but for `load`. `offloads` and `load` need root and
/dev/net/tun and are skipped without; they work in a network namespace of their own, so nothing of
this machine's is touched. The last line is `N passed, N failed, N skipped`; the exit status is 1 if
one failed.
"""

import argparse
import pathlib
import random
import socket
import struct
import subprocess
import sys
import tempfile
import time

import load
from tap import (GUEST_IP, NETDEV, PORT, STATIC, TOP, Packed, Skip, own_network, qemu_command,
                 with_machine)
from machine import Failure, Machine, free_port  # Its folder is known since tap.

START_SECONDS = 60
PERIOD = 65521
HOST_MAC = bytes.fromhex("525400090001")


def pattern(size):
    """The first bytes of what the guest sends: see pattern_fill() there."""
    value, period = 1, bytearray()
    for _ in range(PERIOD):
        value = (value * 1103515245 + 12345) & 0xFFFFFFFF
        period.append(value >> 16 & 255)
    return (bytes(period) * (size // PERIOD + 1))[:size]


def receive_all(client):
    parts = []
    while True:
        part = client.recv(1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)


def compare(got, wanted):
    if got == wanted:
        return
    at = next((i for i, pair in enumerate(zip(got, wanted)) if pair[0] != pair[1]), len(got))
    raise Failure(f"{len(got)} of {len(wanted)} bytes came, wrong from {at} on")


class Options:
    """What to test, and how long."""

    def __init__(self, args, folder):
        self.long = args.long
        self.build = pathlib.Path(args.build).resolve()
        self.folder = pathlib.Path(folder)
        self.program = self.build / "test" / "app" / "wire"
        self.wire = Packed(self.program, ["serve"])
        self.bulk = 100 << 20 if args.long else 16 << 20


def ops_run(options, kind, cpus, port, arguments):
    return [str(options.build / "ops"), "run", "--kernel", str(options.build / "soliton.elf"),
            "--machine", kind, "--smp", str(cpus), "-m", "128M", "-p", f"{port}:{PORT}",
            str(options.program), "--", *arguments]


def farewell(options, kind, cpus):
    size = 3 << 20
    port = free_port()
    machine = Machine(ops_run(options, kind, cpus, port, ["farewell", str(size)]), port)
    try:
        client = None
        while not client:
            client = first_connection(machine)
        with client:
            time.sleep(0.5)  # The program is long gone from its own point of view.
            compare(receive_all(client), pattern(size))
        status = machine.wait_end(START_SECONDS)
        if status != 0:
            raise Failure(f"the program's status is {status}")
    except Failure as error:
        raise Failure(f"{error}\n{machine.last_lines()}") from error
    finally:
        machine.stop()
    return f"{size} bytes"


def first_connection(machine):
    """A connection that the program has accepted and answered: slirp accepts before it does."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        machine.check_alive()
        try:
            client = socket.create_connection(("127.0.0.1", machine.port), START_SECONDS)
            if client.recv(1, socket.MSG_PEEK):
                return client
            client.close()
        except OSError:
            pass
        time.sleep(0.1)
    raise Failure(f"no answer within {START_SECONDS} s")


def ask(address, line, data=b""):
    with socket.create_connection(address, START_SECONDS) as client:
        client.sendall(line.encode() + b"\n" + data)
        client.shutdown(socket.SHUT_WR)
        return receive_all(client)


def is_serving(address):
    return ask(address, "get 1000") == pattern(1000)


def finish(machine, address):
    """Tells the program to end, and looks how it does."""
    ask(address, "exit")
    machine.wait_end(START_SECONDS)


# ---- offloads ----------------------------------------------------------------------------------

def both_ways(options, machine):
    address = (GUEST_IP, PORT)
    machine.wait_until(lambda *_: is_serving(address), START_SECONDS)
    wanted = pattern(options.bulk)
    start = time.monotonic()
    compare(ask(address, f"get {options.bulk}"), wanted)
    middle = time.monotonic()
    answer = ask(address, f"put {options.bulk}", wanted)
    if answer != b"good\n":
        raise Failure(f"the guest says of what it got: {answer}")
    end = time.monotonic()
    mib = options.bulk / (1 << 20)
    finish(machine, address)
    return f"{mib / (middle - start):.0f} MiB/s out, {mib / (end - middle):.0f} in"


def offloads(options, kind, cpus, device, mtu=1500):
    with own_network(mtu):
        command = qemu_command(options, options.wire, kind, cpus, STATIC, [NETDEV], device)
        return with_machine(command, PORT, lambda machine: both_ways(options, machine))


# ---- garbage -----------------------------------------------------------------------------------

SLIRP_GUEST = socket.inet_aton("10.0.2.15")
STRANGER = socket.inet_aton("10.0.2.77")


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ether(payload, kind=0x0800):
    return b"\xff" * 6 + HOST_MAC + struct.pack("!H", kind) + payload


def ipv4(protocol, payload, **other):
    """A packet for the guest, right but for the fields that `other` names."""
    field = {"version": 4, "words": 5, "length": 20 + len(payload), "ident": 1, "offset": 0,
             "destination": SLIRP_GUEST, "sum": None, **other}
    header = struct.pack("!BBHHHBBH4s4s", field["version"] << 4 | field["words"], 0,
                         field["length"], field["ident"], field["offset"], 64, protocol, 0,
                         STRANGER, field["destination"])
    total = checksum(header) if field["sum"] is None else field["sum"]
    return ether(header[:10] + struct.pack("!H", total) + header[12:] + payload)


def transport(protocol, segment, at):
    """The segment with its checksum, at offset `at`, filled in."""
    pseudo = STRANGER + SLIRP_GUEST + struct.pack("!BBH", 0, protocol, len(segment))
    return segment[:at] + struct.pack("!H", checksum(pseudo + segment)) + segment[at + 2:]


def tcp(words=5, flags=2, payload=b""):
    return struct.pack("!HHIIBBHHH", 4000, PORT, 1, 0, words << 4, flags, 1000, 0, 0) + payload


def udp(length, payload=b"x" * 32):
    return struct.pack("!HHHH", 4000, 9, length, 0) + payload


# What is wrong, the frames, and the counter that must rise by their number at least.
WRONG = [
    ("IP version", [ipv4(6, b"", version=v) for v in (0, 6, 15)], "Ip", "InHdrErrors"),
    ("IP header length", [ipv4(6, b"", words=w) for w in (0, 4, 15)], "Ip", "InHdrErrors"),
    ("IP total length", [ipv4(6, b"", length=n) for n in (0, 19, 21, 65535)], "Ip", "InHdrErrors"),
    ("IP checksum", [ipv4(6, tcp(), sum=0x1234)], "Ip", "InHdrErrors"),
    ("short IP header", [ether(ipv4(6, b"")[14:14 + n]) for n in (0, 1, 19)], "Ip", "InHdrErrors"),
    ("IP address", [ipv4(6, tcp(), destination=STRANGER)], "Ip", "InAddrErrors"),
    ("protocol", [ipv4(n, b"?" * 40) for n in (0, 41, 255)], "Ip", "InUnknownProtos"),
    ("overlapping fragments", [ipv4(17, b"a" * 64, offset=0x2000, ident=7),
                               ipv4(17, b"b" * 64, offset=0x2004, ident=7)], "Ip", "ReasmFails"),
    ("fragments past 64 KiB", [ipv4(17, b"a" * 800, offset=0x1fff, ident=8)], "Ip", "ReasmFails"),
    ("TCP checksum", [ipv4(6, tcp())], "Tcp", "InErrs"),
    ("TCP header length", [ipv4(6, transport(6, tcp(words=w), 16)) for w in (0, 4, 6, 15)],
     "Tcp", "InErrs"),
    ("short TCP header", [ipv4(6, transport(6, tcp(), 16)[:n]) for n in (0, 1, 19)],
     "Tcp", "InErrs"),
    ("UDP checksum", [ipv4(17, udp(40)[:6] + b"\x12\x34" + b"x" * 32)], "Udp", "InErrors"),
    ("UDP length", [ipv4(17, udp(n)) for n in (0, 7, 41, 65535)], "Udp", "InErrors"),
    ("ICMP checksum", [ipv4(1, struct.pack("!BBHHH", 8, 0, 1, 2, 3))], "Icmp", "InErrors"),
    ("short ICMP", [ipv4(1, b"\x08\x00\xf7"[:n]) for n in (0, 1, 3)], "Icmp", "InErrors"),
]


def random_frames(chance, count):
    """Noise, and right packets with a few bytes changed or cut off."""
    right = [ipv4(6, transport(6, tcp(8, 2, b"\x02\x04\x05\xb4\x04\x02\x08\x0a" + bytes(24)), 16)),
             ipv4(17, transport(17, udp(40), 6)),
             ipv4(1, struct.pack("!BBHHH", 3, 4, 0, 0, 576) + ipv4(6, tcp())[14:]),
             ether(struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, HOST_MAC, STRANGER, bytes(6),
                               SLIRP_GUEST), 0x0806)]
    for _ in range(count):
        if chance.random() < 0.3:
            kind = chance.choice((0x0800, 0x0806, 0x86dd, chance.randrange(65536)))
            yield ether(chance.randbytes(chance.randrange(1486)), kind)
            continue
        frame = bytearray(chance.choice(right))
        for _ in range(chance.randrange(1, 5)):
            frame[chance.randrange(14, len(frame))] = chance.randrange(256)
        yield bytes(frame[:chance.randrange(14, len(frame) + 1)] if chance.random() < 0.2
                    else frame)


def counters(address):
    """/proc/net/snmp of the guest, by protocol and name."""
    lines = ask(address, "read /proc/net/snmp").decode().splitlines()
    return {(names.split()[0].rstrip(":"), name): int(value)
            for names, values in zip(lines[::2], lines[1::2])
            for name, value in zip(names.split()[1:], values.split()[1:])}


class Sender:
    """The far end of QEMU's dgram backend: each datagram is a frame."""

    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.to = ("127.0.0.1", port)

    def send(self, frames):
        for number, frame in enumerate(frames):
            self.socket.sendto(frame, self.to)
            if number % 32 == 31:
                time.sleep(0.002)  # The kernel's buffer for QEMU is small.


def rise(address, key, before, wanted):
    """Waits until the counter has risen enough: a frame takes its time through QEMU."""
    end = time.monotonic() + 10
    while True:
        now = counters(address)[key]
        if now - before >= wanted or time.monotonic() > end:
            return now - before
        time.sleep(0.05)


def misbehave(options, machine, sender):
    address = ("127.0.0.1", machine.port)
    machine.wait_until(lambda *_: is_serving(address), START_SECONDS)
    for what, frames, protocol, name in WRONG:
        before = counters(address)[protocol, name]
        sender.send(frames)
        risen = rise(address, (protocol, name), before, 1)
        if risen < (1 if name == "ReasmFails" else len(frames)):
            risen = rise(address, (protocol, name), before, len(frames))
        if risen < 1 or (name != "ReasmFails" and risen < len(frames)):
            raise Failure(f"{what}: {len(frames)} frames, {name} rose by {risen}")
    seed = int(time.time())
    count = 100000 if options.long else 10000
    try:
        sender.send(random_frames(random.Random(seed), count))
        if not is_serving(address):
            raise Failure("it serves something else now")
    except (Failure, OSError) as error:
        raise Failure(f"{error} (seed {seed})") from error
    if counters(address)["Ip", "InHdrErrors"] < count // 100:
        raise Failure("the random frames did not arrive")
    finish(machine, address)
    return f"{len(WRONG)} kinds, {count} at random"


def garbage(options, cpus):
    """The garbage comes in by a card of its own, so that only the guest has to bear it."""
    port, wire_port, back_port = free_port(), free_port(), free_port()
    ends = ",".join(f"{end}.type=inet,{end}.host=127.0.0.1,{end}.port={number}"
                    for end, number in (("local", wire_port), ("remote", back_port)))
    netdevs = [f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:{PORT}",
               f"dgram,id=wire,{ends}"]
    command = qemu_command(options, options.wire, "q35", cpus, "log=error", netdevs,
                           "mrg_rxbuf=on")
    command += ["-device", "virtio-net-pci,disable-legacy=on,netdev=wire"]
    return with_machine(command, port,
                        lambda machine: misbehave(options, machine, Sender(wire_port)))


PLAIN = "csum=off,guest_csum=off,gso=off,host_tso4=off,guest_tso4=off,mrg_rxbuf=off"
TESTS = {
    "farewell microvm": lambda options: farewell(options, "microvm", 1),
    "farewell q35": lambda options: farewell(options, "q35", 2),
    "offloads all": lambda options: offloads(options, "microvm", 2, "mrg_rxbuf=on"),
    "offloads none": lambda options: offloads(options, "q35", 1, PLAIN),
    "offloads unmerged": lambda options: offloads(options, "microvm", 1, "mrg_rxbuf=off"),
    "offloads mtu 9000": lambda options: offloads(options, "q35", 2, "host_mtu=9000", 9000),
    "garbage": lambda options: garbage(options, 2),
    "load nginx microvm": lambda options: load.nginx(options, "microvm", 1),
    "load nginx q35": lambda options: load.nginx(options, "q35", 2),
    "load redis microvm": lambda options: load.redis(options, "microvm", 1),
    "load redis q35": lambda options: load.redis(options, "q35", 2),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--build", default=str(TOP / "build"))
    parser.add_argument("names", nargs="*", help="tests whose name begins so")
    args = parser.parse_args()
    result = {"passed": 0, "FAILED": 0, "skipped": 0}
    for name, test in TESTS.items():
        if args.names and not any(name.startswith(wanted) for wanted in args.names):
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                outcome, text = "passed", test(Options(args, folder))
            except Skip as error:
                outcome, text = "skipped", str(error)
            except (Failure, OSError, subprocess.CalledProcessError) as error:
                outcome, text = "FAILED", str(error)
        result[outcome] += 1
        print(f"{outcome:8} net {name}: {text}", flush=True)
    print(f"{result['passed']} passed, {result['FAILED']} failed, {result['skipped']} skipped")
    return result["FAILED"] != 0 or result["passed"] + result["skipped"] == 0


if __name__ == "__main__":
    sys.exit(main())
