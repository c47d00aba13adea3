#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the binary seeds of a fuzz entry into a folder: seeds.py NAME FOLDER

Seeds are well-formed examples: from them the fuzzer gets far into a parser at once. They are made
here and not kept as files because nobody can read or review those. An entry without binary seeds
gets none. Fails when the folder cannot be written.
"""

import io
import os
import struct
import sys
import tarfile
import uuid
import zlib

MAC = bytes.fromhex("525400123456")
PEER_MAC = bytes.fromhex("525500000202")
IP = bytes([10, 0, 2, 15])
PEER_IP = bytes([10, 0, 2, 2])


def checksum(data):
    """The Internet checksum (RFC 1071)."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(protocol, payload, ident=1, fragment=0x4000, options=b""):
    words = 5 + len(options) // 4
    head = struct.pack(">BBHHHBBH4s4s", 0x40 | words, 0, words * 4 + len(payload), ident, fragment, 64,
                       protocol, 0, PEER_IP, IP) + options
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def with_transport_sum(protocol, segment, off):
    pseudo = PEER_IP + IP + struct.pack(">BBH", 0, protocol, len(segment))
    total = checksum(pseudo + segment)
    return segment[:off] + struct.pack(">H", total) + segment[off + 2:]


def udp(source, destination, payload):
    return with_transport_sum(
        17, struct.pack(">HHHH", source, destination, 8 + len(payload), 0) + payload, 6)


