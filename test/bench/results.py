# SPDX-License-Identifier: Apache-2.0
"""The results of a run, on disk after every figure: a run that dies late keeps what it has.

A figure that could not be taken is noted under `failures` with its path and why, and the run goes
on; one that is taken later, or by a run with --merge, takes the note away.
"""

import contextlib
import json
import os
import pathlib
import sys
import time

LINES = 3  # Of an error, that are kept.


class Results:
    """Plain data, as report.py reads it."""

    def __init__(self, path, facts, merge):
        self.path = pathlib.Path(path) if path else None
        self.data = {}
        if merge and self.path and self.path.exists():
            self.data = json.loads(self.path.read_text())
        systems = {**self.data.get("systems", {}), **facts["systems"]}
        self.data.update(facts, systems=systems)
        self.failures = self.data.setdefault("failures", {})

    def save(self):
        if self.path:
            new = self.path.with_name(self.path.name + ".new")
            new.write_text(json.dumps(self.data, indent=1) + "\n")
            os.replace(new, self.path)

    def put(self, path, value):
        """`path` is a tuple of keys."""
        at = self.data
        for key in path[:-1]:
            at = at.setdefault(key, {})
        at[path[-1]] = value
        self.save()

    def forget(self, path):
        """Notes of failures at and below `path`."""
        name = "/".join(path)
        for noted in [key for key in self.failures if f"{key}/".startswith(f"{name}/")]:
            del self.failures[noted]

    def take(self, path, measure):
        """Puts what `measure()` returns, and returns it; None when it could not be taken."""
        self.forget(path)
        try:
            value = measure()
        except Exception as error:  # pylint: disable=broad-except
            self.fail(path, error)
            return None
        self.put(path, value)
        return value

    def fail(self, path, error):
        name = "/".join(path)
        lines = f"{type(error).__name__}: {error}".strip().splitlines()[:LINES]
        self.failures[name] = "\n".join(lines)
        print(f"bench: not taken: {name}: {lines[0]}", file=sys.stderr, flush=True)
        self.save()

    @contextlib.contextmanager
    def timed(self, group):
        """Notes how many seconds the group took."""
        start = time.monotonic()
        yield
        self.put(("seconds", group), round(time.monotonic() - start, 1))
