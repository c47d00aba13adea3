#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the real ops and looks at what it makes, prints and leaves behind.

    test/ops/run.py [--ops FILE] [NAME...]

NAME is a test, or a topic: "image" for all of test_image.py. Machines run a stub in place of the
kernel (stub_kernel.S), so only ops and QEMU are under test. The last line is `N passed, N failed, N
skipped`; the exit status is 1 if one failed. A test whose tool is not installed (e2fsck, debugfs,
sgdisk, mtools) is skipped.
"""

import argparse
import importlib
import pathlib
import shutil
import sys
import tempfile
import traceback

from place import TESTS, TOP, Place, Skip, make_stub


def wanted(function, names):
    topic = function.__module__.removeprefix("test_")
    return not names or function.__name__ in names or topic in names


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ops", default=str(TOP / "build/ops"))
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    passed = failed = skipped = 0

    # Importing a topic puts its tests on the list.
    for topic in sorted(pathlib.Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(topic.stem)
    with tempfile.TemporaryDirectory(prefix="ops-test-") as top:
        kernel = make_stub(top)
        for number, function in enumerate(TESTS):
            if not wanted(function, options.names):
                continue
            folder = pathlib.Path(top) / str(number)
            folder.mkdir()
            try:
                function(Place(pathlib.Path(options.ops).resolve(), kernel, folder))
                passed += 1
            except Skip as skip:
                skipped += 1
                print(f"skipped {function.__name__}: {skip}")
            except Exception:  # pylint: disable=broad-except
                failed += 1
                print(f"FAILED {function.__name__}")
                traceback.print_exc(file=sys.stdout)
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
