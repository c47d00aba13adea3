#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a file includes a header its layer may not use. The rules are in .layers."""

import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
SYSTEM = re.compile(r"^\s*#\s*include\s*<([^>]+)>", re.M)

# Only these may use a C library. The rest gets the headers that a compiler brings along, and the
# contracts in kernel/arch pull in <machine/...>, the inline functions of the CPU built for.
HOSTED = ("host/", "ops/", "radar/", "test/", "examples/")
FREESTANDING = {
    "limits.h",
    "stdalign.h",
    "stdarg.h",
    "stdatomic.h",
    "stdbool.h",
    "stddef.h",
    "stdint.h",
    "stdnoreturn.h",
}


def read_rules(path):
    """{folder: [folders whose headers it may use]}, in the order of the file."""
    rules = {}
    for line in path.read_text().splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        folder, allowed = line.split(":")
        for upper in allowed.split():
            if upper != "*" and upper not in rules:
                sys.exit(f".layers: {folder} names {upper}, which is not above it")
        rules[folder] = allowed.split()
    return rules


def layer_of(path, rules):
    """The longest rule folder that `path` lies in."""
    found = [folder for folder in rules if path.startswith(folder + "/")]
    return max(found, key=len, default=None)


def complaints_about(name, text, root, rules):
    layer = layer_of(name, rules)
    if layer is None:
        yield f"{name}: in no layer; add its folder to .layers"
        return
    is_test = name.endswith("_test.c")
    allowed = rules[layer] + [layer] + (["test/unit"] if is_test else [])
    for header in INCLUDE.findall(text):
        if header.startswith("build/gen/") or header == "unit_tests.def":
            continue
        if not (root / header).is_file():
            yield f'{name}: "{header}": include paths start at the top of the tree'
        elif layer_of(header, rules) not in allowed and "*" not in allowed:
            yield f"{name}: {layer} may not include {header}"
    if not name.startswith(HOSTED) and not is_test:
        for header in SYSTEM.findall(text):
            if header.startswith("machine/") and layer == "kernel/arch":
                continue
            if header not in FREESTANDING:
                yield f"{name}: <{header}> needs a C library, which this folder does not have"


def complaints(root, rules):
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.suffix in (".c", ".h", ".def", ".S") and not name.startswith("build/"):
            yield from complaints_about(name, path.read_text(), root, rules)


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    found = list(complaints(root, read_rules(root / ".layers")))
    for complaint in found:
        print(complaint)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
