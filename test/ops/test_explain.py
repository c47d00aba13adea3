# SPDX-License-Identifier: Apache-2.0
"""`ops explain`, and the reference that is made of the same table."""

import json

from place import TOP, test


@test
def explain_lists_every_key_within_80_letters(place):
    done = place.run("explain")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) > 120, done
    assert max(map(len, lines)) <= 80, max(lines, key=len)
    keys = json.loads(place.run("explain", "--json").stdout)
    assert len(keys) == len(lines) - 1
    paths = {key["key"] for key in keys}
    assert {"Args", "RunConfig.Memory", "CloudConfig.Tags.attribute.image_label"} <= paths


@test
def explain_says_what_one_key_means(place):
    for name in ("RunConfig.Memory", "runconfig.memory", "MEMORY"):
        done = place.run("explain", name)
        assert done.stdout.startswith("RunConfig.Memory: size,"), done.stdout
        assert '{"RunConfig": {"Memory": "1G"}}' in done.stdout, done.stdout
    key = json.loads(place.run("explain", "-j", "Klibs").stdout)
    assert key["state"] == "refused" and key["instead"], key
    assert "IPAddress" in place.run("explain", "Nics").stdout


@test
def explain_knows_the_nearest_key(place):
    done = place.run("explain", "Memroy")
    assert done.returncode == 1
    assert done.stderr == "ops: there is no key 'Memroy'\nhint: did you mean 'RunConfig.Memory'?\n"
    done = place.run("explain", "Gateway")
    assert done.returncode == 1 and "several keys" in done.stderr, done.stderr
    assert place.run("explain", "zzzzzzz").stderr.endswith("`ops explain` lists them all\n")
    place.fails("explain", "a", "b", says=["'b'"], status=2)


@test
def explain_examples_are_taken(place):
    """Each example is a configuration that ops reads."""
    for key in json.loads(place.run("explain", "--json").stdout):
        if key["state"] != "used" or not key["example"]:
            continue
        value = json.loads(key["example"])
        for name in reversed(key["key"].split(".")):
            value = {name: [value] if name == "Nics" else value}
        place.config(value)
        done = place.run("run", "--dry-run", "-c", "config.json", "--ip-address", "10.0.0.9",
                         "-m", "128M", "/usr/bin/true")
        if "config.json" in done.stderr:
            raise AssertionError((key["key"], done.stderr))


@test
def docs_of_the_keys_are_what_the_table_says(place):
    done = place.run("explain", "--markdown")
    assert (TOP / "docs/config.md").read_text() == done.stdout, "`make docs` writes docs/config.md"
