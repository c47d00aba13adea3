# SPDX-License-Identifier: Apache-2.0
"""Ways to damage the root filesystem of a disk image, and its manifest.

The image is a GPT disk with an ext4 root (docs/boot.md). Raises when it is not.
"""

import random
import struct
import uuid

SECTOR = 512
ROOT_TYPE = uuid.UUID("4f68bce3-e8cd-4db1-96e7-fbcaf984b709").bytes_le
SUPER_OFF = 1024
SUPER_MAGIC_OFF = 56
ROOT_INODE = 2
FLIPS = 24


class Root:
    """Where things lie in the root filesystem of the image in `data`, from the disk's start."""

    def __init__(self, data):
        entries = struct.unpack_from("<Q", data, SECTOR + 72)[0] * SECTOR
        for entry in range(entries, entries + 128 * 128, 128):
            if data[entry:entry + 16] == ROOT_TYPE:
                break
        else:
            raise ValueError("the image has no root partition")
        self.start = struct.unpack_from("<Q", data, entry + 32)[0] * SECTOR
        self.super = self.start + SUPER_OFF
        if data[self.super + SUPER_MAGIC_OFF:self.super + SUPER_MAGIC_OFF + 2] != b"\x53\xef":
            raise ValueError("the root partition is no ext4")
        self.block_size = 1024 << struct.unpack_from("<I", data, self.super + 24)[0]
        inode_size = struct.unpack_from("<H", data, self.super + 88)[0]
        first_block = struct.unpack_from("<I", data, self.super + 20)[0]
        self.descriptors = self.block(first_block + 1)
        self.inodes = self.block(struct.unpack_from("<I", data, self.descriptors + 8)[0])
        self.root_inode = self.inodes + (ROOT_INODE - 1) * inode_size
        self.root_directory = self.block(
            struct.unpack_from("<I", data, self.root_inode + 40 + 12 + 8)[0])

    def block(self, number):
        return self.start + number * self.block_size


def flip(data, at):
    data[at] ^= 0x41


def scatter(data, root, seed):
    """Flips bytes all over the first inodes, the root directory and the tables before them."""
    chance = random.Random(seed)
    places = ((root.super, 256), (root.descriptors, 64), (root.inodes, 64 * 256),
              (root.root_directory, root.block_size))
    for _ in range(FLIPS):
        start, size = chance.choice(places[1:] if chance.random() < 0.9 else places)
        data[start + chance.randrange(size)] ^= 1 << chance.randrange(8)


def disk_damage(path, kind):
    """Damages the image at `path`: one of the names below, `seed-N`, or `replace:OLD:NEW`."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    root = Root(data)
    places = {
        "magic": root.super + SUPER_MAGIC_OFF,
        "superblock": root.super + 104,
        "descriptors": root.descriptors + 8,
        "root-inode": root.root_inode + 41,
        "root-directory": root.root_directory + 40,
    }
    if kind.startswith("seed-"):
        scatter(data, root, int(kind[len("seed-"):]))
    elif kind.startswith("replace:"):
        old, new = (text.encode() for text in kind.split(":")[1:3])
        if data.count(old) == 0 or len(old) != len(new):
            raise ValueError(f"cannot replace {old} by {new}")
        data = data.replace(old, new)
    elif kind == "truncated":
        data = data[:root.inodes]
    elif kind == "no-root":
        data[SECTOR:root.start] = bytes(root.start - SECTOR)
        data[root.super:root.super + 1024] = bytes(1024)
    else:
        flip(data, places[kind])
    with open(path, "wb") as file:
        file.write(data)
