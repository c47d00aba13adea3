# SPDX-License-Identifier: Apache-2.0
"""docs/json.md says what each command prints with --json: keys, their types, and nothing else."""

import json
import re

from place import TOP, test
from test_instance import RUNS, no_machine_stays

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
TYPES = {
    "text": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "bytes": lambda value: isinstance(value, int) and value >= 0,
    "seconds": lambda value: isinstance(value, (int, float)),
    "time": lambda value: isinstance(value, str) and TIME.fullmatch(value),
    "true/false": lambda value: isinstance(value, bool),
}


def documented():
    """{command: (is_list, {key: type})} as docs/json.md has them."""
    found = {}
    for section in (TOP / "docs/json.md").read_text().split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        keys = dict(re.findall(r"^\| `(\w+)` \| (\S+) \|", text, re.M))
        for command in re.findall(r"`ops ([^`]+)`", title):
            found[command] = (text.strip().startswith("A list."), keys)
    return found


def check(command, text):
    """Holds what a command printed against the document."""
    is_list, keys = documented()[command]
    result = json.loads(text)
    assert isinstance(result, list) == is_list, (command, text)
    rows = result if is_list else [result]
    assert rows, command
    for row in rows:
        assert list(row) == list(keys), (command, list(row), list(keys))
        for key, value in row.items():
            assert value is None or TYPES[keys[key]](value), (command, key, value)


def holds(place, command, *args):
    done = place.run(*command.split(), "--json", *args)
    assert done.returncode == 0, (command, done.stderr)
    check(command, done.stdout)


@test
def json_of_what_needs_nothing(place):
    for command in ("explain", "version", "profile"):
        holds(place, command)
    done = place.run("doctor", "--json")
    check("doctor", done.stdout)


@test
def json_of_images(place):
    holds(place, "build", "-o", "x.img", "/usr/bin/true")
    holds(place, "image create", "-i", "web", "-e", "A=b", "/usr/bin/true")
    holds(place, "image list")
    holds(place, "image search", "w")
    holds(place, "image env", "web")
    holds(place, "image ls", "web", "/etc")
    holds(place, "image tree", "web")


@test
def json_of_volumes(place):
    place.write("data/file", "x")
    holds(place, "volume create", "-d", "data", "-s", "8M", "vol")
    holds(place, "volume list")
    holds(place, "volume info", "vol")
    holds(place, "volume ls", "vol")
    holds(place, "volume tree", "vol")


@test
def json_of_packages(place):
    holds(place, "pkg from-run", "--name", "one", "--version", "1", "/usr/bin/true")
    holds(place, "pkg list")
    holds(place, "pkg search", "one")
    holds(place, "pkg describe", "one")
    holds(place, "pkg contents", "one")
    path = json.loads(place.run("pkg", "list", "--json").stdout)[0]["path"]
    holds(place, "pkg add", "--name", "two", "--version", "1", path)


@test
def json_of_instances(place):
    place.run("build", "-o", "test.img", "/usr/bin/true")
    with no_machine_stays(place):
        holds(place, "instance create", "--accel", "tcg", "-m", "64", "--append", RUNS, "-i", "web",
              "test.img")
        holds(place, "instance list")
        holds(place, "instance inspect", "web")
        holds(place, "instance stats", "web")
        place.run("instance", "delete", "web")


@test
def json_is_empty_where_there_is_nothing(place):
    for command in ("image list", "volume list", "instance list", "pkg list"):
        done = place.run(*command.split(), "--json")
        assert done.returncode == 0 and json.loads(done.stdout) == [], (command, done)
