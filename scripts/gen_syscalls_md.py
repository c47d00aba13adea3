#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/syscalls.md from kernel/sys/*.def and abi/linux/nr_x86_64.def: gen_syscalls_md.py [--check]

Each line of a .def becomes a row, with the comment above it as what is missing. With --check
nothing is written; exit status 1 when the page is not what it would become. Fails, too, on a call
that has no number, is registered twice, or lacks the comment that its support needs.
"""

import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
PAGE = TOP / "docs" / "syscalls.md"
NUMBERS = TOP / "abi" / "linux" / "nr_x86_64.def"
TABLE = TOP / "kernel" / "sys" / "syscalls.def"

NUMBER = re.compile(r"^NR\((\d+), *(\w+)\)", re.M)
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)
ENTRY = re.compile(r"(?:/\*(?P<comment>(?:(?!\*/).)*)\*/\s*\n)?^SYSCALL(?P<count>\d)\((?P<body>[^()]*)\)",
                   re.M | re.S)
SUPPORTS = ("FULL", "PARTIAL", "STUB", "REFUSED")
EXPLAINED = ("PARTIAL", "REFUSED")

HEADER = """# System calls

Made from [kernel/sys/syscalls.def](../kernel/sys/syscalls.def) by `make docs`; not to be edited.

| support | means |
|---|---|
| FULL | as Linux does, every flag |
| PARTIAL | what is missing gives an error; the last column says what that is |
| STUB | accepted and ignored, because programs only check that it does not fail |
| REFUSED | an error each time, on purpose; the last column says which, and why |

A call that is not in the table gives `ENOSYS`, and its name goes to the log once. `fork`, `vfork` and
`execve` are among those that are refused: there is one program in the machine.
"""


def numbers():
    return {name: int(number) for number, name in NUMBER.findall(NUMBERS.read_text())}


def comment_text(comment):
    """One line of it, without the stars."""
    return " ".join(re.sub(r"^\s*\* ?", "", line).strip() for line in comment.splitlines()).strip()


def entries(path):
    """(name, support, [argument, ...], note) of each line of a .def"""
    text = path.read_text()
    note, end = "", 0
    for found in ENTRY.finditer(text):
        fields = [field.strip() for field in found["body"].replace("\n", " ").split(",")]
        name, support, rest = fields[0], fields[1], fields[2:]
        if support not in SUPPORTS or len(rest) != 2 * int(found["count"]):
            sys.exit(f"{path.name}: {name}: not a line of the table")
        arguments = [f"{kind} {argument}" for kind, argument in zip(rest[::2], rest[1::2])]
        if found["comment"] is not None:
            # The comment at the top of a file belongs to no call.
            note = "" if "syscalls.def" in found["comment"] else comment_text(found["comment"])
        elif text[end:found.start()].strip(" ") != "\n" or support not in EXPLAINED:
            note = ""  # Neighbours that are explained share the comment above the first.
        end = found.end()
        yield name, support, arguments, note


def families():
    """(name of the family, its entries), in the order of syscalls.def"""
    own = list(entries(TABLE))
    if own:
        yield "syscalls", own
    for included in INCLUDE.findall(TABLE.read_text()):
        path = TOP / included
        yield path.stem, list(entries(path))


def row(number, name, support, arguments, note):
    note = note.replace("|", "\\|")
    return f"| {number} | `{name}({', '.join(arguments)})` | {support} | {note} |"


def page():
    known, seen, errors, parts = numbers(), set(), [], []
    counts = dict.fromkeys(SUPPORTS, 0)
    for family, calls in families():
        rows = []
        for name, support, arguments, note in calls:
            if name not in known:
                errors.append(f"{name}: no such name in {NUMBERS.name}")
                continue
            if name in seen:
                errors.append(f"{name}: registered twice")
            if support in EXPLAINED and not note:
                errors.append(f"{name}: {support}, and no comment says what is missing")
            seen.add(name)
            counts[support] += 1
            rows.append((known[name], row(known[name], name, support, arguments, note)))
        if rows:
            title = family.capitalize()
            parts.append(f"\n## {title}\n\n| number | call | support | what is missing |\n|---|---|---|---|\n")
            parts.append("".join(text + "\n" for _, text in sorted(rows)))
    refused = counts.pop("REFUSED")
    summary = ", ".join(f"{count} {support}" for support, count in counts.items())
    summary = f"{len(seen) - refused} of {len(known)} calls: {summary}. {refused} more are REFUSED."
    return f"{HEADER}\n{summary}\n{''.join(parts)}", errors


def main():
    text, errors = page()
    for error in errors:
        print(f"syscalls.def: {error}")
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text() != text:
            print("docs/syscalls.md is out of date: make docs")
            errors.append("old")
    else:
        PAGE.write_text(text)
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