def tcp(flags, seq, ack, payload=b"", options=b"", ports=(40000, 80)):
    size = 20 + len(options)
    head = struct.pack(">HHIIBBHHH", *ports, seq, ack, size // 4 << 4, flags, 65535, 0, 0)
    return with_transport_sum(6, head + options + payload, 16)


def icmp(kind, code, rest, payload):
    message = struct.pack(">BBHI", kind, code, 0, rest) + payload
    return message[:2] + struct.pack(">H", checksum(message)) + message[4:]


def ethernet(kind, payload, to=MAC):
    return to + PEER_MAC + struct.pack(">H", kind) + payload


def arp(operation, target=IP):
    return struct.pack(">HHBBH", 1, 0x800, 6, 4, operation) + PEER_MAC + PEER_IP + MAC + target


def frames(*packets):
    """Packets as fuzz_ipv4 takes them."""
    return b"".join(struct.pack(">H", len(packet)) + packet for packet in packets)


def dhcp(kind, options=b""):
    head = struct.pack(">BBBBIHH4s4s4s4s", 2, 1, 6, 0, 0x12345678, 0, 0, b"\0" * 4, IP, PEER_IP, b"\0" * 4)
    head += MAC + b"\0" * 10 + b"\0" * 192 + bytes.fromhex("63825363")
    return head + bytes([53, 1, kind]) + options + b"\xff"


def dhcp_options():
    lease = struct.pack(">I", 86400)
    return (bytes([54, 4]) + PEER_IP + bytes([51, 4]) + lease + bytes([58, 4]) + lease +
            bytes([1, 4, 255, 255, 255, 0]) + bytes([3, 4]) + PEER_IP + bytes([6, 8]) + PEER_IP +
            PEER_IP + bytes([26, 2, 5, 180]) + bytes([15, 7]) + b"example" + b"\0")


def dhcp_seeds():
    # Option 52 says that options go on in the fields for file and server name.
    overloaded = bytearray(dhcp(5, bytes([52, 1, 3])))
    overloaded[44:47] = bytes([26, 0, 255])
    overloaded[108:115] = bytes([3, 4]) + PEER_IP + b"\xff"
    return {"offer": dhcp(2, dhcp_options()), "ack": dhcp(5, dhcp_options()),
            "nak": dhcp(6), "overloaded": bytes(overloaded)}


def ipv4_seeds():
    ping = icmp(8, 0, 1, b"abcdefgh" * 4)
    quoted = ipv4(6, tcp(2, 1, 0))[:28]
    big = udp(53, 53, b"x" * 64)
    late = bytearray(frames(ethernet(0x800, ipv4(17, big[40:], 7, 0x0005))))
    late[0] |= 0x80
    return {
        "arp": frames(ethernet(0x806, arp(1), b"\xff" * 6), ethernet(0x806, arp(2))),
        "ping": frames(ethernet(0x800, ipv4(1, ping))),
        "unreachable": frames(ethernet(0x800, ipv4(1, icmp(3, 4, 1400, quoted))),
                              ethernet(0x800, ipv4(1, icmp(3, 3, 0, quoted)))),
        "udp": frames(ethernet(0x800, ipv4(17, udp(1000, 2000, b"nobody listens")))),
        "fragments": frames(ethernet(0x800, ipv4(17, big[40:], 7, 0x0005)),
                            ethernet(0x800, ipv4(17, big[:40], 7, 0x2000))),
        "fragments_late": frames(ethernet(0x800, ipv4(17, big[:40], 7, 0x2000))) + bytes(late),
        "options": frames(ethernet(0x800, ipv4(1, ping, options=bytes([7, 3, 4, 0])))),
        "tcp": frames(ethernet(0x800, ipv4(6, tcp(2, 1, 0)))),
        "dhcp": frames(ethernet(0x800, ipv4(17, udp(67, 68, dhcp(5, dhcp_options()))))),
    }


def elf_file(kind, segments, dynamic=b"", interp=b""):
    """A small ELF file: headers, `interp` at 0x300, `dynamic` at 0x400; `segments` are phdrs."""
    head = b"\x7fELF" + bytes([2, 1, 1]) + b"\0" * 9
    head += struct.pack("<HHIQQQIHHHHHH", kind, 62, 1, 0x1010, 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
    body = head + b"".join(struct.pack("<IIQQQQQQ", *segment) for segment in segments)
    body = body.ljust(0x300, b"\0") + interp
    return (body.ljust(0x400, b"\0") + dynamic).ljust(0x1100, b"\x90")


def elf_seeds():
    load, dynamic, interp, stack, tls = 1, 2, 3, 0x6474e551, 7
    code = (load, 5, 0x1000, 0x1000, 0, 0x100, 0x100, 0x1000)
    data = (load, 6, 0x400, 0x2400, 0, 0x400, 0x9000, 0x1000)
    names = b"\0libm.so.6\0libc.so.6\0$ORIGIN/../lib\0me.so\0"
    entries = b"".join(struct.pack("<QQ", *pair) for pair in (
        (1, 1), (1, 11), (29, 21), (14, 36), (5, 0x2400 + 0x100), (10, len(names)), (0, 0)))
    text = entries.ljust(0x100, b"\0") + names
    first = (load, 4, 0, 0, 0, 0x800, 0x800, 0x1000)
    return {
        "static": elf_file(2, [(load, 5, 0, 0x400000, 0, 0x1100, 0x1100, 0x1000)]),
        "pie": elf_file(3, [(interp, 4, 0x300, 0x300, 0, 7, 7, 1), first, code, data,
                            (dynamic, 6, 0x400, 0x2400, 0, len(entries), len(entries), 8),
                            (tls, 4, 0x400, 0x2400, 0, 16, 64, 8),
                            (stack, 6, 0, 0, 0, 0, 0, 16)], text, b"/ld.so\0"),
    }


def gpt_header(my_sector, other_sector, table_sector, table, sectors):
    head = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, my_sector, other_sector,
                       34, sectors - 34, b"D" * 16, table_sector, 128, 128, zlib.crc32(table))
    head = head[:16] + struct.pack("<I", zlib.crc32(head)) + head[20:]
    return head.ljust(512, b"\0")


def gpt_seeds():
    sectors = 80
    kind = uuid.UUID("4f68bce3-e8cd-4db1-96e7-fbcaf984b709").bytes_le
    entry = struct.pack("<16s16sQQQ72s", kind, b"P" * 16, 40, 44, 0, "root".encode("utf-16-le"))
    table = entry.ljust(128 * 128, b"\0")
    disk = bytearray(sectors * 512)
    disk[512:1024] = gpt_header(1, sectors - 1, 2, table, sectors)
    disk[1024:1024 + len(table)] = table
    back = (sectors - 33) * 512
    disk[back:back + len(table)] = table
    disk[-512:] = gpt_header(sectors - 1, 1, sectors - 33, table, sectors)
    damaged = bytearray(disk)
    damaged[520] ^= 1
    return {"disk": bytes(disk), "backup": bytes(damaged)}


def fw_cfg_seeds():
    names = (b"etc/e820", b"opt/soliton/overlay", b"opt/soliton/secret/key.pem",
             b"opt/soliton/manifest")
    entries = b"".join(struct.pack(">IHH56s", 100, 0x20 + number, 0, name)
                       for number, name in enumerate(names))
    return {"directory": struct.pack(">I", len(names)) + entries}


def tar_seeds():
    def entry(name, kind=tarfile.REGTYPE, data=b"", target=""):
        info = tarfile.TarInfo(name)
        info.type, info.size, info.linkname = kind, len(data), target
        return info, data

    def archive(*entries):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as file:
            for info, data in entries:
                file.addfile(info, io.BytesIO(data))
        return out.getvalue().rstrip(b"\0") + b"\0" * 512

    layer = archive(entry("d", tarfile.DIRTYPE), entry("d/f", data=b"text"),
                    entry("d/l", tarfile.SYMTYPE, target="../d"),
                    entry("h", tarfile.LNKTYPE, target="d/f"), entry(".wh.gone"),
                    entry("d/.wh..wh..opq"), entry("n" * 120 + "\u00e9", data=b"x"))
    return {"layer": layer, "odd": layer + b"\0", "gzip": zlib.compress(layer, wbits=31),
            "hostile": archive(entry("l", tarfile.SYMTYPE, target="/dev/shm"), entry("l/secret"),
                               entry("../secret", data=b"x"))}


SEEDS = {"fuzz_deps": elf_seeds, "fuzz_dhcp": dhcp_seeds, "fuzz_elf": elf_seeds, "fuzz_fw_cfg": fw_cfg_seeds,
         "fuzz_gpt": gpt_seeds, "fuzz_ipv4": ipv4_seeds, "fuzz_tar": tar_seeds}


def write(name, folder):
    """How many seeds the entry has; they are in the folder now."""
    seeds = SEEDS[name]() if name in SEEDS else {}
    for title, data in seeds.items():
        with open(os.path.join(folder, title), "wb") as file:
            file.write(data)
    return len(seeds)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    print(f"{write(sys.argv[1], sys.argv[2])} seeds")


if __name__ == "__main__":
    main()
