#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns `nm -n` of the kernel's first link into the table of kernel/core/symbols.h.

    nm -n first.elf | gen_symbols.py > symbols.S
    gen_symbols.py < /dev/null > symbols.S         the empty table, for the first link

Reads lines `address type name`, keeps functions (t, T, w, W) from image_start up to text_end, and
writes assembly for section .symbols, which must come after the text, so that the second link leaves
the functions where they were. Fails on a line that is not of nm, and on functions too far apart for
the table.
"""
import sys

STEP_MAX = 0xffff


def read_functions(lines):
    """Returns sorted (offset, name) of every function between image_start and text_end."""
    start, end, found = None, None, {}
    for line in lines:
        fields = line.split()
        if len(fields) == 2:  # Undefined: no address.
            continue
        if len(fields) != 3:
            sys.exit(f'gen_symbols: not a line of nm: {line!r}')
        address, kind, name = int(fields[0], 16), fields[1], fields[2]
        if name == 'image_start':
            start = address
        elif name == 'text_end':
            end = address
        elif kind in 'tTwW':
            found.setdefault(address, name)
    if start is None:
        return []
    return sorted((address - start, name) for address, name in found.items()
                  if address >= start and (end is None or address < end))


def main():
    """Writes the table."""
    functions = read_functions(sys.stdin)
    before = 0
    print('/* Made by scripts/gen_symbols.py. */')
    print('    .section .symbols, "a"')
    for symbol in ('symbol_count', 'symbol_steps', 'symbol_names'):
        print(f'    .globl {symbol}\n    .hidden {symbol}')
    print(f'    .balign 4\nsymbol_count:\n    .long {len(functions)}')
    print('symbol_steps:')
    for address, name in functions:
        if address - before > STEP_MAX:
            sys.exit(f'gen_symbols: {name} begins {address - before} bytes after what is before it')
        print(f'    .short {address - before}')
        before = address
    print('symbol_names:')
    for _, name in functions:
        print(f'    .asciz "{name}"')
    print('    .byte 0')
    print('    .section .note.GNU-stack, "", @progbits')


if __name__ == '__main__':
    main()
