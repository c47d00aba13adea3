# SPDX-License-Identifier: Apache-2.0
"""Reads what plugin/count.c counts, while the machine runs."""

import array
import bisect
import collections
import subprocess

MAGIC = 0x31544e434c4f53
TOTALS = ("kernel", "user", "ports", "mmio", "eois", "halts", "interrupts", "dropped")
MARKS_MAX = 4096
BLOCKS_MAX = 1 << 19
MARKS_AT = 1 + len(TOTALS) + 1
BLOCKS_AT = MARKS_AT + 3 * MARKS_MAX


class Counts:
    """A copy of the counters at one moment."""

    def __init__(self, path, blocks=False):
        words = array.array("Q")
        wanted = BLOCKS_AT + (3 * BLOCKS_MAX if blocks else 0)
        with open(path, "rb") as file:
            words.fromfile(file, wanted)
        if words[0] != MAGIC:
            raise ValueError(f"{path} holds no counts")
        self.totals = dict(zip(TOTALS, words[1:1 + len(TOTALS)]))
        if self.totals["dropped"]:
            raise ValueError(f"{path}: no room for {self.totals['dropped']} blocks")
        count = min(words[MARKS_AT - 1], MARKS_MAX)
        self.marks = {words[at]: (words[at + 1], words[at + 2])
                      for at in range(MARKS_AT, MARKS_AT + 3 * count, 3)}
        self.blocks = {}
        if blocks:
            table = words[BLOCKS_AT:]
            self.blocks = {(table[at], table[at + 1]): table[at + 2]
                           for at in range(0, len(table), 3) if table[at + 2]}

    def since(self, earlier):
        """Totals from `earlier` to now."""
        return {name: self.totals[name] - earlier.totals[name] for name in TOTALS}

    def by_address(self, earlier=None):
        """Instructions by address of the block, since `earlier`."""
        before = earlier.blocks if earlier else {}
        sums = collections.Counter()
        for key, runs in self.blocks.items():
            sums[key[0]] += (runs - before.get(key, 0)) * key[1]
        return +sums


class Symbols:
    """Functions by address."""

    def __init__(self, pairs):
        pairs = sorted(set(pairs))
        self.starts = [start for start, _ in pairs]
        self.names = [name for _, name in pairs]

    @classmethod
    def from_elf(cls, path, base):
        """Of an ELF file that lies at `base`."""
        out = subprocess.run(["nm", "-n", path], capture_output=True, text=True, check=True).stdout
        rows = (line.split() for line in out.splitlines())
        return cls((int(row[0], 16) + base, row[2]) for row in rows
                   if len(row) == 3 and row[1] in "tTwW")

    @classmethod
    def from_kallsyms(cls, text):
        rows = (line.split() for line in text.splitlines())
        return cls((int(row[0], 16), row[2]) for row in rows
                   if len(row) >= 3 and row[1] in "tTwW")

    def name(self, address):
        index = bisect.bisect_right(self.starts, address) - 1
        return self.names[index] if index >= 0 else f"{address:#x}"


def by_function(addresses, symbols):
    """Instructions by function, most first."""
    sums = collections.Counter()
    for address, count in addresses.items():
        sums[symbols.name(address)] += count
    return sums
