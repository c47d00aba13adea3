# SPDX-License-Identifier: Apache-2.0
"""Commands that take several names do what they can, and say of each what they cannot."""

from place import test
from test_instance import create, image, listed, no_machine_stays


def told(done, *parts):
    """One error for each part, in this order, and the exit status of a failure."""
    lines = [line for line in done.stderr.splitlines() if line.startswith("ops: ")]
    errors = [line for line in lines if "is deleted" not in line and " is st" not in line]
    assert done.returncode == 1 and len(errors) == len(parts), done
    for line, part in zip(errors, parts):
        assert part in line, (part, line)
    return done


@test
def instances_that_are_not_there_stop_nobody(place):
    image(place)
    with no_machine_stays(place):
        for name in ("a", "b"):
            assert create(place, name).returncode == 0
        names = ("x", "a", "y", "b")
        for verb in (["stop", "--grace", "0"], ["start"], ["reboot", "--grace", "0"], ["delete"]):
            told(place.run("instance", *verb, *names), f"cannot {verb[0]} 'x'",
                 f"cannot {verb[0]} 'y'")
            states = {"stop": "exited", "start": "running", "reboot": "running", "delete": None}
            for name in ("a", "b"):
                row = listed(place, name)
                assert (row and row["state"]) == states[verb[0]], (verb, row)


@test
def figures_of_those_that_run_are_shown(place):
    image(place)
    with no_machine_stays(place):
        assert create(place, "a").returncode == 0
        done = told(place.run("instance", "stats", "x", "a", "y"), "cannot measure 'x'",
                    "cannot measure 'y'")
        assert done.stdout.splitlines()[1].startswith("a "), done


@test
def disks_and_packages_that_are_there_are_deleted(place):
    for name in ("a", "b"):
        assert place.run("image", "create", "-i", name, "/usr/bin/true").returncode == 0
        assert place.run("volume", "create", "-s", "8M", name).returncode == 0
        assert place.run("pkg", "from-run", "/usr/bin/true", "--name", name, "--version",
                         "1").returncode == 0
    done = place.run("image", "cat", "a", "/no/such", "/etc/hosts", "/nor/such")
    told(done, "'/no/such'", "'/nor/such'")
    assert "localhost" in done.stdout, done
    for group, kind in (("image", "image"), ("volume", "volume"), ("pkg", "package")):
        told(place.run(group, "delete", "--yes", "x", "a", "y", "b"), "'x'", "'y'")
        assert "NAME" not in place.run(group, "list").stdout, kind
