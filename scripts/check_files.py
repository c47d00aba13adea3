#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one check on every file it is for, on all CPUs: check_files.py CHECK [FILE...]

What a check said of a file is kept in build/check/, under a hash of the file, of all of ours that
it includes, of the command and of the tool's version; a file whose hash has not changed is not
looked at again. So the first run takes minutes and the next ones seconds.

Prints what the tools found, each finding once (one in a header comes up in every file that includes
it). Exit status 1 when a check failed on a file, 2 when there is no such check. `check_files.py`
without arguments lists the checks.
"""

import concurrent.futures
import functools
import hashlib
import os
import pathlib
import re
import subprocess
import sys

FOLDERS = ("abi", "lib", "kernel", "boot", "host", "ops", "radar", "test", "examples")
STAMPS = "build/check"
IWYU_MAP = "scripts/iwyu.imp"
MACHINE = "kernel/arch/x86_64/include"
FAKES = "test/unit/include"

# What becomes part of the kernel sees no C library and the machine as it is; everything else is a
# program of the build machine, tests of the kernel included, which see the fakes.
BARE = ["-std=gnu17", "-I.", f"-I{MACHINE}", "-ffreestanding", "-DKERNEL_DEBUG=1"]
HOSTED = ["-std=gnu17", "-I.", f"-I{FAKES}", "-D_GNU_SOURCE", "-DKERNEL_DEBUG=1"]
# test/unit/main.c includes the list of the tests of its set. Any set will do here.
UNIT_LIST = ["-Ibuild/gen/unit-base"]
HOSTED_FOLDERS = ("host/", "ops/", "radar/", "test/", "examples/")

# What cppcheck cannot know, each with nothing but false alarms so far:
# - symbols of the linker script are ends of one object, not objects of their own;
# - a constant of an enum may be unsigned: cppcheck takes it for an int that overflows. UBSan
#   watches the real ones in every test.
# - functions that never return need no va_end().
CPPCHECK_NOISE = ["comparePointers:kernel/*", "integerOverflow:test/*",
                  "va_end_missing:kernel/core/panic.c"]

WARNINGS = ["-Wall", "-Wextra", "-Werror"]
INCLUDE = re.compile(r'^ *# *include *(?:"([^"]+)"|<(machine/[^>]+)>)', re.M)
FINDING = re.compile(r"^\S+?:\d+:(?:\d+:)? ")


def is_test(name):
    return name.endswith("_test.c")


def is_hosted(name):
    return name.startswith(HOSTED_FOLDERS) or is_test(name)


@functools.lru_cache(maxsize=None)
def sanitizer_headers():
    """<sanitizer/...> comes with clang 14's runtime only; clang-tidy-19 has to be told where.

    It gets a folder with a link to them alone: clang 19's <stdatomic.h> includes the next one of
    its name, and clang 14's beside them has the same guard, so nothing would be declared.
    """
    done = subprocess.run(["clang", "-print-resource-dir"], capture_output=True, text=True,
                          check=True)
    folder = pathlib.Path(STAMPS, "sanitizer-include")
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "sanitizer"
    if not link.is_symlink():
        try:
            link.symlink_to(f"{done.stdout.strip()}/include/sanitizer")
        except FileExistsError:
            pass  # Another check of this moment made it.
    return ["-idirafter", folder.as_posix()]


def flags(name):
    if name.startswith("kernel/arch/x86_64/") or not is_hosted(name):
        return BARE
    return HOSTED + UNIT_LIST + sanitizer_headers()


def header_alone(name):
    """Twice, so that a missing `#pragma once` shows. Headers of the kernel serve host tests, too."""
    of = BARE if name.startswith("kernel/arch/") else HOSTED
    return ["gcc", *of, *WARNINGS, "-fsyntax-only", "-xc", "-"], f'#include "{name}"\n' * 2


def locks(clang):
    def command(name):
        return [clang, *flags(name), *WARNINGS, "-Wthread-safety", "-fsyntax-only", name], ""
    return command


def tidy(clang_tidy, *options):
    def command(name):
        return [clang_tidy, "--quiet", *options, name, "--", *flags(name)], ""
    return command


def cppcheck(name):
    """One configuration: the others are not built (it would try each #ifdef both ways)."""
    machine = MACHINE if "kernel/arch/x86_64" in name else FAKES
    return ["cppcheck", *(f"--suppress={part}" for part in CPPCHECK_NOISE), "--std=c11",
            "--enable=warning,performance,portability", "--inline-suppr", "--error-exitcode=1",
            "--quiet", "-I.", f"-I{machine}", "-DKERNEL_DEBUG=1",
            "-D__x86_64__=1", "-D__BYTE_ORDER__=1234", "-D__ORDER_LITTLE_ENDIAN__=1234",
            "--suppress=missingIncludeSystem", name], ""


def includes(name):
    """Lists are included for what they expand to, and fakes for what they define: both stay."""
    options = [part for option in ("--error", "--no_comments", "--no_fwd_decls",
                                   "--quoted_includes_first", f"--mapping_file={IWYU_MAP}",
                                   "--keep=*.def", "--keep=*/fake_kernel.h")
               for part in ("-Xiwyu", option)]
    if not is_hosted(name):
        options += ["-Xiwyu", "--no_default_mappings"]  # They send MAP_FIXED to the C library.
    return ["include-what-you-use", *flags(name), *options, name], ""


def clang_format(name):
    return ["clang-format", "--dry-run", "-Werror", name], ""


def sources(name):
    return name.endswith(".c")


def sources_but_tests(name):
    """Tests look into structs as they please."""
    return name.endswith(".c") and not is_test(name)


# name: (the files it is for, the command for one of them and its input, more that decides)
CHECKS = {
    "format": (lambda name: True, clang_format, [".clang-format"]),
    "headers": (lambda name: name.endswith(".h"), header_alone, []),
    "locks": (sources_but_tests, locks("clang"), []),
    "locks-19": (sources_but_tests, locks("clang-19"), []),
    "tidy": (sources, tidy("clang-tidy"), [".clang-tidy"]),
    "tidy-19": (sources, tidy("clang-tidy-19", "--checks=-*,bugprone-assignment-in-if-condition"),
                []),
    "cppcheck": (sources, cppcheck, []),
    "includes": (sources, includes, [IWYU_MAP]),
}


def files():
    for folder in FOLDERS:
        for path in sorted(pathlib.Path(folder).rglob("*.[ch]")):
            yield path.as_posix()


@functools.lru_cache(maxsize=None)
def content(name):
    """(its hash, the names it includes); None for what is not ours."""
    try:
        data = pathlib.Path(name).read_bytes()
    except OSError:
        return None
    found = INCLUDE.findall(data.decode(errors="replace"))
    return hashlib.sha256(data).digest(), [quoted or machine for quoted, machine in found]


def with_includes(name):
    """Every file of ours that a compiler reads for this one. Both homes of <machine/> count."""
    seen, todo = set(), [name]
    while todo:
        current = todo.pop()
        if current in seen or content(current) is None:
            continue
        seen.add(current)
        for included in content(current)[1]:
            if included.startswith("machine/"):
                todo += [f"{MACHINE}/{included}", f"{FAKES}/{included}"]
            else:
                todo.append(included)
    return sorted(seen)


@functools.lru_cache(maxsize=None)
def version(tool):
    return subprocess.run([tool, "--version"], capture_output=True, check=False).stdout


def key(name, command, text, extra):
    total = hashlib.sha256(version(command[0]) + "\0".join(command).encode() + text.encode())
    for part in with_includes(name) + extra:
        total.update(part.encode() + b"\0" + content(part)[0])
    return total.hexdigest()


def run(check, name):
    """(whether it passed, what the tool printed)"""
    _, make_command, extra = CHECKS[check]
    command, text = make_command(name)
    stamp = pathlib.Path(STAMPS, check, name)
    wanted = key(name, command, text, extra)
    if stamp.exists():
        kept, status, output = (stamp.read_text(errors="replace").split("\n", 2) + ["", ""])[:3]
        if kept == wanted:
            return status == "0", output
    done = subprocess.run(command, input=text, capture_output=True, text=True, errors="replace",
                          check=False)
    status = done.returncode
    output = done.stdout if check.startswith("tidy") else done.stderr + done.stdout
    if check == "includes" and status == 0:
        output = ""  # It praises.
    stamp.parent.mkdir(parents=True, exist_ok=True)
    fresh = stamp.with_name(f"{stamp.name}.{os.getpid()}")
    fresh.write_text(f"{wanted}\n{status}\n{output}")
    fresh.rename(stamp)
    return status == 0, output


def unseen(output, seen):
    """The findings in `output` that are not in `seen`, where they are put."""
    kept, show = [], True
    for line in output.splitlines():
        if FINDING.match(line):
            line = line.replace(os.getcwd() + "/", "").removeprefix("./")
            show = line not in seen
            seen.add(line)
        if show:
            kept.append(line)
    return kept


def main():
    os.chdir(pathlib.Path(__file__).resolve().parent.parent)
    arguments = sys.argv[1:]
    if not arguments or arguments[0] not in CHECKS:
        print(f"{__doc__.splitlines()[0]}\nchecks: {' '.join(CHECKS)}", file=sys.stderr)
        return 2
    check = arguments[0]
    wanted = [name for name in arguments[1:] or files() if CHECKS[check][0](name)]
    seen = set()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for passed, output in pool.map(functools.partial(run, check), wanted):
            failed += not passed
            if output.strip():
                print("\n".join(unseen(output, seen)))
    if failed:
        print(f"{failed} of {len(wanted)} files")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
